# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.m4_safe import FilterModule

m4_safe = FilterModule().filters()["m4_safe"]


def test_a_harmless_value_comes_back() -> None:
    assert m4_safe("mta2.example.test", "sendmail_smart_host") == "mta2.example.test"


@pytest.mark.parametrize("value", ["a`b", "a'b", "a\nb", "dnl"])
def test_what_m4_acts_on_is_refused(value: str) -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_smart_host: the value"):
        m4_safe(value, "sendmail_smart_host")


def test_each_of_a_list_is_judged() -> None:
    assert m4_safe(["a.example", "[192.0.2.1]"], "sendmail_smart_host") == ["a.example", "[192.0.2.1]"]
    with pytest.raises(AnsibleFilterError, match=r"sendmail_smart_host\[1\]: the value"):
        m4_safe(["a.example", "b`"], "sendmail_smart_host")


def test_no_value_is_not_a_host_called_none() -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_smart_host: there is no value"):
        m4_safe(None, "sendmail_smart_host")
