# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import canary, smtp
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.maillog import Line, parse_records
from ansible_collections.mailtls.relay.plugins.module_utils._core.queuefile import QueuedMessage

ID = "6ANIRuZi000354"
LETTER = canary.address("alice@b.example", "c0ffee", "a.example")
WEAK = "403 4.7.0 encryption too weak 0 less than 128"
SESSION = "STARTTLS=client, relay=b.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256"
TO = f"{ID}: to=<alice@b.example>, mailer=%s, relay=b.example. [192.0.2.2], dsn=%s, stat=%s"
DEFERRED = TO % ("relay", "4.7.0", "Deferred: x")


def queued(status: str = "") -> QueuedMessage:
    return QueuedMessage(ID, 1, status, "<>", (), ())


def fate(message: QueuedMessage | None, *lines: str) -> canary.Fate:
    return canary.judge(ID, message, parse_records([Line(7, 1.0, line) for line in lines]))


FATES: list[tuple[t.Any, list[str], tuple[str, str, bool]]] = [
    # in the queue, log lines -> state, reason, settled
    (queued(), [], (canary.INCONCLUSIVE, "no attempt to send it has ended yet", False)),
    (None, [], (canary.INCONCLUSIVE, "the mail log does not say where to", False)),
    (None, [DEFERRED], (canary.INCONCLUSIVE, "does not say where to", False)),
    (queued(f"Deferred: {WEAK}"), [], (canary.HELD, WEAK, False)),
    (queued(f"Deferred: {WEAK}"), [TO % ("relay", "4.7.0", "Deferred: cut")], (canary.HELD, WEAK, True)),
    (queued(), [TO % ("relay", "4.7.0", f"Deferred: {WEAK}")], (canary.HELD, WEAK, True)),
    (queued("held for another reason"), [], (canary.INCONCLUSIVE, "no attempt", False)),
    (None, [TO % ("relay", "2.0.0", "Sent (ok)")], (canary.ACCEPTED, "Sent (ok)", True)),
    (queued(), [TO % ("relay", "2.0.0", "Sent (ok)")], (canary.ACCEPTED, "Sent (ok)", True)),
    (None, [TO % ("local", "2.0.0", "Sent")], (canary.INCONCLUSIVE, "delivered it itself (mailer local)", True)),
    (None, [TO % ("relay", "5.1.1", "User unknown")], (canary.BOUNCED, "User unknown", True)),
    (None, [TO % ("relay", "5.1.1, reply=550 no", "User unknown")], (canary.BOUNCED, "550 no", True)),
    # A retry of the queue: the last word counts.
    (None, [DEFERRED, TO % ("relay", "2.0.0", "Sent (ok)")], (canary.ACCEPTED, "Sent", True)),
    # Another message's fate is not the canary's.
    (queued(), [DEFERRED.replace(ID, "6ANIRuZi000999")], (canary.INCONCLUSIVE, "no attempt", False)),
]  # fmt: skip


@pytest.mark.parametrize("message, lines, expected", FATES)
def test_fate(message: t.Any, lines: list[str], expected: tuple[str, str, bool]) -> None:
    found = fate(message, *lines)
    assert (found.state, found.settled) == (expected[0], expected[2])
    assert expected[1] in found.reason


def test_accepted_under_tls_and_in_clear_text() -> None:
    sent = TO % ("relay", "2.0.0", "Sent (ok)")
    session = fate(None, SESSION, sent).session
    assert session and (session.version, session.bits) == ("TLSv1.3", 256)
    assert fate(None, sent).session is None
    assert fate(None, sent, SESSION).session is None


@pytest.mark.parametrize(
    "line, ruleset",
    [
        (f"ruleset=tls_server, arg1=NONE, relay=b.example, reject={WEAK}", "tls_server"),
        (f"{ID}: ruleset=tls_rcpt, arg1=<alice@b.example>, relay=b.example, reject={WEAK}", "tls_rcpt"),
        ("ruleset=tls_server, arg1=NONE, relay=b.example, reject=403 something else", ""),
        (f"ruleset=tls_server, arg1=NONE, relay=c.example, reject={WEAK}", ""),
        ("ruleset=tls_server, arg1=NONE, relay=b.example, reject=", ""),
    ],
)
def test_ruleset_that_held_it(line: str, ruleset: str) -> None:
    assert fate(queued(), line, TO % ("relay", "4.7.0", f"Deferred: {WEAK}")).ruleset == ruleset


