# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text that makemap reads, the dump that it writes, and what it takes to make both hold what is wished."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .access import Entry
from .errors import MailtlsError

HEADER = "# Managed by mailtls.relay; the next run overwrites changes made here."
_SHOWN_KEYS = 10
# A text that somebody else wrote may hold passwords; they stay out of every report.
_PASSWORD = re.compile(r"^([ \t#]*AuthInfo:\S*[ \t]+).*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class MapState:
    """The text and the database of a map: as wished, or as found (None: not there, or unreadable)."""

    text: str | None
    rows: t.Mapping[str, str] | None
    text_access: str
    database_access: str
    database_is_newer: bool = True
    has_remnants: bool = False


@dataclass(frozen=True)
class Change:
    """Why both files are built anew, one sentence each."""

    reasons: tuple[str, ...]


def parse_text(text: str) -> tuple[Entry, ...]:
    """Read a map's text as makemap does: comments and empty lines aside, one key and its value a line."""
    seen: dict[str, int] = {}
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = _parse_line(line, f"line {number}")
        if entry.folded_key in seen:
            raise MailtlsError(
                f"the key {entry.key!r} stands on line {seen[entry.folded_key]} already",
                where=f"line {number}",
                remedy="makemap keeps the first one; remove the other.",
            )
        seen[entry.folded_key] = number
        entries.append(entry)
    return tuple(entries)


def _parse_line(line: str, place: str) -> Entry:
    if line[0].isspace():
        raise MailtlsError("the line begins with a blank", where=place, remedy="makemap skips it; remove the blank.")
    key, *value = line.split(None, 1)
    if not value:
        raise MailtlsError(f"the key {key!r} has no value", where=place, remedy="makemap skips it; add the value.")
    return Entry(key, value[0])


def render_text(entries: t.Iterable[Entry], header: str = HEADER) -> str:
    """The text makemap reads, in the order given, parted by tabs."""
    return "".join([f"{header}\n", *(f"{entry.key}\t{entry.value}\n" for entry in entries)])


def is_managed(text: str) -> bool:
    """Whether this collection wrote the text."""
    return text.startswith(HEADER)


def parse_dump(text: str) -> dict[str, str]:
    """Rows of ``makemap -u``: folded key, tab, value."""
    rows = (line.partition("\t") for line in text.splitlines())
    return {key: value for key, _tab, value in rows}


def folded_rows(entries: t.Iterable[Entry]) -> dict[str, str]:
    """What the database of these entries holds."""
    return {entry.folded_key: entry.value for entry in entries}


def plan(desired: MapState, actual: MapState, path: str) -> Change | None:
    """Why text and database must be built anew, or None when both are as wished."""
    database = f"{path}.db"
    found = (
        (desired.text != actual.text, f"{path} {'differs' if actual.text is not None else 'is missing'}"),
        (desired.rows != actual.rows, f"{database} {_rows_reason(desired.rows or {}, actual.rows)}"),
        (
            actual.text is not None and desired.text_access != actual.text_access,
            f"{path} is {actual.text_access}, not {desired.text_access}",
        ),
        (
            actual.rows is not None and desired.database_access != actual.database_access,
            f"{database} is {actual.database_access}, not {desired.database_access}",
        ),
        (not actual.database_is_newer, f"{database} is older than {path}, so Debian's make would rebuild it"),
        (actual.has_remnants, f"files of a run that was cut short lie beside {path}"),
    )
    reasons = tuple(reason for applies, reason in found if applies)
    return Change(reasons) if reasons else None


def render_diff(desired: MapState, actual: MapState, change: Change, path: str) -> list[dict[str, str]]:
    """What Ansible shows: the text before and after, then each reason that the texts do not show."""
    shown: list[dict[str, str]] = []
    if desired.text != actual.text:
        before, after = (_PASSWORD.sub(r"\1(hidden)", state.text or "") for state in (actual, desired))
        shown.append({"before_header": path, "after_header": path, "before": before, "after": after})
    return [*shown, {"prepared": "".join(f"{reason}\n" for reason in change.reasons)}]


def _rows_reason(desired: t.Mapping[str, str], actual: t.Mapping[str, str] | None) -> str:
    if actual is None:
        return "is missing or unreadable"
    keys = [key for key in {**desired, **actual} if desired.get(key) != actual.get(key)]
    more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
    return f"differs in {', '.join(keys[:_SHOWN_KEYS])}{more}"
