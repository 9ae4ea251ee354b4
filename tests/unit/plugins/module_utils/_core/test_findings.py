# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry, compile_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.findings import find
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

TODAY = datetime.date(2026, 11, 25)


def found(
    raw: t.Any,
    further: t.Sequence[Entry] = (),
    days: int = 30,
    routes: t.Sequence[str] | None = None,
    exchanges: t.Mapping[str, t.Sequence[str]] | None = None,
) -> list[str]:
    policy = parse_policy({"sendmail_tls_policy": raw}, today=TODAY)
    placed = compile_policy(policy, (8, 18, 1), further)
    return [str(one) for one in find(policy, placed, TODAY, datetime.timedelta(days), routes, exchanges)]


def peer(next_hop: str, level: str, until: str = "", **fields: t.Any) -> dict[str, t.Any]:
    exception = {"exception": {"owner": "Ann", "reason": "printer", "until": until}} if until else {}
    return {"next_hop": next_hop, "level": level, **exception, **fields}


def peers(*items: t.Any, **default: t.Any) -> t.Any:
    return {"outbound": {"default": default, "peers": list(items)}}


@pytest.mark.parametrize(("until", "told"), [("2026-11-25", True), ("2026-12-25", True), ("2026-12-26", False)])
def test_an_exception_that_ends_soon_is_told(until: str, told: bool) -> None:
    expected = (
        f"sendmail_tls_policy.outbound.peers[0].exception.until: the exception for 10.1.2.3 ends on {until}; then"
        " the play stops. Owner: Ann. Reason: printer."
    )
    assert found(peers(peer("10.1.2.3", "may", until))) == ([expected] if told else [])


def test_an_exception_from_nothing_is_told() -> None:
    client = {"client": "10.1.2.3", "exception": peer("x", "may", "2029-01-01")["exception"]}
    (said,) = found({"inbound": {"clients": [client]}})
    told = "10.1.2.3 asks for no less than the default, so its exception can go."
    assert said == f"sendmail_tls_policy.inbound.clients[0]: {told}"


@pytest.mark.parametrize(
    ("raw", "further", "places"),
    [
        (
            peers(peer("10.1.2.0/24", "encrypt", accept_dns_risk=True), peer("10.1.2.3", "may", "2029-01-01")),
            [],
            [(1, "peers[0]")],
        ),
        (
            peers(peer("10.1.0.0/16", "verify", accept_dns_risk=True), peer("10.1.2.0/24", "encrypt")),
            [],
            [(1, "peers[0]")],
        ),
        (
            peers(peer("example.org", "verify", accept_dns_risk=True), peer("a.b.example.org", "encrypt")),
            [],
            [(1, "peers[0]")],
        ),
        (peers(peer("10.1.2.0/24", "may", "2029-01-01"), peer("10.1.2.3", "encrypt")), [], []),
        (
            peers(peer("2001:db8:5::/48", "verify", accept_dns_risk=True), peer("2001:db8:5::7", "encrypt")),
            [],
            [(1, "peers[0]")],
        ),
        (
            peers(peer("10.1.0.0/16", "verify", accept_dns_risk=True)),
            [Entry("TLS_Srv:10.1.2.3", "OK")],
            [(-1, "peers[0]")],
        ),
        (peers(), [Entry("Connect:10", "OK"), Entry("TLS_Srv:10.1", "VERIFY"), Entry("TLS_Srv:10.1.2", "VERIFY")], []),
    ],
)
def test_an_entry_that_comes_before_a_stronger_one_is_told_with_both(raw: t.Any, further: t.Any, places: t.Any) -> None:
    said = found(raw, further)
    assert len(said) == len(places)
    for text, (number, other) in zip(said, places):
        own = f"sendmail_tls_policy.outbound.peers[{number}]" if number >= 0 else "sendmail_access_entries[0]"
        assert text.startswith(f"{own}: ") and f"{other})" in text and "which asks for more" in text


