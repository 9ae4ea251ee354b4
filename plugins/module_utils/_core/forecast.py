# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay would do with mail for a peer that was probed: a sighting becomes the session that sendmail would have.

Nothing is decided here: ``judge`` is asked. How sendmail names what happened is that of its ``deliver.c`` (starttls,
and the switch behind it) and ``tls.c`` (tls_get_info).
"""

from __future__ import annotations

import datetime
import re
import typing as t

from . import dn, sighting
from .access import compile_policy
from .access_words import read_least_protocol
from .aim import sendmail_address
from .entry import parse_entries
from .fields import read_mapping
from .judge import Rules, Session, judge
from .layers import PREFIX, VARIABLE
from .nexthop import parse_address
from .policy_reader import parse_policy, sole_next_hop
from .release import NEWEST, parse_release
from .rulesets import clt_session, try_tls

INCONCLUSIVE = "inconclusive"
ENTRIES, SMART_HOST = "sendmail_access_entries", "sendmail_smart_host"
_CODE = re.compile(r"([2-5])\d\d\b")
_CONSENT = "220"
# The peer's handshake is broken, whatever for, unless a chain was verified: sendmail drops the connection.
_BROKEN = frozenset({sighting.EARLY_PLAINTEXT, sighting.HANDSHAKE, sighting.PROTOCOL_TOO_OLD})
_NO_IMPLICIT_TLS = "sendmail begins no session with TLS at once, so it does not come to this port"
# TLS 1.3 lets the client believe in the session before the server has looked at its certificate.
_DROPPED = "the peer breaks the session off after the handshake, so that nothing is delivered"

# Seen on 8.17 and 8.18; which of the two it was with one and the same peer was chance on a busy machine.
_EARLY = (
    "clear text follows the consent to STARTTLS: sendmail overlooks it where it has come by then, and where it comes a"
    " moment later it breaks the handshake"
)
_SET_UP = (
    "the policy has settings of its own for TLS with this peer (session: ciphers, or a certificate), and the probe met"
    " it without them"
)

# sendmail's words for sessions without TLS, and for those of them in which there was no handshake.
_IN_CLEAR = frozenset({"NONE", "SOFTWARE", "TEMP", "PROTOCOL"})
_NOT_TRIED = _IN_CLEAR - {"SOFTWARE"}

Facts = t.Mapping[str, t.Any]


def read_rules(given: t.Any, release: str, today: datetime.date) -> Rules:
    """The access map of a relay: from the variables of its policy, or from the policy alone.

    ``release`` is that of its sendmail, the newest known when empty. Raises MailtlsError for a policy that is refused.
    """
    known = [name for name in given if _is_variable(name)] if isinstance(given, t.Mapping) else []
    variables = given if known else {VARIABLE: given}
    read_mapping(variables, "policy", known or [VARIABLE])
    layers = {name: value for name, value in variables.items() if name not in (ENTRIES, SMART_HOST)}
    running = parse_release(release) if release else NEWEST
    policy = parse_policy(
        {VARIABLE: {}, **layers}, today=today, sole_next_hop=sole_next_hop(variables.get(SMART_HOST) or "")
    )
    further = parse_entries(variables.get(ENTRIES) or (), ENTRIES)
    return Rules(compile_policy(policy, running, further), running)


def _is_variable(name: t.Any) -> bool:
    return name in (VARIABLE, ENTRIES, SMART_HOST) or (isinstance(name, str) and name.startswith(PREFIX))


def foresee(rules: Rules, seen: Facts, leaf: Facts, *, host: str, next_hop: str, recipient: str) -> dict[str, t.Any]:
    """sendmail's verdict as plain data. ``seen`` is a sighting, ``leaf`` the peer's certificate (empty for none).

    Where too little was seen, the action is "inconclusive", and the text is the reason.
    """
    session = _meet(seen, leaf, host, next_hop, recipient)
    reason = _find_gap(seen, leaf, session)
    if reason:
        return _not_known(reason)
    least: str | None = ""
    if try_tls(rules, session)[0]:
        # The map says not to ask this peer for TLS, whatever it offers.
        session = _in_clear(session, "NONE")
    elif seen["outcome"] != sighting.NO_STARTTLS:
        least = read_least_protocol(clt_session(rules, session))
    if least and session.bits and session.protocol < least:
        session = _in_clear(session, "SOFTWARE")
    verdict = judge(rules, session)
    reason = _find_doubt(seen, session, least, verdict.action)
    return _not_known(reason) if reason else {**verdict._asdict(), "under_tls": bool(session.bits)}


def _not_known(reason: str) -> dict[str, t.Any]:
    return {"action": INCONCLUSIVE, "text": reason, "ruleset": "", "key": "", "place": "", "under_tls": False}


def _find_gap(seen: Facts, leaf: Facts, session: Session) -> str:
    """Why nobody can say what sendmail would do; empty when it is plain."""
    if seen["outcome"] in sighting.INCONCLUSIVE:
        return f"{seen['outcome']}: {seen['detail']}"
    if seen["tls_on_connect"]:
        return _NO_IMPLICIT_TLS
    if session.verify in _IN_CLEAR:
        return ""
    if not session.bits:
        return f"{seen['outcome']}, and the cipher was not observed"
    if seen["verify_code"] < 0:
        return "whether the certificate can be trusted was not observed"
    if leaf.get("problem"):
        return str(leaf["problem"])
    return "" if leaf else str(seen["not_observed"].get("chain", ""))


def _find_doubt(seen: Facts, session: Session, least: str | None, action: str) -> str:
    """Why the verdict on a session that was seen cannot be relied on; empty when it can.

    ``least`` is None where the policy has more settings for this peer than a least protocol.
    """
    tried, delivers = session.verify not in _NOT_TRIED, action == "deliver"
    if tried and seen["outcome"] == sighting.EARLY_PLAINTEXT:
        return _EARLY
    # Settings are read before STARTTLS is said, and the mail waits where sendmail cannot heed them.
    if least is None and (tried or delivers):
        return _SET_UP
    return _DROPPED if delivers and session.bits and seen["outcome"] == sighting.HANDSHAKE else ""


def _meet(seen: Facts, leaf: Facts, host: str, next_hop: str, recipient: str) -> Session:
    """The session that sendmail would have with this peer."""
    address = sendmail_address(seen["address"]) if seen["address"] else ""
    session = Session(
        peer_name=f"[{address}]" if parse_address(host) else host,
        peer_address=address,
        recipient=recipient,
        next_hop=next_hop,
        protocol=seen["protocol"],
    )
    # What peers on a port of their own (TLS from the start) are not asked, they do not answer.
    refusal = _refused(seen["replies"].get("starttls", ""))
    if refusal:
        return _in_clear(session, refusal)
    if seen["outcome"] == sighting.NO_STARTTLS:
        return _in_clear(session, "NONE")
    if seen["outcome"] in _BROKEN and seen["verify_code"] < 0:
        return _in_clear(session, "SOFTWARE")
    session = session._replace(bits=seen["bits"], verify="OK" if seen["verify_code"] == 0 else "FAIL")
    if not leaf:
        return session._replace(verify="NO")
    return session._replace(
        cert_cn=dn.show_cn(leaf["subject"]),
        cert_subject=dn.show_subject(leaf["subject"]),
        cert_issuer=dn.show_subject(leaf["issuer"]),
    )


def _refused(reply: str) -> str:
    """What sendmail calls an answer to STARTTLS; empty for consent, and where none was seen."""
    code = _CODE.match(reply)
    if code is None or code[0] == _CONSENT:
        return ""
    return {"4": "TEMP", "5": "NONE"}.get(code[1], "PROTOCOL")


def _in_clear(session: Session, verify: str) -> Session:
    return session._replace(verify=verify, bits=0, protocol="", cert_cn="", cert_subject="", cert_issuer="")
