# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may relay, and who else is free of limits, by address, network or name."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import MailtlsError
from .fields import shown
from .policy import Network, RelayClient

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")


def read_unthrottled(raw: t.Any, place: str) -> tuple[Network, ...]:
    clients = read_relay_clients(raw, place)
    for number, client in enumerate(clients):
        if client.network is None:
            raise MailtlsError(
                f"{client.name!r} is a name, but clients are counted by address",
                where=f"{place}[{number}]",
                remedy="Write its address or network.",
            )
    return tuple(client.network for client in clients if client.network is not None)


def read_relay_clients(raw: t.Any, place: str) -> tuple[RelayClient, ...]:
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(
            f"{shown(raw)} is not a list", where=place, remedy="Write a list of addresses, networks or names."
        )
    seen: dict[RelayClient, str] = {}
    for number, one in enumerate(raw):
        here = f"{place}[{number}]"
        client = _parse_client(one, here)
        if client in seen:
            raise MailtlsError(
                f"{shown(one)} stands there twice", where=f"{seen[client]} and {here}", remedy="Remove one."
            )
        seen[client] = here
    return tuple(seen)


def _parse_client(raw: t.Any, place: str) -> RelayClient:
    """One client, by shape: a colon or a slash or only digits and dots make an address, the rest is a name."""
    # An address with a zone (fe80::1%eth0) means nothing to the rest of the network.
    text = raw if isinstance(raw, str) and "%" not in raw else ""
    if _HOST_NAME.match(text):
        return RelayClient(name=text.lower())
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise MailtlsError(
            f"{shown(raw)} is neither an address, nor a network, nor a qualified host name",
            where=place,
            remedy="Write 192.0.2.7, 10.1.2.0/24 (no bits set after the prefix), 2001:db8::7 or mta1.example.org.",
        ) from None
    _refuse_strange_network(network, str(raw), place)
    return RelayClient(network=network)


def _refuse_strange_network(network: Network, written: str, place: str) -> None:
    if network.prefixlen == 0:
        raise MailtlsError(
            f"{written!r} is the whole Internet: an open relay, or no limit for anyone",
            where=place,
            remedy="Name the clients that are meant.",
        )
    address = network.network_address
    if address.is_unspecified or address.is_multicast:
        raise MailtlsError(f"{written!r} is no client's address", where=place, remedy="Name the client's own address.")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise MailtlsError(
            f"{written!r} is not how a client is seen", where=place, remedy=f"Write {address.ipv4_mapped}."
        )
