# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.next_hop import FilterModule

next_hop = FilterModule().filters()["next_hop"]


def test_a_name_comes_back_so_that_mail_is_held_while_it_is_unknown() -> None:
    assert next_hop("mta2.example.test", "sendmail_smart_host") == "relay:[255.255.255.255]:mta2.example.test"


def test_a_bare_address_is_refused_with_its_place() -> None:
    with pytest.raises(
        AnsibleFilterError, match=r"sendmail_smart_host: 10\.1\.2\.3 is an address .* Write \[10\.1\.2\.3\]"
    ):
        next_hop("10.1.2.3", "sendmail_smart_host")
