# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    Policy,
    RelayClient,
    Requirement,
    parse_policy,
)


def outbound(**default: t.Any) -> dict[str, t.Any]:
    return {"outbound": {"default": default}}


def network(text: str) -> RelayClient:
    return RelayClient(network=ipaddress.ip_network(text))


@pytest.mark.parametrize(
    ("raw", "bits"),
    [
        ({}, 128),
        ({"outbound": {}}, 128),
        (outbound(), 128),
        (outbound(level="encrypt"), 128),
        (outbound(min_bits=256), 256),
        (outbound(level="encrypt", min_bits="112"), 112),
        (outbound(min_bits=40), 40),
    ],
)
def test_the_default_is_encryption_with_128_bits(raw: t.Any, bits: int) -> None:
    assert parse_policy(raw) == Policy(Requirement("encrypt", bits), True, ())


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (None, "sendmail_tls_policy: None is not a mapping. Allowed keys: outbound."),
        ("encrypt", "sendmail_tls_policy: 'encrypt' is not a mapping."),
        ({"outbond": {}}, "sendmail_tls_policy.outbond: 'outbond' is not a key of the policy. Did you mean outbound?"),
        ({"outbound": None}, "sendmail_tls_policy.outbound: None is not a mapping. Allowed keys: default."),
        ({"outbound": {"defalt": {}}}, "sendmail_tls_policy.outbound.defalt: 'defalt' is not a key of the policy."),
        (outbound(lvl="encrypt"), "sendmail_tls_policy.outbound.default.lvl: 'lvl' is not a key of the policy."),
        ({7: {}}, "sendmail_tls_policy.7: 7 is not a key of the policy. Known are: outbound."),
        *(
            (outbound(level=level), f"sendmail_tls_policy.outbound.default.level: the level {level!r} is not known.")
            for level in ("verify", "may", "Encrypt", "", None, True, ["encrypt"])
        ),
        *(
            (outbound(min_bits=bits), f"sendmail_tls_policy.outbound.default.min_bits: {bits!r} is not a number of")
            for bits in (0, 39, 257, -128, 1280, "high", "", "128 ", "0x80", 128.0, True, None, [128], "١٢٨")
        ),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        parse_policy(raw)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (True, True),
        (False, False),
        ("yes", True),
        ("False", False),
        ("on", True),
        ("off", False),
        (1, True),
        ("0", False),
    ],
)
def test_booleans_are_read_from_the_command_line_too(raw: t.Any, expected: bool) -> None:
    assert parse_policy({}, starttls_offered=raw).starttls_offered is expected


@pytest.mark.parametrize("raw", ["", "maybe", None, 2, []])
def test_what_is_neither_true_nor_false_is_refused(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"sendmail_starttls_offered: .* is neither true nor false"):
        parse_policy({}, starttls_offered=raw)


@pytest.mark.parametrize(
    ("raw", "client"),
    [
        ("192.0.2.7", network("192.0.2.7/32")),
        ("10.1.2.0/24", network("10.1.2.0/24")),
        ("10.0.0.0/8", network("10.0.0.0/8")),
        ("2001:db8::7", network("2001:db8::7/128")),
        ("2001:DB8:5::/48", network("2001:db8:5::/48")),
        ("::1", network("::1/128")),
        ("MTA1.example.org", RelayClient(name="mta1.example.org")),
        ("a-1.b2.example", RelayClient(name="a-1.b2.example")),
        ("4.example.org", RelayClient(name="4.example.org")),
    ],
)
def test_a_relay_client_is_an_address_a_network_or_a_name(raw: str, client: RelayClient) -> None:
    assert parse_policy({}, relay_clients=[raw]).relay_clients == (client,)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("0.0.0.0/0", "is the whole Internet: an open relay, or no limit for anyone. Name the clients that are meant."),
        ("::/0", "is the whole Internet"),
        ("0.0.0.0", "is no client's address"),
        ("::", "is no client's address"),
        ("224.0.0.0/8", "is no client's address"),
        ("ff02::1", "is no client's address"),
        ("::ffff:10.0.0.1", "is not how a client is seen. Write 10.0.0.1."),
        *(
            (raw, "is neither an address, nor a network, nor a qualified host name")
            for raw in (
                *("", " ", "*", "10.1.2", "10.1.2.3/24", "10.1.2.256", "10.1.2.0/33", "010.1.2.3", "localhost"),
                *("mta1", "com", ".example.org", "mta1.example.org.", "-a.example", "a..example", "a b.example"),
                *(
                    "mta1.example.org\n",
                    "fe80::1%eth0",
                    "2001:db8:::1",
                    "[10.1.2.3]",
                    "x" * 64 + ".org",
                    "mailü.example",
                ),
                *(None, 5, 167772161, ["10.1.2.3"], "mta_1.example.org", "a." * 127 + "example"),
            )
        ),
    ],
)
def test_what_is_no_client_is_refused(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        parse_policy({}, relay_clients=["192.0.2.1", raw])
    assert str(refused.value).startswith(f"sendmail_relay_clients[1]: {raw!r} {told}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("2001:db8::1", "2001:DB8:0::1"),
        ("mta1.example.org", "MTA1.example.org"),
    ],
)
def test_a_client_named_twice_is_refused_with_both_places(one: str, other: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        parse_policy({}, relay_clients=[one, "192.0.2.1", other])
    assert "sendmail_relay_clients[0] and sendmail_relay_clients[2]: " in str(refused.value)


@pytest.mark.parametrize("raw", ["10.1.2.3", None, {"10.1.2.3": True}])
def test_clients_are_a_list(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"sendmail_relay_clients: .* is not a list"):
        parse_policy({}, relay_clients=raw)


def test_who_is_not_throttled_is_known_by_address() -> None:
    raw = ["192.0.2.7", "2001:db8:5::/48"]
    assert [str(one) for one in parse_policy({}, unthrottled_clients=raw).unthrottled_clients] == [
        "192.0.2.7/32",
        "2001:db8:5::/48",
    ]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (["192.0.2.7", "mta1.example.org"], "sendmail_unthrottled_clients[1]: 'mta1.example.org' is a name, but"),
        (["0.0.0.0/0"], "sendmail_unthrottled_clients[0]: '0.0.0.0/0' is the whole Internet"),
        ("192.0.2.7", "sendmail_unthrottled_clients: '192.0.2.7' is not a list"),
    ],
)
def test_a_name_or_everybody_cannot_be_unthrottled(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        parse_policy({}, unthrottled_clients=raw)
    assert str(refused.value).startswith(told)
