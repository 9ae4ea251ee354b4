# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a mailbox (mbox) and say how a message's body differs from what was sent."""

from __future__ import annotations

import email.message
import re
import typing as t

SEPARATOR = rb"(?:\A|\n)From \S+ +\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n"


class Entry(t.NamedTuple):
    """One message: the newest ``Received:`` of MTA2 on one line, and the message without the mailbox's own lines."""

    received: str
    content: bytes


def entries(mailbox: bytes) -> dict[str, Entry]:
    """All messages; the key is the detail of the recipient's address (alice+KEY@...), else the subject."""
    found = {}
    for content in re.split(SEPARATOR, mailbox.removesuffix(b"\n"))[1:]:
        header = re.sub(rb"\n[ \t]+", b" ", content.partition(b"\n\n")[0]).decode(errors="replace")
        received = re.findall(r"^Received: (.* by mta2\.example\.test .*)$", header, re.M)
        detail = re.findall(r"for <\w+\+(\S+?)@", received[0] if received else "")
        subject = re.findall(r"^Subject: (.*)$", header, re.M)
        key = (detail or subject or [""])[0]
        found[key] = Entry(received[0] if received else "", content)
    return found


def changes(sent: bytes, arrived: bytes) -> list[str]:
    """Why the body that arrived differs from the one that was sent; none when they are byte-identical.

    ``UNEXPLAINED`` is the last word of a body that no known reason explains.
    """
    before, after, reasons = body(sent), body(arrived), []
    if before != after and header_lines(sent) < sent.split(b"\n\n")[0].count(b"\n") + 1:
        before = b"\n".join(lines(sent)[header_lines(sent) :]).lstrip(b"\n")
        reasons.append("a line in the header is no header line: sendmail ends the header there and begins the body")
    if before != after and re.sub(rb"(?m)^(?=From )", b">", before) == after:
        before = after
        reasons.append("the mailbox marks lines that begin with From")
    if before != after and before.rstrip(b"\n") == after.rstrip(b"\n"):
        before = after
        reasons.append("an empty line at the end doubles as the separator of the mailbox")
    return reasons if before == after else [*reasons, "UNEXPLAINED"]


def with_attachment(data: bytes) -> bytes:
    """A multipart message with one attachment."""
    message = email.message.EmailMessage()
    message["Subject"] = "attachment"
    message.set_content("The file is attached.")
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename="large.bin")
    return message.as_bytes()


def body(message: bytes) -> bytes:
    """All after the first empty line, with Unix line ends."""
    return b"\n".join(lines(message)).partition(b"\n\n")[2]


def lines(message: bytes) -> list[bytes]:
    return message.replace(b"\r\n", b"\n").split(b"\n")


def header_lines(message: bytes) -> int:
    """How many lines sendmail takes as the header: up to the first that is no field and no continuation of one."""
    for number, line in enumerate(lines(message)):
        if not re.match(rb"[!-9;-~]+[ \t]*:|[ \t]+\S" if number else rb"From |[!-9;-~]+[ \t]*:", line):
            return number
    return len(lines(message))
