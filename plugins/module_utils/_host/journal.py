# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail log of this host: the journal, or the file that a syslog daemon writes."""

from __future__ import annotations

import os
import shutil

from .._core.errors import MailtlsError
from .._core.maillog import Line, parse_journal, parse_syslog
from .command import run

# The daemon and its children; sendmail from the command line (queue runs by hand); queue runs of the MSP.
TAGS = ("sm-mta", "sendmail", "sm-msp-queue")
# Debian has only the journal; a file is there when a syslog daemon was added.
LOG_FILE = "/var/log/mail.log"
# A message that was just sent is near the end of the file.
_TAIL = 8 * 1024 * 1024


def read_lines(since: float, log_file: str = LOG_FILE) -> tuple[Line, ...]:
    """Sendmail's lines since that many seconds after 1970; the end of ``log_file`` where no journal can be read."""
    if shutil.which("journalctl"):
        wanted = [option for tag in TAGS for option in ("-t", tag)]
        ended = run(["journalctl", "--quiet", "--no-pager", "-o", "json", f"--since=@{int(since)}", *wanted])
        lines = parse_journal(ended.output)
        if lines or not os.path.exists(log_file):
            if ended.status and not lines and ended.errors:
                raise MailtlsError(f"the journal cannot be read: {ended.errors.strip()}", remedy="Run as root.")
            return lines
    return parse_syslog(_tail(log_file), TAGS)


def _tail(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - _TAIL, 0))
            return stream.read().decode("utf-8", "replace")
    except OSError as error:
        raise MailtlsError(
            f"there is no mail log: no journal, and {error.strerror}",
            where=path,
            remedy="Run as root; without systemd's journal, let a syslog daemon write this file.",
        ) from error
