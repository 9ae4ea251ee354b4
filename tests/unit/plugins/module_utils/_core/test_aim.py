# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import aim
from ansible_collections.mailtls.relay.plugins.module_utils._core.aim import (
    ADDRESS,
    DOMAIN,
    HOST,
    Addresses,
    Exchanges,
    Place,
    Target,
    Way,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

MTA2 = Way(HOST, "mta2.example.org")


def read(item: t.Any) -> Target:
    return aim.read_targets([item])[0]


@pytest.mark.parametrize(
    ("item", "ways", "next_hop"),
    [
        ("mta2.example.org", [MTA2], "mta2.example.org"),
        ("MTA2.Example.org.", [MTA2], "MTA2.Example.org."),
        ("localhost", [Way(HOST, "localhost")], "localhost"),
        ("[mta2.example.org]", [Way(HOST, "mta2.example.org", True)], "[mta2.example.org]"),
        ("192.0.2.7", [Way(ADDRESS, "192.0.2.7")], "[192.0.2.7]"),
        ("[192.0.2.7]", [Way(ADDRESS, "192.0.2.7")], "[192.0.2.7]"),
        ("2001:DB8::7", [Way(ADDRESS, "2001:db8::7")], "[IPv6:2001:db8:0:0:0:0:0:7]"),
        ("[IPv6:2001:db8::7]", [Way(ADDRESS, "2001:db8::7")], "[IPv6:2001:db8:0:0:0:0:0:7]"),
        ({"host": "mta2.example.org"}, [MTA2], "mta2.example.org"),
        ({"host": "mta2.example.org", "mx": "", "smart_host": None}, [MTA2], "mta2.example.org"),
        ({"mx": "Example.org."}, [Way(DOMAIN, "example.org")], "example.org"),
        ({"smart_host": "mta2.example.org"}, [Way(DOMAIN, "mta2.example.org")], "mta2.example.org"),
        ({"smart_host": "[mta2.example.org]"}, [Way(HOST, "mta2.example.org", True)], "[mta2.example.org]"),
        ({"smart_host": "esmtp:[192.0.2.7]"}, [Way(ADDRESS, "192.0.2.7")], "[192.0.2.7]"),
        (
            {"smart_host": "relay:[A.example]:[IPv6:2001:db8::7]:b.example"},
            [Way(HOST, "a.example", True), Way(ADDRESS, "2001:db8::7"), Way(DOMAIN, "b.example")],
            "[A.example]:[IPv6:2001:db8:0:0:0:0:0:7]:b.example",
        ),
        (
            {"smart_host": ["[a.example]", "[192.0.2.7]"]},
            [Way(HOST, "a.example", True), Way(ADDRESS, "192.0.2.7")],
            "[a.example]:[192.0.2.7]",
        ),
        # What keeps sendmail from bouncing is not probed.
        ({"smart_host": "relay:[255.255.255.255]:[a.example]"}, [Way(HOST, "a.example", True)], "[a.example]"),
    ],
)
def test_a_target_says_how_its_hosts_are_found(item: t.Any, ways: list[Way], next_hop: str) -> None:
    target = read(item)
    assert (list(target.ways), target.next_hop) == (ways, next_hop)
    assert (target.port, target.tls_on_connect, target.name) == (25, False, "")


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("MTA2.example.org", "MTA2.example.org"),
        ({"host": "[192.0.2.7]"}, "[192.0.2.7]"),
        ({"mx": "Example.org"}, "mx:Example.org"),
        ({"smart_host": "relay:[a.example]"}, "smart_host:relay:[a.example]"),
        ({"smart_host": ["a.example", "b.example"]}, "smart_host:a.example:b.example"),
    ],
)
def test_a_target_is_called_as_it_was_written(item: t.Any, label: str) -> None:
    assert read(item).label == label


@pytest.mark.parametrize(
    ("more", "port", "on_connect"),
    [
        ({}, 25, False),
        ({"port": 587}, 587, False),
        ({"port": "2525"}, 2525, False),
        ({"tls_on_connect": True}, 465, True),
        ({"tls_on_connect": "yes", "port": 10465}, 10465, True),
        ({"tls_on_connect": "no"}, 25, False),
    ],
)
def test_ports(more: dict[str, t.Any], port: int, on_connect: bool) -> None:
    target = read({"host": "a.example", **more})
    assert (target.port, target.tls_on_connect) == (port, on_connect)


