# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail servers on loopback, for tests that look at a whole probe; they offer what they are told to."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import socket
import ssl
import threading
import typing as t

import pki

# OpenSSL looks at the clock, so these certificates are made around the present.
_TODAY = (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - pki.NOW).days
DAYS = 90


class Authority:
    """A CA and what it has signed, as files in one folder; ``ca`` is the path of its own certificate."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.ca = self.write("ca.crt", pki.certificate("ca", authority=True, days=(_TODAY - 1, _TODAY + 900)))

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        return str(path)

    def issue(self, name: str, *, cn: str | None = None, names: t.Sequence[str] | None = None) -> tuple[str, str]:
        """Paths of a certificate for ``name`` with half an hour more than DAYS days left, and of its key."""
        days = (_TODAY - 1, _TODAY + DAYS + 1)
        text = pki.certificate(name, cn=cn, names=[name] if names is None else names, days=days)
        return self.write(f"{name}.crt", text), self.write(f"{name}.key", pki.key_pem(name))

    def context(self, name: str, *, asks: bool = False, **options: t.Any) -> ssl.SSLContext:
        """A server's context with a certificate for ``name``; with ``asks`` clients may show one of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, **options))
        if asks:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


class MailServer:
    """Serves until it is closed. ``greeting`` may be anything but 220; without a context there is no STARTTLS.

    Mail is taken under TLS only, and where the context asks for certificates, only with one.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        *,
        on_connect: bool = False,
        greeting: str = "220 peer ESMTP",
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.context, self.on_connect, self.greeting = context, on_connect, greeting
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.asks = context is not None and context.verify_mode != ssl.CERT_NONE
        self.connections = 0
        self.heard: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _peer = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError), link:
            if self.on_connect:
                assert self.context is not None
                with self.context.wrap_socket(link, server_side=True) as secured:
                    self._speak(secured, under_tls=True)
            else:
                self._speak(link, under_tls=False)

    def _speak(self, link: socket.socket, *, under_tls: bool, greet: bool = True) -> None:
        if greet:
            link.sendall(f"{self.greeting}\r\n".encode())
        lines = link.makefile("rb", buffering=0)
        while True:
            verb = lines.readline().decode("latin-1").strip()
            if not verb:
                return
            self.heard.append(verb)
            word = verb.split()[0].upper()
            if word == "STARTTLS" and self.context and not under_tls:
                link.sendall(b"220 2.0.0 Ready to start TLS\r\n")
                with self.context.wrap_socket(link, server_side=True) as secured:
                    self._speak(secured, under_tls=True, greet=False)
                return
            link.sendall(f"{self._answer(word, link)}\r\n".encode())
            if word == "QUIT":
                return

    def _answer(self, word: str, link: socket.socket) -> str:
        shown = link.getpeercert() or {} if isinstance(link, ssl.SSLSocket) else None
        if word == "EHLO":
            offer = self.context and shown is None
            return "250-peer\r\n250-STARTTLS\r\n250 SIZE 1000" if offer else "250-peer\r\n250 SIZE 1000"
        if word == "MAIL" and shown is None:
            return "530 5.7.0 Must issue a STARTTLS command first"
        if word == "MAIL" and self.asks and not shown:
            return "550 5.7.1 Client certificate needed"
        return "221 2.0.0 Bye" if word == "QUIT" else "250 2.0.0 Ok"
