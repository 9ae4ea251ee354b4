# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask sendmail itself to which hosts mail for a name would go; nothing is sent."""

from __future__ import annotations

import os
import shutil
import typing as t

from .._core.errors import MailtlsError
from .._core.exchange import parse_exchanges, render_questions
from .command import run

_SENDMAIL = "/usr/sbin/sendmail"
_CF = "/etc/mail/sendmail.cf"
# Name servers that are silent take sendmail some ten seconds a name.
_TIMEOUT = 60.0


def read_exchanges(names: t.Sequence[str]) -> dict[str, list[str]]:
    """Name -> hosts. Without sendmail and its configuration, and where DNS takes too long, nothing is known."""
    return parse_exchanges(ask_exchanges(names, _TIMEOUT))


def ask_exchanges(names: t.Sequence[str], timeout: float) -> str:
    """sendmail's own words, for ``parse_exchanges``; empty where it is not there or takes more than the seconds."""
    questions = render_questions(names)
    if not questions or not is_there():
        return ""
    try:
        return run([_SENDMAIL, "-bt", "-Am"], given=questions, timeout=timeout).output
    except MailtlsError:
        return ""


def is_there() -> bool:
    """Whether sendmail and its configuration are on this host."""
    return shutil.which(_SENDMAIL) is not None and os.path.exists(_CF)
