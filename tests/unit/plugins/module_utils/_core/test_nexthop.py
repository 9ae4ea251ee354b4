# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import nexthop
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


@pytest.mark.parametrize(
    "value",
    [
        "",
        "mta2",
        "mta2.example.test",
        "mta2.example.test.",
        "10.example.test",
        "3com.example",
        "[mta2.example.test]",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "[2001:db8::1]",
        "a.example.test:b.example.test",
        "a.example.test:[192.0.2.1]:[IPv6:2001:db8::1]",
        "esmtp:mta2.example.test",
        "esmtp:[IPv6:2001:db8::1]",
        "relay:a.example.test:b.example.test",
    ],
)
def test_where_mail_can_go_is_returned(value: str) -> None:
    assert nexthop.parse_hops(value, "x") == value


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("10.1.2.3", "[10.1.2.3]"),
        ("10.1.2.3.", "[10.1.2.3]"),
        ("esmtp:10.1.2.3", "[10.1.2.3]"),
        ("mta2.example.test:10.1.2.3", "[10.1.2.3]"),
        ("[192.0.2.1]:10.1.2.3", "[10.1.2.3]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("IPv6:2001:db8::1", "[IPv6:2001:db8::1]"),
        ("esmtp:2001:db8::1", "[IPv6:2001:db8::1]"),
        ("mta2.10", "such as [192.0.2.25]"),
        ("10.1.2.3.4", "such as [192.0.2.25]"),
        ("[mta2.10]", "such as [192.0.2.25]"),
        ("a.example.test:25", "such as [192.0.2.25]"),
    ],
)
def test_what_the_belt_holds_for_ever_is_refused_with_what_to_write(value: str, advice: str) -> None:
    with pytest.raises(MailtlsError) as caught:
        nexthop.parse_hops(value, "sendmail_smart_host")
    assert caught.value.where == "sendmail_smart_host"
    assert advice in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("esmpt:mta2.example.test", "'esmpt'"),
        ("discard:x", "'discard'"),
        ("local:root", "'local'"),
        ("prog:/bin/sh", "'prog'"),
        ("*file*:/tmp/x", "'*file*'"),
        ("error:nouser", "'error'"),
        ("mta2:mta3", "'mta2'"),
        ("relay:", "'relay:'"),
        ("<mta2.example.test>", "<mta2.example.test>"),
        ("a@b", "a@b"),
        ("mta2.example.test;mta3.example.test", ";"),
        ("mta2.example.test,mta3.example.test", ","),
        ("[mta2.example.test", "[mta2.example.test"),
        ("mta2..example", "mta2..example"),
        ("-mta2.example", "-mta2"),
        ("x*", "x*"),
        ("mta2.example.test:", "mta2.example.test:"),
        ("mta2.example.test\n", "mta2.example.test"),
    ],
)
def test_what_sendmail_would_bounce_is_refused(value: str, said: str) -> None:
    with pytest.raises(MailtlsError) as caught:
        nexthop.parse_hops(value, "sendmail_smart_host")
    assert said in caught.value.what and "would bounce" in caught.value.what


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", ""),
        ("esmtp:mta2.example.test", "esmtp:[255.255.255.255]:mta2.example.test"),
        ([], ""),
        (["mta2.example.test"], "relay:[255.255.255.255]:mta2.example.test"),
        (["[192.0.2.1]"], "[192.0.2.1]"),
        (["[192.0.2.1]", "[192.0.2.2]"], "relay:[192.0.2.1]:[192.0.2.2]"),
        (["mta2.example.test", "[IPv6:2001:db8::1]"], "relay:[255.255.255.255]:mta2.example.test:[IPv6:2001:db8::1]"),
        # Without a mailer in front sendmail would take the first of these for one.
        (["mta2", "mta3"], "relay:[255.255.255.255]:mta2:mta3"),
    ],
)
def test_a_list_becomes_one_value(raw: object, value: str) -> None:
    assert nexthop.join_hosts(raw, "x") == value


@pytest.mark.parametrize(
    ("raw", "where", "told"),
    [
        (None, "x", "None is no next hop"),
        ({"a": 1}, "x", "is no next hop"),
        (["a.example", ""], "x[1]", "'' is not one host"),
        (["a.example", None], "x[1]", "None is not one host"),
        (["esmtp:a.example"], "x[0]", "'esmtp:a.example' is not one host"),
        (["a.example:b.example"], "x[0]", "is not one host"),
        (["a b"], "x[0]", "is not one host"),
        (["[a.example"], "x[0]", "is not one host"),
        (["a.example", "10.1.2.3"], "x[1]", "10.1.2.3 is an address without brackets"),
        ("10.1.2.3", "x", "10.1.2.3 is an address without brackets"),
    ],
)
def test_each_of_a_list_is_one_host(raw: object, where: str, told: str) -> None:
    with pytest.raises(MailtlsError, match=re.escape(told)) as caught:
        nexthop.join_hosts(raw, "x")
    assert caught.value.where == where


@pytest.mark.parametrize("value", ["mta2.example.test", "[mta2.example.test]", "esmtp:mta2", "relay:a:b:[192.0.2.1]"])
def test_a_name_that_dns_may_deny_is_never_first(value: str) -> None:
    held = nexthop.hold_unknown(value)
    assert nexthop.hosts_of(held) == ["[255.255.255.255]", *nexthop.hosts_of(value)]
    assert nexthop.hold_unknown(held) == held and nexthop.parse_hops(held, "x") == held


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("hub.example", "HUB.example", True),
        ("10.1.2.3", "[10.1.2.3]", True),
        ("relay:10.1.2.3", "[10.1.2.3]", True),
        ("[IPv6:2001:db8::7]", "2001:db8::7", True),
        ("hub.example", "[hub.example]", False),
        ("smtp:hub.example", "hub.example", False),
        ("a.example:b.example", "a.example", False),
        ("hub.example", "relay:[255.255.255.255]:hub.example", True),
    ],
)
def test_two_ways_to_write_one_smart_host(one: str, other: str, same: bool) -> None:
    assert nexthop.same_hop(one, other) is same
