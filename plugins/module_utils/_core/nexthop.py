# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next hop of all mail, as sendmail reads SMART_HOST (proto.m4, ruleset MailerToTriple): ``mailer:host:host``."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import MailtlsError
from .spelling import suggestion

# A single token before the first colon is the mailer, as in esmtp:mta2.example.org.
MAILER = re.compile(r"\A[^\s.:\[\]]+:(?=\S)")
# Hosts are tried from the left to the right; a colon inside brackets belongs to an IPv6 address.
HOST = re.compile(r"(?:\[[^\]]*\]?|[^:\[])+")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
NAME = rf"{_LABEL}(?:\.{_LABEL})*"
# What the belt takes for an address that DNS gave as a name: a last label of digits.
_NUMBER_LAST = re.compile(r"(^|\.)[0-9]+\.?\Z")
_HELD = "so the mail would be held for ever, or bounce where DNS knows no such name"
# The mailers that hand mail to another host, and those that do not.
SMTP_MAILERS = ("relay", "esmtp", "smtp", "smtp8", "dsmtp")
_LOCAL_MAILERS = ("local", "prog", "procmail", "maildrop", "cyrus", "cyrusv2", "lmtp", "*file*", "*include*")
_ONE = rf"(?:{NAME}\.?|\[{NAME}\.?\]|\[(?:IPv6:)?[0-9A-Fa-f:.]+\])"
_READABLE = re.compile(rf"(?:{_ONE}(?::{_ONE})*)?", re.IGNORECASE)
_ONE_ALONE = re.compile(_ONE, re.IGNORECASE)
# The mailer of SMART_HOST when none is named; before a list it keeps the first host from being taken for one.
DEFAULT_MAILER = "relay:"
# Linux lets nobody connect to the broadcast address, and says so at once.
_NOWHERE = "[255.255.255.255]"
_LOCALHOST = re.compile(r"(?i)localhost(?:\.localdomain)?\.?")

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def join_hosts(raw: t.Any, where: str) -> str:
    """The smart host as sendmail shall read it, from a string or a list of hosts that are tried in this order.

    sendmail goes on to the next host after any temporary failure, a refusal by the TLS policy included.
    """
    if isinstance(raw, str):
        return hold_unknown(parse_hops(raw, where))
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(f"{raw!r} is no next hop", where=where, remedy="Write one as a string, or a list of them.")
    hosts = [_parse_host(one, f"{where}[{number}]") for number, one in enumerate(raw)]
    return hold_unknown(DEFAULT_MAILER * (len(hosts) > 1) + ":".join(hosts))


def _parse_host(raw: t.Any, where: str) -> str:
    if not isinstance(raw, str) or not _ONE_ALONE.fullmatch(raw):
        raise MailtlsError(
            f"{raw!r} is not one host",
            where=where,
            remedy="Write mta2.example.org, [mta2.example.org] or [192.0.2.25]; a mailer needs the form of one string.",
        )
    return parse_hops(raw, where)


def parse_hops(value: str, where: str) -> str:
    """Return next hops as sendmail reads them, or raise MailtlsError for what would bounce or hold all mail."""
    refuse_numbers(value, where)
    _refuse_unreadable(value, where)
    return value


def refuse_numbers(value: str, where: str) -> None:
    """Raise MailtlsError for a host that the belt takes for an address which DNS gave as a name."""
    mailer = MAILER.match(value)
    if mailer and not parse_address(value) and mailer.group()[:-1].lower() not in SMTP_MAILERS:
        return  # no host follows, such as in local:user, or error:5.1.1:550 and words
    for host in hosts_of(value):
        address = parse_address(host)
        if address and not host.startswith("["):
            raise MailtlsError(
                f"{host} is an address without brackets, which sendmail takes for a name, {_HELD}",
                where=where,
                remedy=f"Write {_bracketed(address)}.",
            )
        if not address and _NUMBER_LAST.search(host.strip("[]")):
            raise MailtlsError(
                f"{host} ends in a number, as no name of a host does, {_HELD}",
                where=where,
                remedy="Write the name of the next hop, or its address in brackets, such as [192.0.2.25].",
            )


def _refuse_unreadable(value: str, where: str) -> None:
    """sendmail takes each of these for a reason to bounce mail, that which waits in the queue included."""
    mailer = MAILER.match(value)
    name = mailer.group()[:-1] if mailer else SMTP_MAILERS[0]
    if name.lower() not in SMTP_MAILERS:
        raise MailtlsError(
            f"{name!r} is not a mailer that hands mail to another host, so mail would bounce or end here",
            where=where,
            remedy="Name the domain in /etc/mail/local-host-names, and the reader in /etc/aliases."
            if name.lower() in _LOCAL_MAILERS
            else f"{suggestion(name, SMTP_MAILERS)} Write the host alone, or one of {', '.join(SMTP_MAILERS)}"
            " before the colon.",
        )
    if not _READABLE.fullmatch(MAILER.sub("", value)):
        raise MailtlsError(
            f"{value!r} is not a next hop that sendmail could read, so mail would bounce",
            where=where,
            remedy="Write mta2.example.org, [mta2.example.org] or [192.0.2.25], several with colons between them.",
        )


def hold_unknown(value: str) -> str:
    """The same next hops, so that mail is held while DNS says that they do not exist.

    sendmail bounces mail when the last host of a list is unknown, unless one before it failed for a time (deliver.c,
    goodmxfound); so one that always does comes first. Reasons are those of the real hosts.
    """
    hosts = hosts_of(value)
    if _NOWHERE in hosts or all(parse_address(host) for host in hosts):
        return value
    mailer = MAILER.match(value)
    return f"{mailer.group() if mailer else DEFAULT_MAILER}{_NOWHERE}:{MAILER.sub('', value)}"


def same_hop(one: str, other: str) -> bool:
    """Whether two smart hosts are one: letter case, brackets around an address and the usual mailer do not count."""
    return _plain(one) == _plain(other)


def _plain(value: str) -> tuple[str, ...]:
    hosts = (host.strip("[]") if parse_address(host) else host for host in hosts_of(value.lower()) if host != _NOWHERE)
    mailer = MAILER.match(value.lower())
    prefix = (mailer.group(),) if mailer and mailer.group() != DEFAULT_MAILER and not parse_address(value) else ()
    return (*prefix, *(re.sub(r"\Aipv6:", "", host) for host in hosts))


def hosts_of(value: str) -> list[str]:
    """The hosts of ``host``, ``[address]``, ``mailer:host`` or ``host:host``; a bare IPv6 address is one."""
    without_mailer = MAILER.sub("", value.strip())
    whole = [text for text in (value.strip(), without_mailer) if parse_address(text)]
    return whole[:1] or HOST.findall(without_mailer)


def parse_address(host: str) -> Address | None:
    """The address that a host is written as, in brackets or not; None for a name."""
    try:
        return ipaddress.ip_address(re.sub(r"(?i)\Aipv6:", "", host.strip("[]").rstrip(".")))
    except ValueError:
        return None


def loopbacks(host: str) -> tuple[Address, ...]:
    """The addresses of loopback that a host means: none for another host, both for localhost."""
    if _LOCALHOST.fullmatch(host.strip("[]")):
        return ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")
    address = parse_address(host)
    return (address,) if address and address.is_loopback else ()


def _bracketed(address: Address) -> str:
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
