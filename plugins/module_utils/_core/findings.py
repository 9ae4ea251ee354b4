# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is allowed but worth a word.

Exceptions that end soon, except nothing or are met by no mail, and entries that sendmail finds before stronger ones.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import typing as t

from . import demand, nexthop
from .access_words import network_key
from .entry import Entry, Placed
from .policy import Client, Peer, Policy, Recipient, Requirement, weaker
from .release import NEWEST
from .tokens import scan

_TAGS = ("tls_srv", "tls_clt", "tls_rcpt")
_ADDRESS = re.compile(r"[\d.]+|ipv6:.*")
_LOOPBACK = re.compile(r"127(?:\..*)?|ipv6:(?:0:){7}1")
# What sendmail's words force -> a level.
_LEVELS = {"": "may", "encr": "encrypt", "verify": "verify"}


class Finding(t.NamedTuple):
    """A sentence about the variable at ``place``."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Asked(t.NamedTuple):
    """An entry, its place, what it demands of a session, and whether of the name in the certificate, too."""

    place: str
    entry: Entry
    requirement: Requirement
    named: bool

    def __str__(self) -> str:
        return f"{self.entry.key} {self.entry.value}"

    def less_than(self, other: Asked) -> bool:
        """Whether it asks for less in any respect."""
        return bool(weaker(self.requirement, other.requirement)) or (other.named and not self.named)


def find(
    policy: Policy,
    placed: t.Sequence[Placed],
    today: datetime.date,
    notice: datetime.timedelta,
    routes: t.Iterable[str] | None = None,
    exchanges: t.Mapping[str, t.Sequence[str]] | None = None,
) -> list[Finding]:
    """All of them, as far as things are known.

    ``routes`` are the next hops that the configuration names, as sendmail reads them; ``exchanges`` the hosts to which
    it would send what is for a name (``_core/exchange``).
    """
    asked = _read_asked(policy, placed)
    unmet = [] if routes is None else list(_unmet(policy, asked, routes))
    unseen = [] if exchanges is None else list(_unseen(policy.outbound.peers, exchanges))
    return [*_exceptions(policy, today, notice), *unmet, *unseen, *_shadows(asked), *_names_first(policy, asked)]


def _read_asked(policy: Policy, placed: t.Sequence[Placed]) -> dict[str, Asked]:
    """Folded key -> what is asked for there. The defaults, and what goes with them, are not compared with anything."""
    lists: tuple[t.Sequence[Peer | Recipient | Client], ...]
    lists = (policy.outbound.peers, policy.outbound.recipients, policy.inbound.clients)
    items = {item.place: item.requirement for some in lists for item in some}
    found = {}
    for place, entry in placed:
        if entry.key.partition(":")[0].lower() not in _TAGS:
            continue
        if place in items:
            found[entry.folded_key] = Asked(place, entry, items[place], items[place].level in ("verify", "secure"))
        elif place not in (policy.outbound.place, policy.inbound.place):
            found[entry.folded_key] = _read(place, entry)
    return found


def _read(place: str, entry: Entry) -> Asked:
    """An entry that the user wrote in sendmail's words."""
    said = demand.parse_requirement(scan(entry.value), demand.dialect(NEWEST))
    kinds = {extension.kind for extension in said.extensions}
    pins = {"issuer": kinds & {"ci", "citag"}, "subject": kinds & {"cs"}}
    texts = {pin: entry.value if there else "" for pin, there in pins.items()}
    return Asked(place, entry, Requirement(_LEVELS[said.force], said.least, **texts), "cn" in kinds)


def _exceptions(policy: Policy, today: datetime.date, notice: datetime.timedelta) -> t.Iterator[Finding]:
    sides: tuple[tuple[Requirement, t.Sequence[Peer | Client]], ...] = (
        (policy.outbound.default, policy.outbound.peers),
        (policy.inbound.default, policy.inbound.clients),
    )
    for default, items in sides:
        for item in items:
            waiver = item.exception
            if waiver is None:
                continue
            if not weaker(item.requirement, default):
                yield Finding(item.place, f"{item.target} asks for no less than the default, so its exception can go.")
            elif waiver.until - today <= notice:
                yield Finding(
                    f"{item.place}.exception.until",
                    f"the exception for {item.target} ends on {waiver.until}; then the play stops."
                    f" Owner: {waiver.owner}. Reason: {waiver.reason}.",
                )


