# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canary: one marked message, what it says, how it is handed in, and how its fate is read."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass

from . import smtp
from .errors import MailtlsError
from .maillog import Delivery, Receipt, Record, Refusal, TlsSession, of_message
from .queuefile import QueuedMessage

HEADER = "X-Mailtls-Canary"

# What can become of it. "inconclusive" means: nobody knows yet, and so it is never fine.
NOT_RUN = "not_run"
HELD = "held"
ACCEPTED = "accepted"
BOUNCED = "bounced"
REJECTED = "rejected"
INCONCLUSIVE = "inconclusive"
# The relay took it; the rest is not known yet.
TAKEN = "taken"

_UNFIT = re.compile(r"[^A-Za-z0-9.-]")
_RECIPIENT = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
# RFC 5321 section 4.2: sendmail ends its answer to the message with "<queue id> Message accepted for delivery".
_QUEUED_AS = re.compile(r"(?:[245]\.\d+\.\d+ )?([A-Za-z0-9]{8,20}) Message accepted")

_TEXT = """\
From: Mail canary <postmaster@{relay}>
To: <{recipient}>
Subject: Mail canary {mark}
Message-ID: {message_id}
Auto-Submitted: auto-generated
Precedence: bulk
{header}: {mark}

This is a mail canary. It was sent by the TLS audit of the relay {relay}
(Ansible collection mailtls.relay) to see what happens to mail on its way
to this address. Nobody needs to read it or to answer; delete it.
"""


@dataclass(frozen=True)
class Letter:
    """One canary: its random mark, its Message-ID with angle brackets, and the address it goes to."""

    mark: str
    message_id: str
    recipient: str


@dataclass(frozen=True)
class Submission:
    """How the relay itself answered; ``queue_id`` where it took the message and told one."""

    outcome: str
    words: str
    queue_id: str = ""


@dataclass(frozen=True)
class Fate:
    """What became of the canary so far; ``settled`` once waiting longer would not tell more."""

    state: str
    reason: str
    settled: bool
    delivery: Delivery | None = None
    session: TlsSession | None = None
    ruleset: str = ""


def address(recipient: str, mark: str, host: str) -> Letter:
    """The letter to ``recipient``, a plain ``local@domain`` of printable ASCII; MailtlsError otherwise."""
    if not _RECIPIENT.fullmatch(recipient):
        raise MailtlsError(
            f"{recipient!r} is not a mail address that can be written into an SMTP command",
            where="recipient",
            remedy="Give it as local@domain, in ASCII, without angle brackets and spaces.",
        )
    return Letter(mark, f"<mailtls-canary.{mark}@{_UNFIT.sub('-', host) or 'localhost'}>", recipient)


def render_message(letter: Letter, relay: str) -> str:
    """The whole message as the relay of that name sends it; it says what it is to whoever finds it."""
    return _TEXT.format(header=HEADER, relay=relay, **asdict(letter))


def hand_in(name: str, letter: Letter) -> smtp.Script:
    """Script: hand the letter to the relay; its value is a Submission (TAKEN, REJECTED or INCONCLUSIVE).

    The sender is empty and, where the relay knows DSN (RFC 3461), no notice is wanted: a canary that cannot be
    delivered must leave neither a bounce nor a postmaster's copy behind.
    """
    reply = yield smtp.Command("")
    if reply.code // 100 != 2:
        return _turned_away(reply)
    reply = yield smtp.Command("EHLO", name)
    if reply.code // 100 != 2:
        return _turned_away(reply)
    relay = reply.lines[0].partition(" ")[0]
    notify = " NOTIFY=NEVER" if "DSN" in smtp.parse_capabilities(reply) else ""
    for command in (
        smtp.Command("MAIL", "FROM:<>"),
        smtp.Command("RCPT", f"TO:<{letter.recipient}>{notify}"),
        smtp.Command("DATA"),
        smtp.Command(".", render_message(letter, relay)),
    ):
        reply = yield command
        if reply.code // 100 not in (2, 3):
            return _turned_away(reply)
    match = _QUEUED_AS.match(reply.lines[0])
    return Submission(TAKEN, str(reply), match[1] if match else "")


def _turned_away(reply: smtp.Reply) -> Submission:
    """Refused for good (5yz), or just now (4yz), which tells nothing."""
    if reply.code // 100 == 5:
        return Submission(REJECTED, str(reply))
    return Submission(INCONCLUSIVE, f"the relay does not take mail just now: {reply}")


def find_queue_id(letter: Letter, records: t.Sequence[Record]) -> str:
    """The letter's queue id from the log, for when the relay did not tell it; "" if the log does not either."""
    found = [item for item in records if isinstance(item, Receipt) and item.message_id == letter.message_id]
    return found[0].queue_id if found else ""


def judge(queue_id: str, queued: QueuedMessage | None, records: t.Sequence[Record]) -> Fate:
    """What the queue (``queued`` is None when it has left it) and the log, read in this order, say about the canary."""
    mine = of_message(records, queue_id=queue_id)
    attempts = [item for item in mine if isinstance(item, Delivery) and item.queue_id == queue_id]
    verdicts = [item for item in attempts if item.sent or item.refused]
    if verdicts:
        return _judge_attempt(verdicts[0], mine)
    if queued is None:
        return Fate(INCONCLUSIVE, "it has left the queue, and the mail log does not say where to", settled=False)
    deferred = [item for item in attempts if item.deferred]
    if deferred:
        last = deferred[-1]
        return Fate(HELD, queued.reason or last.stat, settled=True, delivery=last, ruleset=_ruleset(last, mine))
    if queued.reason.startswith("Deferred"):
        # The log lags behind the queue; what it will say tells whether this was the policy.
        return Fate(HELD, queued.reason, settled=False)
    return Fate(INCONCLUSIVE, "it is in the queue, and no attempt to send it has ended yet", settled=False)


def _judge_attempt(attempt: Delivery, mine: t.Sequence[Record]) -> Fate:
    if attempt.refused:
        return Fate(BOUNCED, attempt.reply or attempt.stat, settled=True, delivery=attempt)
    if attempt.final:
        reason = (
            f"this relay delivered it itself (mailer {attempt.mailer}), so no next hop was asked; choose a recipient "
            "behind the next hop"
        )
        return Fate(INCONCLUSIVE, reason, settled=True, delivery=attempt)
    sessions = [item for item in mine if isinstance(item, TlsSession) and item.role == "client"]
    session = next((item for item in reversed(sessions) if item.pid == attempt.pid), None)
    return Fate(ACCEPTED, attempt.stat, settled=True, delivery=attempt, session=session)


def _ruleset(attempt: Delivery, mine: t.Sequence[Record]) -> str:
    """The ruleset that refused this attempt, where one did: its words are in the status."""
    refusals = [item for item in mine if isinstance(item, Refusal) and item.reject and item.pid == attempt.pid]
    return next((item.ruleset for item in reversed(refusals) if item.reject in attempt.stat), "")
