# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next hop of all mail, as sendmail reads SMART_HOST (proto.m4, ruleset MailerToTriple): ``mailer:host:host``."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import MailtlsError

# A single token before the first colon is the mailer, as in esmtp:mta2.example.org.
MAILER = re.compile(r"\A[^\s.:\[\]]+:(?=\S)")
# Hosts are tried from the left to the right; a colon inside brackets belongs to an IPv6 address.
HOST = re.compile(r"(?:\[[^\]]*\]?|[^:\[])+")
# What the belt takes for an address that DNS gave as a name: a last label of digits.
_NUMBER_LAST = re.compile(r"(^|\.)[0-9]+\.?\Z")
_HELD = "so the mail would be held for ever"
# The mailers that hand mail to another host.
SMTP_MAILERS = ("relay", "esmtp", "smtp", "smtp8", "dsmtp")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_ONE = rf"(?:{_NAME}|\[{_NAME}\]|\[(?:IPv6:)?[0-9A-Fa-f:.]+\])"
_READABLE = re.compile(rf"(?:{_ONE}(?::{_ONE})*)?", re.IGNORECASE)
_ONE_ALONE = re.compile(_ONE, re.IGNORECASE)
# The mailer of SMART_HOST when none is named; before a list it keeps the first host from being taken for one.
_DEFAULT_MAILER = "relay"


def join_hosts(raw: t.Any, where: str) -> str:
    """The smart host as sendmail reads it, from a string or a list of hosts that are tried in this order.

    sendmail goes on to the next host after any temporary failure, a refusal by the TLS policy included.
    """
    if isinstance(raw, str):
        return refuse_bare_addresses(raw, where)
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(f"{raw!r} is no next hop", where=where, remedy="Write one as a string, or a list of them.")
    hosts = [_parse_host(one, f"{where}[{number}]") for number, one in enumerate(raw)]
    return ":".join([_DEFAULT_MAILER, *hosts] if len(hosts) > 1 else hosts)


def _parse_host(raw: t.Any, where: str) -> str:
    if not isinstance(raw, str) or not _ONE_ALONE.fullmatch(raw):
        raise MailtlsError(
            f"{raw!r} is not one host",
            where=where,
            remedy="Write mta2.example.org, [mta2.example.org] or [192.0.2.25]; a mailer needs the form of one string.",
        )
    return refuse_bare_addresses(raw, where)


def refuse_bare_addresses(value: str, where: str) -> str:
    """Return the smart host, or raise MailtlsError for one that would bounce or hold all mail."""
    for host in _parse_hosts(value):
        address = _parse_address(host)
        if address:
            raise MailtlsError(
                f"{host} is an address without brackets, which sendmail takes for a name, {_HELD}",
                where=where,
                remedy=f"Write {_bracketed(address)}.",
            )
        name = host.strip("[]")
        if _NUMBER_LAST.search(name) and not _parse_address(name):
            raise MailtlsError(
                f"{host} ends in a number, as no name of a host does, {_HELD}",
                where=where,
                remedy="Write the name of the next hop, or its address in brackets, such as [192.0.2.25].",
            )
    _refuse_unreadable(value, where)
    return value


def _refuse_unreadable(value: str, where: str) -> None:
    """sendmail takes each of these for a reason to bounce mail, that which waits in the queue included."""
    mailer = MAILER.match(value)
    name = mailer.group()[:-1] if mailer else SMTP_MAILERS[0]
    if name.lower() not in SMTP_MAILERS:
        raise MailtlsError(
            f"{name!r} in {value!r} is not a mailer that hands mail to another host, so mail would bounce",
            where=where,
            remedy=f"Write the host alone, or one of {', '.join(SMTP_MAILERS)} before the colon.",
        )
    if not _READABLE.fullmatch(MAILER.sub("", value)):
        raise MailtlsError(
            f"{value!r} is not a next hop that sendmail could read, so mail would bounce",
            where=where,
            remedy="Write mta2.example.org, [mta2.example.org] or [192.0.2.25], several with colons between them.",
        )


def same_hop(one: str, other: str) -> bool:
    """Whether two smart hosts are one: letter case, brackets around an address and the usual mailer do not count."""
    return _plain(one) == _plain(other)


def _plain(value: str) -> tuple[str, ...]:
    hosts = (host.strip("[]") if _parse_address(host.strip("[]")) else host for host in _parse_hosts(value.lower()))
    mailer = MAILER.match(value.lower())
    prefix = (mailer.group(),) if mailer and mailer.group() != "relay:" and not _parse_address(value) else ()
    return (*prefix, *(re.sub(r"\Aipv6:", "", host) for host in hosts))


def _parse_hosts(value: str) -> list[str]:
    without_mailer = MAILER.sub("", value)
    whole = [text for text in (value, without_mailer) if _parse_address(text)]
    return whole[:1] or HOST.findall(without_mailer)


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(re.sub(r"(?i)\Aipv6:", "", text.rstrip(".")))
    except ValueError:
        return None


def _bracketed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
