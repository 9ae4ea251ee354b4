# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom an item speaks of: names, addresses and networks, brought to one spelling so that twins are found."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import MailtlsError
from .fields import shown
from .policy import IPV4, IPV6, NAME, Target

_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z", re.ASCII)
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#&'*+/=?^_`{|}~.-]{1,64}\Z")
LONGEST_WRITTEN = 300


def read_next_hop(raw: t.Any, item: str) -> Target:
    """A next hop of the item at ``item``: a host name, an address, a network, ``[192.0.2.7]`` or ``[IPv6:...]``."""
    text = raw if isinstance(raw, str) and len(raw) <= LONGEST_WRITTEN else ""
    if _HOST_NAME.match(text):
        return Target(NAME, text.lower())
    place = f"{item}.next_hop"
    if text[:1] == "[" and text[-1:] == "]":
        inner = re.sub(r"(?i)\Aipv6:", "", text[1:-1])
        target = _read_target(inner, place, raw, "a next hop")
        if not target.family:
            raise MailtlsError(
                f"{shown(raw)} is a name in brackets, which is looked up under whatever name DNS gives it",
                where=place,
                remedy=f"Write that name without brackets: {target.text}, if it is no alias.",
            )
        if target.prefix != target.whole:
            raise MailtlsError(f"{shown(raw)} is a network in brackets", where=place, remedy="Write it without them.")
        return target._replace(literal=True)
    return _read_target(text, place, raw, "a next hop")


def read_client(raw: t.Any, item: str) -> Target:
    """The client of the item at ``item``: a host name, an address, or a network."""
    text = raw if isinstance(raw, str) and len(raw) <= LONGEST_WRITTEN else ""
    return _read_target(text, f"{item}.client", raw, "a client")


def read_recipient(raw: t.Any, place: str) -> str:
    """``domain``, ``user@domain`` or ``user@``, in lower case."""
    text = raw if isinstance(raw, str) and len(raw) <= LONGEST_WRITTEN else ""
    local, at, domain = text.rpartition("@")
    named = bool(_HOST_NAME.match(domain)) if domain else bool(at)
    if named and (not at or _LOCAL_PART.match(local)):
        return text.lower()
    raise MailtlsError(
        f"{shown(raw)} is not a recipient",
        where=place,
        remedy="Write a domain (partner.example, which covers the domains below it), user@partner.example, or user@.",
    )


def _read_target(text: str, place: str, raw: t.Any, what: str) -> Target:
    if _IPV4.match(text):
        target = Target(IPV4, str.__str__(text), 32)
    elif _HOST_NAME.match(text):
        return Target(NAME, text.lower())
    else:
        target = _read_network(text, place, raw, what)
    _refuse_strange(target, raw, place)
    return target


def _read_network(text: str, place: str, raw: t.Any, what: str) -> Target:
    try:
        # An address with a zone (fe80::1%eth0) means nothing to the rest of the network.
        network = ipaddress.ip_network("" if "%" in text else text)
    except ValueError:
        raise MailtlsError(
            f"{shown(raw)} is not {what}",
            where=place,
            remedy="Write a qualified host name, an address, or a network with no bits set behind its prefix.",
        ) from None
    address = network.network_address
    if isinstance(address, ipaddress.IPv4Address):
        return Target(IPV4, str(address), network.prefixlen)
    if address.ipv4_mapped:
        raise MailtlsError(
            f"{shown(raw)} is not how a host is seen", where=place, remedy=f"Write {address.ipv4_mapped}."
        )
    groups = (f"{int(group, 16):x}" for group in address.exploded.split(":"))
    return Target(IPV6, ":".join(groups), network.prefixlen)


def _refuse_strange(target: Target, raw: t.Any, place: str) -> None:
    if target.prefix == 0:
        raise MailtlsError(
            f"{shown(raw)} is the whole Internet", where=place, remedy="Change the default, which is for all others."
        )
    first = target.text.partition("." if target.family == IPV4 else ":")[0]
    unspecified = target.text in ("0.0.0.0", "0:0:0:0:0:0:0:0")
    multicast = int(first) >= 224 if target.family == IPV4 else first.startswith("ff") and len(first) == 4
    if unspecified or multicast:
        raise MailtlsError(f"{shown(raw)} is no host's address", where=place, remedy="Name the host's own address.")
