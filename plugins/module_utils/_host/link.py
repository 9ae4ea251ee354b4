# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection: a socket that never blocks, and TLS between two buffers in memory, so that every octet is seen.

What waits is a generator for ``_host/loop``. Deadlines are of time.monotonic().
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

from .._core.handshake import RECORD_TYPES, is_smtp, read_group
from .._core.sighting import CONNECT, EARLY_PLAINTEXT, EXPIRED, HANDSHAKE, MAX_CHAIN, TIMEOUT, UNTRUSTED
from .._core.smtp import DialogueError
from .loop import OPEN, READ, WRITE, Steps
from .tls import explain, find_reason

_CHUNK = 16384
# The server's messages in clear stand before this octet, large certificates included.
_OPENING = MAX_CHAIN + _CHUNK
_CERTIFICATE_EXPIRED = 10


class HandshakeError(DialogueError):
    """TLS did not come about, or was ended by the peer. ``reason`` is OpenSSL's word for it, if it gave one.

    ``verify_code`` is 0 unless the chain does not verify.
    """

    def __init__(
        self, outcome: str, what: str, reason: str = "", verify_code: int = 0, verify_message: str = ""
    ) -> None:
        self.reason = reason
        self.verify_code = verify_code
        self.verify_message = verify_message
        super().__init__(outcome, what)


def connect(address: str, port: int, source: str, deadline: float) -> Steps[Link]:
    """A link to this address, from ``source`` if it is not empty; DialogueError with CONNECT or TIMEOUT."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    link = None
    try:
        # A name would be looked up, which nobody here can wait for.
        socket.inet_pton(family, address.partition("%")[0])
        link = Link(socket.socket(family, socket.SOCK_STREAM))
        if source:
            link.socket.bind((source, 0))
        failure = link.socket.connect_ex((address, port))
        if failure in (0, errno.EINPROGRESS):
            if not (yield link.descriptor, OPEN, deadline):
                raise DialogueError(TIMEOUT, "no connection in time")
            failure = link.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))
        connected, link = link, None
        return connected
    except (OSError, OverflowError) as error:
        raise DialogueError(CONNECT, f"no connection: {explain(error)}") from None
    finally:
        if link is not None:
            link.close()


class Link:
    """A connection; ``session`` is the TLS on it once ``start_tls`` was called, ``group`` its key exchange's."""

    __slots__ = ("_incoming", "_outgoing", "descriptor", "group", "heard", "session", "socket")

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        # Two small writes in a row would wait for the peer's delayed acknowledgement, 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.descriptor = connection.fileno()
        self.session: ssl.SSLObject | None = None
        self.group = ""
        # Whether the peer wrote anything for the handshake.
        self.heard = False

    def close(self) -> None:
        self.socket.close()

    def secured(self) -> ssl.SSLObject:
        """The TLS session; ValueError before ``start_tls``."""
        if self.session is None:
            raise ValueError("there is no TLS on this connection")
        return self.session

    def local_address(self) -> str:
        return str(self.socket.getsockname()[0])

    def send(self, data: bytes, deadline: float) -> Steps[None]:
        """Write all of it. A broken connection is not told here: what the peer said before can still be read."""
        if self.session is not None:
            try:
                self.session.write(data)
            except ssl.SSLError:
                return
            data = self._outgoing.read()
        yield from self._write(data, deadline)

    def receive(self, deadline: float) -> Steps[bytes]:
        """What the peer wrote; ``b""`` at the end, also where the connection broke."""
        if self.session is None:
            return (yield from self._receive(deadline))
        while True:
            try:
                return self.session.read(_CHUNK)
            except ssl.SSLWantReadError:
                if self._incoming.eof is True:
                    return b""
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return b""
            except ssl.SSLError as error:
                raise HandshakeError(HANDSHAKE, f"the peer broke TLS: {explain(error)}", find_reason(error)) from None
            if self._outgoing.pending > 0:
                yield from self._write(self._outgoing.read(), deadline)
            self._feed((yield from self._receive(deadline)))

    def start_tls(self, context: ssl.SSLContext, server_name: str, deadline: float) -> Steps[None]:
        """Shake hands. The end of it goes out with what is said next. HandshakeError, or DialogueError with TIMEOUT."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)
        except ValueError as error:
            raise HandshakeError(
                HANDSHAKE, f"no TLS handshake: {server_name!r} cannot be sent as a name ({error})"
            ) from None
        opening = bytearray()
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                # OpenSSL's word to the peer; that nobody reads it is no news.
                yield from self._write(self._outgoing.read(), deadline)
                raise _failed(error) from None
            yield from self._write(self._outgoing.read(), deadline)
            data = yield from self._receive(deadline)
            if len(opening) < _OPENING:
                opening += data
            self.heard = bool(opening)
            if opening and opening[0] not in RECORD_TYPES:
                yield from self._refuse_clear_text(opening, deadline)
            if not data:
                raise HandshakeError(HANDSHAKE, "the TLS handshake fails: the peer closed the connection")
            self._incoming.write(data)
        self.session = session
        self.group = read_group(bytes(opening), (session.cipher() or ("",))[0])

    def _refuse_clear_text(self, opening: bytearray, deadline: float) -> Steps[None]:
        data = bytes(opening)
        while data and len(opening) < 4:
            data = yield from self._receive(deadline)
            opening += data
        outcome = EARLY_PLAINTEXT if is_smtp(bytes(opening)) else HANDSHAKE
        raise HandshakeError(outcome, "the TLS handshake fails: the peer writes in clear where TLS should begin")

    def _write(self, data: bytes, deadline: float) -> Steps[None]:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.socket.send(rest) :]
            except BlockingIOError:
                pass
            except OSError:
                return
            if rest and not (yield self.descriptor, WRITE, deadline):
                raise DialogueError(TIMEOUT, "the peer stopped reading")

    def _receive(self, deadline: float) -> Steps[bytes]:
        while (yield self.descriptor, READ, deadline):
            try:
                return self.socket.recv(_CHUNK)
            except BlockingIOError:
                pass
            except OSError:
                return b""
        raise DialogueError(TIMEOUT, "no answer in time")

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


def _failed(error: ssl.SSLError) -> HandshakeError:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return HandshakeError(HANDSHAKE, f"the TLS handshake fails: {explain(error)}", find_reason(error))
    outcome = EXPIRED if error.verify_code == _CERTIFICATE_EXPIRED else UNTRUSTED
    message = str(error.verify_message)
    what = f"the certificate does not verify: {message}"
    return HandshakeError(outcome, what, find_reason(error), error.verify_code, message)
