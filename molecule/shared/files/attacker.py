# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody in the middle: attacker.py FOLDER.

FOLDER/attacker.json is read anew for each connection and says what he does:

    {"does": "clear"}                              takes any mail, without STARTTLS
    {"does": "refuses"}                            offers STARTTLS and answers 454 to it
    {"does": "encrypts", "certificate": FILE}      takes any mail under TLS; FILE holds certificate and key
    {"does": "strips", "server": ADDRESS}          passes all on to the real server, but for the word STARTTLS

FOLDER/attacker.jsonl gets all he hears, line by line, and whether it was under TLS.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import socketserver
import ssl
import sys
import threading
import typing as t

NAME = "attacker.evil.example"


class Session(socketserver.BaseRequestHandler):
    """One connection of a mail server that takes him for the next one."""

    def handle(self) -> None:
        plan = json.loads((FOLDER / "attacker.json").read_text(encoding="utf-8"))
        # A server that does not like what it sees may close at any moment.
        with contextlib.suppress(OSError):
            getattr(self, plan.pop("does"))(**plan)

    def clear(self) -> None:
        self.talk(self.request, "8BITMIME", f"220 {NAME} ESMTP")

    def refuses(self) -> None:
        self.talk(self.request, "STARTTLS", f"220 {NAME} ESMTP", starttls="454 4.3.0 TLS not available")

    def encrypts(self, certificate: str) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        if self.talk(self.request, "STARTTLS", f"220 {NAME} ESMTP", starttls="220 2.0.0 go ahead"):
            self.talk(context.wrap_socket(self.request, server_side=True), "8BITMIME")

    def strips(self, server: str) -> None:
        with socket.create_connection((server, 25), timeout=60) as real:
            back = threading.Thread(target=self.pass_back, args=(real,))
            back.start()
            for line in self.request.makefile("rb"):
                self.note(line, tls=False)
                real.sendall(line)
            real.shutdown(socket.SHUT_WR)
            back.join()

    def pass_back(self, real: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for line in real.makefile("rb"):
                self.request.sendall(line.replace(b"STARTTLS", b"XXXXXXXX"))
            self.request.shutdown(socket.SHUT_WR)

    def talk(self, connection: t.Any, offer: str, greeting: str = "", starttls: str = "") -> bool:
        """Take mail until QUIT or STARTTLS; true when the other side may begin with TLS."""
        if greeting:
            connection.sendall(f"{greeting}\r\n".encode())
        answers = {"DATA": "354 go on", "QUIT": "221 2.0.0 bye", "STAR": starttls, "EHLO": f"250-{NAME}\r\n250 {offer}"}
        in_data = False
        for line in connection.makefile("rb"):
            self.note(line, isinstance(connection, ssl.SSLSocket))
            verb = line[:4].decode("latin-1").upper()
            if in_data and line != b".\r\n":
                continue
            reply = "250 2.0.0 ok" if in_data else answers.get(verb, "250 2.0.0 ok")
            in_data = not in_data and verb == "DATA"
            connection.sendall(f"{reply}\r\n".encode())
            if verb in ("QUIT", "STAR"):
                return reply.startswith("220")
        return False

    def note(self, line: bytes, tls: bool) -> None:
        entry = {"peer": self.client_address[0], "tls": tls, "line": line.decode("latin-1").rstrip("\r\n")}
        with (FOLDER / "attacker.jsonl").open("a", encoding="utf-8") as record:
            record.write(json.dumps(entry) + "\n")


class Server(socketserver.ThreadingTCPServer):
    """Listens on port 25, IPv4 and IPv6."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    FOLDER = pathlib.Path(sys.argv[1])
    with Server(("::", 25), Session) as server:
        server.serve_forever()
