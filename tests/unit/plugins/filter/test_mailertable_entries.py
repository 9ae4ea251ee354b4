# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.mailertable_entries import FilterModule

mailertable_entries = FilterModule().filters()["mailertable_entries"]


def test_routes_become_entries_in_their_order() -> None:
    assert mailertable_entries({"b.example": "mta3.example", ".a.example": "esmtp:[192.0.2.1]"}) == [
        {"key": "b.example", "value": "relay:[255.255.255.255]:mta3.example"},
        {"key": ".a.example", "value": "esmtp:[192.0.2.1]"},
    ]
    assert mailertable_entries({}) == []


def test_a_bad_route_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match=r"sendmail_mailertable\['a.example'\]: 10.1.2.3 is an address"):
        mailertable_entries({"a.example": "10.1.2.3"})
