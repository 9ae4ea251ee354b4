# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a peer writes, in whatever pieces: a script ends, or ``DialogueError`` says how it did not; nothing grows.

``hold`` is the whole of it, for other fuzzers too.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core import dialogue, handshake, sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import MAX_LINE, MAX_REPLY, OUTCOMES
from ansible_collections.mailtls.relay.plugins.module_utils._core.smtp import (
    NEED_MORE,
    Client,
    Command,
    DialogueError,
    Reply,
    Script,
    State,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def probe() -> Script:
    """All that is ever said to a peer; TLS stands in the middle by itself."""
    yield from dialogue.look_for_tls("client")
    yield from dialogue.ask_tls()
    yield from dialogue.say_ehlo("client")
    yield from dialogue.try_mail()
    yield Command("QUIT")


def hold(pieces: t.Iterable[bytes]) -> str:
    """Speak with a peer that writes these pieces and closes; the outcome. Anything but DialogueError is a defect."""
    client, script, given_bytes = Client(), probe(), iter(pieces)
    command = next(script)
    try:
        while True:
            if command.verb:
                client.send(command)
            reply = listen(client, given_bytes)
            command = script.send(reply)
            if client.state is State.SECURING:
                client.secured()
    except StopIteration:
        return sighting.OK
    except DialogueError as error:
        assert error.outcome in OUTCOMES and error.outcome != sighting.OK
        assert error.reply is None or error.reply.lines
        return error.outcome


def listen(client: Client, pieces: t.Iterator[bytes]) -> Reply:
    while True:
        event = client.next_event()
        if isinstance(event, Reply):
            assert 200 <= event.code < 600 and sum(map(len, event.lines)) <= MAX_REPLY
            assert all("\n" not in line for line in event.lines)
            return event
        assert event is NEED_MORE and len(client._buffer) <= MAX_LINE
        client.receive(next(pieces, b""))


def cut(data: bytes, places: t.Iterable[int]) -> list[bytes]:
    """The data in pieces, none of them empty: that would be the end."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in zip(edges, edges[1:])]


LINES = st.builds(
    lambda code, mark, text, end: code + mark + text + end,
    st.sampled_from([b"220", b"250", b"354", b"421", b"454", b"530", b"554", b"200", b"999", b""]),
    st.sampled_from([b" ", b"-", b""]),
    st.one_of(st.sampled_from([b"STARTTLS", b"SIZE 7", b"4.7.0 TLS", b"x" * MAX_LINE]), st.binary(max_size=20)),
    st.sampled_from([b"\r\n", b"\n", b"\r", b""]),
)
# Whole replies to each step, and then something else.
POLITE = st.integers(0, 6).map(
    lambda count: b"220 x\r\n|250-x\r\n250 STARTTLS\r\n|220 x\r\n|250 x\r\n|250 x\r\n|530 x\r\n".split(b"|")[:count]
)


@given(
    st.one_of(st.binary(max_size=300), st.lists(LINES, max_size=12).map(b"".join)), st.lists(st.integers(0), max_size=9)
)
@settings(max_examples=400, deadline=None)
def test_any_octets(data: bytes, places: list[int]) -> None:
    hold(cut(data, places))


@given(POLITE, st.lists(LINES, max_size=6).map(b"".join), st.lists(st.integers(0), max_size=4))
@settings(max_examples=400, deadline=None)
def test_any_octets_later(replies: list[bytes], data: bytes, places: list[int]) -> None:
    hold([*replies, *cut(data, places)])


@given(st.lists(LINES, max_size=8).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_pieces_do_not_matter(data: bytes) -> None:
    """For one reply; with more, what comes too early is seen only where it comes together."""

    def first(pieces: t.Iterable[bytes]) -> t.Any:
        client = Client()
        try:
            return listen(client, iter(pieces))
        except DialogueError as error:
            return error.outcome, error.what

    whole, dripped = first([data] if data else []), first(bytes([octet]) for octet in data)
    assert whole == dripped or "wrote more than the answer" in str(whole)


@given(st.binary(max_size=400), st.sampled_from(["ECDHE-x", "DHE-x", "x"]), st.sampled_from(["TLSv1.2", "TLSv1.3"]))
@settings(max_examples=300, deadline=None)
def test_any_handshake(data: bytes, cipher: str, version: str) -> None:
    for opening in (
        data,
        b"\x16\x03\x03" + len(data).to_bytes(2, "big") + data,
        b"\x16\x03\x03\x00\x90\x02\x00\x00\x8c" + data,
    ):
        assert sighting.printable(handshake.read_group(opening, cipher)).isascii()
    found = handshake.read_certificates(b"\x0b" + data, version)
    assert sum(map(len, found)) <= len(data)


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_text_is_made_printable(text: str) -> None:
    shown = sighting.printable(text)
    assert not [letter for letter in shown if ord(letter) < 32 or 127 <= ord(letter) < 160]
    assert sighting.printable(shown) == shown