def test_recipients_are_asked_for_by_address_first() -> None:
    raw = {
        "outbound": {
            "recipients": [
                {"recipient": "a.example", "level": "verify"},
                {"recipient": "user@", "min_bits": 128},
                {"recipient": "user@a.example", "min_bits": 112},
            ]
        }
    }
    (said,) = found(raw)
    assert said.startswith("sendmail_tls_policy.outbound.recipients[2]: ") and "recipients[1]" in said


@pytest.mark.parametrize(
    ("narrow", "wide", "told"),
    [
        ("verify", {"level": "secure", "name": "a.example"}, True),
        ("OK", {"level": "verify"}, True),
        ("ENCR:128", {"level": "verify"}, True),
        ("VERIFY:128", {"level": "verify"}, True),
        ("VERIFY:112+CN", {"level": "verify"}, True),
        ("TEMP+VERIFY:128+CN", {"level": "verify"}, False),
        ("PERM+VERIFY:256+CN:b.example", {"level": "verify"}, False),
        ("VERIFY:128+CN", {"level": "verify", "issuer": "/O=a"}, True),
        ("VERIFY:128+CN++CS:/CN=a", {"level": "verify", "issuer": "/O=a"}, True),
        ("VERIFY:128+CN++CI:/O=b", {"level": "verify", "issuer": "/O=a"}, False),
        ("VERIFY:128+CN++CITag:MY", {"level": "verify", "issuer": "/O=a"}, False),
        ("VERIFY:128+CN++CI:/O=b", {"level": "verify", "subject": "/CN=a"}, True),
    ],
)
def test_demands_are_compared_by_what_they_mean(narrow: str, wide: dict[str, t.Any], told: bool) -> None:
    network = {"next_hop": "10.1.0.0/16", "accept_dns_risk": True, **wide}
    if narrow == "verify":
        said = found(peers(network, peer("10.1.2.0/24", "verify", accept_dns_risk=True)))
    else:
        said = found(peers(network), [Entry("TLS_Srv:10.1.2.3", narrow)])
    assert len(said) == told and all("comes before TLS_Srv:10.1 TEMP+VERIFY" in one for one in said)


def test_two_entries_of_the_user_are_compared_too() -> None:
    wide, narrow = Entry("TLS_Clt:10.1", "VERIFY:128+CN"), Entry("TLS_Clt:10.1.2", "VERIFY:128")
    (said,) = found({}, [wide, narrow])
    assert said.startswith("sendmail_access_entries[1]: TLS_Clt:10.1.2 VERIFY:128 comes before TLS_Clt:10.1 ")
    assert found({}, [wide, Entry("TLS_Clt:10.1.2", "VERIFY:128+CN")]) == []


def test_a_weak_name_in_front_of_a_stronger_address_is_told_once_for_each_demand() -> None:
    names = [peer(f"{name}.example", "may", "2029-01-01", accept_dns_risk=True) for name in "abc"]
    strong = [peer(f"10.1.2.{number}", "verify", accept_dns_risk=True) for number in (3, 4)]
    (said,) = found(peers(*names, *strong))
    assert said == (
        "sendmail_tls_policy.outbound.peers[0]: TLS_Srv:a.example OK (and 2 more like it) comes before TLS_Srv:10.1.2.3"
        " TEMP+VERIFY:128+CN (sendmail_tls_policy.outbound.peers[3]), which asks for more, where DNS gives the name"
        " that address."
    )


@pytest.mark.parametrize(
    ("raw", "further"),
    [
        # As strong, or stronger.
        (peers(peer("a.example", "verify", accept_dns_risk=True), peer("10.1.2.3", "encrypt")), []),
        # A next hop that is written as this address has no name.
        (peers(peer("a.example", "encrypt"), peer("[10.1.2.3]", "secure", name="b.example")), []),
        # Other sessions: what is demanded of clients, of LMTP, of clients without a name of their own.
        (peers(peer("a.example", "encrypt")), [Entry("TLS_Clt:10.1.2.3", "VERIFY"), Entry("TLS_Clt:", "ENCR:112")]),
        (peers(peer("10.1.2.3", "verify", accept_dns_risk=True)), [Entry("TLS_Srv:local", "OK")]),
    ],
)
def test_a_name_in_front_of_nothing_stronger_is_not_told(raw: t.Any, further: t.Sequence[Entry]) -> None:
    assert found(raw, further) == []


