# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import route
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


@pytest.mark.parametrize(
    ("hop", "value"),
    [
        ("mta3.example.test", "relay:[255.255.255.255]:mta3.example.test"),
        ("mta3.example.test.", "relay:[255.255.255.255]:mta3.example.test."),
        ("mta3", "relay:[255.255.255.255]:mta3"),
        ("[mta3.example.test]", "relay:[255.255.255.255]:[mta3.example.test]"),
        ("[192.0.2.25]", "relay:[192.0.2.25]"),
        ("[IPv6:2001:db8::25]", "relay:[IPv6:2001:db8::25]"),
        ("mta3.example.test:mta4.example.test", "relay:[255.255.255.255]:mta3.example.test:mta4.example.test"),
        ("[192.0.2.25]:[IPv6:2001:db8::25]", "relay:[192.0.2.25]:[IPv6:2001:db8::25]"),
        ("esmtp:mta3.example.test", "esmtp:[255.255.255.255]:mta3.example.test"),
        ("smtp:[IPv6:2001:db8::25]", "smtp:[IPv6:2001:db8::25]"),
        ("relay:a.example:b.example", "relay:[255.255.255.255]:a.example:b.example"),
        ("error:5.7.1:550 no mail there", "error:5.7.1:550 no mail there"),
    ],
)
def test_a_next_hop_gets_its_mailer(hop: str, value: str) -> None:
    assert route.parse_routes({"Partner.example": hop}, "x") == (Entry("Partner.example", value),)
    assert route.parse_entries([{"key": ".partner.example", "value": value}], "x") == (
        Entry(".partner.example", value),
    )


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([], "x: [] is not a mapping"),
        (None, "x: None is not a mapping"),
        ({"": "a.example"}, "x['']: '' is not a domain"),
        ({".": "a.example"}, "x['.']: '.' is not a domain"),
        ({"a b": "a.example"}, "x['a b']: 'a b' is not a domain"),
        ({"user@a.example": "a.example"}, "x['user@a.example']: 'user@a.example' is not a domain"),
        ({7: "a.example"}, "x[7]: 7 is not a domain"),
        ({"p.example": ""}, "x['p.example']: '' is not a next hop"),
        ({"p.example": None}, "x['p.example']: None is not a next hop"),
        ({"p.example": "a b"}, "x['p.example']: 'a b' is not a next hop"),
        ({"p.example": "a.example\tx"}, "x['p.example']: 'a.example\\tx' is not a next hop"),
        ({"p.example": "relay:"}, "x['p.example']: 'relay:' is not a next hop"),
        ({"p.example": "10.1.2.3"}, "x['p.example']: 10.1.2.3 is an address without brackets"),
        ({"p.example": "esmtp:mta.10"}, "x['p.example']: mta.10 ends in a number"),
        ({"p.example": "local:alice"}, "x['p.example']: 'local' is not a mailer that hands mail to another host"),
        ({"p.example": "lmtp:x"}, "x['p.example']: 'lmtp' is not a mailer that hands"),
        ({"p.example": "esmpt:a.example"}, "x['p.example']: 'esmpt' is not a mailer that"),
        ({"p.example": "discard:a"}, "x['p.example']: 'discard' is not a mailer"),
        ({"p.example": "error:nohost"}, "x['p.example']: 'error:nohost' is not a next hop"),
        ({"p.example": "a.example", "P.example": "b.example"}, "x: the domain 'P.example' stands there twice"),
    ],
)
def test_what_is_no_route_is_refused(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as caught:
        route.parse_routes(raw, "x")
    assert str(caught.value).startswith(told)
