# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a mailbox (mbox) and say how a message's body differs from what was sent."""

from __future__ import annotations

import re
import typing as t


class Entry(t.NamedTuple):
    """One message: the newest ``Received:`` of MTA2 on one line, and the message without the mailbox's own lines."""

    received: str
    content: bytes


def entries(mailbox: bytes) -> dict[str, Entry]:
    """All messages; the key is the detail of the recipient's address (alice+KEY@...), else the subject."""
    found = {}
    for content in re.split(rb"(?:\A|\n)From \S+ +\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n", mailbox)[1:]:
        header = re.sub(rb"\n[ \t]+", b" ", content.partition(b"\n\n")[0]).decode(errors="replace")
        received = re.findall(r"^Received: (.* by mta2\.example\.test .*)$", header, re.M)
        detail = re.findall(r"for <\w+\+(\S+?)@", received[0] if received else "")
        subject = re.findall(r"^Subject: (.*)$", header, re.M)
        key = (detail or subject or [""])[0]
        found[key] = Entry(received[0] if received else "", content)
    return found


def changes(sent: bytes, arrived: bytes) -> list[str]:
    """Why the bodies differ, in words; none when they are identical after the changes every mailbox makes."""
    before, after = body(sent), body(arrived)
    return [] if before == after else [f"{len(before)} bytes became {len(after)}"]


def body(message: bytes) -> bytes:
    """All after the first empty line, with Unix line ends."""
    return message.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
