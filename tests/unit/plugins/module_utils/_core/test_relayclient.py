# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.fields import shown
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import RelayClient
from ansible_collections.mailtls.relay.plugins.module_utils._core.relayclient import (
    read_relay_clients,
    read_unthrottled,
)

RELAY, FREE = "sendmail_relay_clients", "sendmail_unthrottled_clients"


def network(text: str) -> RelayClient:
    return RelayClient(network=ipaddress.ip_network(text))


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
    assert read_relay_clients([raw], RELAY) == (client,)


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
        read_relay_clients(["192.0.2.1", raw], RELAY)
    assert str(refused.value).startswith(f"sendmail_relay_clients[1]: {shown(raw)} {told}")


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
        read_relay_clients([one, "192.0.2.1", other], RELAY)
    assert "sendmail_relay_clients[0] and sendmail_relay_clients[2]: " in str(refused.value)


@pytest.mark.parametrize("raw", ["10.1.2.3", None, {"10.1.2.3": True}])
def test_clients_are_a_list(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"sendmail_relay_clients: .* is not a list"):
        read_relay_clients(raw, RELAY)


def test_who_is_not_throttled_is_known_by_address() -> None:
    raw = ["192.0.2.7", "2001:db8:5::/48"]
    assert [str(one) for one in read_unthrottled(raw, FREE)] == [
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
        read_unthrottled(raw, FREE)
    assert str(refused.value).startswith(told)
