# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as they were before this collection came: kept once, in a folder of root's, and put back byte for byte.

The folder holds each file below its own path, and ``manifest.json``. It is built under another name and renamed, so it
is whole or not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass

from .._core.errors import MailtlsError
from . import files

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Item:
    """One path: ``kind`` is file, link or absent; ``mtime`` in nanoseconds; ``target`` of a link; ``sum`` (SHA-256).

    Of a file behind a link the content is kept too, because rows live on from the copy.
    """

    path: str
    kind: str = "absent"
    owner: str = ""
    group: str = ""
    mode: int = 0
    mtime: int = 0
    target: str = ""
    sum: str = ""


@dataclass(frozen=True)
class Origin:
    """What was kept: the paths, and whether the service ran and started at boot."""

    items: tuple[Item, ...]
    active: bool
    enabled: bool


def look(path: str) -> Item:
    """A path as it is now; raises for a folder or a device, which no mail server's setting is."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Item(path)
    if stat.S_ISLNK(status.st_mode):
        return Item(path, "link", target=os.readlink(path), sum=_digest(path))
    access = files.read_access(path)
    if not stat.S_ISREG(status.st_mode) or access is None:
        raise MailtlsError("is neither a file nor a link", where=path, remedy="Move it away. Nothing was changed.")
    return Item(path, "file", access.owner, access.group, access.mode, status.st_mtime_ns, sum=_digest(path))


def _digest(path: str) -> str:
    content = files.read_bytes(path)
    return "" if content is None else hashlib.sha256(content).hexdigest()


def read(folder: str) -> Origin | None:
    """What was kept, or None when nothing was; raises when the folder is not root's or a copy in it is damaged."""
    text = files.read_bytes(os.path.join(folder, _MANIFEST))
    if text is None:
        if os.path.isdir(folder) and os.listdir(folder):
            raise MailtlsError(
                f"holds no {_MANIFEST}, so what was there before is not known",
                where=folder,
                remedy="Look what is in it, and move it away. Nothing was changed.",
            )
        return None
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise MailtlsError(
            "is not a folder of root's own, mode 0700",
            where=folder,
            remedy="Look who changed it. Nothing was changed.",
        )
    try:
        raw = json.loads(text)
        origin = Origin(tuple(Item(**item) for item in raw["items"]), raw["active"], raw["enabled"])
    except (ValueError, TypeError, KeyError):
        raise MailtlsError("cannot be understood", where=os.path.join(folder, _MANIFEST)) from None
    for item in origin.items:
        if _digest(copy_of(folder, item.path)) != item.sum:
            raise MailtlsError(
                "the copy is not what was kept", where=copy_of(folder, item.path), remedy="Nothing was changed."
            )
    return origin


def find(origin: Origin, path: str) -> Item:
    """What was kept of one path."""
    return next((item for item in origin.items if item.path == path), Item(path))


def copy_of(folder: str, path: str) -> str:
    """Where the copy of a path lies."""
    return os.path.join(folder, path.lstrip("/"))


def keep(folder: str, origin: Origin) -> None:
    """Copy the files of ``origin`` and write its manifest; raises when a file changed since it was looked at."""
    name = files.aside(folder)
    shutil.rmtree(name, ignore_errors=True)
    os.mkdir(name, 0o700)
    for item in origin.items:
        if item.sum:
            _copy(item, name)
    manifest = json.dumps(asdict(origin), indent=1).encode()
    own = files.read_access(name)
    path = os.path.join(name, _MANIFEST)
    files.swap(files.write_aside(path, manifest, files.Access(own.owner, own.group, 0o600) if own else _ROOT), path)
    # A copy that a crash takes away would be gone for good.
    for place, _folders, _files in os.walk(name):
        files.flush(place)
    files.swap(name, folder)


_ROOT = files.Access("root", "root", 0o600)


def _copy(item: Item, folder: str) -> None:
    copy = copy_of(folder, item.path)
    os.makedirs(os.path.dirname(copy), mode=0o700, exist_ok=True)
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(files.read_bytes(item.path) or b"")
        stream.flush()
        os.fsync(stream.fileno())
    if _digest(copy) != item.sum:
        raise MailtlsError("changed while it was copied", where=item.path, remedy="Run again. Nothing was changed.")


def restore(folder: str, item: Item) -> None:
    """Put one path back as it was, at once."""
    if item.kind == "absent":
        files.remove(item.path)
        return
    name = files.aside(item.path)
    files.remove(name)
    if item.kind == "link":
        os.symlink(item.target, name)
    else:
        content = files.read_bytes(copy_of(folder, item.path)) or b""
        files.write_aside(item.path, content, files.Access(item.owner, item.group, item.mode))
        os.utime(name, ns=(item.mtime, item.mtime))
    files.swap(name, item.path)


def forget(folder: str) -> None:
    """Remove what was kept, once it is all back."""
    name = files.aside(folder)
    shutil.rmtree(name, ignore_errors=True)
    files.swap(folder, name)
    shutil.rmtree(name)
