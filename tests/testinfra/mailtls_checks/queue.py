# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What waits in the queues, and why."""

from __future__ import annotations

import base64
import re
import typing as t

from ._core import heldmail
from ._core.errors import MailtlsError
from ._core.queuefile import parse_queue_file
from .sight import CF, Host, fail_with, read, read_cf

SUBMIT_CF = "/etc/mail/submit.cf"
# A message may be sent while the folder is read: then there is a name, and nothing behind it. To anybody but root the
# queue would look like that or empty.
_LOOK = """
test "$(id -u)" = 0 && ls %s > /dev/null || exit
date +%%s
find -L %s -type f '(' -name 'qf*' -o -name 'hf*' ')' -printf '\\n%%f ' -exec base64 -w 0 '{}' ';' 2> /dev/null || true
"""


class Held(t.NamedTuple):
    """A message that waits: since how many seconds, tried how often, and why in sendmail's own words."""

    queue_id: str
    age: int
    tries: int
    reason: str
    sender: str
    recipients: tuple[str, ...]
    quarantined: bool = False

    def __str__(self) -> str:
        to = ", ".join(self.recipients)
        return f"{self.queue_id}, {heldmail.render_age(self.age)} old, for {to}: {self.reason}"


def read_queue(host: Host, cf: str = CF) -> list[Held]:
    """Every message of the queue that a cf names, the oldest first; submit.cf names that of local programs."""
    folder = heldmail.parse_folder(read_cf(host, cf))
    if not folder:
        raise AssertionError(f"{cf} names no queue (QueueDirectory), so nobody knows what waits.")
    now, *rows = read(host, _LOOK, folder, folder).split("\n")
    found = [_parse(row, int(now)) for row in rows if row.strip()]
    return sorted((one for one in found if one), key=lambda held: (-held.age, held.queue_id))


def _parse(row: str, now: int) -> Held | None:
    name, _blank, content = row.partition(" ")
    try:
        message = parse_queue_file(name[2:], base64.b64decode(content))
    except MailtlsError as error:
        if not content:
            return None
        raise AssertionError(f"{error} Run again: sendmail may be writing it just now.") from None
    recipients = tuple(recipient.address for recipient in message.recipients)
    reason = heldmail.find_reason(message)
    age = max(0, now - message.created) if message.created else 0
    return Held(name[2:], age, message.tries, reason, message.sender, recipients, name.startswith("hf"))


def check_queue(host: Host, oldest: str, reasons: str = "", cf: str = CF) -> list[Held]:
    """Nothing waits for longer than ``oldest`` (``4h``, ``1d12h``), and nothing for another reason than ``reasons``.

    ``reasons`` is a regular expression for part of sendmail's words; empty allows any. Returns what waits.
    """
    limit = heldmail.parse_seconds(oldest)
    held = read_queue(host, cf)
    faults = [f"waits for longer than {oldest}: {one}" for one in held if one.age > limit]
    faults += [
        f"waits for another reason than {reasons!r}: {one}" for one in held if not re.search(reasons, one.reason)
    ]
    fail_with(
        faults, "Mend what the reason names, then run the queue: sendmail -Am -q (-Ac for mail of local programs)."
    )
    return held
