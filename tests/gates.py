# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every quality gate, one after the other: gates.py [GATE...]

A gate that fails does not keep the next from running. Each writes a file below ``.cache/gates``; a line tells when one
begins and ends, a table closes. Ends with 1 when a gate failed.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / ".cache/gates"
SHOWN = 25  # lines of a gate that failed: as many as a CI's page shows

# Gate -> command of a shell at the root of the checkout, with the tools of .venv in its PATH; the quick ones first.
GATES = {
    "yamllint": "yamllint --strict .",
    "ruff": "ruff check .",
    "ruff-format": "ruff format --check .",
    "reuse": "reuse lint",
    "antsibull-changelog": "antsibull-changelog lint",
    "mypy": "root=$PWD && cd .cache/collections && mypy --config-file $root/pyproject.toml"
    " ansible_collections/mailtls/relay/plugins",
    "antsibull-docs": "antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .",
    "ansible-lint": "ansible-lint --offline --strict",
    "execution-environment": "tests/create_execution_environment.sh .cache/execution_environment",
    "galaxy-importer": "make galaxy-importer",
    "docs": "make docs",
    "sanity": "make sanity",
    "units": "make units",
    "core-coverage": "make core-coverage",
    "coverage": "make coverage",
    "oldest-python": "PYTHONPATH=$PWD/.cache/collections tests/in_debian.sh"
    " bullseye tests/requirements/oldest_python.txt python -m pytest tests/unit/plugins/module_utils",
    "oldest-core": "tests/in_debian.sh bookworm tests/requirements/oldest_core.txt python -m pytest tests/unit",
    "newest-core": "tests/in_debian.sh trixie tests/requirements/newest_core.txt python -m pytest tests/unit",
    "oldest-core-site": "MAILTLS_CORE=oldest_core make molecule SCENARIO=runs_from_other_cores",
    "newest-core-site": "MAILTLS_CORE=newest_core make molecule SCENARIO=runs_from_other_cores",
    "mutants": "make mutants",
}


class Outcome(t.NamedTuple):
    """How a gate ended."""

    gate: str
    passed: bool
    seconds: float


def run(gate: str, command: str) -> Outcome:
    """One gate to its end; what it says is in its file."""
    begin = time.monotonic()
    with log(gate).open("wb") as file:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return Outcome(gate, done.returncode == 0, time.monotonic() - begin)


def run_all(gates: t.Mapping[str, str]) -> list[Outcome]:
    """All of them, with a line when one begins and when it ends, and the last words of one that failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    for gate, command in gates.items():
        print(f"== {len(outcomes)}/{len(gates)}  begins  {gate}", flush=True)
        outcomes.append(run(gate, command))
        print(
            f"== {len(outcomes)}/{len(gates)}  {word(outcomes[-1])}  {gate}, {outcomes[-1].seconds:.0f} s", flush=True
        )
        if not outcomes[-1].passed:
            print(f"{last_lines(log(gate))}\nall of it in {log(gate)}", flush=True)
    return outcomes


def word(outcome: Outcome) -> str:
    return "passed" if outcome.passed else "FAILED"


def render_table(outcomes: t.Sequence[Outcome]) -> str:
    """A line for each gate: its name, its result, its seconds."""
    rows = [("gate", "result", "seconds"), *((one.gate, word(one), f"{one.seconds:.0f}") for one in outcomes)]
    width = max(len(gate) for gate, _result, _seconds in rows)
    return "\n".join(f"{gate:{width}}  {result:6}  {seconds:>7}" for gate, result, seconds in rows)


def log(gate: str) -> pathlib.Path:
    return LOGS / f"{gate}.log"


def last_lines(path: pathlib.Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN:])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("gate", nargs="*", help=f"all, or some of: {', '.join(GATES)}")
    wanted = parser.parse_args().gate or list(GATES)
    unknown = [gate for gate in wanted if gate not in GATES]
    if unknown:
        parser.error(f"there is no gate {', '.join(unknown)}; there are {', '.join(GATES)}")
    outcomes = run_all({gate: GATES[gate] for gate in wanted})
    failed = [one for one in outcomes if not one.passed]
    print(f"\n{render_table(outcomes)}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed in {sum(one.seconds for one in outcomes):.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
