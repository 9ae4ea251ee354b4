# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's half of SMTP (RFC 5321) without a socket: bytes in, replies out.

``Client`` keeps the state: ``send`` gives the bytes of a command, ``receive`` takes what the peer wrote, and
``next_event`` answers with a ``Reply``, with ``NEED_MORE``, or raises ``DialogueError``. A *script* is a generator
that yields commands and is sent their replies (``_core/dialogue``); whoever owns the socket drives it.
"""

from __future__ import annotations

import enum
import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError
from .sighting import GREETING, MAX_LINE, MAX_LINES, MAX_REPLY, PROTOCOL, THROTTLED, printable

# RFC 5321 section 4.2: three digits, then a hyphen (more lines follow) or a space (last line), then text. The second
# digit is at most 5 there; servers that say 571 are understood all the same, for the first one decides.
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_SERVICE_CLOSING = 421
# Of what is said about a failure; some of it are a peer's words.
_LONGEST_WHAT = 300


class State(enum.Enum):
    """What the session allows next."""

    CONNECTED = "connected"
    GREETED = "greeted"
    READY = "ready"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"
    SECURING = "securing"
    CLOSED = "closed"


# (state, what was sent): first digit of the reply -> next state. What is not here is a protocol error.
# The greeting is the reply to having connected; "." is the end of the content.
TRANSITIONS: dict[tuple[State, str], dict[int, State]] = {
    (State.CONNECTED, ""): {2: State.GREETED, 4: State.CONNECTED, 5: State.CONNECTED},
    (State.CONNECTED, "QUIT"): {2: State.CLOSED, 4: State.CLOSED, 5: State.CLOSED},
    (State.GREETED, "EHLO"): {2: State.READY, 4: State.GREETED, 5: State.GREETED},
    (State.GREETED, "HELO"): {2: State.READY, 4: State.GREETED, 5: State.GREETED},
    (State.GREETED, "QUIT"): {2: State.CLOSED, 4: State.CLOSED, 5: State.CLOSED},
    (State.READY, "MAIL"): {2: State.SENDER, 4: State.READY, 5: State.READY},
    # After a 2xx nothing may be said in clear; with ``secured`` the session begins anew (RFC 3207 section 4.2).
    (State.READY, "STARTTLS"): {2: State.SECURING, 4: State.READY, 5: State.READY},
    (State.READY, "QUIT"): {2: State.CLOSED, 4: State.CLOSED, 5: State.CLOSED},
    (State.SENDER, "RCPT"): {2: State.RECIPIENT, 4: State.SENDER, 5: State.SENDER},
    (State.SENDER, "QUIT"): {2: State.CLOSED, 4: State.CLOSED, 5: State.CLOSED},
    (State.RECIPIENT, "DATA"): {3: State.CONTENT, 4: State.RECIPIENT, 5: State.RECIPIENT},
    (State.RECIPIENT, "QUIT"): {2: State.CLOSED, 4: State.CLOSED, 5: State.CLOSED},
    (State.CONTENT, "."): {2: State.READY, 4: State.READY, 5: State.READY},
}


@dataclass(frozen=True)
class Reply:
    """One complete reply: its code and the text of each line."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".rstrip()


class DialogueError(MailtlsError):
    """A dialogue that did not get its answer; ``outcome`` is one of ``sighting.OUTCOMES``, never OK.

    ``what`` is fit for a terminal, whatever the peer wrote; ``reply`` is what was answered instead, if that was a
    reply.
    """

    def __init__(self, outcome: str, what: str, reply: Reply | None = None) -> None:
        self.outcome = outcome
        self.reply = reply
        super().__init__(printable(what)[:_LONGEST_WHAT])


@dataclass(frozen=True)
class NeedMore:
    """The reply is not complete yet."""


NEED_MORE = NeedMore()


@dataclass(frozen=True)
class Command:
    """A verb with its argument; the verb "." carries the whole content in ``argument``."""

    verb: str
    argument: str = ""


Script = t.Generator[Command, Reply, t.Any]


