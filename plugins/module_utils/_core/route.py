# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes of single domains, as sendmail's mailertable has them (cf/README, "USING MAILERTABLES")."""

from __future__ import annotations

import re
import typing as t

from .access import Entry
from .errors import MailtlsError
from .nexthop import DEFAULT_MAILER, MAILER, NAME, hold_unknown, parse_hops

_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)\.?{NAME}")
_REFUSAL = re.compile(r"error:5\.[0-9]{1,3}\.[0-9]{1,3}:5[0-9][0-9] [A-Za-z0-9 ,.;:@/_-]+")


def parse_routes(raw: t.Any, place: str) -> tuple[Entry, ...]:
    """Read ``{domain: next hop}``; a next hop without a mailer gets that of SMART_HOST."""
    if not isinstance(raw, t.Mapping):
        raise MailtlsError(f"{raw!r} is not a mapping", where=place, remedy="Write {domain: next hop}.")
    entries = tuple(_parse_route(domain, hop, f"{place}[{domain!r}]") for domain, hop in raw.items())
    return _refuse_twins(entries, place)


def parse_entries(raw: t.Iterable[t.Mapping[str, t.Any]], place: str) -> tuple[Entry, ...]:
    """Read a list of ``{key, value}``, the same rules."""
    return _refuse_twins(
        [_parse_route(one["key"], one["value"], f"{place}[{number}]") for number, one in enumerate(raw)], place
    )


def _parse_route(domain: t.Any, hop: t.Any, place: str) -> Entry:
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        raise MailtlsError(
            f"{domain!r} is not a domain",
            where=place,
            remedy="Write example.org for the domain itself, .example.org for the hosts below it;"
            " all the rest goes to sendmail_smart_host.",
        )
    return Entry(domain, _parse_hop(hop, place))


def _parse_hop(raw: t.Any, place: str) -> str:
    if isinstance(raw, str) and _REFUSAL.fullmatch(raw):
        return raw
    if not isinstance(raw, str) or not raw or raw.startswith("error:"):
        raise MailtlsError(
            f"{raw!r} is not a next hop",
            where=place,
            remedy="Write it as in sendmail_smart_host, after a mailer or not, or error:5.7.1:550 and words to refuse"
            " the domain.",
        )
    hops = parse_hops(raw, place)
    return hold_unknown(hops if MAILER.match(hops) else DEFAULT_MAILER + hops)


def _refuse_twins(entries: t.Sequence[Entry], place: str) -> tuple[Entry, ...]:
    seen: set[str] = set()
    for entry in entries:
        if entry.folded_key in seen:
            raise MailtlsError(
                f"the domain {entry.key!r} stands there twice (letter case does not count)",
                where=place,
                remedy="Remove one of the two.",
            )
        seen.add(entry.folded_key)
    return tuple(entries)
