# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The load: inject.py HOST RECIPIENT MARK MESSAGES SESSIONS.

So many sessions at the same time, each handing over its share one message after the other; what is refused is tried
again for two minutes. Prints JSON: when the first connection was begun, and the Message-IDs that were accepted.
"""

from __future__ import annotations

import contextlib
import json
import smtplib
import sys
import threading
import time

SENDER = "load@client.example.test"
SIZE = 5120
PATIENCE = 120.0


def content(recipient: str, identifier: str) -> bytes:
    """A message of 5 KB."""
    header = f"From: <{SENDER}>\r\nTo: <{recipient}>\r\nSubject: load\r\nMessage-ID: <{identifier}>\r\n\r\n"
    line = "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrs\r\n"
    return (header + line * ((SIZE - len(header)) // len(line))).encode()


def session(host: str, recipient: str, identifiers: list[str], accepted: list[str]) -> None:
    """Hand the messages over, with a new connection after each refusal."""
    waiting, end = list(identifiers), time.monotonic() + PATIENCE
    while waiting and time.monotonic() < end:
        with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP(host, 25, timeout=60) as connection:
            while waiting:
                connection.sendmail(SENDER, [recipient], content(recipient, waiting[0]))
                accepted.append(waiting.pop(0))
        time.sleep(0.2 if waiting else 0)


def main(host: str, recipient: str, mark: str, messages: int, sessions: int) -> None:
    """Run all sessions to their end."""
    accepted: list[str] = []
    names = [f"{mark}-{number}@load" for number in range(messages)]
    shares = [names[first::sessions] for first in range(sessions)]
    threads = [threading.Thread(target=session, args=(host, recipient, share, accepted)) for share in shares]
    began = time.time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"began": began, "accepted": accepted}))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:6]))
