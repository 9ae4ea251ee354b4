# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers on loopback that do exactly what a script says, connection by connection."""

from __future__ import annotations

import contextlib
import datetime
import functools
import pathlib
import socket
import ssl
import struct
import threading
import time
import typing as t

import pki
from ansible_collections.mailtls.relay.plugins.module_utils._host.keypair import in_memory


class Reset:
    """The connection is broken off with a RST."""


# Bytes are written, numbers are pauses, LINE waits for a line of the client, with a context TLS begins.
Step = t.Union[bytes, float, None, ssl.SSLContext, Reset]
LINE, RESET = None, Reset()

GREETING, ANSWER, GOODBYE = b"220 x ESMTP\r\n", b"250-x\r\n250-STARTTLS\r\n250 SIZE 7\r\n", b"221 bye\r\n"
GO, SECURED = b"220 go\r\n", b"250-x\r\n250 AUTH PLAIN\r\n"
TO_TLS: list[Step] = [GREETING, LINE, ANSWER, LINE, GO]


def good(context: ssl.SSLContext) -> list[Step]:
    """A whole session with STARTTLS."""
    return [*TO_TLS, context, LINE, SECURED, LINE, GOODBYE]


class Server:
    """Plays one script to each client, one after the other; ``heard`` has the lines of all."""

    def __init__(self, *scripts: t.Sequence[Step], address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.address = address
        self.port: int = self.listener.getsockname()[1]
        self.heard: list[bytes] = []
        self.clients: list[str] = []
        self.thread = threading.Thread(target=self._serve, args=(scripts,), daemon=True)
        self.thread.start()

    def _serve(self, scripts: t.Sequence[t.Sequence[Step]]) -> None:
        for script in scripts:
            with contextlib.suppress(OSError, ssl.SSLError):
                link, peer = self.listener.accept()
                self.clients.append(peer[0])
                self._play(link, script)

    def _play(self, link: socket.socket, script: t.Sequence[Step]) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(link)
            lines = stack.enter_context(link.makefile("rb"))
            for step in script:
                if step is None:
                    self.heard.append(lines.readline())
                elif isinstance(step, bytes):
                    link.sendall(step)
                elif isinstance(step, ssl.SSLContext):
                    link = stack.enter_context(step.wrap_socket(link, server_side=True))
                    lines = stack.enter_context(link.makefile("rb"))
                elif isinstance(step, Reset):
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                else:
                    time.sleep(step)

    def end(self) -> list[bytes]:
        """What was heard; all clients have come by then."""
        self.thread.join(5)
        self.listener.close()
        return self.heard


# pki makes certificates around a fixed moment; these are to be valid now.
_TODAY = (datetime.datetime.now() - pki.NOW).days


def certificate(owner: str, issuer: str = "ca", days: tuple[int, int] = (-1, 30), **options: t.Any) -> str:
    """As ``pki.certificate``, with ``days`` around today."""
    return pki.certificate(owner, issuer, days=(_TODAY + days[0], _TODAY + days[1]), **options)


@functools.cache
def authority() -> str:
    """The authority "ca", as PEM."""
    return certificate("ca", "ca", authority=True)


def write(folder: pathlib.Path, name: str, content: str) -> str:
    """A file for OpenSSL; its path."""
    path = folder / name
    path.write_text(content, encoding="ascii")
    return str(path)


def tls(
    chain: str, owner: str = "leaf", *, versions: tuple[str, str] = ("", ""), ciphers: str = "", clients: str = ""
) -> ssl.SSLContext:
    """What a server speaks: ``chain`` and the key of its ``owner``; ``clients`` is the authority of their certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with in_memory(chain.encode()) as first, in_memory(pki.key_pem(owner).encode()) as key:
        context.load_cert_chain(first, key)
    if ciphers:
        context.set_ciphers(ciphers)
    oldest, newest = versions
    if oldest:
        context.minimum_version = ssl.TLSVersion[oldest]
    if newest:
        context.maximum_version = ssl.TLSVersion[newest]
    if clients:
        context.load_verify_locations(cadata=clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
