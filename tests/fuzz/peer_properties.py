# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds whatever a peer writes, for Hypothesis (``test_any_peer.py``) and atheris (``smtp_atheris.py``) alike.

An input is the peer's bytes and a seed. The seed says how they are cut into packets, and what the client says next.
"""

from __future__ import annotations

import random
import re
import typing as t
import unicodedata

from ansible_collections.mailtls.relay.plugins.module_utils._core import dialogue, handshake, sighting, smtp

_LAST_LINE = re.compile(rb"^[0-9]{3}(?:[^-\n][^\n]*)?\n", re.MULTILINE)
# The ciphers decide how a ServerKeyExchange is read; the versions, a Certificate message.
CIPHERS = ("TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-SHA", "AES128-SHA", "")
VERSIONS = ("TLSv1.2", "TLSv1.3", "")
# The headers of a record and of a message in it, of 140 octets.
SERVER_HELLO = b"\x16\x03\x03\x00\x90\x02\x00\x00\x8c"
# What a terminal obeys or hides: controls, format marks, halves of characters, separators of lines.
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Format marks that are seen: they stand before Arabic, Syriac and Kaithi numbers.
SEEN = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd")


def packets(stream: bytes, chance: random.Random) -> list[bytes]:
    """The bytes as a peer could send them: cut after whole replies, all or most, which leads deep, and anywhere."""
    cuts = {0, len(stream)}
    often = chance.choice([0, 0.8, 1, 1])
    cuts |= {match.end() for match in _LAST_LINE.finditer(stream) if chance.random() < often}
    if chance.random() < 0.5 and stream:
        cuts |= {chance.randrange(len(stream)) for _cut in range(chance.randrange(8))}
    places = sorted(cuts)
    return [stream[start:end] for start, end in zip(places, places[1:])]


def feed(client: smtp.Client, waiting: t.Iterator[bytes]) -> smtp.Reply:
    """The next reply; DialogueError at the latest when the peer has closed."""
    while True:
        event = client.next_event()
        if isinstance(event, smtp.Reply):
            check_reply(event)
            return event
        assert event is smtp.NEED_MORE and len(client._buffer) <= sighting.MAX_LINE
        client.receive(next(waiting, b""))


def check_reply(reply: smtp.Reply) -> None:
    """A reply keeps to the limits, and can be shown."""
    assert 200 <= reply.code <= 599 and 1 <= len(reply.lines) <= sighting.MAX_LINES
    assert sum(map(len, reply.lines)) <= sighting.MAX_REPLY
    assert all(len(line) <= sighting.MAX_LINE and "\n" not in line for line in reply.lines)
    check_shown(str(reply))


def check_error(error: smtp.DialogueError) -> None:
    """An error is of the closed list, and can be shown."""
    assert error.outcome in sighting.OUTCOMES - {sighting.OK}
    assert 0 < len(error.what) <= 2 * sighting.MAX_REPLY
    if error.reply is not None:
        check_reply(error.reply)
    check_shown(error.what)


def check_shown(text: str) -> None:
    """Nothing of the text reaches a terminal's ear, and nothing that can be read is lost."""
    shown = sighting.printable(text)
    assert not [letter for letter in shown if letter not in SEEN and unicodedata.category(letter) in UNSEEN], repr(
        shown
    )
    assert shown == text or "\\" in shown
    assert sighting.printable(shown) == shown


def any_session(stream: bytes, chance: random.Random) -> None:
    """The client says whatever its state allows: it ends with an error of the list, or with its last word."""
    client, waiting = smtp.Client(), iter(packets(stream, chance))
    try:
        feed(client, waiting)
        while True:
            if client.state is smtp.State.SECURING:
                client.secured()
            allowed = sorted(verb for state, verb in smtp.TRANSITIONS if state is client.state and verb)
            if not allowed:
                return
            verb = chance.choice(allowed)
            assert client.send(smtp.Command(verb, "x" if verb in ("EHLO", "HELO", ".") else "")).endswith(b"\r\n")
            feed(client, waiting)
    except smtp.DialogueError as error:
        check_error(error)


def any_script(script: smtp.Script, stream: bytes, chance: random.Random) -> t.Any:
    """A script never fails otherwise, and never asks for what its state forbids; its value, or None after an error."""
    client, waiting = smtp.Client(), iter(packets(stream, chance))
    try:
        command = next(script)
        while True:
            if client.state is smtp.State.SECURING:
                client.secured()
            if command.verb:
                client.send(command)
            command = script.send(feed(client, waiting))
    except StopIteration as ended:
        return ended.value
    except smtp.DialogueError as error:
        check_error(error)
        return None


def any_cut(stream: bytes, chance: random.Random) -> None:
    """A first reply is the same however it is cut; what comes with it is too much."""
    end = _LAST_LINE.search(stream)
    reply = stream[: end.end()] if end else stream
    assert _first(packets(reply, chance)) == _first([reply]) == _first([bytes([byte]) for byte in reply])
    together = _first([stream])
    assert together == _first([reply]) or "wrote more than the answer" in str(together)


def _first(pieces: list[bytes]) -> t.Any:
    try:
        return feed(smtp.Client(), iter(piece for piece in pieces if piece))
    except smtp.DialogueError as error:
        return error.outcome, error.what


def probe() -> smtp.Script:
    """All that is said to find TLS and what is offered in it; TLS stands in the middle by itself."""
    yield from dialogue.look_for_tls("client.example")
    yield from dialogue.ask_tls()
    yield from dialogue.say_ehlo("client.example")
    yield from dialogue.try_mail()
    yield smtp.Command("QUIT")


def prove_refusal() -> smtp.Script:
    """All that is said to find that mail is refused."""
    yield from dialogue.look_for_tls("client.example")
    verdict, _answer = yield from dialogue.try_mail()
    assert verdict in (dialogue.REFUSED, dialogue.ACCEPTED, dialogue.INCONCLUSIVE)
    yield smtp.Command("QUIT")


def any_handshake(stream: bytes, chance: random.Random) -> None:
    """Whatever stands where TLS should: what cannot be read is not there. Also behind a beginning that is right."""
    assert isinstance(handshake.is_smtp(stream), bool)
    cipher, version = chance.choice(CIPHERS), chance.choice(VERSIONS)
    record = b"\x16\x03\x03" + min(len(stream), 65535).to_bytes(2, "big")
    for opening in (b"", record, SERVER_HELLO):
        group = handshake.read_group(opening + stream, cipher)
        assert not group or (group.isalnum() and len(group) < 40), group
    for header in (b"", b"\x0b"):
        kept = handshake.read_certificates(header + stream, version)
        assert all(kept) and sum(map(len, kept)) <= len(stream)


def any_capabilities(stream: bytes, chance: random.Random) -> None:
    """What EHLO offers: found by its keyword, and nowhere else."""
    found = any_script(dialogue.ask_capabilities("client.example"), stream, chance)
    if found is not None:
        assert all(line and line == line.rstrip() for line in found) and len(found) < sighting.MAX_LINES
        assert dialogue.offers(found, "STARTTLS") <= (b"starttls" in stream.lower())


PROPERTIES: tuple[t.Callable[[bytes, random.Random], t.Any], ...] = (
    any_session,
    any_cut,
    any_capabilities,
    lambda stream, chance: any_script(probe(), stream, chance),
    lambda stream, chance: any_script(prove_refusal(), stream, chance),
    any_handshake,
)
