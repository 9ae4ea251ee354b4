# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a live relay: read, build aside, swap.

Every file is built under another name in the same folder, flushed to disk, and renamed over the old one. A process
that is killed at any point leaves either the old file or the new one in force, and at most a stale file aside, which
the next run sweeps away.
"""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import stat
import time
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .._core.errors import MailtlsError
from .._core.process import parse_holder, parse_title

# Hidden, so that neither sendmail nor Debian's make takes such a file for one of its own.
_ASIDE = ".{name}.mailtls-aside"
# A run keeps a folder for seconds; the longest is makemap with a million entries on a slow disk.
_LOCK_TIMEOUT = 120.0
_POLL = 0.2


@dataclass(frozen=True)
class Access:
    """Who owns a file and what its mode is."""

    owner: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"{self.owner}:{self.group} {self.mode:04o}"


def read_bytes(path: str) -> bytes | None:
    """The content of a file, or None when there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MailtlsError(f"cannot be read: {error.strerror}", where=path) from error


def read_access(path: str) -> Access | None:
    """Owner, group and mode of a file or folder, or None when there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return Access(_user_name(status.st_uid), _group_name(status.st_gid), stat.S_IMODE(status.st_mode))


def aside(path: str, suffix: str = "") -> str:
    """The name under which ``path`` is built before it is swapped in."""
    folder, name = os.path.split(path)
    return os.path.join(folder, _ASIDE.format(name=name) + suffix)


def write_aside(path: str, content: bytes, access: Access) -> str:
    """Write what shall become ``path`` beside it, flushed to disk, and return that name."""
    name = aside(path)
    try:
        remove(name)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise MailtlsError(
            f"cannot be written: {error.strerror}", where=name, remedy="The file in force was left as it is."
        ) from error
    set_access(name, access)
    return name


def set_access(path: str, access: Access) -> None:
    """Give a file its owner, group and mode."""
    try:
        os.chown(path, pwd.getpwnam(access.owner).pw_uid, grp.getgrnam(access.group).gr_gid)
    except KeyError:
        raise MailtlsError(
            f"user {access.owner} or group {access.group} does not exist",
            where=path,
            remedy="Install the sendmail package first; it creates them.",
        ) from None
    os.chmod(path, access.mode)


def flush(path: str) -> None:
    """Force a file or folder that another program wrote to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap(name: str, path: str) -> None:
    """Put the finished file ``name`` in the place of ``path``, at once and for good."""
    try:
        os.rename(name, path)
    except OSError as error:
        raise MailtlsError(
            f"cannot be replaced: {error.strerror}",
            where=path,
            remedy="This file is as it was, files swapped before it are new; make it writable and run again.",
        ) from error
    flush(os.path.dirname(path))


def remove(path: str) -> None:
    """Remove a file if it is there."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise MailtlsError(
            f"cannot be removed: {error.strerror}", where=path, remedy="The file in force was left as it is."
        ) from error


@contextmanager
def locked(folder: str) -> t.Iterator[None]:
    """Keep a second run out of ``folder`` while this one changes it (flock on the folder itself).

    Raises MailtlsError when another keeps it for more than two minutes.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise MailtlsError(f"the folder cannot be opened: {error.strerror}", where=folder) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: str) -> None:
    end = time.monotonic() + _LOCK_TIMEOUT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise MailtlsError(
                    f"{_find_holder(descriptor)} has kept this folder locked for {_LOCK_TIMEOUT:.0f} s",
                    where=folder,
                    remedy="Wait for that run, or end it when it hangs; then run again. Nothing was changed in it.",
                ) from None
        time.sleep(_POLL)


def _find_holder(descriptor: int) -> str:
    status = os.fstat(descriptor)
    locks = (read_bytes("/proc/locks") or b"").decode(errors="replace")
    pid = parse_holder(locks, (os.major(status.st_dev), os.minor(status.st_dev)), status.st_ino)
    title = parse_title((read_bytes(f"/proc/{pid}/cmdline") or b"").decode(errors="replace")) if pid else ""
    return f"process {pid} ({title[:80]})" if pid else "another run"


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
