# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a line of sendmail.mc must never do beside the variables: open the TLS of a relay, or move its mail."""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError
from .nexthop import refuse_numbers
from .statement import Statement, parse_statements

SMART_HOST = "SMART_HOST"
# Macros of m4 that name a next hop, by what each is in the words of the cf (proto.m4). The smart host has a variable.
# The others are routes beside it, and their mail meets the policy's default and the belt like any other.
_ROUTES = {
    "S": SMART_HOST,
    "H": "MAIL_HUB",
    "L": "LUSER_RELAY",
    "R": "LOCAL_RELAY",
    "B": "BITNET_RELAY",
    "C": "DECNET_RELAY",
    "F": "FAX_RELAY",
    "Y": "UUCP_RELAY",
    "fallbackmxhost": "confFALLBACK_MX",
    "fallbacksmarthost": "confFALLBACK_SMARTHOST",
}
_IN_CF = re.compile(r"D(?:\{(\w)\}|(\w))(.*)|O\s*(\w+)\s*=\s*(.*)")

# What opens the TLS of a relay: the statement, as a pattern of its plain form, and why it is refused.
_OPENERS = (
    (
        r"define\(confTLS_FALLBACK_TO_CLEAR(?:|, (?![fFnN]).*)\)|O\s*TLSFallbacktoClear.*|FEATURE\(tls_failures.*",
        "after a failed handshake sendmail would send in clear text",
    ),
    (
        r"FEATURE\(check_cert_altnames.*",
        "it replaces the name that a CN: pin asks for by the one that DNS says, and does nothing else",
    ),
    (r"FEATURE\(access_db, .* -o\b.*", "-o makes the access map optional: a missing map would mean no TLS policy"),
    (
        r"FEATURE\(access_db, (?!.*-T<TMPF>)[^,]+.*",
        "without -T<TMPF>, a map that cannot be read would mean no TLS policy",
    ),
    (
        r"FEATURE\(access_db, (?!\w+ +(?:-\S+ +)*/etc/mail/access(?:\.db)?[,)])[^,]+.*|Kaccess\s.*",
        "a second access map, at another place, would hold a policy that nobody sees",
    ),
    (r"S?[Ll]ocal_tls_server.*|STLS_connection.*|Stls_(?:server|connection).*", "the rules for servers are the role's"),
)
# By its letter V a server asks no client for a certificate, which levels of inbound mail and relaying need.
_UNASKED = re.compile(r"define\(confTLS_SRV_OPTIONS, .*V.*\)|O\s*TLSSrvOptions\s*=.*V.*", re.DOTALL)
_OPENING_SECTION = "LOCAL_TLS_SERVER"


def explain_opening(one: Statement) -> str:
    """Why it would open the TLS of a relay; empty when it does not."""
    if one.section == _OPENING_SECTION:
        return "the rules for servers are the role's"
    return next((reason for pattern, reason in _OPENERS if re.fullmatch(pattern, str(one), re.DOTALL)), "")


class Route(t.NamedTuple):
    """The macro of m4 that names a next hop, and the hop as sendmail reads it; empty where there shall be none."""

    macro: str
    hop: str


def find_route(one: Statement) -> Route | None:
    """The next hop that a statement sets or takes away, as a macro of m4 or in the words of the cf."""
    if one.name in ("define", "pushdef", "undefine", "popdef"):
        sets = one.name in ("define", "pushdef") and len(one.args) > 1
        return Route(one.args[0], one.args[1] if sets else "") if one.args[0] in _ROUTES.values() else None
    in_cf = None if one.name else _IN_CF.fullmatch(str(one))
    if not in_cf:
        return None
    braced, letter, value, option, hop = in_cf.groups("")
    macro = _ROUTES.get(option.lower() or braced or letter)
    return Route(macro, hop if option else value) if macro else None


def refuse_openers(text: str, where: str) -> tuple[Statement, ...]:
    """The statements of further mc lines; raises for one that opens TLS, moves the mail of the smart host, or names a
    next hop for which mail would be held for ever or bounce, whoever wrote it.
    """
    statements = parse_statements(text, where, framed=True)
    for one in statements:
        if _UNASKED.fullmatch(str(one)):
            raise MailtlsError(
                f"{one} is refused: no client would be asked for a certificate, so none could be verified",
                where=f"{where}, line {one.line}",
                remedy="Remove it, and write request_certificate: false for single clients in sendmail_tls_policy.",
            )
        # The role has its own access_db: any other is a second one.
        reason = explain_opening(one) or ("a second access map" if one.subject == ("FEATURE", "access_db") else "")
        remedy = "Remove it."
        route = find_route(one)
        if route and route.macro != SMART_HOST:
            refuse_numbers(route.hop, f"{where}, line {one.line}: {route.macro}")
        elif route:
            # Lines that come later win, so the mail would not go where the policy was made for.
            reason = "it would move the mail beside sendmail_smart_host"
            remedy = "Remove it, and set that variable."
        if reason:
            raise MailtlsError(f"{one} is refused: {reason}", where=f"{where}, line {one.line}", remedy=remedy)
    return statements
