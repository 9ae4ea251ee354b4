# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict over an observed session: what sendmail does with it, in its very words, and which rule decided."""

from __future__ import annotations

import typing as t

from .rulesets import BELT, NO_RULE, Rules, tls_client, tls_rcpt, tls_server

__all__ = ["BELT", "NO_RULE", "Rules", "Session", "Verdict", "judge"]

# By the first digit of the reply. A broken value may make another of it: then nobody knows, and the mail waits.
_ACTIONS = {"5": "reject"}


class Session(t.NamedTuple):
    """What is known of a session, each fact as sendmail's macros have it.

    peer_name, peer_address: {server_name} and {server_addr}, or {client_name} and {client_addr}: the name without a
    dot at its end, [192.0.2.7] where there is none; IPv6 in full, as IPv6:2001:db8:0:0:0:0:0:7. verify: OK, TRUSTED,
    FAIL, NO, NOT, NONE, TEMP, SOFTWARE ... bits: of the cipher, 0 in clear. cert_*: special characters as +XX.
    recipient: with the domain that DNS calls canonical; without one only the connection is judged. next_hop: {h}, the
    hosts as the configuration or the MX domain has them, before DNS was asked. protocol: for the reader, no rule asks
    for it.
    """

    inbound: bool = False
    peer_name: str = ""
    peer_address: str = ""
    verify: str = "NONE"
    bits: int = 0
    cert_cn: str = ""
    cert_subject: str = ""
    cert_issuer: str = ""
    recipient: str = ""
    auth_ssf: int = 0
    protocol: str = ""
    next_hop: str = ""


class Verdict(t.NamedTuple):
    """deliver, defer or reject; sendmail's text ("403 4.7.0 ...", empty for deliver); who decided.

    key and place are those of the entry. Without one, place is "belt" or "no rule".
    """

    action: str
    text: str
    ruleset: str
    key: str
    place: str


def judge(rules: Rules, session: Session) -> Verdict:
    """What sendmail does with the mail of this session."""
    if session.inbound:
        answer = tls_client(rules, session)
    else:
        answer = tls_server(rules, session)
        if session.recipient and not answer[0]:
            later = tls_rcpt(rules, session)
            # Of two rules that let the mail pass, the recipient's was asked last.
            answer = later if later[0] or later[2] else answer
    text = answer[0]
    return Verdict(_ACTIONS.get(text[0], "defer") if text else "deliver", *answer)