def _unmet(policy: Policy, asked: t.Mapping[str, Asked], routes: t.Iterable[str]) -> t.Iterator[Finding]:
    """Exceptions by address that no mail meets: the belt lets them speak for next hops that are written so alone."""
    default = Asked("", Entry("", ""), policy.outbound.default, False)
    hops = (host for route in routes for host in nexthop.hosts_of(route) if host.startswith("["))
    addresses = (address for address in map(nexthop.parse_address, hops) if address)
    keys = [network_key(ipaddress.ip_network(address), "").lower() for address in addresses]
    written = {subject for key in keys for subject in (key, *_around(key))}
    for key, one in asked.items():
        subject = key.partition(":")[2]
        if not key.startswith("tls_srv:") or not _ADDRESS.fullmatch(subject) or _LOOPBACK.fullmatch(subject):
            continue
        if subject not in written and one.less_than(default):
            yield Finding(
                one.place,
                f"no mail meets {one}: an exception by address is for a next hop that sendmail_smart_host or"
                " sendmail_mailertable names as that address, in brackets.",
            )


def _unseen(peers: t.Iterable[Peer], exchanges: t.Mapping[str, t.Sequence[str]]) -> t.Iterator[Finding]:
    """Names of which DNS did not say where their mail goes: one for all, for mostly DNS tells nothing of any."""
    unknown = [peer for peer in peers if not peer.target.family and not exchanges.get(peer.target.text)]
    for peer in unknown[:1]:
        also = f" (and {len(unknown) - 1} more)" if unknown[1:] else ""
        yield Finding(
            f"{peer.place}.next_hop",
            f"to which hosts mail for {peer.target}{also} goes is not known: DNS does not tell, or there is no"
            " sendmail yet to ask it with. If MX records name other hosts, sendmail never looks for this rule, and the"
            " default holds.",
        )


def _shadows(asked: t.Mapping[str, Asked]) -> t.Iterator[Finding]:
    """Entries that sendmail finds before one that asks for more: it takes the first key, from the narrowest on."""
    for key, one in asked.items():
        tag, _colon, subject = key.partition(":")
        for wider in _around(subject):
            around = asked.get(f"{tag}:{wider}")
            if around and one.less_than(around):
                yield Finding(one.place, f"{one} comes before {around} ({around.place}), which asks for more.")
                break


def _names_first(policy: Policy, asked: t.Mapping[str, Asked]) -> t.Iterator[Finding]:
    """Names that ask for less than an address, one word for each demand: sendmail looks for the name of a host first.

    A next hop that is written as an address has no name.
    """
    literal = {peer.place for peer in policy.outbound.peers if peer.target.literal}
    for tag in ("tls_srv", "tls_clt"):
        names: dict[tuple[Requirement, bool], list[Asked]] = {}
        addresses: dict[tuple[Requirement, bool], Asked] = {}
        for key, one in asked.items():
            its, _colon, subject = key.partition(":")
            if its != tag or subject in ("", "local") or one.place in literal:
                continue
            if _ADDRESS.fullmatch(subject):
                addresses.setdefault(one[2:], one)
            else:
                names.setdefault(one[2:], []).append(one)
        for one, *more in names.values():
            stronger = next((address for address in addresses.values() if one.less_than(address)), None)
            if stronger:
                also = f" (and {len(more)} more like it)" if more else ""
                yield Finding(
                    one.place,
                    f"{one}{also} comes before {stronger} ({stronger.place}), which asks for more, where DNS gives the"
                    " name that address.",
                )


def _around(subject: str) -> t.Iterator[str]:
    """The keys that sendmail would ask for next; not the empty one, which is the default that exceptions are from."""
    local, at, domain = subject.rpartition("@")
    if at and local:
        yield f"{local}@"
        yield domain
    subject = domain
    if _ADDRESS.fullmatch(subject):
        while re.search(r"[.:](?!.*ipv6:)", subject.replace("ipv6:", "")):
            subject = subject[: max(subject.rfind("."), subject.rfind(":"))]
            yield subject
        return
    while "." in subject:
        subject = subject.partition(".")[2]
        yield subject
