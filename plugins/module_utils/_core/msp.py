# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs the queue of locally submitted mail (MSP, mail submission program) on Debian.

Programs hand mail to ``sendmail``, which hands it to the daemon on 127.0.0.1; while there is none, it waits in the MSP
queue until somebody runs that: cron, or a daemon of its own (``MSP_MODE`` in /etc/mail/sendmail.conf).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CONF = "/etc/mail/sendmail.conf"
CRONTAB = "/etc/cron.d/sendmail"
_MODE = re.compile(r"""^\s*MSP_MODE=["']?(\w+)""", re.MULTILINE)
_JOB = re.compile(r"^[^#\n]*\bcron-msp\b", re.MULTILINE)


@dataclass(frozen=True)
class Runner:
    """``mode``: cron, daemon or none; ``job``: cron knows of it; ``alive``: cron, or the daemon, runs."""

    mode: str
    job: bool
    alive: bool

    @property
    def mendable(self) -> bool:
        """Whether Debian's own update_conf mends it."""
        return self.mode == "cron" and not self.job

    @property
    def fault(self) -> str:
        """What keeps the queue from being run, with what to do; empty when nothing does. A missing job is mended."""
        waits = "so mail of local programs would wait in /var/spool/mqueue-client"
        if self.mode not in ("cron", "daemon"):
            return (
                f"{CONF}: MSP_MODE is {self.mode!r}, {waits} after the daemon was down. Set it to Cron and run "
                "/usr/share/sendmail/update_conf."
            )
        if not self.alive and self.mode == "cron":
            return f"{CRONTAB}: no cron runs, {waits} after the daemon was down. Run systemctl enable --now cron."
        if not self.alive:
            return f"{CONF}: MSP_MODE is Daemon and that daemon does not run, {waits}. Run systemctl restart sendmail."
        return ""


def parse_mode(conf: str) -> str:
    """MSP_MODE in lower case; Debian's default, cron, where it is not set."""
    found = _MODE.findall(conf)
    return str(found[-1]).lower() if found else "cron"


def has_job(crontab: str) -> bool:
    """Whether Debian's crontab runs the MSP queue."""
    return bool(_JOB.search(crontab))
