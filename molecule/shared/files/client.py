# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail client of the lab.

client.py send HOST SENDER [RECIPIENT FILE]...      sends each file as it is and prints one JSON list of replies
client.py send_tls HOST SENDER [RECIPIENT FILE]...  the same under TLS, whatever the certificate
client.py ehlo ADDRESS                              prints the dialogue as a JSON list of lines
"""

from __future__ import annotations

import json
import pathlib
import re
import smtplib
import socket
import sys
from functools import partial


def send(host: str, sender: str, *pairs: str, starttls: bool = False) -> list[str]:
    """Send in one session; the only change to a file is the line end that SMTP demands (RFC 5321, 2.3.8)."""
    replies = []
    with smtplib.SMTP(host, 25, timeout=300) as session:
        if starttls:
            session.starttls()
        session.ehlo()
        for recipient, name in zip(pairs[::2], pairs[1::2]):
            content = re.sub(rb"(?<!\r)\n", b"\r\n", pathlib.Path(name).read_bytes())
            options = [] if content.isascii() else ["BODY=8BITMIME"]
            # One after the other: what was refused is not followed by the next command.
            steps = (
                partial(session.mail, sender, options),
                partial(session.rcpt, recipient),
                partial(session.data, content),
            )
            for step in steps:
                code, text = step()
                reply = f"{code} {text.decode(errors='replace')}"
                if code >= 400:
                    session.rset()
                    break
            replies.append(reply)
    return replies


def ehlo(address: str) -> list[str]:
    """One EHLO; every line as it crossed the wire, with its direction."""
    with socket.create_connection((address, 25), timeout=30) as connection:
        stream = connection.makefile("rwb")
        lines: list[str] = []
        for command in ("", "EHLO client.example.test", "QUIT"):
            if command:
                lines.append(f"C: {command}")
                stream.write(command.encode() + b"\r\n")
                stream.flush()
            while True:
                line = stream.readline().decode(errors="replace").rstrip("\r\n")
                lines.append(f"S: {line}")
                if line[3:4] != "-":
                    break
    return lines


if __name__ == "__main__":
    verbs = {"send": send, "send_tls": partial(send, starttls=True), "ehlo": ehlo}
    print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:])))
