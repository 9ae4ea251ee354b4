# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The closing table of ``make mutants``, made of what ``mutmut results --all true`` prints.

Only a test that failed kills: what no test reaches, ran out of time or crashed has survived.
"""

from __future__ import annotations

import collections
import sys
import typing as t

LEAST = 90


def count(lines: t.Iterable[str]) -> dict[str, tuple[int, int]]:
    """Mutants of each module, and how many of them were killed."""
    seen: dict[str, list[bool]] = collections.defaultdict(list)
    for line in lines:
        name, _colon, outcome = line.strip().partition(": ")
        seen[name.rpartition(".")[0].rpartition(".")[2]].append(outcome == "killed")
    return {module: (len(killed), sum(killed)) for module, killed in sorted(seen.items())}


def report(counted: t.Mapping[str, tuple[int, int]]) -> tuple[list[str], int]:
    """The table, and 1 where a module is below what is demanded, or where there is none."""
    lines = [f"{'module':<16}{'mutants':>9}{'killed':>8}{'survived':>10}{'percent':>9}"]
    for module, (mutants, killed) in counted.items():
        below = f"  below {LEAST}" if 100 * killed < LEAST * mutants else ""
        lines.append(f"{module:<16}{mutants:>9}{killed:>8}{mutants - killed:>10}{100 * killed / mutants:>9.1f}{below}")
    return lines, int(not counted or any("below" in line for line in lines))


def main() -> int:
    lines, failed = report(count(sys.stdin))
    print("\n".join(lines))
    return failed


if __name__ == "__main__":
    sys.exit(main())