@pytest.mark.parametrize("recipient", ["a@b", "a.b+c=d'e@x.example", "a@[192.0.2.1]", "A%b@c"])
def test_recipient(recipient: str) -> None:
    assert canary.address(recipient, "m", "h").recipient == recipient


@pytest.mark.parametrize(
    "recipient",
    ["", "a", "@b", "a@", "<a@b>", "a@b>\r\nDATA", "a b@c", "a@b c", "a@b\n", "\u00e4@b", "a@b@c", "a@b> NOTIFY=NEVER"],
)
def test_recipient_that_cannot_be_written_is_refused(recipient: str) -> None:
    with pytest.raises(MailtlsError, match=r"recipient: .* is not a mail address"):
        canary.address(recipient, "m", "h")


@pytest.mark.parametrize("host, domain", [("a.example", "a.example"), ("a b>\n", "a-b--"), ("", "localhost")])
def test_message_id(host: str, domain: str) -> None:
    assert canary.address("a@b", "c0ffee", host).message_id == f"<mailtls-canary.c0ffee@{domain}>"


def test_message_says_what_it_is() -> None:
    head, body = canary.render_message(LETTER, "a.example").split("\n\n", 1)
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    assert headers["X-Mailtls-Canary"] == "c0ffee"
    assert headers["Message-ID"] == "<mailtls-canary.c0ffee@a.example>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["To"] == "<alice@b.example>"
    assert "mail canary" in body and "a.example" in body
    assert max(map(len, head.splitlines() + body.splitlines())) < 78


def hand_in(*replies: smtp.Reply) -> tuple[list[smtp.Command], canary.Submission | None]:
    script = canary.hand_in("[127.0.0.1]", LETTER)
    said = [next(script)]
    try:
        for reply in replies:
            said.append(script.send(reply))
    except StopIteration as ended:
        return said, ended.value
    return said, None


def replies(*codes: int, last: str = "x", offers: tuple[str, ...] = ("DSN",)) -> list[smtp.Reply]:
    found = [smtp.Reply(code, ("a.example hello",)) for code in codes]
    if len(found) > 1:
        found[1] = smtp.Reply(codes[1], ("a.example hello", *offers))
    return [*found[:-1], smtp.Reply(codes[-1], (last, *found[-1].lines[1:]))]


TAKEN = (220, 250, 250, 250, 354, 250)


@pytest.mark.parametrize("offers, suffix", [(("DSN",), " NOTIFY=NEVER"), (("SIZE",), "")])
def test_envelope(offers: tuple[str, ...], suffix: str) -> None:
    said, _submission = hand_in(*replies(*TAKEN, offers=offers))
    assert [str(command.verb) for command in said] == ["", "EHLO", "MAIL", "RCPT", "DATA", "."]
    assert said[2].argument == "FROM:<>"
    assert said[3].argument == f"TO:<alice@b.example>{suffix}"
    assert said[5].argument == canary.render_message(LETTER, "a.example")


@pytest.mark.parametrize(
    "codes, last, expected",
    [
        (TAKEN, f"2.0.0 {ID} Message accepted for delivery", (canary.TAKEN, ID)),
        (TAKEN, f"{ID} Message accepted for delivery", (canary.TAKEN, ID)),
        (TAKEN, "2.0.0 Ok: queued as 4F1B2C3D4E", (canary.TAKEN, "")),
        ((554,), "no", (canary.REJECTED, "")),
        ((450,), "no", (canary.INCONCLUSIVE, "")),
        ((220, 550), "no", (canary.REJECTED, "")),
        ((220, 450), "no", (canary.INCONCLUSIVE, "")),
        ((220, 250, 451), "no", (canary.INCONCLUSIVE, "")),
        ((220, 250, 250, 550), "5.1.1 User unknown", (canary.REJECTED, "")),
        ((220, 250, 250, 250, 354, 552), "no", (canary.REJECTED, "")),
    ],
)
def test_answer_of_the_relay(codes: tuple[int, ...], last: str, expected: tuple[str, str]) -> None:
    _said, submission = hand_in(*replies(*codes, last=last))
    assert submission and (submission.outcome, submission.queue_id) == expected
    assert f"{codes[-1]} {last}" in submission.words


def test_queue_id_from_the_log() -> None:
    line = f"{ID}: from=<>, size=1, class=0, nrcpts=1, msgid={{}}, proto=ESMTP, daemon=D, relay=localhost [127.0.0.1]"
    for message_id, expected in ((LETTER.message_id, ID), ("<other@x>", "")):
        records = parse_records([Line(7, 1.0, line.format(message_id)), Line(7, 1.0, SESSION)])
        assert canary.find_queue_id(LETTER, records) == expected
