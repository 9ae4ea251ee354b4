# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe says, as scripts (see ``_core/smtp``). None of them ever hands over a message."""

from __future__ import annotations

import re
import typing as t

from .sighting import GREETING, NO_STARTTLS, PROTOCOL, STARTTLS_REFUSED, THROTTLED
from .smtp import Command, DialogueError, Reply, Script, parse_capabilities

# What became of mail that was tried without the protection that was expected.
REFUSED = "refused"
ACCEPTED = "accepted"
INCONCLUSIVE = "inconclusive"

# A refusal may be for other reasons, whatever TLS there is: no such user, greylisting, a list of senders of spam,
# relaying. These say that it is about TLS: "530 Must issue a STARTTLS command first" (RFC 3207), 538 (RFC 4954), the
# enhanced codes x.7.10 and x.7.11 (RFC 5248); or a word about it that is no part of a name. sendmail's own texts speak
# of authentication, with x.7.0. What is wrong with an address (x.1.z) was looked up first, so TLS was no obstacle.
_FOR_TLS = re.compile(
    r"53[08]\b|\d{3}[ -](?:[45]\.7\.1[01]\b|[45]\.7\.0 (?:.*\s)?(?:not )?authenticat(?:ion|ed)\b"
    r"|(?![45]\.1\.)(?:.*[\s(:])?(?:(?:START)?TLS|SSL|encrypt\w*|certificates?)(?![\w.-]))",
    re.IGNORECASE | re.DOTALL,
)


def ask_capabilities(name: str) -> Script:
    """Script: greet and say EHLO as ``name``; its value is the capabilities (see ``parse_capabilities``)."""
    yield from await_greeting()
    return (yield from say_ehlo(name))


def await_greeting() -> Script:
    """Script: wait for a greeting that welcomes."""
    greeting = yield Command("")
    if greeting.code // 100 != 2:
        raise DialogueError(_refusal(greeting, GREETING), f"the peer greets with {greeting}", greeting)


def say_ehlo(name: str) -> Script:
    """Script: say EHLO; its value is the capabilities."""
    answer = yield Command("EHLO", name)
    if answer.code // 100 != 2:
        raise DialogueError(_refusal(answer, PROTOCOL), f"the peer answered EHLO with {answer}", answer)
    return parse_capabilities(answer)


def look_for_tls(name: str) -> Script:
    """Script: greet, and find STARTTLS offered; its value is the capabilities.

    A peer that refuses EHLO for good is asked with HELO, as sendmail does: who takes that has no STARTTLS.
    """
    yield from await_greeting()
    answer = yield Command("EHLO", name)
    if answer.code // 100 == 5:
        old = yield Command("HELO", name)
        if old.code // 100 == 2:
            raise DialogueError(NO_STARTTLS, f"the peer knows only HELO; it answered EHLO with {answer}", answer)
        # The last word counts: a busy peer may know EHLO at another time.
        raise DialogueError(_refusal(old, PROTOCOL), f"the peer answered EHLO with {answer}, and HELO with {old}", old)
    if answer.code // 100 != 2:
        raise DialogueError(_refusal(answer, PROTOCOL), f"the peer answered EHLO with {answer}", answer)
    return parse_capabilities(answer)


def ask_tls() -> Script:
    """Script, after EHLO: ask for TLS; the handshake may begin when it ends (RFC 3207, which knows only 220)."""
    answer = yield Command("STARTTLS")
    if answer.code != 220:
        raise DialogueError(STARTTLS_REFUSED, f"the peer answered STARTTLS with {answer}", answer)


def try_mail() -> Script:
    """Script, after EHLO: begin to send mail and take it back; its value is REFUSED, ACCEPTED or INCONCLUSIVE, and the
    reply that decided.

    sendmail with delay_checks takes MAIL and refuses at RCPT, so that is said too. DATA never is: QUIT drops what was
    begun (RFC 5321 section 4.1.1.10).
    """
    answer = yield Command("MAIL", "FROM:<>")
    if answer.code // 100 != 2:
        return judge_refusal(answer), answer
    answer = yield Command("RCPT", "TO:<postmaster>")
    return (ACCEPTED if answer.code // 100 == 2 else judge_refusal(answer)), answer


def judge_refusal(answer: Reply) -> str:
    """Whether a 4xx or 5xx says that such mail is never taken, so that this can be relied on."""
    # 421 closes the session, mostly because there are too many.
    return REFUSED if answer.code != 421 and _FOR_TLS.match(str(answer)) else INCONCLUSIVE


def offers(capabilities: t.Iterable[str], keyword: str) -> bool:
    """Whether an EHLO answer has this keyword."""
    return any(line.split(" ")[0] == keyword for line in capabilities)


def _refusal(answer: Reply, otherwise: str) -> str:
    return THROTTLED if answer.code // 100 == 4 else otherwise
