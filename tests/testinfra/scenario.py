# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pytest plugin: the lab of the scenario whose tests run, named as its containers are."""

from __future__ import annotations

import os

import pytest
from lab import ROOT, Lab, lab_name


@pytest.fixture(scope="session")
def lab() -> Lab:
    """With the scenario's own inventory, where it has one, so that plays in tests say what Molecule's converge said."""
    one = Lab(lab_name())
    own = ROOT / "molecule" / os.environ["MOLECULE_SCENARIO_NAME"] / "inventory.yml"
    one.inventories += [own] if own.exists() else []
    return one
