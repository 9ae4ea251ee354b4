# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user wishes, as plain frozen values. ``policy_reader`` is what makes them; no mail server's words.

Levels are those of Postfix and promise no less than Postfix's of the same name.
"""

from __future__ import annotations

import datetime
import ipaddress
import typing as t
from dataclasses import dataclass

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# From weak to strong. ``dane`` is reserved for a later release.
LEVELS = ("none", "may", "encrypt", "verify", "secure")
RANK: t.Mapping[str, int] = {level: rank for rank, level in enumerate(LEVELS)}
DEMANDING = ("encrypt", "verify", "secure")
DEFAULT_MIN_BITS = 128
LEAST_BITS, MOST_BITS = 40, 256
TEMPORARY, PERMANENT = "temporary", "permanent"
NAME, IPV4, IPV6 = 0, 4, 6
_WHOLE: t.Mapping[int, int] = {NAME: 0, IPV4: 32, IPV6: 128}


class Requirement(t.NamedTuple):
    """What a session must be like. ``min_bits`` is 0 at ``none`` and ``may``; pins are plain text, empty when not set.

    ``name`` is the literal CN of the other side's certificate; at ``verify`` it is empty, and the name that was
    connected to counts.
    """

    level: str = "encrypt"
    min_bits: int = DEFAULT_MIN_BITS
    name: str = ""
    issuer: str = ""
    subject: str = ""
    failure: str = TEMPORARY

    @property
    def demands(self) -> bool:
        return self.level in DEMANDING


ENCRYPT, MAY = Requirement(), Requirement("may", 0)


class Target(t.NamedTuple):
    """Whom an item speaks of: a host or domain name in lower case, or an address or network.

    ``text`` of IPv6 has its eight groups without leading zeros (``2001:db8:0:0:0:0:0:7``), so that it splits.
    ``prefix`` is in bits, 0 for a name. ``literal`` is a next hop written as ``[address]``, which DNS has no part in.
    """

    family: int
    text: str
    prefix: int = 0
    literal: bool = False

    @property
    def identity(self) -> tuple[int, str, int]:
        return self.family, self.text, self.prefix

    @property
    def whole(self) -> int:
        """The prefix of a single address, 0 for a name."""
        return _WHOLE[self.family]

    def __str__(self) -> str:
        return self.text if self.prefix == _WHOLE[self.family] else f"{self.text}/{self.prefix}"


class Waiver(t.NamedTuple):
    """Why less than the default is enough: who answers for it, the reason, and the last day it holds."""

    owner: str
    reason: str
    until: datetime.date


class SessionSettings(t.NamedTuple):
    """How TLS is spoken with one peer; what is empty is as with all others."""

    min_protocol: str = ""
    cipher_list: str = ""
    cipher_suites: str = ""
    certificate_file: str = ""
    key_file: str = ""

    @property
    def demands(self) -> bool:
        """Whether it asks for more than the default does; a certificate of our own does not."""
        return bool(self.min_protocol or self.cipher_list or self.cipher_suites)


class Peer(t.NamedTuple):
    """A next hop. Each item is complete: what it does not say is as by default, not as in a network around it."""

    place: str
    target: Target
    requirement: Requirement
    exception: Waiver | None = None
    accept_dns_risk: bool = False
    dane: bool = True
    mta_sts: bool = True
    session: SessionSettings | None = None


class Recipient(t.NamedTuple):
    """``domain``, ``user@domain`` or ``user@``, in lower case; only adds to what next hops must offer."""

    place: str
    address: str
    requirement: Requirement


class Client(t.NamedTuple):
    """Who connects to this host. ``starttls_offered`` None is as for all clients."""

    place: str
    target: Target
    requirement: Requirement
    exception: Waiver | None = None
    accept_dns_risk: bool = False
    starttls_offered: bool | None = None
    request_certificate: bool = True
    session: SessionSettings | None = None


class RelayCertificate(t.NamedTuple):
    """Who may relay by a verified certificate: all of an issuer's, or these subjects of it."""

    place: str
    issuer: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outbound:
    default: Requirement = ENCRYPT
    peers: tuple[Peer, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    place: str = "sendmail_tls_policy.outbound.default"


@dataclass(frozen=True)
class Inbound:
    default: Requirement = MAY
    clients: tuple[Client, ...] = ()
    place: str = "sendmail_tls_policy.inbound.default"


@dataclass(frozen=True)
class RelayClient:
    """A client, by what it may be known: a network (one address is a network of its own), or a host name."""

    network: Network | None = None
    name: str = ""


@dataclass(frozen=True)
class Policy:
    """What the user wishes of this relay."""

    outbound: Outbound = Outbound()
    inbound: Inbound = Inbound()
    certificates: tuple[RelayCertificate, ...] = ()
    starttls_offered: bool = True
    relay_clients: tuple[RelayClient, ...] = ()
    unthrottled_clients: tuple[Network, ...] = ()


def weaker(one: Requirement, other: Requirement) -> str:
    """In what ``one`` asks for less than ``other``, in words; empty when in nothing."""
    if RANK[one.level] < RANK[other.level]:
        return f"level {one.level} is below {other.level}"
    if one.min_bits < other.min_bits:
        return f"{one.min_bits} bits are less than {other.min_bits}"
    missing = [pin for pin in ("issuer", "subject") if getattr(other, pin) and not getattr(one, pin)]
    return f"the pin of the {missing[0]} is missing" if missing else ""


def stronger(one: Requirement, other: Requirement) -> str:
    """In what ``one`` asks for more than ``other``, in words; empty when in nothing."""
    if RANK[one.level] > RANK[other.level]:
        return f"level {one.level} is above {other.level}"
    if one.min_bits > other.min_bits:
        return f"{one.min_bits} bits are more than {other.min_bits}"
    added = [pin for pin in ("issuer", "subject") if getattr(one, pin) and not getattr(other, pin)]
    return f"the {added[0]} is pinned" if added else ""
