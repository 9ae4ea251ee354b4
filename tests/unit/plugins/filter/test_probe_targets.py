# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.probe_targets import FilterModule

probe_targets = FilterModule().filters()["probe_targets"]
HOST = {
    "inventory_hostname": "mta1",
    "sendmail_smart_host": "mta2.example.org",
    "sendmail_tls_policy_host": {"outbound": {"peers": [{"next_hop": "10.1.0.0/16"}]}},
}
EXCEPTION = {"owner": "mail team", "reason": "old", "until": "2027-03-31"}
ENDS = {
    "sendmail_tls_policy": {
        "outbound": {"peers": [{"next_hop": "[192.0.2.7]", "level": "may", "exception": EXCEPTION}]}
    }
}


def test_the_variables_of_a_host() -> None:
    listing = probe_targets(HOST)
    assert listing["targets"] == [{"smart_host": "mta2.example.org"}] and not listing["left_out"]
    assert [note.partition(":")[0] for note in listing["unprobed"]] == ["sendmail_tls_policy_host.outbound.peers[0]"]


def test_the_options_reach_the_list() -> None:
    listing = probe_targets(HOST, further=["a.example", "b.example"], skip=["mta2.example.org"], at_most="1")
    assert listing["targets"] == ["a.example"] and listing["left_out"] == 1
    assert any("mta2.example.org is left alone" in note for note in listing["unprobed"])


def test_exceptions_are_judged_on_the_day() -> None:
    assert probe_targets(ENDS, today="2027-03-31")["targets"] == [{"smart_host": "[192.0.2.7]"}]
    with pytest.raises(AnsibleFilterError, match=r"peers\[0\]\.exception\.until"):
        probe_targets(ENDS, today="2027-04-01")
