# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A script of ``_core/dialogue`` spoken over a link, with its limits."""

from __future__ import annotations

import ssl
import time
import typing as t
from contextlib import closing

from .._core.sighting import EARLY_PLAINTEXT, GREETING, HANDSHAKE, TIMEOUT, printable
from .._core.smtp import Client, Command, DialogueError, Reply, Script, State, render_address_literal
from .link import Link
from .loop import Steps

Result = t.TypeVar("Result")

# How long a peer may take over its goodbye; the answer is already known then.
_FAREWELL = 2.0

# Told of each reply: "greeting" or the command in small letters, with "_tls" after the handshake; the reply; seconds.
Hearer = t.Callable[[str, Reply, float], None]


def _ignore(_phase: str, _reply: Reply, _took: float) -> None:
    pass


class Talk:
    """One session: ``limit`` seconds for each reply, all of it before ``deadline``."""

    def __init__(self, link: Link, deadline: float, limit: float, hear: Hearer = _ignore) -> None:
        self.link = link
        self._deadline = deadline
        self._limit = limit
        self._hear = hear
        self._client = Client()

    @property
    def injected(self) -> bool:
        """Whether clear text came with the consent to STARTTLS."""
        return self._client.injected

    def literal(self) -> str:
        """The local address as EHLO names it."""
        return render_address_literal(self.link.local_address())

    def say(self, script: Script) -> Steps[t.Any]:
        """Drive the script; its value. DialogueError if the peer is too slow or does not follow the protocol."""
        command = script.send(None)  # type: ignore[arg-type]
        while True:
            reply = yield from self._ask(command)
            try:
                command = script.send(reply)
            except StopIteration as ended:
                return ended.value

    def secure(self, context: ssl.SSLContext, server_name: str = "") -> Steps[None]:
        """Begin TLS, after STARTTLS or at once."""
        try:
            yield from self.link.start_tls(context, server_name, self._until())
        except DialogueError as error:
            if error.outcome == TIMEOUT:
                raise DialogueError(TIMEOUT, f"the TLS handshake fails: {error.what}") from None
            if self._client.state is State.CONNECTED and error.outcome in (HANDSHAKE, EARLY_PLAINTEXT):
                # TLS on connect: nothing was agreed upon that clear text could break.
                error.outcome = HANDSHAKE if self.link.heard else GREETING
            raise
        if self._client.state is State.SECURING:
            self._client.secured()

    def carry_out(self, steps: Steps[Result]) -> Steps[Result]:
        """Go through ``steps``, say QUIT however they end, and close the connection."""
        with closing(self.link):
            try:
                result = yield from steps
            except Exception:
                yield from self.leave()
                raise
            yield from self.leave()
            return result

    def leave(self) -> Steps[None]:
        """Say QUIT where the session still allows it, and let the peer answer; nothing that happens here matters."""
        try:
            line = self._client.send(Command("QUIT"))
            until = min(max(self._deadline, time.monotonic() + 0.1), time.monotonic() + _FAREWELL)
            yield from self.link.send(line, until)
            yield from self._listen(until)
        except (ValueError, DialogueError):
            pass

    def _ask(self, command: Command) -> Steps[Reply]:
        asked = time.monotonic()
        until = self._until()
        try:
            if command.verb:
                yield from self.link.send(self._client.send(command), until)
            reply = yield from self._listen(until)
        except DialogueError as error:
            if error.reply is not None:
                self._tell(command, error.reply, asked)
            if error.outcome == TIMEOUT:
                raise DialogueError(TIMEOUT, f"{error.what} (state {self._client.state.value})") from None
            raise
        self._tell(command, reply, asked)
        return reply

    def _tell(self, command: Command, reply: Reply, asked: float) -> None:
        secured = "_tls" if command.verb and self.link.session is not None else ""
        self._hear(f"{command.verb.lower() or 'greeting'}{secured}", reply, time.monotonic() - asked)

    def _listen(self, until: float) -> Steps[Reply]:
        while True:
            event = self._client.next_event()
            if isinstance(event, Reply):
                return event
            self._client.receive((yield from self.link.receive(until)))

    def _until(self) -> float:
        return min(self._deadline, time.monotonic() + self._limit)


def render_reply(reply: Reply) -> str:
    """The reply's lines as a person reads them."""
    *firsts, last = map(printable, reply.lines)
    lines = [f"{reply.code}-{line}" for line in firsts] + [f"{reply.code} {last}".rstrip()]
    return "\n".join(lines)
