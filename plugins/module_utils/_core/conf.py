# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's settings beside sendmail.mc: /etc/mail/sendmail.conf, assignments of a shell which the init script reads at
each start, and the m4 files of its network scripts.
"""

from __future__ import annotations

import re

from .errors import MailtlsError
from .mc_danger import refuse_openers
from .msp import CRONTAB

INTERVAL = "QUEUE_INTERVAL"
# What the init script takes for "the daemon runs the queue itself"; letter case does not count.
_DAEMON_RUNS_QUEUE = ("daemon", "$daemon_mode", "${daemon_mode}")


# Arguments for the daemon, for a queue runner of its own, and for both; those of cron, and of the queue of local mail.
_ARGUMENTS = ("DAEMON_PARMS", "QUEUE_PARMS", "MISC_PARMS", "CRON_PARMS", "MSP_PARMS")
# What QUEUE_MODE="cron" has in Debian's crontab.
_JOB = re.compile(r"^[^#\n]*\bcron-mta\b", re.MULTILINE)
# Another cf, an option or a macro of it, the cf of local programs.
_BESIDE = re.compile(r"(?:^|\s)(-(?:[CMOo]|Ac).*?)(?=\s+-|\s*$)")


def read_value(text: str, name: str) -> str:
    """The value of a variable without its quotes; of several assignments the last, as in the shell; empty if none."""
    found = re.findall(rf"^(?:.*;)?[ \t]*(?:export[ \t]+)?{name}=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;#]*)", text, re.MULTILINE)
    return str(found[-1]).strip("\"'") if found else ""


def with_value(text: str, name: str, value: str) -> str:
    """The text with every assignment of a variable saying ``value``; one is added at the end where there is none."""
    line = f'{name}="{value}";'
    changed, count = re.subn(rf"^[ \t]*{name}=.*$", line, text, flags=re.MULTILINE)
    if count:
        return changed
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n"


def runs_queue(text: str) -> bool:
    """Whether the service starts one daemon that listens and runs the queue too; else cron or another process does."""
    mode = read_value(text, "QUEUE_MODE").lower() or _DAEMON_RUNS_QUEUE[0]
    return mode in _DAEMON_RUNS_QUEUE and read_value(text, "DAEMON_PARMS") == read_value(text, "QUEUE_PARMS")


def find_beside(arguments: str) -> str:
    """The arguments by which a sendmail runs something else than its cf says; empty when there are none."""
    return " ".join(_BESIDE.findall(arguments))


def find_fault(text: str, where: str) -> str:
    """What in these settings opens or stops a relay, whatever its cf says, with what to do; empty when nothing does."""
    for name in _ARGUMENTS:
        beside = find_beside(read_value(text, name))
        if beside:
            return (
                f"{where}: {name} holds {beside}, so sendmail would run something else than the role writes and checks."
                " Remove it there; options stand in sendmail_mc_extra."
            )
    mode = read_value(text, "DAEMON_MODE")
    if mode and mode.lower() not in _DAEMON_RUNS_QUEUE:
        return f'{where}: DAEMON_MODE is "{mode}", so the service starts no daemon. Write DAEMON_MODE="Daemon"; there.'
    mode = read_value(text, "QUEUE_MODE")
    if mode.lower().startswith("none"):
        return (
            f'{where}: QUEUE_MODE is "{mode}", so nobody runs the queue, and held mail would never leave. Write'
            ' QUEUE_MODE="Daemon"; there.'
        )
    return ""


def find_idle_cron(text: str, where: str, crontab: str, *, alive: bool) -> str:
    """What keeps cron from running the queue where it shall, with what to do; empty when nothing does, or it need not.

    ``crontab`` is the text of Debian's crontab, ``alive`` whether a cron runs.
    """
    mode = read_value(text, "QUEUE_MODE")
    if mode.lower() != "cron" or (alive and _JOB.search(crontab)):
        return ""
    what, remedy = (
        (f"{CRONTAB} has no job for that", "Run /usr/share/sendmail/update_conf")
        if alive
        else ("no cron runs", "Run systemctl enable --now cron")
    )
    return f'{where}: QUEUE_MODE is "{mode}", but {what}, so held mail would never leave. {remedy}.'


def find_detour(text: str, where: str) -> str:
    """What in a file that sendmail.mc includes opens TLS or moves the mail, with what to do; empty if nothing does."""
    try:
        refuse_openers(text, where)
    except MailtlsError as error:
        return str(error)
    return ""


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
