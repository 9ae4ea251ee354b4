# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is allowed but worth a word: exceptions that end soon or except nothing, entries that overrule stronger ones."""

from __future__ import annotations

import datetime
import re
import typing as t

from .entry import Entry, Placed
from .policy import Client, Peer, Policy, Requirement, weaker

_TAGS = ("tls_srv", "tls_clt", "tls_rcpt")
_VALUE = re.compile(r"(?i)(?:(?:TEMP|PERM)\+)?(ENCR|VERIFY)(?::(\d+))?(.*)")


class Finding(t.NamedTuple):
    """A sentence about the variable at ``place``."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def find(policy: Policy, placed: t.Sequence[Placed], today: datetime.date, notice: datetime.timedelta) -> list[Finding]:
    return [*_exceptions(policy, today, notice), *_shadows(placed)]


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


def _shadows(placed: t.Sequence[Placed]) -> t.Iterator[Finding]:
    """Entries that sendmail finds before one that asks for more: it takes the first key, from the narrowest on."""
    found = {entry.folded_key: (place, entry) for place, entry in placed if _is_demand(entry)}
    for key, (place, entry) in found.items():
        tag, _colon, subject = key.partition(":")
        for wider in _around(subject):
            around = found.get(f"{tag}:{wider}")
            if around and _asks_less(entry.value, around[1].value):
                yield Finding(
                    place,
                    f"{entry.key} {entry.value} comes before {around[1].key} {around[1].value} ({around[0]}),"
                    " which asks for more.",
                )
                break


def _is_demand(entry: Entry) -> bool:
    return entry.key.partition(":")[0].lower() in _TAGS


def _around(subject: str) -> t.Iterator[str]:
    """The keys that sendmail would ask for next; not the empty one, which is the default that exceptions are from."""
    local, at, domain = subject.rpartition("@")
    if at and local:
        yield f"{local}@"
        yield domain
    subject = domain
    if re.fullmatch(r"[\d.]+|ipv6:.*", subject):
        while re.search(r"[.:](?!.*ipv6:)", subject.replace("ipv6:", "")):
            subject = subject[: max(subject.rfind("."), subject.rfind(":"))]
            yield subject
        return
    while "." in subject:
        subject = subject.partition(".")[2]
        yield subject


def _asks_less(value: str, other: str) -> bool:
    """Whether ``value`` asks for less than ``other`` in any respect."""
    return any(one < more for one, more in zip(_strength(value), _strength(other)))


def _strength(value: str) -> tuple[int, int, int]:
    match = _VALUE.fullmatch(value)
    if match is None:
        return 0, 0, 0
    return 1 + (match[1].upper() == "VERIFY"), int(match[2] or 0), match[3].count("+C")
