# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receipt of a map, a hidden file of root's beside it, and whether the files are still what it says.

The folder belongs to sendmail's user, so a receipt counts only while it is a plain file of root's own that nobody else
may read or write. It saves work and proves nothing by itself: the bytes of text and database are summed on every run.
"""

from __future__ import annotations

import hashlib
import os
import stat

from .._core import receipt as core
from . import files

_ACCESS = files.Access("root", "root", 0o600)
_PIECE = 1 << 20


def place_of(path: str) -> str:
    """Where the receipt of a map's text stands."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.mailtls-receipt")


def read(path: str) -> core.Receipt | None:
    """The receipt of a map, None when there is none that counts."""
    # Not to wait for what is no plain file.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        with os.fdopen(os.open(place_of(path), flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1
            if not own or status.st_mode & 0o077:
                return None
            return core.parse(stream.read().decode(errors="replace"))
    except OSError:
        return None


def write(path: str, receipt: core.Receipt) -> None:
    """Put the receipt of a map in its place."""
    place = place_of(path)
    files.swap(files.write_aside(place, core.render(receipt).encode(), _ACCESS), place)


def digest_of(path: str) -> str:
    """SHA-256 of a file, read in pieces; empty when there is none."""
    found = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            while True:
                piece = stream.read(_PIECE)
                if not piece:
                    return found.hexdigest()
                found.update(piece)
    except OSError:
        return ""


def holds(receipt: core.Receipt, path: str, database: str) -> bool:
    """Whether text and database are, byte for byte, what was put in force."""
    return digest_of(path) == receipt.text and digest_of(database) == receipt.database
