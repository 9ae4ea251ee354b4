# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only more connections can tell: whether a peer refuses mail without protection, and old versions of TLS."""

from __future__ import annotations

import typing as t

from .._core import dialogue
from .._core.ladder import Ladder
from .._core.sighting import EXPIRED, HANDSHAKE, INCONCLUSIVE, NO_STARTTLS, OK, PROTOCOL_TOO_OLD, UNTRUSTED, Wishes
from .._core.smtp import DialogueError, Reply
from .link import HandshakeError
from .loop import Steps
from .talk import Talk, render_reply
from .tls import NOBODY, RELAXED, SPOKEN, UNVERIFIED, Identity

if t.TYPE_CHECKING:
    from .visit import Visit

CLEAR, NO_CERTIFICATE, WRONG_CERTIFICATE = "clear", "no_certificate", "wrong_certificate"

_WITH_TLS = frozenset({OK, UNTRUSTED, EXPIRED, PROTOCOL_TOO_OLD})
# How OpenSSL names the alerts with which a peer turns a client's certificate down, or the lack of one. The last one
# may have other reasons, if there was no session before.
_ALERTS = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_NO_CERTIFICATE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    }
)
_FAILURE = "SSLV3_ALERT_HANDSHAKE_FAILURE"
# These mean that this OpenSSL offers nothing of what was asked for.
_OUR_OWN = frozenset({"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"})


def prove_refusal(visit: Visit) -> Steps[None]:
    """Try to send mail in clear, without a certificate, and with a wrong one; into ``refusal`` of what was seen."""
    outcome, found = visit.seen["outcome"], visit.seen.setdefault("refusal", {})
    unknown = {"verdict": dialogue.INCONCLUSIVE, "reply": ""}
    for case, identity in _cases(visit).items():
        reached = outcome in _WITH_TLS or outcome == HANDSHAKE or (case == CLEAR and outcome == NO_STARTTLS)
        found[case] = (yield from _try(visit, case, identity)) if reached else unknown


def _cases(visit: Visit) -> dict[str, Identity]:
    wishes: Wishes = visit.wishes
    cases = {NO_CERTIFICATE: NOBODY}
    if not visit.aim.tls_on_connect:
        cases = {CLEAR: NOBODY, **cases}
    if wishes.wrong_certificate:
        cases[WRONG_CERTIFICATE] = Identity(wishes.wrong_certificate, wishes.wrong_key)
    return cases


def _try(visit: Visit, case: str, identity: Identity) -> Steps[dict[str, str]]:
    try:
        talk = yield from visit.open()
        steps = _send_clear(visit, talk) if case == CLEAR else _send_in_tls(visit, talk, identity)
        verdict, reply = yield from talk.carry_out(steps)
        return {"verdict": verdict, "reply": render_reply(reply)}
    except HandshakeError as error:
        alerts = _ALERTS | {_FAILURE} if visit.seen["outcome"] in _WITH_TLS else _ALERTS
        verdict = dialogue.REFUSED if error.reason in alerts else dialogue.INCONCLUSIVE
        return {"verdict": verdict, "reply": visit.shorten(error.what)}
    except DialogueError as error:
        return {"verdict": dialogue.INCONCLUSIVE, "reply": visit.shorten(error.what)}


def _send_clear(visit: Visit, talk: Talk) -> Steps[tuple[str, Reply]]:
    yield from talk.say(dialogue.look_for_tls(visit.name(talk)))
    found: tuple[str, Reply] = yield from talk.say(dialogue.try_mail())
    return found


def _send_in_tls(visit: Visit, talk: Talk, identity: Identity) -> Steps[tuple[str, Reply]]:
    way = RELAXED if visit.seen["outcome"] == PROTOCOL_TOO_OLD else UNVERIFIED
    yield from _reach_tls(visit, talk, way, identity)
    try:
        if visit.aim.tls_on_connect:
            yield from talk.say(dialogue.await_greeting())
        yield from talk.say(dialogue.say_ehlo(visit.name(talk)))
    except DialogueError as error:
        if error.reply is None:
            raise
        # sendmail tells a client that it does not want so with each reply after the handshake.
        return dialogue.judge_refusal(error.reply), error.reply
    found: tuple[str, Reply] = yield from talk.say(dialogue.try_mail())
    return found


def _reach_tls(visit: Visit, talk: Talk, way: str, identity: Identity, newest: str = "") -> Steps[None]:
    if not visit.aim.tls_on_connect:
        yield from talk.say(dialogue.look_for_tls(visit.name(talk)))
        yield from talk.say(dialogue.ask_tls())
    yield from talk.secure(visit.contexts.get(way, identity, newest), visit.aim.server_name)


def climb(visit: Visit) -> Steps[None]:
    """Find out which versions the peer accepts, into ``ladder`` of what was seen."""
    ladder = Ladder(SPOKEN)
    seen = visit.seen
    seen["ladder"] = ladder.rungs
    if "protocol" not in seen or seen["outcome"] in INCONCLUSIVE:
        seen["not_observed"]["ladder"] = "there was no whole TLS session"
        return
    ladder.learn(visit.newest, seen["protocol"])
    while ladder.next_rung():
        newest = ladder.next_rung()
        try:
            ladder.learn(newest, (yield from _shake_hands(visit, newest)))
        except HandshakeError as error:
            # Without a reason of OpenSSL's the connection was only dropped, as limiters do.
            if error.outcome != HANDSHAKE or not error.reason or error.reason in _OUR_OWN:
                seen["not_observed"]["ladder"] = visit.shorten(error.what)
                return
            ladder.learn(newest, "")
        except DialogueError as error:
            seen["not_observed"]["ladder"] = visit.shorten(error.what)
            return


def _shake_hands(visit: Visit, newest: str) -> Steps[str]:
    talk = yield from visit.open()

    def steps() -> Steps[str]:
        yield from _reach_tls(visit, talk, RELAXED, visit.own, newest)
        return talk.link.secured().version() or ""

    return (yield from talk.carry_out(steps()))
