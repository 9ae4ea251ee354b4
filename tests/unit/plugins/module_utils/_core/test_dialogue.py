# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import dialogue, sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.smtp import (
    Client,
    Command,
    DialogueError,
    Reply,
    Script,
)

GREETING = b"220 x\r\n"
EHLO = Command("EHLO", "client")


def hold(script: Script, *answers: bytes, client: Client | None = None) -> tuple[list[Command], t.Any]:
    """Drive a script with the client, each answer in three ways; the commands, and the value or the outcome."""
    return play(script, [[answer] for answer in answers], client or Client())


def play(script: Script, answers: list[list[bytes]], client: Client) -> tuple[list[Command], t.Any]:
    said = [next(script)]
    try:
        for pieces in answers:
            if said[-1].verb:
                client.send(said[-1])
            for piece in pieces:
                client.receive(piece)
                reply = client.next_event()
            assert isinstance(reply, Reply)
            said.append(script.send(reply))
    except StopIteration as ended:
        return said, ended.value
    except DialogueError as error:
        return said, error.outcome
    return said, None


def bytewise(answers: t.Sequence[bytes]) -> list[list[bytes]]:
    return [[bytes([octet]) for octet in answer] for answer in answers]


CASES: list[tuple[t.Callable[[], Script], list[bytes], list[str], t.Any]] = [
    (lambda: dialogue.ask_capabilities("client"), [GREETING], ["", "EHLO"], None),
    (
        lambda: dialogue.ask_capabilities("client"),
        [GREETING, b"250-mta Hello\r\n250-starttls\r\n250-Size 7\r\n250-AUTH PLAIN login\r\n250- \r\n250 \r\n"],
        ["", "EHLO"],
        ("STARTTLS", "SIZE 7", "AUTH PLAIN login"),
    ),
    (lambda: dialogue.ask_capabilities("client"), [b"554 no\r\n"], [""], sighting.GREETING),
    (lambda: dialogue.ask_capabilities("client"), [b"451 later\r\n"], [""], sighting.THROTTLED),
    (lambda: dialogue.ask_capabilities("client"), [b"421 busy\r\n"], [""], sighting.THROTTLED),
    (lambda: dialogue.ask_capabilities("client"), [GREETING, b"452 later\r\n"], ["", "EHLO"], sighting.THROTTLED),
    (lambda: dialogue.ask_capabilities("client"), [GREETING, b"502 what\r\n"], ["", "EHLO"], sighting.PROTOCOL),
    (lambda: dialogue.look_for_tls("client"), [GREETING, b"250-x\r\n250 A\r\n"], ["", "EHLO"], ("A",)),
    (lambda: dialogue.look_for_tls("client"), [GREETING, b"250 x\r\n"], ["", "EHLO"], ()),
    (lambda: dialogue.look_for_tls("client"), [b"554 no\r\n"], [""], sighting.GREETING),
    (lambda: dialogue.look_for_tls("client"), [GREETING, b"452 later\r\n"], ["", "EHLO"], sighting.THROTTLED),
    (
        lambda: dialogue.look_for_tls("client"), [GREETING, b"502 what\r\n", b"250 x\r\n"], ["", "EHLO", "HELO"],
        sighting.NO_STARTTLS,
    ),
    (
        lambda: dialogue.look_for_tls("client"), [GREETING, b"502 what\r\n", b"450 x\r\n"], ["", "EHLO", "HELO"],
        sighting.THROTTLED,
    ),
    (
        lambda: dialogue.look_for_tls("client"), [GREETING, b"502 what\r\n", b"502 x\r\n"], ["", "EHLO", "HELO"],
        sighting.PROTOCOL,
    ),
    (
        lambda: dialogue.look_for_tls("client"), [GREETING, b"502 what\r\n", b"421 x\r\n"], ["", "EHLO", "HELO"],
        sighting.THROTTLED,
    ),
]  # fmt: skip


@pytest.mark.parametrize("script, answers, verbs, value", CASES)
def test_first_words(script: t.Callable[[], Script], answers: list[bytes], verbs: list[str], value: t.Any) -> None:
    for pieces in ([[answer] for answer in answers], bytewise(answers)):
        said, found = play(script(), pieces, Client())
        assert ([command.verb for command in said], found) == (verbs, value)
    # What comes with the last answer, before anything was asked, makes it worthless.
    said, found = play(script(), [*([answer] for answer in answers[:-1]), [answers[-1] + b"250 x\r\n"]], Client())
    assert found in (sighting.PROTOCOL, sighting.THROTTLED) and len(said) <= len(verbs)


