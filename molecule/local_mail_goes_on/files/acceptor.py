# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands behind a local next hop: LMTP on a socket (mailboxes), SMTP on 127.0.0.1:10025 (a content filter).

acceptor.py FILE   appends every message it takes to FILE, with the verb it was greeted with before it.
"""

from __future__ import annotations

import os
import pathlib
import socketserver
import sys
import threading

SOCKET = "/run/lmtp.sock"


class Session(socketserver.StreamRequestHandler):
    """Takes every message; LMTP answers once for each recipient (RFC 2033)."""

    def handle(self) -> None:
        self.reply("220 ready")
        greeting, recipients, body = "", 0, None
        for raw in self.rfile:
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line[:4].upper()
            if body is not None:
                if line != ".":
                    body.append(line)
                    continue
                with pathlib.Path(sys.argv[1]).open("a", encoding="utf-8") as record:
                    record.write("\n".join([greeting, *body, ""]))
                for _answer in range(recipients if greeting == "LHLO" else 1):
                    self.reply("250 2.0.0 taken")
                recipients, body = 0, None
            elif verb == "DATA":
                body = []
                self.reply("354 go on")
            elif verb == "QUIT":
                self.reply("221 2.0.0 bye")
                return
            else:
                greeting = verb if verb in ("LHLO", "EHLO") else greeting
                recipients += verb == "RCPT"
                self.reply("250 2.0.0 ok")

    def reply(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class Filter(socketserver.ThreadingTCPServer):
    """The content filter."""

    allow_reuse_address = True


if __name__ == "__main__":
    pathlib.Path(SOCKET).unlink(missing_ok=True)
    mailboxes = socketserver.ThreadingUnixStreamServer(SOCKET, Session)
    os.chmod(SOCKET, 0o666)
    threading.Thread(target=mailboxes.serve_forever).start()
    Filter(("127.0.0.1", 10025), Session).serve_forever()
