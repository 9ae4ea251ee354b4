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
import warnings

import pki
from ansible_collections.mailtls.relay.plugins.module_utils._host.keypair import in_memory
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


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


def reset(link: socket.socket) -> None:
    """Closing breaks the connection off from now on."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


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
                    reset(link)
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


@functools.cache
def rsa_pair() -> tuple[str, str]:
    """A certificate of "ca" for an RSA key, and that key, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rsa")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
    signed = builder.sign(pki.key("ca"), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signed.decode(), key.private_bytes(*form).decode()


def tls(
    chain: str, key: str = "leaf", *, versions: tuple[str, str] = ("", ""), ciphers: str = "", clients: str = ""
) -> ssl.SSLContext:
    """What a server speaks: ``chain`` with its key, or that key's name; ``clients`` is the authority of theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secret = key if key.startswith("-----") else pki.key_pem(key)
    with in_memory(chain.encode()) as first, in_memory(secret.encode()) as second:
        context.load_cert_chain(first, second)
    if ciphers:
        context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        # Old versions are meant.
        warnings.simplefilter("ignore", DeprecationWarning)
        for attribute, version in zip(("minimum_version", "maximum_version"), versions):
            if version:
                setattr(context, attribute, ssl.TLSVersion[version])
    if clients:
        context.load_verify_locations(cadata=clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