class Client:
    """The state of one session; one command is outstanding at a time (no pipelining).

    ``injected``: the peer wrote on in clear after its consent to STARTTLS. RFC 3207 section 6 wants that forgotten,
    and it is, as sendmail does; it says that somebody stands in between, or a server with the bug.
    """

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self._sent: str | None = ""
        self._buffer = bytearray()
        # Up to here there is no end of a line: single bytes are not searched again and again.
        self._searched = 0
        self._octets = 0
        self._lines: list[tuple[int, str]] = []
        self._at_end = False
        self.injected = False

    def send(self, command: Command) -> bytes:
        """The bytes of ``command``; ValueError if this state does not allow it."""
        if self._sent is not None or (self.state, command.verb) not in TRANSITIONS:
            raise ValueError(f"{command.verb} cannot be sent in state {self.state.value}")
        self._sent = command.verb
        if command.verb == ".":
            return _dot_stuffed(command.argument)
        return f"{command.verb} {command.argument}".rstrip().encode("ascii") + b"\r\n"

    def secured(self) -> None:
        """TLS stands. What was said before does not count any more; ValueError if it was not agreed upon."""
        if self.state is not State.SECURING:
            raise ValueError(f"TLS cannot begin in state {self.state.value}")
        self.state = State.GREETED

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; ``b""`` says that it closed the connection."""
        self._buffer += data
        self._at_end = not data

    def next_event(self) -> Reply | NeedMore:
        """The reply to what was sent last, or NEED_MORE; DialogueError if it makes no sense."""
        while True:
            end = self._buffer.find(b"\n", self._searched) + 1
            size = end or len(self._buffer)
            if size > MAX_LINE:
                raise DialogueError(PROTOCOL, f"a reply line is longer than {MAX_LINE} octets")
            if self._octets + size > MAX_REPLY:
                raise DialogueError(PROTOCOL, f"a reply is longer than {MAX_REPLY} octets")
            if not end:
                self._searched = size
                return self._incomplete()
            line = bytes(self._buffer[:end])
            # A bytearray forgets its beginning without moving the rest.
            del self._buffer[:end]
            self._searched = 0
            self._octets += end
            if self._take(line):
                return self._complete()

    def _incomplete(self) -> NeedMore:
        if self._at_end:
            outcome = GREETING if self.state is State.CONNECTED else PROTOCOL
            raise DialogueError(outcome, f"the peer closed the connection instead of answering {self._question()}")
        return NEED_MORE

    def _take(self, line: bytes) -> bool:
        """Keep one line of a reply; true if it was the last."""
        match = _LINE.fullmatch(line.rstrip(b"\r\n"))
        if match is None:
            raise DialogueError(PROTOCOL, f"not an SMTP reply: {_text(line)[:80]!r}")
        code, text = int(match[1]), _text(match[3] or b"")
        if self._lines and self._lines[0][0] != code:
            raise DialogueError(PROTOCOL, f"one reply carries the codes {self._lines[0][0]} and {code}")
        self._lines.append((code, text))
        if len(self._lines) > MAX_LINES:
            raise DialogueError(PROTOCOL, f"a reply has more than {MAX_LINES} lines")
        return match[2] != b"-"

    def _complete(self) -> Reply:
        reply = Reply(self._lines[0][0], tuple(text for _code, text in self._lines))
        self._lines, self._octets = [], 0
        if reply.code == _SERVICE_CLOSING:
            self.state = State.CLOSED
            raise DialogueError(THROTTLED, f"the peer answered {self._question()} with {reply}", reply)
        step = TRANSITIONS[self.state, self._sent] if self._sent is not None else {}
        if reply.code // 100 not in step:
            raise DialogueError(PROTOCOL, f"the peer answered {self._question()} with {reply}", reply)
        state = step[reply.code // 100]
        if self._buffer and state is State.SECURING:
            self.injected = True
            self._buffer.clear()
        if self._buffer and state is not State.CLOSED:
            raise DialogueError(PROTOCOL, f"the peer wrote more than the answer to {self._question()}")
        self.state, self._sent = state, None
        return reply

    def _question(self) -> str:
        names = {"": "the connection", None: "nothing", ".": "the message"}
        return names.get(self._sent, self._sent or "")


def parse_capabilities(answer: Reply) -> tuple[str, ...]:
    """What an EHLO reply offers, one string per line: keyword in capitals, parameters as sent (RFC 5321, 4.1.1.1)."""
    found = []
    for line in answer.lines[1:]:
        keyword, _space, parameters = line.strip().partition(" ")
        if keyword:
            found.append(f"{keyword.upper()} {parameters}".rstrip())
    return tuple(found)


def render_address_literal(address: str) -> str:
    """An IP address as EHLO names it (RFC 5321 section 4.1.3)."""
    plain = address.partition("%")[0]
    return f"[IPv6:{plain}]" if ":" in plain else f"[{plain}]"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").rstrip("\r\n")


def _dot_stuffed(content: str) -> bytes:
    """The content as it goes over the wire, end mark included (RFC 5321 section 4.5.2)."""
    lines = content.splitlines()
    return "".join(f".{line}\r\n" if line.startswith(".") else f"{line}\r\n" for line in lines).encode() + b".\r\n"
