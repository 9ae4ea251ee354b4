# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prophecies and fates, one set for each level, and the closing table."""

from __future__ import annotations

import collections
import pathlib
import sys
import typing as t

import pytest
from lab import ROOT, Lab, lab_name

# The collection's own code, which the tests ask what it makes of a policy.
sys.path.append(str(ROOT))

from differences import DIFFERENCES
from menagerie import LEVELS, LONG, MET, QUICK, Fate, Menagerie
from species import Species

# (level, foretold, fate) -> how many peers
TALLY: collections.Counter[tuple[str, str, str]] = collections.Counter()


class Compared(t.NamedTuple):
    """All peers at one level."""

    records: dict[str, dict[str, t.Any]]
    fates: dict[str, Fate]


@pytest.fixture(scope="session")
def lab() -> Lab:
    found = Lab(lab_name())
    found.inventories.append(pathlib.Path(__file__).resolve().parents[1] / "inventory.yml")
    return found


@pytest.fixture(scope="session")
def menagerie(lab: Lab) -> Menagerie:
    return Menagerie(lab)


class Levels(dict[str, Compared]):
    """Each level is tried when it is first asked for."""

    def __init__(self, menagerie: Menagerie) -> None:
        super().__init__()
        self.menagerie = menagerie

    def __missing__(self, level: str) -> Compared:
        self[level] = compare(self.menagerie, level, QUICK)
        return self[level]


def compare(menagerie: Menagerie, level: str, peers: t.Sequence[Species]) -> Compared:
    return Compared(menagerie.foretell(level, peers), menagerie.deliver(level, peers))


@pytest.fixture(scope="session")
def compared(menagerie: Menagerie) -> dict[str, Compared]:
    return Levels(menagerie)


@pytest.fixture(scope="session")
def patient(menagerie: Menagerie) -> Compared:
    return compare(menagerie, "encrypt", LONG)


@pytest.fixture(scope="session")
def tally() -> collections.Counter[tuple[str, str, str]]:
    return TALLY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was foretold and what came down, levels across."""
    if not TALLY:
        return
    terminalreporter.section(f"mail for {len(MET)} peers of the zoo: foretold, and what became of it")
    terminalreporter.line(f"{'':32}{''.join(f'{level:10}' for level in LEVELS)}")
    for told, fate in sorted({key[1:] for key in TALLY}):
        cells = [TALLY.get((level, told, fate), 0) for level in LEVELS]
        terminalreporter.line(f"{f'{told} -> {fate}':32}{''.join(f'{cell:<10}' for cell in cells)}".rstrip())
    terminalreporter.line(
        f"{len(LONG)} peers that take long are tried at level encrypt only. Explained, and counted above as well:"
    )
    for one in DIFFERENCES:
        terminalreporter.line(f"{', '.join(one.names)} ({', '.join(one.levels)}): {one.reason}")
