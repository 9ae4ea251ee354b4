# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two labs whose names have the same digest want the same addresses: the second one must not begin."""

from __future__ import annotations

import pathlib

import jinja2
import pytest
import yaml
from ansible.plugins.test.core import search

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("code", "said", "fails"),
    [
        (0, "", False),
        (125, "Error: network name mailtls-default already used: network already exists", False),
        (125, "Error: subnet 10.250.250.0/24 is already used on the host or by another config", True),
    ],
    ids=["new", "the lab's own", "another lab's addresses"],
)
def test_the_networks_of_others_are_not_taken_for_ones_own(code: int, said: str, fails: bool) -> None:
    tasks = yaml.safe_load((ROOT / "molecule/shared/tasks/network.yml").read_text(encoding="utf-8"))
    (condition,) = [task["failed_when"] for task in tasks if "failed_when" in task]
    words = jinja2.Environment()
    words.tests["search"] = search
    made = {"rc": code, "stderr": said}
    assert words.compile_expression(condition)(lab_network_made=made) is fails
