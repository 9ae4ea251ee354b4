# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting, smtp
from ansible_collections.mailtls.relay.plugins.module_utils._core.smtp import Command, DialogueError
from recording import read_recording

EHLO = [Command("EHLO", "[192.0.2.1]")]
MAIL = [*EHLO, Command("MAIL", "FROM:<>"), Command("RCPT", "TO:<a@b>")]
CODES_TAKEN = [220, 250, 250, 250, 354, 250, 221]
LETTER = [*MAIL, Command("DATA"), Command(".", "Subject: x\n\nx"), Command("QUIT")]

DIALOGUES: list[tuple[str, list[Command], list[int], bool]] = [
    ("sendmail-8.17-taken.txt", LETTER, CODES_TAKEN, True),
    ("sendmail-8.17-rejects-client.txt", [*MAIL, Command("QUIT")], [220, 250, 250, 550, 221], True),
    ("sendmail-8.18-no-starttls-unknown-user.txt", [*MAIL, Command("QUIT")], [220, 250, 250, 550, 221], False),
]


def play(replies: list[bytes], commands: list[Command]) -> list[smtp.Reply]:
    """Run a dialogue in which the peer answers each step with the pieces of bytes given for it."""
    client, found = smtp.Client(), []
    for index, pieces in enumerate(replies):
        if index:
            client.send(commands[index - 1])
        event: smtp.Reply | smtp.NeedMore = client.next_event()
        for piece in pieces if isinstance(pieces, list) else [pieces]:
            assert event is smtp.NEED_MORE
            client.receive(piece)
            event = client.next_event()
        assert isinstance(event, smtp.Reply)
        found.append(event)
    return found


def split_replies(data: bytes) -> list[bytes]:
    replies, current = [], b""
    for line in data.splitlines(keepends=True):
        current += line
        if line[3:4] == b" ":
            replies.append(current)
            current = b""
    return replies


def read(name: str) -> list[bytes]:
    return split_replies(read_recording(f"smtp/{name}"))


@pytest.mark.parametrize("name, commands, codes, starttls", DIALOGUES)
def test_recorded_dialogue_whole(name: str, commands: list[Command], codes: list[int], starttls: bool) -> None:
    assert all(line.endswith(b"\r\n") for reply in read(name) for line in reply.splitlines(keepends=True))
    replies = play(read(name), commands)
    assert [reply.code for reply in replies] == codes
    assert ("STARTTLS" in smtp.parse_capabilities(replies[1])) is starttls


@pytest.mark.parametrize("name, commands, codes, starttls", DIALOGUES)
def test_recorded_dialogue_byte_by_byte(name: str, commands: list[Command], codes: list[int], starttls: bool) -> None:
    pieces: t.Any = [[bytes([byte]) for byte in reply] for reply in read(name)]
    assert play(pieces, commands) == play(read(name), commands)


@pytest.mark.parametrize("name, commands, codes, starttls", DIALOGUES)
def test_recorded_dialogue_with_trailing_bytes(
    name: str, commands: list[Command], codes: list[int], starttls: bool
) -> None:
    replies = read(name)
    for index in range(len(replies) - 1):
        with pytest.raises(DialogueError, match="more than the answer") as error:
            play([*replies[:index], replies[index] + b"250 x\r\n"], commands)
        assert error.value.outcome == sighting.PROTOCOL
    # After the goodbye nothing matters any more.
    assert play([*replies[:-1], replies[-1] + b"junk"], commands)[-1].code == 221


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"220 x\r\n", smtp.Reply(220, ("x",))),
        (b"220 x\n", smtp.Reply(220, ("x",))),
        (b"220\r\n", smtp.Reply(220, ("",))),
        (b"220-\r\n220 \r\n", smtp.Reply(220, ("", ""))),
        (b"220-a\r\n220-b c\r\n220 d\r\n", smtp.Reply(220, ("a", "b c", "d"))),
        (b"220 \xff\xc3\xa4\r\n", smtp.Reply(220, ("\ufffd\u00e4",))),
        (b"554 go away\r\n", smtp.Reply(554, ("go away",))),
        (b"", smtp.NEED_MORE),
        (b"2", smtp.NEED_MORE),
        (b"220 x", smtp.NEED_MORE),
        (b"220-x\r\n", smtp.NEED_MORE),
        (b"220-x\r\n220", smtp.NEED_MORE),
        (b"220 " + b"x" * (sighting.MAX_LINE - 6) + b"\r\n", smtp.Reply(220, ("x" * (sighting.MAX_LINE - 6),))),
        (b"220-x\r\n" * (sighting.MAX_LINES - 1) + b"220 x\r\n", smtp.Reply(220, ("x",) * sighting.MAX_LINES)),
    ],
)
def test_reply(data: bytes, expected: t.Any) -> None:
    client = smtp.Client()
    if data:
        client.receive(data)
    assert client.next_event() == expected


