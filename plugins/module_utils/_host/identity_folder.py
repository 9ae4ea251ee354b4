# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a relay's identity on disk, and put a new one in its place."""

from __future__ import annotations

import os
import stat
import typing as t

from .._core import identity as layout
from .._core.errors import MailtlsError
from .._core.identity import Change, Entry, Identity
from . import files, keypair


def read_entry(path: str) -> Entry:
    """What stands at ``path``, links followed."""
    access = files.read_access(path)
    if access is None:
        return Entry(path)
    status = os.stat(path)
    kind = "folder" if stat.S_ISDIR(status.st_mode) else "file" if stat.S_ISREG(status.st_mode) else "other"
    return Entry(path, kind, access.owner, access.group, f"{access.mode:04o}")


def read_contents(directory: str) -> dict[str, bytes | None]:
    """Contents of key, certificate and CA file, None where there is none."""
    names = (layout.KEY, layout.CERTIFICATE, layout.CA)
    paths = {name: layout.path_of(directory, name) for name in names}
    return {name: files.read_bytes(path) if os.path.isfile(path) else None for name, path in paths.items()}


def read_identity(directory: str, contents: t.Mapping[str, bytes | None]) -> Identity:
    """All that is installed in ``directory``; ``contents`` as ``read_contents`` gives them."""
    entries = {name: read_entry(layout.path_of(directory, name)) for name in layout.LAYOUT}
    ca_folder = entries[layout.CA_FOLDER]
    return Identity(
        directory=directory,
        entries=entries,
        parents=tuple(read_entry(path) for path in _parents(directory)),
        strays=tuple(sorted(os.listdir(ca_folder.path))) if ca_folder.kind == "folder" else (),
        certificate=(contents[layout.CERTIFICATE] or b"").decode(errors="replace"),
        ca=(contents[layout.CA] or b"").decode(errors="replace"),
        keypair_problem=keypair_problem(contents),
        ca_problem=ca_problem(contents),
    )


def keypair_problem(contents: t.Mapping[str, bytes | None]) -> str:
    """Why key and certificate do not work together; "" when they do, or when both are missing."""
    key, certificate = contents[layout.KEY], contents[layout.CERTIFICATE]
    if key is None and certificate is None:
        return ""
    if key is None or certificate is None:
        return "there is no key" if key is None else "there is no certificate"
    with keypair.in_memory(certificate) as certificate_path, keypair.in_memory(key) as key_path:
        return keypair.keypair_problem(certificate_path, key_path)


def ca_problem(contents: t.Mapping[str, bytes | None]) -> str:
    """Why the CA file does not work; "" when it does, or when there is none."""
    content = contents[layout.CA]
    if content is None:
        return ""
    with keypair.in_memory(content) as path:
        return keypair.ca_problem(path)


def install(identity: Identity, change: Change, contents: t.Mapping[str, bytes | None]) -> None:
    """Carry out ``change``: folders, then all files aside, a last check, then one rename directly after the other.

    A kill between the renames leaves a key that does not match the certificate, which ``keypair_problem`` tells.
    """
    _make_folders(identity, change)
    with files.locked(identity.directory):
        for name in change.repaired:
            files.set_access(layout.path_of(identity.directory, name), _access(name))
        for name in contents:
            files.remove(files.aside(layout.path_of(identity.directory, name)))
        aside = {name: _write_aside(identity, name, contents[name]) for name in change.written if name in contents}
        _check_aside(identity, aside)
        for name, path in aside.items():
            os.rename(path, layout.path_of(identity.directory, name))
        files.flush(identity.directory)


def _make_folders(identity: Identity, change: Change) -> None:
    for path in reversed(list(_parents(identity.directory))):
        if not os.path.isdir(path):
            _make_folder(path, files.Access(layout.OWNER, layout.GROUP, 0o755))
    for name in (layout.FOLDER, layout.CA_FOLDER):
        if name in change.written:
            _make_folder(layout.path_of(identity.directory, name), _access(name))


def _make_folder(path: str, access: files.Access) -> None:
    os.mkdir(path, 0o700)
    files.set_access(path, access)


def _write_aside(identity: Identity, name: str, content: bytes | None) -> str:
    return files.write_aside(layout.path_of(identity.directory, name), content or b"", _access(name))


def _check_aside(identity: Identity, aside: t.Mapping[str, str]) -> None:
    """What the disk gives back is checked, not what was sent to it."""
    paths = {name: aside.get(name, layout.path_of(identity.directory, name)) for name in layout.LAYOUT}
    problem = keypair.keypair_problem(paths[layout.CERTIFICATE], paths[layout.KEY]) or keypair.ca_problem(
        paths[layout.CA]
    )
    if problem:
        for path in aside.values():
            files.remove(path)
        raise MailtlsError(
            f"the new files cannot be used: {problem}", where=identity.directory, remedy="Nothing was replaced."
        )


def _access(name: str) -> files.Access:
    return files.Access(layout.OWNER, layout.GROUP, layout.LAYOUT[name][1])


def _parents(directory: str) -> t.Iterator[str]:
    """The folders above ``directory``, nearest first, as links resolve; those that do not exist yet are included."""
    path = os.path.realpath(directory)
    while path != "/":
        path = os.path.dirname(path)
        yield path
