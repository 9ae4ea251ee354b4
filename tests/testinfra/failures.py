# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pytest plugin: the failed tests, briefly, in the file that MAILTLS_FAILURES names; tests/alone.sh prints it last."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

# CI shows only about 25 lines of a run, and make has its own to say.
LINES = 20
WIDTH = 300


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After all tests: what failed, and what could not even be set up or collected."""
    failed = [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, [])]
    name = os.environ.get("MAILTLS_FAILURES")
    if name and failed:
        with pathlib.Path(name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line[:WIDTH]}\n" for line in brief([(one.nodeid, why(one)) for one in failed]))


def why(report: t.Any) -> list[str]:
    """What the test said, and where; pytest knows of some failures only a text."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = f"{crash.message}\nat {crash.path}:{crash.lineno}" if crash else report.longreprtext
    return [line for line in text.splitlines() if line.strip()]


def brief(failed: list[tuple[str, list[str]]]) -> list[str]:
    """As many lines of each as there is room for; name, first words and place before the rest."""
    each = max(LINES // len(failed), 1)
    said = [line for name, lines in failed for line in [f"failed: {name}", *short(lines, each - 1)]]
    return said if len(said) <= LINES else [*said[: LINES - 1], f"and {len(said) - LINES + 1} more"]


def short(lines: list[str], room: int) -> list[str]:
    kept = lines if len(lines) <= room else [*lines[: max(room - 1, 1)], lines[-1]][:room]
    return [f"  {line}" for line in kept]
