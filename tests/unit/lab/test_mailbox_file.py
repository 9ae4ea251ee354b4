# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a mailbox, and why a body differs from what was sent."""

from __future__ import annotations

import mailbox_file
import pytest

MAILBOX = b"""From bob@client.example.test Mon Nov 23 18:38:19 2026
Received: from mta1.example.test (mta1.example.test [192.0.2.11])
\tby mta2.example.test (8.18.1/8.18.1/Debian-6) with ESMTPS id 6ANIcJZH000406
\tfor <alice+one@mta2.example.test>; Mon, 23 Nov 2026 18:38:19 GMT
Received: from client.example.test by mta1.example.test for <alice+other@mta2.example.test>
Subject: first

body

From bob@client.example.test Mon Nov  2 18:38:20 2026
Received: from mta1.example.test by mta2.example.test with ESMTPS id 6ANIcJZH000407; Mon
Subject: second

>From the start

"""
HEADER = "a line in the header is no header line: sendmail ends the header there and begins the body"
FROM = "the mailbox marks lines that begin with From"
END = "an empty line at the end doubles as the separator of the mailbox"

# What was sent, what arrived, why it differs.
BODIES = [
    (b"A: b\n\nbody\n", b"A: b\nC: d\n\nbody\n", []),
    (b"A: b\r\n\r\nbody\r\n", b"A: b\n\nbody\n", []),
    (b"A: b\n\nbody\n\n", b"A: b\n\nbody\n", [END]),
    (b"A: b\n\nFrom here\n", b"A: b\n\n>From here\n", [FROM]),
    (b"A: b\nno field\nC: d\n\nbody\n", b"A: b\n\nno field\nC: d\n\nbody\n", [HEADER]),
    (b"A: b\n\nbody\n", b"A: b\n\nbod\n", ["UNEXPLAINED"]),
    (b"A: b\n\nFrom here\n", b"A: b\n\n>From her\n", ["UNEXPLAINED"]),
    (b"A: b\nno field\n\nbody\n", b"A: b\n\nbod\n", [HEADER, "UNEXPLAINED"]),
]


def test_the_messages_of_a_mailbox() -> None:
    found = mailbox_file.entries(MAILBOX)
    assert {key: mailbox_file.body(entry.content) for key, entry in found.items()} == {
        "one": b"body\n",
        "second": b">From the start\n",
    }
    assert found["one"].received.startswith(
        "from mta1.example.test (mta1.example.test [192.0.2.11]) by mta2.example.test"
    )


@pytest.mark.parametrize(("sent", "arrived", "reasons"), BODIES)
def test_why_a_body_changed(sent: bytes, arrived: bytes, reasons: list[str]) -> None:
    assert mailbox_file.changes(sent, arrived) == reasons


def test_an_attachment_is_a_message_of_its_size() -> None:
    assert len(mailbox_file.with_attachment(bytes(3000))) > 4000
