# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.named_peers import FilterModule

named_peers = FilterModule().filters()["named_peers"]


def test_names_and_where_they_stand() -> None:
    peers = [{"next_hop": "192.0.2.7"}, {"next_hop": "MTA3.example.org"}]
    layers = {"sendmail_tls_policy_host": {"outbound": {"peers": [{"next_hop": "mta4.example.org"}]}}}
    assert named_peers({"outbound": {"peers": peers}}, layers=layers) == {
        "sendmail_tls_policy.outbound.peers[1]": "mta3.example.org",
        "sendmail_tls_policy_host.outbound.peers[0]": "mta4.example.org",
    }
    assert named_peers({}) == {}


def test_a_policy_that_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_tls_policy"):
        named_peers([])
