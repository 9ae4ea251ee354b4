# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modes with which sendmail refuses a key, a certificate or a CA file, and then silently offers no STARTTLS.

Each was seen on sendmail 8.17 and 8.18; see safefile() and safedirpath() in sendmail's libsmutil/safefile.c.
"""

from __future__ import annotations

import typing as t

_OTHERS_WRITE = 0o022
_OTHERS_READ = 0o044
# Debian sets DontBlameSendmail=TrustStickyBit: such a folder is taken as safe.
_STICKY = 0o1000


def parents(path: str) -> tuple[str, ...]:
    """The folders above an absolute path, the root first: a writable one makes sendmail refuse the file."""
    parts = path.strip("/").split("/")[:-1]
    return ("/", *("/" + "/".join(parts[:depth]) for depth in range(1, len(parts) + 1)))


def judge(modes: t.Mapping[str, int], key: str) -> str:
    """The first thing sendmail would refuse, in words; empty when there is none. ``modes``: path to permission bits."""
    for path, mode in modes.items():
        if mode & _OTHERS_WRITE and not mode & _STICKY:
            return f"{path}: mode {mode & 0o7777:04o} lets others write, so sendmail would turn STARTTLS off"
    if modes.get(key, 0) & _OTHERS_READ:
        return f"{key}: mode {modes[key] & 0o7777:04o} lets others read the key, so sendmail would turn STARTTLS off"
    return ""
