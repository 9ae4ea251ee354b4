# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/etc/aliases: who reads what is sent to root and postmaster, bounces above all. What others wrote there stays.

RFC 5321 (4.5.1) demands a postmaster; sendmail sends its bounces as MAILER-DAEMON.
"""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError

# The names that need a reader, and who that is where nobody said.
READERS = {"postmaster": "root", "mailer-daemon": "postmaster"}
ROOT = "root"
# The line behind it is this collection's own.
MARK = "# The next line is Ansible's (mailtls.relay); give it another value and remove this line to make it yours."
_ADDRESS = r"[A-Za-z0-9!#$%&'*+=?^_`{}~.-]+(?:@[A-Za-z0-9.-]+)?"
_ADDRESSES = re.compile(rf"{_ADDRESS}(?:, ?{_ADDRESS})*")


def parse_aliases(text: str) -> dict[str, str]:
    """Name (lower case) to what it stands for; continuation lines joined, comments left out (aliases(5))."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                found[name] = f"{found[name]} {line.strip()}".strip()
        elif line.strip() and not line.startswith("#"):
            name, value = _split(line)
            found[name] = value
    return found


def render_aliases(text: str, root_alias: str = "", mailboxes: t.Container[str] = ()) -> str:
    """The text with a reader for each name that has none; ``mailboxes`` are names with a mailbox of their own.

    ``root_alias`` empty: root reads in its own mailbox, or wherever a line that is not ours says. MailtlsError if such
    a line says something else than ``root_alias``.
    """
    refuse_unfit(root_alias)
    kept = _without_ours(text)
    present = parse_aliases(kept)
    if root_alias and present.get(ROOT, root_alias) != root_alias:
        raise MailtlsError(
            f"root's mail goes to {present[ROOT]!r} there, and sendmail_root_alias says {root_alias!r}",
            where="/etc/aliases",
            remedy="Lines that are there are never changed: correct that line, or leave sendmail_root_alias empty.",
        )
    wanted = {**READERS, **({ROOT: root_alias} if root_alias else {})}
    added = [name for name in wanted if name not in present and (name == ROOT or name not in mailboxes)]
    lines = "".join(f"{MARK}\n{name}: {wanted[name]}\n" for name in added)
    return kept + ("\n" if kept and lines and not kept.endswith("\n") else "") + lines


def refuse_unfit(root_alias: str) -> None:
    """Raise for a ``sendmail_root_alias`` that is no address, or that would send root's mail round in circles."""
    if not root_alias:
        return
    names = {name.strip().lower() for name in root_alias.split(",")}
    if not _ADDRESSES.fullmatch(root_alias) or names & {ROOT, *READERS}:
        raise MailtlsError(
            f"{root_alias!r} cannot be root's reader",
            where="sendmail_root_alias",
            remedy="Write a user of the host or an address, several with commas between them; not root or postmaster.",
        )


def find_missing(dump: str, text: str) -> list[str]:
    """The names of the text which a database, dumped by makemap, lacks."""
    keys = {line.split("\t", 1)[0].lower() for line in dump.splitlines()}
    return sorted(set(parse_aliases(text)) - keys)


def _split(line: str) -> tuple[str, str]:
    quoted = re.match(r'"((?:\\.|[^"\\])*)"\s*:(.*)', line)
    name, value = quoted.groups() if quoted else line.partition(":")[::2]
    return name.strip().lower(), value.strip()


def _without_ours(text: str) -> str:
    return re.sub(rf"^{re.escape(MARK)}\n[^\n]*(?:\n|\Z)", "", text, flags=re.MULTILINE)
