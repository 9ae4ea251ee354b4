# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sockets under an SMTP dialogue; what is said stands in ``_core/smtp``."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .._core import smtp

# How long a peer may take over its goodbye; the answer is already known then.
_FAREWELL = 2.0


@dataclass(frozen=True)
class EhloAnswer:
    """What one address answered: ``outcome`` is one of smtp.OUTCOMES, ``capabilities`` empty unless it is ``ok``.

    ``certificate`` is the SHA-256 of the one that was shown, in hex; empty when none was asked for or seen.
    """

    address: str
    port: int
    outcome: str
    capabilities: tuple[str, ...] = ()
    detail: str = ""
    certificate: str = ""

    def offers(self, keyword: str) -> bool:
        """Whether the EHLO answer has this keyword. Ask ``outcome`` first: without ``ok`` nothing is known."""
        return any(line.split(" ")[0] == keyword.upper() for line in self.capabilities)


def ask_ehlo(
    address: str,
    port: int,
    *,
    source: str | None = None,
    timeout: float = 15.0,
    name: str | None = None,
    handshake: bool = False,
) -> EhloAnswer:
    """Connect, say EHLO, QUIT, and tell what was answered; never raises for what the peer does.

    ``address`` is IPv4 or IPv6, ``source`` the local address to come from, ``timeout`` the seconds for all of it
    (Debian's GreetPause alone takes 5), ``name`` what EHLO says (default: the local address as a literal). With
    ``handshake`` STARTTLS is tried where it is offered, to see the certificate.
    """
    deadline = time.monotonic() + timeout
    try:
        with _session(address, port, source, timeout) as (link, client):
            script = smtp.ask_capabilities(name or _literal(link))
            answer = EhloAnswer(address, port, smtp.OK, _drive(link, client, script, deadline))
            if not handshake or not answer.offers("STARTTLS"):
                return answer
            try:
                seen = _read_certificate(link, client, deadline)
            except smtp.DialogueError as error:
                return EhloAnswer(address, port, smtp.OK, answer.capabilities, detail=error.what)
            return EhloAnswer(address, port, smtp.OK, answer.capabilities, certificate=seen)
    except smtp.DialogueError as error:
        return EhloAnswer(address, port, error.outcome, detail=error.what)


def converse(
    address: str,
    port: int,
    script: t.Callable[[str], smtp.Script],
    *,
    source: str | None = None,
    timeout: float,
) -> t.Any:
    """Connect and drive the script that ``script(literal of the local address)`` gives; its value is returned.

    QUIT is always said. DialogueError if the peer cannot be reached, is too slow, or does not follow the protocol.
    """
    deadline = time.monotonic() + timeout
    with _session(address, port, source, timeout) as (link, client):
        return _drive(link, client, script(_literal(link)), deadline)


@contextmanager
def _session(
    address: str, port: int, source: str | None, timeout: float
) -> t.Iterator[tuple[socket.socket, smtp.Client]]:
    deadline = time.monotonic() + timeout
    origin = (source, 0) if source else None
    try:
        link = socket.create_connection((address, port), timeout=timeout, source_address=origin)
    except socket.timeout:
        raise smtp.DialogueError(smtp.TIMEOUT, f"no connection within {timeout:g} s") from None
    except OSError as error:
        raise smtp.DialogueError(smtp.CONNECT, f"no connection: {error.strerror or error}") from None
    with link:
        client = smtp.Client()
        try:
            yield link, client
        finally:
            _say_goodbye(link, client, deadline)


def _literal(link: socket.socket) -> str:
    return smtp.render_address_literal(link.getsockname()[0])


def _read_certificate(link: socket.socket, client: smtp.Client, deadline: float) -> str:
    """Start TLS and return the SHA-256 of the certificate that is shown; whether it can be trusted is not asked."""
    _drive(link, client, smtp.ask_tls(), deadline)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Old algorithms too: the question is which certificate, not how good it is.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        link.settimeout(_left(deadline))
        with context.wrap_socket(link.dup()) as secured:
            shown = secured.getpeercert(binary_form=True) or b""
            with suppress(OSError):
                # A peer whose goodbye is not waited for logs an error.
                secured.sendall(b"QUIT\r\n")
                secured.recv(512)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise smtp.DialogueError(smtp.PROTOCOL, f"the TLS handshake fails: {reason}") from None
    return hashlib.sha256(shown).hexdigest()


def _drive(link: socket.socket, client: smtp.Client, script: smtp.Script, deadline: float) -> t.Any:
    command = next(script)
    while True:
        if command.verb:
            _write(link, client.send(command), deadline)
        try:
            command = script.send(_read(link, client, deadline))
        except StopIteration as ended:
            return ended.value


def _write(link: socket.socket, data: bytes, deadline: float) -> None:
    try:
        link.settimeout(_left(deadline))
        link.sendall(data)
    except socket.timeout:
        raise smtp.DialogueError(smtp.TIMEOUT, "the peer stopped reading") from None
    except OSError as error:
        raise smtp.DialogueError(smtp.PROTOCOL, f"the connection broke: {error.strerror or error}") from None


def _read(link: socket.socket, client: smtp.Client, deadline: float) -> smtp.Reply:
    while True:
        event = client.next_event()
        if isinstance(event, smtp.Reply):
            return event
        try:
            link.settimeout(_left(deadline))
            client.receive(link.recv(65536))
        except socket.timeout:
            raise smtp.DialogueError(smtp.TIMEOUT, f"no answer in time (state {client.state.value})") from None
        except OSError as error:
            raise smtp.DialogueError(smtp.PROTOCOL, f"the connection broke: {error.strerror or error}") from None


def _left(deadline: float) -> float:
    """Seconds until the deadline; never 0, which would mean "do not wait at all" to a socket."""
    return max(deadline - time.monotonic(), 0.001)


def _say_goodbye(link: socket.socket, client: smtp.Client, deadline: float) -> None:
    """Say QUIT where the session still allows it, and let the peer answer; nothing that happens here matters."""
    try:
        quit_line = client.send(smtp.Command("QUIT"))
        until = min(max(deadline, time.monotonic() + 0.1), time.monotonic() + _FAREWELL)
        _write(link, quit_line, until)
        _read(link, client, until)
    except (ValueError, smtp.DialogueError):
        pass
