# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a line of sendmail.mc must never do beside the variables: open the TLS of a relay, or move its mail."""

from __future__ import annotations

import re

from .errors import MailtlsError
from .statement import Statement, parse_statements

_ROUTE = ("define", "SMART_HOST")

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


def find_smart_host(one: Statement) -> str:
    """The smart host it sets, as a macro of m4 or in the words of the cf; empty when it sets none."""
    if one.subject == _ROUTE:
        return one.args[-1]
    in_cf = re.match(r"D(?:S|\{S\})(.+)", str(one))
    return in_cf[1] if in_cf else ""


def refuse_openers(text: str, where: str) -> tuple[Statement, ...]:
    """The statements of further mc lines; raises for one that opens TLS or moves the mail, whoever wrote it."""
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
        if find_smart_host(one):
            # Lines that come later win, so the mail would not go where the policy was made for.
            reason = "it would move the mail beside sendmail_smart_host"
            remedy = "Remove it, and set that variable."
        if reason:
            raise MailtlsError(f"{one} is refused: {reason}", where=f"{where}, line {one.line}", remedy=remedy)
    return statements
