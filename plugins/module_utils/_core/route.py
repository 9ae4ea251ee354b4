# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes of single domains, as sendmail's mailertable has them (cf/README, "USING MAILERTABLES")."""

from __future__ import annotations

import re
import typing as t

from .access import Entry
from .errors import MailtlsError
from .nexthop import SMTP_MAILERS, refuse_bare_addresses
from .spelling import suggestion

# What SMART_HOST takes when no mailer is named.
_DEFAULT = "relay"
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = rf"(?:{_LABEL}\.)*{_LABEL}"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)\.?{_NAME}")
_HOSTS = re.compile(rf"(?:{_NAME}\.?|\[[A-Za-z0-9._:-]+\])(?::(?:{_NAME}\.?|\[[A-Za-z0-9._:-]+\]))*")
_MAILER = re.compile(r"([A-Za-z0-9_*-]+):(.*)", re.DOTALL)
_REFUSAL = re.compile(r"error:5\.[0-9]{1,3}\.[0-9]{1,3}:5[0-9][0-9] [A-Za-z0-9 ,.;:@/_-]+")
_ALLOWED = (
    "Write a next hop as in sendmail_smart_host (mta3.example.org, [mta3.example.org], [192.0.2.25], several with a"
    f" colon between them), after one of the mailers {', '.join(SMTP_MAILERS)} or none,"
    " or error:5.7.1:550 and words to refuse the domain."
)


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
    if not isinstance(raw, str):
        raise MailtlsError(f"{raw!r} is not a next hop", where=place, remedy=_ALLOWED)
    if _REFUSAL.fullmatch(raw):
        return raw
    named = _MAILER.fullmatch(raw)
    mailer, hosts = named.groups() if named else (_DEFAULT, raw)
    if mailer not in SMTP_MAILERS:
        _refuse_mailer(mailer, place)
    if not _HOSTS.fullmatch(hosts):
        raise MailtlsError(f"{raw!r} is not a next hop", where=place, remedy=_ALLOWED)
    return refuse_bare_addresses(f"{mailer}:{hosts}", place)


def _refuse_mailer(mailer: str, place: str) -> t.NoReturn:
    if mailer in ("local", "prog", "procmail", "maildrop", "cyrus", "cyrusv2", "lmtp", "*file*", "*include*"):
        raise MailtlsError(
            f"the mailer {mailer!r} delivers on this host, which is no route",
            where=place,
            remedy="Name the domain in /etc/mail/local-host-names, and the reader in /etc/aliases.",
        )
    raise MailtlsError(
        f"{mailer!r} is not a mailer", where=place, remedy=suggestion(mailer, SMTP_MAILERS) + " " + _ALLOWED
    )


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
