# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay's identity on disk: which files, with which owner and mode, and what differs from the wish.

Modes are those that sendmail accepts: it silently offers no STARTTLS when the key is readable, or a file or any folder
above it writable, by more than its owner.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from .errors import MailtlsError

OWNER = "root"
GROUP = "root"
FOLDER, KEY, CERTIFICATE, CA, CA_FOLDER = "", "host.key", "host.crt", "ca.crt", "ca.d"
# Name inside the identity's folder ("" is the folder itself) -> kind and mode, in the order in which they are put in
# place: the CA first, then key and certificate directly after each other, for they must match.
LAYOUT: dict[str, tuple[str, int]] = {
    FOLDER: ("folder", 0o755),
    CA_FOLDER: ("folder", 0o700),
    CA: ("file", 0o644),
    KEY: ("file", 0o600),
    CERTIFICATE: ("file", 0o644),
}
_WRITABLE_BY_OTHERS = 0o022


@dataclass(frozen=True)
class Entry:
    """What stands at a path: ``kind`` is file, folder, other or absent; links are followed."""

    path: str
    kind: str = "absent"
    owner: str = ""
    group: str = ""
    mode: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind == "absent" else f"{self.owner}:{self.group} {self.mode}"


@dataclass(frozen=True)
class Identity:
    """What is installed. Texts are "" when there is no such file; problems are "" when OpenSSL is content.

    ``strays`` are the names in the CA folder, which has to be empty. The key is never part of it.
    """

    directory: str
    entries: dict[str, Entry]
    parents: tuple[Entry, ...] = ()
    strays: tuple[str, ...] = ()
    certificate: str = ""
    ca: str = ""
    keypair_problem: str = ""
    ca_problem: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Plain data for a module's answer; ``parse_identity`` reads it."""
        return {**asdict(self), "parents": [asdict(entry) for entry in self.parents], "strays": list(self.strays)}


@dataclass(frozen=True)
class Change:
    """Names of LAYOUT to make or replace (``written``) and to give their owner and mode only (``repaired``)."""

    written: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


def parse_identity(data: t.Mapping[str, t.Any]) -> Identity:
    """Read what ``Identity.to_dict`` wrote; other keys are ignored."""
    return Identity(
        directory=data["directory"],
        entries={name: Entry(**entry) for name, entry in data["entries"].items()},
        parents=tuple(Entry(**entry) for entry in data["parents"]),
        strays=tuple(data["strays"]),
        certificate=data["certificate"],
        ca=data["ca"],
        keypair_problem=data["keypair_problem"],
        ca_problem=data["ca_problem"],
    )


def path_of(directory: str, name: str) -> str:
    """The path of a name of LAYOUT."""
    return f"{directory.rstrip('/')}/{name}".rstrip("/")


def desired_entry(directory: str, name: str) -> Entry:
    """How a name of LAYOUT has to stand on disk."""
    kind, mode = LAYOUT[name]
    return Entry(path_of(directory, name), kind, OWNER, GROUP, f"{mode:04o}")


def judge_surroundings(identity: Identity) -> list[str]:
    """What this collection does not repair because others depend on it: all reasons to refuse."""
    errors = []
    for entry in identity.parents:
        if entry.kind == "absent":
            continue  # It is made with a safe mode.
        if entry.kind != "folder":
            errors.append(
                MailtlsError("it is no folder", where=entry.path, remedy="Choose tls_identity_directory anew.")
            )
        elif int(entry.mode, 8) & _WRITABLE_BY_OTHERS:
            what = f"its mode {entry.mode} lets others write, so sendmail refuses every file below it"
            remedy = f"Run chmod go-w {entry.path}, or choose another tls_identity_directory."
            errors.append(MailtlsError(what, where=entry.path, remedy=remedy))
    for name, entry in identity.entries.items():
        if entry.kind not in ("absent", LAYOUT[name][0]):
            what = f"a {LAYOUT[name][0]} has to stand here, this is something else ({entry.kind})"
            errors.append(MailtlsError(what, where=entry.path, remedy="Move it away."))
    if identity.strays:
        what = f"the folder has to be empty, for sendmail trusts every CA in it: {', '.join(identity.strays)}"
        remedy = "Move these files away; CAs to trust belong into tls_identity_ca_src."
        errors.append(MailtlsError(what, where=path_of(identity.directory, CA_FOLDER), remedy=remedy))
    return [str(error) for error in errors]


def drifted(identity: Identity) -> tuple[str, ...]:
    """Names of LAYOUT that are there with another owner, group or mode."""
    present = [name for name in LAYOUT if identity.entries[name].kind != "absent"]
    return tuple(name for name in present if identity.entries[name] != desired_entry(identity.directory, name))


def describe_drift(identity: Identity, name: str) -> str:
    """``/etc/mail/certs/host.key is root:root 0640, not root:root 0600``."""
    entry = identity.entries[name]
    return f"{entry.path} is {entry}, not {desired_entry(identity.directory, name)}"


def plan(identity: Identity, wish: t.Mapping[str, bytes | None], actual: t.Mapping[str, bytes | None]) -> Change | None:
    """What to do so that the files hold ``wish`` (name -> content, None keeps what is there), or None."""
    for name, content in wish.items():
        if content is None and actual[name] is None:
            where = path_of(identity.directory, name)
            raise MailtlsError("there is nothing to keep", where=where, remedy="Give key, certificate and ca together.")
    written = [
        name
        for name in LAYOUT
        if identity.entries[name].kind == "absent" or (wish.get(name) is not None and wish[name] != actual[name])
    ]
    repaired = [name for name in drifted(identity) if name not in written]
    return Change(tuple(written), tuple(repaired)) if written or repaired else None


def render_listing(entries: t.Mapping[str, Entry], notes: t.Mapping[str, t.Sequence[str]], key_note: str) -> str:
    """One side of the diff: owner, mode and what each certificate says; of the key only ``key_note``."""
    lines = []
    for name in LAYOUT:
        entry = entries[name]
        lines.append(f"{entry.path}: {entry}")
        if name == KEY and entry.kind != "absent":
            lines.append(f"  {key_note}")
        lines += [f"  {note}" for note in notes.get(name, ())]
    return "\n".join(lines) + "\n"
