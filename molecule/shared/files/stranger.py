# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody on the network: stranger.py HOST RECIPIENT CONNECTIONS.

Prints JSON: the seconds until the first greeting, the reply to RCPT TO, and how many of so many further connections,
one after the other, were greeted with 220 (a client that is counted gets 421 at some point).
"""

from __future__ import annotations

import json
import socket
import sys
import time


def connect(host: str) -> tuple[socket.socket, str, float]:
    began = time.monotonic()
    connection = socket.create_connection((host, 25), timeout=30)
    greeting = connection.makefile("r").readline()
    return connection, greeting, time.monotonic() - began


def ask(connection: socket.socket, command: str) -> str:
    connection.sendall(f"{command}\r\n".encode())
    lines = connection.makefile("r")
    while True:
        line = lines.readline()
        if line[3:4] != "-":
            return line.strip()


def main(host: str, recipient: str, connections: int) -> None:
    connection, _greeting, seconds = connect(host)
    with connection:
        ask(connection, "HELO stranger.example.test")
        ask(connection, "MAIL FROM:<stranger@dns.example.test>")
        reply = ask(connection, f"RCPT TO:<{recipient}>")
        ask(connection, "QUIT")
    greeted = 0
    for _number in range(connections):
        another, greeting, _seconds = connect(host)
        greeted += greeting.startswith("220")
        another.close()
    print(json.dumps({"seconds": round(seconds, 1), "reply": reply, "greeted": greeted}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