def test_a_name_and_a_recipient_may_be_given() -> None:
    target = read({"host": "192.0.2.7", "name": "MTA2.example.org.", "recipient": "Bob@b.example"})
    assert (target.name, target.recipient) == ("mta2.example.org", "bob@b.example")
    assert read({"mx": "b.example"}).recipient == "postmaster@b.example"
    assert read({"mx": "b.example", "recipient": "bob@"}).recipient == "bob@"
    assert read("b.example").recipient == ""


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([], "targets: [] names no target"),
        ("mta2.example.org", "targets: 'mta2.example.org' names no target"),
        ([7], "targets[0]: 7 is not a mapping"),
        ([""], "targets[0]: '' is not a host"),
        (["a.example", "b.example:25"], "targets[1]: 'b.example:25' is not one host. Write mta2.example.org"),
        (["bob@a.example"], "targets[0]: 'bob@a.example' is not one host"),
        (["b\u00fccher.example"], "targets[0]: 'b\u00fccher.example' is not one host"),
        (["a.example\n"], "targets[0]: 'a.example\\n' is not a host"),
        (["a." * 126 + "example"], "is not one host"),
        (["10.1.2"], "targets[0]: 10.1.2 ends in a number"),
        (["fe80::1%eth0"], "targets[0]: 'fe80::1%eth0' is not one host"),
        ([{}], "targets[0]: nothing says whom to probe. Write exactly one of host, mx, smart_host"),
        ([{"host": "a.example", "mx": "b.example"}], "targets[0]: host and mx exclude each other. Write exactly one"),
        ([{"hots": "a.example"}], "targets[0].hots: 'hots' is not a key"),
        ([{"mx": "192.0.2.7"}], "targets[0].mx: '192.0.2.7' is not a domain"),
        ([{"mx": "a_b c"}], "targets[0].mx: 'a_b c' is not a domain"),
        ([{"smart_host": 7}], "targets[0].smart_host: 7 is no next hop"),
        ([{"smart_host": "local:bob"}], "targets[0].smart_host: 'local' is not a mailer"),
        ([{"smart_host": []}], "targets[0].smart_host: [] names no host"),
        ([{"host": "a.example", "port": 0}], "targets[0].port: 0 is not a port. Write a number from 1 to 65535"),
        ([{"host": "a.example", "port": 65536}], "targets[0].port: 65536 is not a port"),
        ([{"host": "a.example", "port": "smtp"}], "targets[0].port: 'smtp' is not a port"),
        ([{"host": "a.example", "port": True}], "targets[0].port: True is not a port"),
        ([{"host": "a.example", "port": 2.5}], "targets[0].port: 2.5 is not a port"),
        ([{"host": "a.example", "tls_on_connect": "x"}], "targets[0].tls_on_connect: 'x' is neither"),
        ([{"host": "a.example", "name": "192.0.2.7"}], "targets[0].name: '192.0.2.7' is not the name of a host"),
        ([{"host": "a.example", "recipient": "@"}], "targets[0].recipient: '@' is not a recipient"),
    ],
)
def test_what_is_refused_is_named_with_its_place(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        aim.read_targets(raw)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "IPv6:2001:db8:0:0:0:0:0:7"),
        ("fe80::1%eth0", "IPv6:fe80:0:0:0:0:0:0:1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_addresses_as_sendmail_writes_them(address: str, written: str) -> None:
    assert aim.sendmail_address(address) == written


FOUND = {
    "a.example": Addresses("mta2.example", ("192.0.2.1", "2001:db8::1")),
    "b.example": Addresses("", ("192.0.2.2",)),
    "gone.example": Addresses(problem="DNS knows no such host"),
    "half.example": Addresses("", ("192.0.2.3",), "no word of IPv6"),
}
EXCHANGES = {
    "org.example": Exchanges(((10, "a.example"), (20, "gone.example"), (20, "b.example"))),
    "b.example": Exchanges(((None, "b.example"),)),
    "null.example": Exchanges(problem="takes no mail"),
}


@pytest.mark.parametrize(
    ("item", "places"),
    [
        ("192.0.2.9", [Place(0, "192.0.2.9", "192.0.2.9")]),
        ({"host": "192.0.2.9", "name": "a.example"}, [Place(0, "a.example", "192.0.2.9")]),
        ("a.example", [Place(0, "a.example", "192.0.2.1"), Place(0, "a.example", "2001:db8::1")]),
        # A name in brackets is called by its canonical name, where DNS tells one.
        ("[a.example]", [Place(0, "mta2.example", "192.0.2.1"), Place(0, "mta2.example", "2001:db8::1")]),
        ("[b.example]", [Place(0, "b.example", "192.0.2.2")]),
        ({"host": "b.example", "name": "x.example"}, [Place(0, "x.example", "192.0.2.2")]),
        # What is not known of is not passed over.
        (
            "half.example",
            [Place(0, "half.example", "192.0.2.3"), Place(0, "half.example", problem="no word of IPv6")],
        ),
        ("gone.example", [Place(0, "gone.example", problem="DNS knows no such host")]),
        (
            {"mx": "org.example"},
            [
                Place(0, "a.example", "192.0.2.1", 10),
                Place(0, "a.example", "2001:db8::1", 10),
                Place(0, "gone.example", "", 20, "DNS knows no such host"),
                Place(0, "b.example", "192.0.2.2", 20),
            ],
        ),
        ({"mx": "null.example"}, [Place(0, "null.example", problem="takes no mail")]),
        ({"mx": "null.example", "name": "x.example"}, [Place(0, "x.example", problem="takes no mail")]),
        (
            {"smart_host": "relay:[192.0.2.9]:b.example"},
            [Place(0, "192.0.2.9", "192.0.2.9"), Place(0, "b.example", "192.0.2.2")],
        ),
    ],
)
def test_where_a_target_leads(item: t.Any, places: list[Place]) -> None:
    targets = aim.read_targets([item])
    assert aim.lead(targets, EXCHANGES, FOUND) == places


def test_what_dns_must_be_asked_once_each() -> None:
    targets = aim.read_targets(
        [
            "a.example",
            {"mx": "org.example"},
            {"smart_host": "b.example:[a.example]"},
            {"mx": "org.example"},
            "192.0.2.1",
        ]
    )
    assert aim.find_domains(targets) == ["org.example", "b.example"]
    assert aim.find_names(targets, {name: EXCHANGES[name] for name in aim.find_domains(targets)}) == [
        "a.example",
        "gone.example",
        "b.example",
    ]
    assert [place.target for place in aim.lead(targets, EXCHANGES, FOUND)] == [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4]
