# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tempting mail server: accepts everything from anyone, without STARTTLS, and records every line (sink.py RECORD)."""

from __future__ import annotations

import json
import pathlib
import socket
import socketserver
import sys
import time


class Session(socketserver.StreamRequestHandler):
    """One SMTP session; the record gets one JSON object for each connection and each line."""

    def handle(self) -> None:
        self.note("connection", "")
        self.reply("220 mta3.example.test ESMTP")
        in_data = False
        for raw in self.rfile:
            line = raw.decode("latin-1").rstrip("\r\n")
            self.note("line", line)
            if in_data:
                in_data = line != "."
                if not in_data:
                    self.reply("250 2.0.0 accepted")
                continue
            verb = line[:4].upper()
            in_data = verb == "DATA"
            answers = {"DATA": "354 go on", "QUIT": "221 2.0.0 bye", "EHLO": "250-mta3.example.test\r\n250 8BITMIME"}
            self.reply(answers.get(verb, "250 2.0.0 ok"))
            if verb == "QUIT":
                return

    def reply(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def note(self, kind: str, text: str) -> None:
        entry = {"time": time.time(), "peer": self.client_address[0], "kind": kind, "text": text}
        with pathlib.Path(sys.argv[1]).open("a", encoding="utf-8") as record:
            record.write(json.dumps(entry) + "\n")


class Server(socketserver.ThreadingTCPServer):
    """Listens on port 25, IPv4 and IPv6."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).touch()
    with Server(("::", 25), Session) as server:
        server.serve_forever()
