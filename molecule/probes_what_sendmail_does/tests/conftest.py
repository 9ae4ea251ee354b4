# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prophecies and fates, one set for each level, and the closing table."""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

import pytest
from lab import ROOT, Lab

# The collection's own code, which the tests ask what it makes of a policy.
sys.path.append(str(ROOT))

from menagerie import LEVELS, Fate, Menagerie


class Compared(t.NamedTuple):
    """All peers at one level."""

    records: dict[str, dict[str, t.Any]]
    fates: dict[str, Fate]


@pytest.fixture(scope="session")
def lab() -> Lab:
    found = Lab(os.environ["MOLECULE_SCENARIO_NAME"])
    found.inventories.append(pathlib.Path(__file__).resolve().parents[1] / "inventory.yml")
    return found


@pytest.fixture(scope="session")
def menagerie(lab: Lab) -> Menagerie:
    return Menagerie(lab)


@pytest.fixture(scope="session", params=LEVELS)
def compared(request: pytest.FixtureRequest, menagerie: Menagerie) -> Compared:
    return Compared(menagerie.foretell(request.param), menagerie.deliver(request.param))
