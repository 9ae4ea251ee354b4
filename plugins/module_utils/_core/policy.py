# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only interpreter of what the user wishes: plain data in, a ``Policy`` out; no mail server's words."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError
from .spelling import suggestion

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# ``verify``, ``secure`` and ``dane`` join this list when they can be kept; none may be written before that.
LEVELS = ("encrypt",)
DEFAULT_MIN_BITS = 128
LEAST_BITS, MOST_BITS = 40, 256

_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")


@dataclass(frozen=True)
class Requirement:
    """What a connection must be like; mail that cannot be sent so is held, for others to mend, never sent otherwise."""

    level: str
    min_bits: int


@dataclass(frozen=True)
class RelayClient:
    """A client, by what it may be known: a network (one address is a network of its own), or a host name."""

    network: Network | None = None
    name: str = ""


@dataclass(frozen=True)
class Policy:
    """What the user wishes of this relay."""

    outbound: Requirement
    starttls_offered: bool
    relay_clients: tuple[RelayClient, ...]
    unthrottled_clients: tuple[Network, ...] = ()


def parse_policy(
    raw: t.Any, *, starttls_offered: t.Any = True, relay_clients: t.Any = (), unthrottled_clients: t.Any = ()
) -> Policy:
    """Read the variables ``sendmail_tls_policy``, and those named as the arguments.

    Values given on the command line arrive as strings, so numbers and booleans are read from strings too. Raises
    ``MailtlsError`` that names the variable and what is allowed.
    """
    place = "sendmail_tls_policy"
    outbound = _child(_mapping(raw, place, ("outbound",)), "outbound", place, ("default",))
    default = _child(outbound, "default", f"{place}.outbound", ("level", "min_bits"))
    return Policy(
        outbound=_parse_requirement(default, f"{place}.outbound.default"),
        starttls_offered=_parse_boolean(starttls_offered, "sendmail_starttls_offered"),
        relay_clients=_parse_clients(relay_clients, "sendmail_relay_clients"),
        unthrottled_clients=_parse_unthrottled(unthrottled_clients, "sendmail_unthrottled_clients"),
    )


def _mapping(raw: t.Any, place: str, known: t.Sequence[str]) -> t.Mapping[str, t.Any]:
    if not isinstance(raw, t.Mapping):
        raise MailtlsError(f"{raw!r} is not a mapping", where=place, remedy=f"Allowed keys: {', '.join(known)}.")
    for key in raw:
        if key not in known:
            raise MailtlsError(
                f"{key!r} is not a key of the policy", where=f"{place}.{key}", remedy=suggestion(str(key), known)
            )
    return raw


def _child(parent: t.Mapping[str, t.Any], key: str, place: str, known: t.Sequence[str]) -> t.Mapping[str, t.Any]:
    return _mapping(parent.get(key, {}), f"{place}.{key}", known)


def _parse_requirement(raw: t.Mapping[str, t.Any], place: str) -> Requirement:
    level = raw.get("level", LEVELS[0])
    if level not in LEVELS:
        raise MailtlsError(
            f"the level {level!r} is not known",
            where=f"{place}.level",
            remedy=f"Allowed now: {', '.join(LEVELS)}; verify, secure and dane come with a later release.",
        )
    return Requirement(str(level), _parse_bits(raw.get("min_bits", DEFAULT_MIN_BITS), f"{place}.min_bits"))


def _parse_bits(raw: t.Any, place: str) -> int:
    text = str(raw) if isinstance(raw, (int, str)) and not isinstance(raw, bool) else ""
    if not re.fullmatch("[0-9]{1,4}", text) or not LEAST_BITS <= int(text) <= MOST_BITS:
        raise MailtlsError(
            f"{raw!r} is not a number of cipher bits",
            where=place,
            remedy=f"Write a whole number from {LEAST_BITS} to {MOST_BITS}; the default is {DEFAULT_MIN_BITS}.",
        )
    return int(text)


def _parse_boolean(raw: t.Any, place: str) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).lower()
    if word not in _YES | _NO:
        raise MailtlsError(f"{raw!r} is neither true nor false", where=place, remedy="Write true or false.")
    return word in _YES


def _parse_unthrottled(raw: t.Any, place: str) -> tuple[Network, ...]:
    clients = _parse_clients(raw, place)
    for number, client in enumerate(clients):
        if client.network is None:
            raise MailtlsError(
                f"{client.name!r} is a name, but clients are counted by address",
                where=f"{place}[{number}]",
                remedy="Write its address or network.",
            )
    return tuple(client.network for client in clients if client.network is not None)


def _parse_clients(raw: t.Any, place: str) -> tuple[RelayClient, ...]:
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(
            f"{raw!r} is not a list", where=place, remedy="Write a list of addresses, networks or names."
        )
    seen: dict[RelayClient, str] = {}
    for number, one in enumerate(raw):
        here = f"{place}[{number}]"
        client = _parse_client(one, here)
        if client in seen:
            raise MailtlsError(f"{one!r} stands there twice", where=f"{seen[client]} and {here}", remedy="Remove one.")
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
            f"{raw!r} is neither an address, nor a network, nor a qualified host name",
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
