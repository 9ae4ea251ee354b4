# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of an access map that somebody else wrote, and how they live on behind what the variables say."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import bulk
from .access import Entry, parse_entries
from .access_grammar import TAGS
from .errors import MailtlsError
from .mapfile import render_rows

_PASSWORD_TAG = "authinfo:"
# Debian's own access map, the same with 8.15, 8.17 and 8.18; no work of anybody, so it is not imported.
STOCK: t.Mapping[str, str] = {
    **{f"{tag}:{host}": "0" for tag in ("greetpause", "clientrate", "clientconn") for host in ("127", "ipv6:::1")},
    **{f"connect:{host}": "RELAY" for host in ("127", "ipv6:::1")},
    **{f"connect:{host}": "REJECT" for host in ("169.254", "192.0.2", "224", "255")},
    **{f"spam:{user}@": "FRIEND" for user in ("postmaster", "abuse", "spam")},
    "greetpause:": "5000",
    "clientrate:": "10",
    "clientconn:": "10",
    "reject@": "REJECT",
}


@dataclass(frozen=True)
class Import:
    """The whole map, the keys that came from the old one, and those of the old one that a variable says otherwise."""

    entries: tuple[Entry, ...]
    imported: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


def parse_rows(text: str) -> tuple[Entry, ...]:
    """The rows of a text as makemap takes them: it skips what it does not understand, and a key's second row."""
    rows: dict[str, Entry] = {}
    for line in text.split("\n"):
        key, *value = line.split(None, 1) or [""]
        if value and not line.startswith("#") and not line[0].isspace():
            rows.setdefault(key.lower(), Entry(key, value[0].rstrip()))
    return tuple(rows.values())


def foreign_rows(text: str) -> tuple[Entry, ...]:
    """The rows that do not come from the package."""
    return tuple(row for row in parse_rows(text) if STOCK.get(row.folded_key) != row.value)


def merge(entries: t.Sequence[Entry], text: str, where: str) -> Import:
    """``entries`` and what is imported behind them.

    A variable wins over an imported row of the same key, and such a row over one of the package. Raises MailtlsError
    for an imported row about TLS that sendmail would not enforce.
    """
    theirs = foreign_rows(text)
    imported_keys = {row.folded_key for row in theirs}
    ours = [one for one in entries if not (STOCK.get(one.folded_key) == one.value and one.folded_key in imported_keys)]
    said = {one.folded_key: one.value for one in ours}
    imported = [row for row in theirs if row.folded_key not in said]
    for row in imported:
        _refuse_loose(row, where)
    return Import(
        (*ours, *imported),
        tuple(row.key for row in imported),
        tuple(row.key for row in theirs if said.get(row.folded_key, row.value) != row.value),
    )


@dataclass(frozen=True)
class Rows:
    """The whole map as lines of key, tab, value; else as in ``Import``."""

    rows: bytes
    imported: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


def merge_rows(rows: bytes, text: str, where: str) -> Rows:
    """``merge`` for entries as lines: only those that the old map speaks of, too, are looked at one by one."""
    touched = bulk.pick(rows, {row.folded_key for row in foreign_rows(text)})
    merged = merge(touched, text, where)
    ours = {one.folded_key for one in merged.entries if one in touched}
    theirs = [one for one in merged.entries if one.folded_key not in ours]
    kept = bulk.drop(rows, {one.folded_key for one in touched} - ours)
    return Rows(kept + render_rows(theirs), merged.imported, merged.overruled)


def render_row(row: Entry) -> str:
    """A row for people; a password stays on the host."""
    return f"{row.key} {'(hidden)' if row.folded_key.startswith(_PASSWORD_TAG) else row.value}"


def _refuse_loose(row: Entry, where: str) -> None:
    """Rows about TLS must mean something to sendmail; all others are as good as they were."""
    tag = row.folded_key.partition(":")[0]
    remedy = "Remove the row there, or give its key a value in the policy or in sendmail_access_entries, which wins."
    if not f"{row.key}{row.value}".isascii():
        raise MailtlsError(f"the row of {row.key!r} holds other characters than ASCII", where=where, remedy=remedy)
    if tag in TAGS and tag.startswith(("tls_", "try_tls", "srv_", "clt_", "cert")):
        try:
            parse_entries([{"key": row.key, "value": row.value}], where)
        except MailtlsError as error:
            raise MailtlsError(
                f"the row {row.key} {row.value} is refused: {error.what}", where=where, remedy=remedy
            ) from None
