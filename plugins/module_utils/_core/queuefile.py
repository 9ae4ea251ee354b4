# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control file ("qf") of a queued message, as sendmail 8.15 to 8.18 write it (version 8).

One record per line, its first letter is its type; lines that begin with a TAB continue the one before; a lone dot
ends the file (sendmail's op.txt, "Queue files"). An ``M`` line before the first recipient is the status of the
message, one before a recipient that of this recipient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import MailtlsError

_HEADER = re.compile(r"(?:\?[^?]*\?)?(?P<name>[!-9;-~]+)\s*:\s?(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class QueuedRecipient:
    """One recipient still to be served, with its own status where it has one."""

    address: str
    status: str


@dataclass(frozen=True)
class QueuedMessage:
    """What a control file says; ``status`` is the full text that mailq cuts at 60 characters.

    ``created`` is when the message came, in seconds since the epoch, 0 where the file does not say.
    """

    queue_id: str
    tries: int
    status: str
    sender: str
    recipients: tuple[QueuedRecipient, ...]
    headers: tuple[tuple[str, str], ...]
    created: int = 0

    @property
    def reason(self) -> str:
        """Why it is still here: the status of the message, or else the first one of a recipient."""
        statuses = [self.status, *(recipient.status for recipient in self.recipients)]
        return next((status for status in statuses if status), "")

    def header(self, name: str) -> str:
        """The value of the first header of this name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def parse_queue_file(queue_id: str, data: bytes) -> QueuedMessage:
    """Read a control file; MailtlsError if it is not a whole one (sendmail may be writing it just now)."""
    lines = data.decode("utf-8", "replace").split("\n")
    if not lines[0].startswith("V") or "." not in lines:
        raise MailtlsError("not a whole control file of a queue", where=f"qf{queue_id}")
    tries, created, status, pending, sender = 0, 0, "", "", ""
    recipients: list[QueuedRecipient] = []
    headers: list[tuple[str, str]] = []
    for letter, value in _unfolded(lines[: lines.index(".")]):
        if letter == "N" and value.isdigit():
            tries = int(value)
        elif letter == "T" and value.isdigit():
            created = int(value)
        elif letter == "M":
            pending = value
        elif letter == "S":
            status, pending, sender = pending, "", value
        elif letter == "R":
            recipients.append(QueuedRecipient(value.partition(":")[2], pending))
            pending = ""
        elif letter == "H":
            headers += _headers(value)
    return QueuedMessage(queue_id, tries, status, sender, tuple(recipients), tuple(headers), created)


def _unfolded(lines: list[str]) -> list[tuple[str, str]]:
    """(letter, value) of each record, continuation lines joined to it."""
    records: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith("\t") and records:
            letter, value = records[-1]
            records[-1] = (letter, f"{value}\n{line}")
        else:
            records.append((line[:1], line[1:]))
    return records


def _headers(value: str) -> list[tuple[str, str]]:
    match = _HEADER.fullmatch(value)
    return [(match["name"], match["value"])] if match else []