@pytest.mark.parametrize(
    "data, outcome, what",
    [
        (b"HTTP/1.1 400 Bad Request\r\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"\r\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"22 x\r\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"220x\r\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"620 x\r\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"\x16\x03\x01\x00\x05\n", sighting.PROTOCOL, "not an SMTP reply"),
        (b"220-x\r\n250 x\r\n", sighting.PROTOCOL, "the codes 220 and 250"),
        (b"350 x\r\n", sighting.PROTOCOL, "answered the connection with 350 x"),
        (b"421 too many\r\n", sighting.THROTTLED, "answered the connection with 421 too many"),
        (b"220 " + b"x" * sighting.MAX_LINE, sighting.PROTOCOL, "longer than 2048"),
        (b"220 " + b"x" * (sighting.MAX_LINE - 5) + b"\r\n", sighting.PROTOCOL, "longer than 2048"),
        (b"220-x\r\n" * (sighting.MAX_LINES + 1), sighting.PROTOCOL, "more than 128 lines"),
        ((b"220-" + b"x" * 1994 + b"\r\n") * 9, sighting.PROTOCOL, "longer than 16384 octets"),
        ((b"220-" + b"x" * 1994 + b"\r\n") * 8 + b"220 " + b"x" * 1500, sighting.PROTOCOL, "longer than 16384 octets"),
        (b"220 x\r\n220 y\r\n", sighting.PROTOCOL, "more than the answer"),
    ],
)
def test_reply_that_makes_no_sense(data: bytes, outcome: str, what: str) -> None:
    client = smtp.Client()
    client.receive(data)
    with pytest.raises(DialogueError, match=what) as error:
        client.next_event()
    assert error.value.outcome == outcome


@pytest.mark.parametrize("before, outcome", [(b"", sighting.GREETING), (b"220 x\r\n", sighting.PROTOCOL)])
def test_end_of_connection(before: bytes, outcome: str) -> None:
    client = smtp.Client()
    if before:
        client.receive(before)
        client.next_event()
        client.send(EHLO[0])
    client.receive(b"")
    with pytest.raises(DialogueError, match="closed the connection") as error:
        client.next_event()
    assert error.value.outcome == outcome


def test_the_limit_is_for_each_reply() -> None:
    client = smtp.Client()
    for index in range(8):
        if index:
            client.send(Command("EHLO", "x"))
        client.receive(b"550 " + b"x" * 1990 + b"\r\n" if index else b"220 x\r\n")
        assert isinstance(client.next_event(), smtp.Reply)
    assert sighting.MAX_REPLY - 1996 < 8 * 1996


def test_single_octets_cost_no_more_than_whole_lines() -> None:
    """A peer that drips may take its time, but not ours: what was searched once is not searched again."""
    client, data = smtp.Client(), b"220-" + b"x" * 2000 + b"\r\n220 x\r\n"
    searched = 0

    class Counting(bytearray):
        def find(self, wanted: t.Any, start: t.Any = 0, *_end: t.Any) -> int:  # type: ignore[override]
            nonlocal searched
            searched += len(self) - start
            return super().find(wanted, start)

    client._buffer = Counting()
    event: smtp.Reply | smtp.NeedMore = smtp.NEED_MORE
    for octet in data:
        client.receive(bytes([octet]))
        event = client.next_event()
    assert event == smtp.Reply(220, ("x" * 2000, "x"))
    assert searched <= 2 * len(data)


def test_unasked_reply_is_an_error() -> None:
    client = smtp.Client()
    client.receive(b"220 x\r\n")
    client.next_event()
    client.receive(b"250 x\r\n")
    with pytest.raises(DialogueError, match="answered nothing with 250 x"):
        client.next_event()


def test_each_state_allows_only_its_commands() -> None:
    client = smtp.Client()
    with pytest.raises(ValueError, match="QUIT cannot be sent in state connected"):
        client.send(Command("QUIT"))
    client.receive(b"220 x\r\n")
    client.next_event()
    with pytest.raises(ValueError, match="MAIL cannot be sent in state greeted"):
        client.send(Command("MAIL", "FROM:<>"))
    assert client.send(EHLO[0]) == b"EHLO [192.0.2.1]\r\n"
    with pytest.raises(ValueError, match="QUIT cannot be sent"):
        client.send(Command("QUIT"))


@pytest.mark.parametrize(
    "content, wire",
    [
        ("a\nb\n", b"a\r\nb\r\n.\r\n"),
        ("a\r\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (".a\n..\nb", b"..a\r\n...\r\nb\r\n.\r\n"),
        ("", b".\r\n"),
    ],
)
def test_content_on_the_wire(content: str, wire: bytes) -> None:
    client = smtp.Client()
    for reply, command in zip([b"220 x", b"250 x", b"250 x", b"250 x", b"354 x"], [*MAIL, Command("DATA"), None]):
        client.receive(reply + b"\r\n")
        client.next_event()
        if command:
            client.send(command)
    assert client.send(Command(".", content)) == wire


@pytest.mark.parametrize(
    "address, literal",
    [("192.0.2.1", "[192.0.2.1]"), ("2001:db8::1", "[IPv6:2001:db8::1]"), ("fe80::1%eth0", "[IPv6:fe80::1]")],
)
def test_address_literal(address: str, literal: str) -> None:
    assert smtp.render_address_literal(address) == literal


def to_starttls(answer: bytes) -> smtp.Client:
    client = smtp.Client()
    for said, heard in ((None, b"220 x\r\n"), (EHLO[0], b"250-x\r\n250 STARTTLS\r\n"), (Command("STARTTLS"), answer)):
        if said:
            client.send(said)
        client.receive(heard)
        if said is None or said.verb == "EHLO":
            client.next_event()
    return client


def test_tls_ends_what_was_said_in_clear() -> None:
    client = to_starttls(b"220 go\r\n")
    with pytest.raises(ValueError, match="TLS cannot begin in state ready"):
        client.secured()
    client.next_event()
    for command in (Command("QUIT"), EHLO[0], MAIL[1]):
        with pytest.raises(ValueError, match="cannot be sent in state securing"):
            client.send(command)
    client.secured()
    with pytest.raises(ValueError, match="MAIL cannot be sent in state greeted"):
        client.send(MAIL[1])
    assert client.send(EHLO[0]).startswith(b"EHLO")


@pytest.mark.parametrize(
    "answer, injected",
    [
        (b"220 go\r\n", False),
        (b"220 go\r\n250 x\r\n", True),
        (b"220 go\r\n\x16", True),
        (b"220-go\r\n220 go\r\n\n", True),
    ],
)
def test_what_is_written_on_after_starttls_is_forgotten(answer: bytes, injected: bool) -> None:
    """The injection bug: who takes such octets for the first ones inside TLS lets anybody on the way speak there."""
    client = to_starttls(answer)
    assert client.next_event().code == 220
    assert client.injected is injected
    client.secured()
    client.send(EHLO[0])
    assert client.next_event() == smtp.NEED_MORE


def test_nothing_is_written_on_after_a_refusal() -> None:
    with pytest.raises(DialogueError) as error:
        to_starttls(b"454 no\r\n250 x\r\n").next_event()
    assert error.value.outcome == sighting.PROTOCOL


def test_an_error_is_fit_for_a_terminal_and_short() -> None:
    client = smtp.Client()
    client.receive(b"".join(b"421-\x1b[2J%d\r\n" % number for number in range(100)) + b"421 x\r\n")
    with pytest.raises(DialogueError) as error:
        client.next_event()
    assert "421 \\x1b[2J0" in error.value.what and "\x1b" not in error.value.what
    assert len(error.value.what) == 300


def test_an_error_tells_the_reply_that_it_is_about() -> None:
    client = smtp.Client()
    client.receive(b"421-a\r\n421 b\r\n")
    with pytest.raises(DialogueError) as error:
        client.next_event()
    assert error.value.reply == smtp.Reply(421, ("a", "b"))


def test_codes_that_no_standard_knows_are_understood_by_their_first_digit() -> None:
    replies = play([b"220 x\r\n", b"571 no\r\n", b"299 x\r\n"], [EHLO[0], EHLO[0]])
    assert [reply.code for reply in replies] == [220, 571, 299]


def test_helo_serves_where_ehlo_is_not_known() -> None:
    commands = [EHLO[0], Command("HELO", "x"), MAIL[1]]
    replies = play([b"220 x\r\n", b"502 x\r\n", b"250 x\r\n", b"250 x\r\n"], commands)
    assert [reply.code for reply in replies] == [220, 502, 250, 250]
