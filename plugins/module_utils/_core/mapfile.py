# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text that makemap reads, the dump that it writes, and what it takes to make both hold what is wished."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from . import bulk
from .access import Entry

HEADER = "# Managed by mailtls.relay; the next run overwrites changes made here."
_SHOWN_KEYS = 10
# Larger texts are not shown in full: a diff of a million lines helps nobody.
_SHOWN_TEXT = 1 << 18
# A text that somebody else wrote may hold passwords; they stay out of every report.
_PASSWORD = re.compile(r"^([ \t#]*AuthInfo:\S*[ \t]+).*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class MapState:
    """The text and the rows of the database (lines of key, tab, value): as wished, or as found.

    None: not there, or unreadable.
    """

    text: bytes | None
    rows: bytes | None
    text_access: str
    database_access: str
    database_is_newer: bool = True
    has_remnants: bool = False


@dataclass(frozen=True)
class Change:
    """Why both files are built anew, one sentence each."""

    reasons: tuple[str, ...]


def render_rows(entries: t.Iterable[Entry]) -> bytes:
    """Lines of key, tab, value, in the order given."""
    return "".join([f"{entry.key}\t{entry.value}\n" for entry in entries]).encode()


def render_text(rows: bytes) -> bytes:
    """The text makemap reads."""
    return f"{HEADER}\n".encode() + rows


def is_managed(text: str) -> bool:
    """Whether this collection wrote the text."""
    return text.startswith(HEADER)


def plan(desired: MapState, actual: MapState, path: str) -> Change | None:
    """Why text and database must be built anew, or None when both are as wished."""
    database = f"{path}.db"
    # To name keys takes as long as to build the map; where the texts differ, too, the diff names them on demand.
    brief = desired.text != actual.text and len(desired.rows or b"") > _SHOWN_TEXT
    rows_reason = _rows_reason(desired.rows or b"", actual.rows, brief=brief)
    found = (
        (desired.text != actual.text, f"{path} {'differs' if actual.text is not None else 'is missing'}"),
        (bool(rows_reason), f"{database} {rows_reason}"),
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
    """What Ansible shows: the text before and after, then each reason that the texts do not show.

    Of large texts only the first keys are shown.
    """
    shown: list[dict[str, str]] = []
    before, after = actual.text or b"", desired.text or b""
    if before != after and len(before) + len(after) > _SHOWN_TEXT:
        shown.append({"prepared": f"{path} {_name_keys(*bulk.compare(after, before, _SHOWN_KEYS, loose=True))}\n"})
    elif before != after:
        old, new = (_PASSWORD.sub(r"\1(hidden)", text.decode(errors="replace")) for text in (before, after))
        shown.append({"before_header": path, "after_header": path, "before": old, "after": new})
    return [*shown, {"prepared": "".join(f"{reason}\n" for reason in change.reasons)}]


def _rows_reason(desired: bytes, actual: bytes | None, *, brief: bool) -> str:
    """What is wrong with the rows, empty when nothing is; in a database they stand in any order."""
    if actual is None:
        return "is missing or unreadable"
    if bulk.tally(desired) == bulk.tally(actual):
        return ""
    return "differs" if brief else _name_keys(*bulk.compare(desired, actual, _SHOWN_KEYS))


def _name_keys(count: int, keys: t.Sequence[str]) -> str:
    more = f" and {count - len(keys)} more" if count > len(keys) else ""
    return f"differs in {', '.join(keys)}{more}"
