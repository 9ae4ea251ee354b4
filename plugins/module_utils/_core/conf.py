# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's /etc/mail/sendmail.conf: assignments of a shell, read by the init script at each start."""

from __future__ import annotations

import re

from .errors import MailtlsError

INTERVAL = "QUEUE_INTERVAL"
# What the init script takes for "the daemon runs the queue itself"; letter case does not count.
_DAEMON_RUNS_QUEUE = ("daemon", "$daemon_mode", "${daemon_mode}")


def read_value(text: str, name: str) -> str:
    """The value of a variable without its quotes; of several assignments the last, as in the shell; empty if none."""
    found = re.findall(rf"^[ \t]*{name}=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;#]*)", text, re.MULTILINE)
    return str(found[-1]).strip("\"'") if found else ""


def with_value(text: str, name: str, value: str) -> str:
    """The text with every assignment of a variable saying ``value``; one is added at the end where there is none."""
    line = f'{name}="{value}";'
    changed, count = re.subn(rf"^[ \t]*{name}=.*$", line, text, flags=re.MULTILINE)
    if count:
        return changed
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n"


def refuse_other_runners(text: str, where: str) -> None:
    """Raise when something else than the daemon runs the queue, for which the interval would mean nothing."""
    for name in ("DAEMON_MODE", "QUEUE_MODE"):
        mode = read_value(text, name)
        if mode and mode.lower() not in _DAEMON_RUNS_QUEUE:
            raise MailtlsError(
                f'{name} is "{mode}", so the daemon of this relay does not run its queue',
                where=where,
                remedy=f'Write {name}="Daemon"; there, or leave sendmail_retry_interval as sendmail.conf has it.',
            )
