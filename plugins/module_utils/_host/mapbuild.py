# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build a sendmail map with makemap, beside the one in force, and swap it in.

makemap writes in place: killed half way it leaves a readable map without its last keys. So it never writes to the
database in force.
"""

from __future__ import annotations

import os
import shutil
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from .._core.errors import MailtlsError
from . import files, mapreceipt
from .command import run

_MAKEMAP = "makemap"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# A hash is written all over the place: with makemap's own cache of 1 MiB every page of a large one goes to disk again
# and again, which takes five times as long. The database is less than three times as large as its text.
_CACHE_PER_BYTE, _LEAST_CACHE, _MOST_CACHE = 4, 1 << 20, 1 << 28


@dataclass(frozen=True)
class Made:
    """The two files aside, and what makemap complained of; empty when it was content."""

    text: str
    database: str
    complaint: str


@dataclass(frozen=True)
class Built:
    """The two finished files aside, the rows makemap finds in the database, as text, and its SHA-256."""

    text: str
    database: str
    dump: str
    digest: str


def database_of(path: str) -> str:
    """The database of a map's text."""
    return f"{path}.db"


def read_dump(database: str, kind: str = "hash") -> str | None:
    """The rows of a database as makemap finds them; None when it is missing, unreadable, or makemap is not there.

    ``kind`` is hash or btree; a database of the other kind is unreadable.
    """
    if not os.path.exists(database) or shutil.which(_MAKEMAP, path=_PATH) is None:
        return None
    ended = run([_MAKEMAP, "-u", kind, database])
    return None if ended.status else ended.output


def is_newer(database: str, path: str) -> bool:
    """Whether make would leave the database alone: it is not older than the text. True when one is missing."""
    try:
        return os.stat(database).st_mtime_ns >= os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return True


def has_remnants(path: str) -> bool:
    """Whether a run that was cut short left files aside."""
    return any(os.path.lexists(name) for name in _aside_names(path))


def sweep(path: str) -> None:
    """Remove what a run that was cut short left aside."""
    for name in (*_aside_names(path), files.aside(mapreceipt.place_of(path))):
        files.remove(name)


@contextmanager
def workspace(path: str) -> t.Iterator[None]:
    """Begin without what an earlier run left aside, and leave nothing there when this one is refused."""
    sweep(path)
    try:
        yield
    except MailtlsError:
        sweep(path)
        raise


def make(path: str, content: bytes, text_access: files.Access, kind: str = "hash") -> Made:
    """Write the text aside and compile it aside."""
    text = files.write_aside(path, content, text_access)
    database = _database_aside(path)
    cache = min(max(len(content) * _CACHE_PER_BYTE, _LEAST_CACHE), _MOST_CACHE)
    ended = run([_MAKEMAP, "-c", str(cache), kind, database], given_from=text)
    said = ended.errors.strip()[:500]
    return Made(text, database, f"(status {ended.status}): {said}" if ended.status or said else "")


def finish(made: Made, path: str, database_access: files.Access, kind: str = "hash") -> Built:
    """Bring the database to disk and read it back; any complaint of makemap is an error, and nothing is swapped."""
    database = made.database
    if made.complaint:
        raise MailtlsError(
            f"makemap refused it {made.complaint}", where=path, remedy="The map in force was left as it is."
        )
    files.set_access(database, database_access)
    # A large one takes its time to reach the disk, and to be read back.
    with ThreadPoolExecutor(2) as pool:
        flushed, summed = pool.submit(files.flush, database), pool.submit(mapreceipt.digest_of, database)
        dump = read_dump(database, kind) or ""
        flushed.result()
    return Built(made.text, database, dump, summed.result())


def swap(built: Built, path: str) -> None:
    """Put both files in force.

    The database goes first. It is the younger one, so Debian's make finds nothing to do wherever this is cut short.
    """
    files.swap(built.database, database_of(path))
    files.swap(built.text, path)


def _database_aside(path: str) -> str:
    # makemap adds .db to a name that does not end so.
    return files.aside(database_of(path), ".db")


def _aside_names(path: str) -> tuple[str, ...]:
    return files.aside(path), _database_aside(path)
