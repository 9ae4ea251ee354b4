# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries given as data, a list or a JSON file: lines of ``key``, tab, ``value`` made of them, not yet checked."""

from __future__ import annotations

import json
import re
import typing as t

from . import access
from .errors import MailtlsError


class _Shape(t.NamedTuple):
    """How one kind of JSON begins and ends; the beginning shows what stands inside an item and between two."""

    begin: re.Pattern[bytes]
    end: re.Pattern[bytes]


def _shape(begin: str, end: str) -> _Shape:
    """``_`` is any white space, ``TEXT`` a string without anything special."""
    spelled = [part.replace("_", r"[ \t\r\n]*").replace("TEXT", r'[^"\\]*') for part in (begin, end)]
    return _Shape(*(re.compile(part.encode()) for part in spelled))


_SHAPES = (
    _shape(
        r'(?P<open>_\[_\{_"key"_:_")TEXT(?P<inside>"_,_"value"_:_")TEXT(?P<between>"_\}_,_\{_"key"_:_")', r'"_\}_\]_\Z'
    ),
    _shape(r'(?P<open>_\{_")TEXT(?P<inside>"_:_")TEXT(?P<between>"_,_")', r'"_\}_\Z'),
)
# JSON ends within so many bytes of the end of the file.
_MARGIN = 100
_PLAIN = bytes(set(range(0x20, 0x7F)) - set(b'"\\'))


def is_data(file: str) -> bool:
    """Whether a file of this name holds data in the place of lines."""
    return file.lower().endswith(".json")


def render_listed(raw: t.Any, place: str) -> bytes:
    """Lines of ``key``, tab, ``value`` from a list of ``{key, value}``, one for each item; not yet checked.

    Raises MailtlsError for whatever cannot be written as one line.
    """
    if isinstance(raw, (list, tuple)) and all(issubclass(kind, t.Mapping) for kind in set(map(type, raw))):
        pairs = [(one.get("key"), one.get("value")) for one in raw if len(one) == 2]
        lines = _join(pairs, len(raw))
        if lines is not None:
            return lines
    return b"".join(render(entry) for entry in access.parse_entries(raw, place))


def render_file(raw: bytes, file: str) -> bytes:
    """The lines of a file with entries: as they stand there, or made of the data in a JSON file; not yet checked.

    Data is a list of ``{key, value}`` or a mapping of keys to values; a line is made for each. Raises MailtlsError.
    """
    if not is_data(file):
        return raw
    lines = _from_uniform(raw)
    if lines is not None:
        return lines
    remedy = "Write a list of {key, value}, or a mapping of keys to values."
    try:
        # Pairs, not dicts: a key that stands there twice must stay twice to be noticed.
        data = json.loads(raw, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise MailtlsError(f"is not JSON: {error}", where=file, remedy=remedy) from None
    if not isinstance(data, (list, tuple)):
        raise MailtlsError("is neither a list nor a mapping", where=file, remedy=remedy)
    if isinstance(data, tuple):
        joined, listed = _join(data, len(data)), ({"key": key, "value": value} for key, value in data)
    else:
        plain = [one for one in data if isinstance(one, tuple) and [name for name, _part in one] == ["key", "value"]]
        joined = _join([(key, value) for (_key, key), (_value, value) in plain], len(data))
        listed = (dict(one) if isinstance(one, tuple) and len(one) == 2 else one for one in data)
    return render_listed(list(listed), file) if joined is None else joined


def _from_uniform(raw: bytes) -> bytes | None:
    """The lines of JSON that a program wrote, each item as the first; None for any other, which may yet be fine.

    No object is made of an entry: what stands between key, value and next key becomes a tab and the end of a line.
    """
    for shape in _SHAPES:
        begin, end = shape.begin.match(raw), shape.end.search(raw, max(len(raw) - _MARGIN, 0))
        if begin and end:
            text = raw[begin.end("open") : end.start()]
            rows = text.count(begin["between"]) + 1
            text = text.replace(begin["between"], b"\n")
            pairs = text.count(begin["inside"])
            text = text.replace(begin["inside"], b"\t") + b"\n"
            # No quotation mark is left. So each that was there ended or began a key or a value, and what lay between
            # two of them was what lies between those of the first item.
            if pairs == rows and text.translate(None, _PLAIN) == b"\t\n" * rows:
                return text
    return None


def _join(pairs: t.Sequence[tuple[t.Any, t.Any]], count: int) -> bytes | None:
    """A line for each pair of key and value, when there are ``count`` and each makes a line."""
    kinds = {type(part) for pair in pairs for part in pair}
    if len(pairs) != count or any(not issubclass(kind, (str, int)) or issubclass(kind, bool) for kind in kinds):
        return None
    text = "".join([f"{key}\t{value}\n" for key, value in pairs])
    # JSON can hold any half of a pair; whatever it becomes is not ASCII, and refused when it is read.
    return text.encode(errors="surrogatepass") if text.count("\t") == text.count("\n") == count else None


def render(entry: access.Entry) -> bytes:
    """The line of one entry."""
    return f"{entry.key}\t{entry.value}\n".encode()
