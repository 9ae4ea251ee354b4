# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The besieged lab, and the closing table."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest
from lab import ROOT, Lab, lab_name

# The collection's own code, which the tests ask what it makes of a policy.
sys.path.append(str(ROOT))

from siege import ATTACKS, LEVELS, Siege

# (attack, level, with an exception) -> what became of the mail
SEEN: dict[tuple[str, str, bool], str] = {}


@pytest.fixture(scope="session")
def lab() -> Lab:
    found = Lab(lab_name())
    found.inventories.append(pathlib.Path(__file__).resolve().parents[1] / "inventory.yml")
    return found


@pytest.fixture(scope="session")
def siege(lab: Lab) -> t.Iterator[Siege]:
    one = Siege(lab)
    yield one
    one.lift()


@pytest.fixture(scope="session")
def seen() -> dict[tuple[str, str, bool], str]:
    return SEEN


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Attacks down, levels across; an asterisk: lost, and the level never promised to hold it."""
    if not SEEN:
        return
    for exception in (False, True):
        terminalreporter.section(f"attacks, {'with' if exception else 'without'} an exception in the policy")
        terminalreporter.line(f"{'':36}{''.join(f'{level:12}' for level in LEVELS)}")
        for attack in ATTACKS:
            cells = [SEEN.get((attack.name, level, exception), "not run") for level in LEVELS]
            terminalreporter.line(f"{attack.name:36}{''.join(f'{cell:12}' for cell in cells)}".rstrip())
    terminalreporter.line("held: in MTA1's queue, nothing of it left")
    terminalreporter.line("lost*: read by the attacker under TLS, which this level does not promise to prevent")