def test_clients_have_names_in_front_of_addresses_too() -> None:
    raw = {"inbound": {"clients": [{"client": "10.1.2.3", "level": "verify"}]}}
    (said,) = found(raw, [Entry("TLS_Clt:a.example", "ENCR:112")])
    assert said.startswith("sendmail_access_entries[0]: TLS_Clt:a.example ENCR:112 comes before TLS_Clt:10.1.2.3 ")


V6 = "2001:db8:0:0:0:0:0:7"


@pytest.mark.parametrize(
    ("excepted", "routes", "met"),
    [
        ("10.1.2.3", ["relay:[10.1.2.3]"], True),
        ("10.1.2.3", ["mta2.example", "esmtp:[10.9.9.9]:[10.1.2.3]"], True),
        ("10.1.2.0/24", ["[10.1.2.3]"], True),
        (V6, ["relay:[IPv6:2001:db8::7]"], True),
        ("2001:db8::/64", ["[IPv6:2001:db8::7]"], True),
        ("127.0.0.1", [], True),
        ("::1", [], True),
        ("10.1.2.3", [], False),
        ("10.1.2.3", ["relay:[255.255.255.255]:mta2.example", "[mta3.example]", "", "error:5.7.1:550 no"], False),
        ("10.1.2.3", ["[10.1.2.30]"], False),
        ("10.1.2.0/24", ["[10.1.20.3]"], False),
        (V6, ["[IPv6:2001:db8::8]"], False),
    ],
)
def test_an_exception_by_address_that_no_route_is_written_as_is_told(
    excepted: str, routes: list[str], met: bool
) -> None:
    raw = peers(peer(excepted, "may", "2029-01-01"))
    said = found(raw, routes=routes)
    assert len(said) == (not met)
    assert all(one.startswith("sendmail_tls_policy.outbound.peers[0]: no mail meets TLS_Srv:") for one in said)
    assert found(raw) == [], "where the routes are not known, nothing is said of them"


def test_only_exceptions_need_such_a_route() -> None:
    demands = peer("10.1.2.3", "verify", accept_dns_risk=True)
    raw = {**peers(demands), "inbound": {"clients": [{"client": "10.1.2.4", "level": "may"}]}}
    assert found(raw, [Entry("TLS_Clt:10.1.2.5", "OK")], routes=[]) == []
    (said,) = found(raw, [Entry("TLS_Srv:10.1.2.5", "OK")], routes=[])
    assert said.startswith("sendmail_access_entries[0]: no mail meets TLS_Srv:10.1.2.5 OK: ")


RULED = [peer("10.1.2.3", "encrypt"), *(peer(f"mta{number}.example", "encrypt") for number in range(3))]


@pytest.mark.parametrize(
    ("exchanges", "place", "said"),
    [
        ({}, 1, "mail for mta0.example (and 2 more) goes is not known"),
        ({"mta0.example": ["mta0.example"], "mta1.example": []}, 2, "mail for mta1.example (and 1 more) goes"),
        ({"mta0.example": ["a"], "mta1.example": ["mx.example"]}, 3, "mail for mta2.example goes"),
    ],
)
def test_names_of_which_dns_does_not_tell_are_told(exchanges: t.Any, place: int, said: str) -> None:
    (told,) = found(peers(*RULED), exchanges=exchanges)
    assert told.startswith(f"sendmail_tls_policy.outbound.peers[{place}].next_hop: to which hosts") and said in told


@pytest.mark.parametrize("exchanges", [None, {f"mta{number}.example": ["a"] for number in range(3)}])
def test_nothing_is_told_of_names_that_dns_knows(exchanges: t.Any) -> None:
    assert found(peers(*RULED), exchanges=exchanges) == []
