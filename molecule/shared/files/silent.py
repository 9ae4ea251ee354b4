# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server that falls silent: silent.py starttls|connect RECORD.

``starttls`` promises TLS, answers 220 to STARTTLS, and says no more; the record gets the seconds until the other side
gives up. ``connect`` takes no connection at all: its queue is full, so the kernel drops every SYN.
"""

from __future__ import annotations

import pathlib
import socket
import socketserver
import sys
import time


class Session(socketserver.StreamRequestHandler):
    """Talks until STARTTLS."""

    def handle(self) -> None:
        self.wfile.write(b"220 silent.example.test ESMTP\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"STAR":
                self.wfile.write(b"220 2.0.0 ready\r\n")
                self.note(time.monotonic())
                return
            self.wfile.write(b"250-silent.example.test\r\n250 STARTTLS\r\n" if verb == b"EHLO" else b"250 ok\r\n")

    def note(self, began: float) -> None:
        """Read, and answer nothing, until the other side closes."""
        while self.connection.recv(65536):
            pass
        with pathlib.Path(sys.argv[2]).open("a", encoding="utf-8") as record:
            record.write(f"{time.monotonic() - began:.1f}\n")


class Server(socketserver.ThreadingTCPServer):
    """Port 25, IPv4."""

    allow_reuse_address = True
    daemon_threads = True


def refuse_to_hear() -> None:
    """Listen with room for one, and take that room."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("", 25))
        listening.listen(0)
        guests = [socket.socket() for _number in range(3)]
        for guest in guests:
            guest.setblocking(False)
            guest.connect_ex(("127.0.0.1", 25))
        time.sleep(3600)


if __name__ == "__main__":
    if sys.argv[1] == "connect":
        refuse_to_hear()
    with Server(("", 25), Session) as server:
        server.serve_forever()