def ready() -> Client:
    client = Client()
    hold(dialogue.ask_capabilities("client"), GREETING, b"250-x\r\n250 STARTTLS\r\n", client=client)
    return client


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (b"220 go\r\n", None),
        (b"220 go\r\n250 x\r\n", None),
        (b"250 go\r\n", sighting.STARTTLS_REFUSED),
        (b"454 later\r\n", sighting.STARTTLS_REFUSED),
        (b"502 what\r\n", sighting.STARTTLS_REFUSED),
        (b"421 busy\r\n", sighting.THROTTLED),
        (b"354 go on\r\n", sighting.PROTOCOL),
    ],
)
def test_tls_is_asked_for(answer: bytes, outcome: str | None) -> None:
    assert hold(dialogue.ask_tls(), answer, client=ready()) == ([Command("STARTTLS")], outcome)


TAKEN = b"250 ok\r\n"
MAIL = ["MAIL", "RCPT"]


@pytest.mark.parametrize(
    "answers, verbs, verdict",
    [
        ([b"530 5.7.0 Must issue a STARTTLS command first\r\n"], MAIL[:1], "refused"),
        ([b"530 no\r\n"], MAIL[:1], "refused"),
        # Refused whatever TLS there is: nothing is proven.
        ([b"550 Administrative prohibition\r\n"], MAIL[:1], "inconclusive"),
        ([b"550 5.7.1 Client host blocked using a list\r\n"], MAIL[:1], "inconclusive"),
        ([b"554 5.7.1 Relay access denied\r\n"], MAIL[:1], "inconclusive"),
        ([b"554 5.7.10 no\r\n"], MAIL[:1], "refused"),
        ([b"554 5.7.0 authentication failed\r\n"], MAIL[:1], "refused"),
        ([b"550 5.7.26 message does not pass authentication checks\r\n"], MAIL[:1], "inconclusive"),
        ([b"550 5.7.1 relaying denied, SMTP authentication required\r\n"], MAIL[:1], "inconclusive"),
        ([b"450 4.2.0 Greylisted (client not authenticated)\r\n"], MAIL[:1], "inconclusive"),
        ([b"450 4.3.2 tls.mx.example.org: try again later\r\n"], MAIL[:1], "inconclusive"),
        ([TAKEN, b"550 5.1.1 no such user (TLSv1.3 TLS in use)\r\n"], MAIL, "inconclusive"),
        ([b"403 4.7.0 encryption too weak 0 less than 128\r\n"], MAIL[:1], "refused"),
        ([b"454 4.7.0 not authenticated\r\n"], MAIL[:1], "refused"),
        ([b"454 TLS is a must\r\n"], MAIL[:1], "refused"),
        ([b"450-4.2.0 please\r\n450 4.2.0 use STARTTLS\r\n"], MAIL[:1], "refused"),
        ([b"451 4.7.1 Greylisting in action\r\n"], MAIL[:1], "inconclusive"),
        ([b"452 4.3.1 Insufficient system storage\r\n"], MAIL[:1], "inconclusive"),
        ([b"451 hustle\r\n"], MAIL[:1], "inconclusive"),
        ([b"502 what\r\n"], MAIL[:1], "inconclusive"),
        ([b"503 5.7.0 encryption too weak 0 less than 128\r\n"], MAIL[:1], "refused"),
        ([TAKEN, TAKEN], MAIL, "accepted"),
        ([TAKEN, b"454 4.7.0 authentication required\r\n"], MAIL, "refused"),
        ([TAKEN, b"503 5.7.0 encryption too weak 0 less than 128\r\n"], MAIL, "refused"),
        ([TAKEN, b"554 5.7.1 <x>: Client host rejected: Access denied\r\n"], MAIL, "inconclusive"),
        ([TAKEN, b"550 5.1.1 unknown user\r\n"], MAIL, "inconclusive"),
        ([TAKEN, b"451 4.7.1 Greylisted\r\n"], MAIL, "inconclusive"),
    ],
)
def test_mail_is_tried_and_taken_back(answers: list[bytes], verbs: list[str], verdict: str) -> None:
    said, (found, reply) = hold(dialogue.try_mail(), *answers, client=ready())
    assert ([command.verb for command in said], found) == (verbs, verdict)
    assert {command.argument for command in said} <= {"FROM:<>", "TO:<postmaster>", ""}
    assert str(reply.code).encode() == answers[min(1, len(answers) - 1)][:3]


def test_too_busy_is_no_refusal() -> None:
    assert hold(dialogue.try_mail(), b"421 4.7.0 TLS later\r\n", client=ready())[1] == sighting.THROTTLED
    assert dialogue.judge_refusal(Reply(421, ("4.7.0 too many connections",))) == "inconclusive"


def test_offers() -> None:
    assert dialogue.offers(["SIZE 7", "STARTTLS"], "SIZE")
    assert not dialogue.offers(["XSTARTTLS", "AUTH STARTTLS"], "STARTTLS")
