# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's addresses come from a digest of its name."""

from __future__ import annotations

import ipaddress
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
    """Two labs whose names have the same digest want the same addresses: the second one must not begin."""
    tasks = yaml.safe_load((ROOT / "molecule/shared/tasks/network.yml").read_text(encoding="utf-8"))
    (condition,) = [task["failed_when"] for task in tasks if "failed_when" in task]
    words = jinja2.Environment()
    words.tests["search"] = search
    made = {"rc": code, "stderr": said}
    assert words.compile_expression(condition)(lab_network_made=made) is fails


@pytest.mark.parametrize("digest", ["0a3b", "0000", "f000", "adbb"])
def test_an_address_is_spelled_as_everybody_spells_it(digest: str) -> None:
    """Tests compare what they were given with what sendmail and Python print."""
    settings = yaml.safe_load((ROOT / "molecule/inventory/group_vars/all.yml").read_text(encoding="utf-8"))
    address = jinja2.Template(settings["lab_ipv6_net"]).render(lab_digest=digest) + "12"
    assert str(ipaddress.ip_address(address)) == address
