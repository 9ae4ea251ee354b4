# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.policy_findings import FilterModule

policy_findings = FilterModule().filters()["policy_findings"]
ITEM = {"next_hop": "10.1.2.3", "level": "may", "exception": {"owner": "a", "reason": "b", "until": "2027-01-01"}}
LAYERS = {"sendmail_tls_policy_host": {"outbound": {"peers": [ITEM]}}}


def test_sentences_come_out() -> None:
    assert policy_findings({}) == []
    assert policy_findings({}, layers=LAYERS, today="2026-10-01", release="8.17.1.9") == []
    (said,) = policy_findings({}, layers=LAYERS, today="2026-10-01", notice="100d")
    assert said.startswith("sendmail_tls_policy_host.outbound.peers[0].exception.until: ")


def test_routes_reach_the_judge() -> None:
    options = {"layers": LAYERS, "today": "2026-10-01"}
    assert policy_findings({}, routes=["relay:[10.1.2.3]"], **options) == []
    (said,) = policy_findings({}, routes=["relay:mta2.example"], **options)
    assert said.startswith("sendmail_tls_policy_host.outbound.peers[0]: no mail meets TLS_Srv:10.1.2.3 OK: ")


def test_what_dns_told_reaches_the_judge() -> None:
    policy = {"outbound": {"peers": [{"next_hop": "mta3.example.org"}]}}
    (said,) = policy_findings(policy, exchanges={})
    assert "mail for mta3.example.org goes" in said
    assert policy_findings(policy, exchanges={"mta3.example.org": ["mta3.example.org"]}) == []


@pytest.mark.parametrize("options", [{"notice": "soon"}, {"today": "soon"}, {"release": "x"}, {"layers": [1]}])
def test_errors_are_those_of_filters(options: dict[str, object]) -> None:
    with pytest.raises(AnsibleFilterError):
        policy_findings({}, **options)
