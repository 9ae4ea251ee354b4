# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mailtls.relay.plugins.filter.misnamed_peers import FilterModule

misnamed_peers = FilterModule().filters()["misnamed_peers"]


def test_a_domain_whose_mail_goes_elsewhere() -> None:
    named = {"sendmail_tls_policy.outbound.peers[1]": "example.org"}
    (told,) = misnamed_peers(named, exchanges={"example.org": ["mx.example.org"]})
    assert told.startswith(
        "sendmail_tls_policy.outbound.peers[1].next_hop: mail for example.org goes to mx.example.org"
    )
    assert misnamed_peers(named, exchanges={}) == []
