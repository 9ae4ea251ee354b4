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


def found(raw: t.Any, further: t.Sequence[Entry] = (), days: int = 30) -> list[str]:
    policy = parse_policy({"sendmail_tls_policy": raw}, today=TODAY)
    placed = compile_policy(policy, (8, 18, 1), further)
    return [str(one) for one in find(policy, placed, TODAY, datetime.timedelta(days))]


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
