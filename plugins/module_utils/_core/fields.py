# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain data of any kind, read carefully: what is not as asked for becomes a ``MailtlsError`` that says where."""

from __future__ import annotations

import collections.abc
import reprlib
import typing as t

from .errors import MailtlsError
from .spelling import suggestion

_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
LONGEST_SHOWN = 80
MOST_DIGITS = 40


class _Shortened(reprlib.Repr):
    """``repr`` that ends: values may be huge, nested without end, or numbers with more digits than Python prints."""

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 4 * MOST_DIGITS else "a huge number"

    def repr_str(self, x: str, level: int) -> str:
        return repr(x) if len(x) <= LONGEST_SHOWN else f"{x[: LONGEST_SHOWN - 3]!r}..."


_SHORTENED = _Shortened()
_SHORTENED.maxlevel = 3
_SHORTENED.maxother = LONGEST_SHOWN


def shown(value: t.Any) -> str:
    """A value for a message, never long."""
    if isinstance(value, str):
        value = str.__str__(value)
    return _SHORTENED.repr(value)


class Fields(t.NamedTuple):
    """A mapping of the policy: its values, its place, and the places of those that came from elsewhere."""

    values: t.Mapping[str, t.Any]
    place: str
    places: t.Mapping[str, str] = {}

    def at(self, field: str) -> str:
        return self.places.get(field) or f"{self.place}.{field}"


def read_mapping(raw: t.Any, place: str, known: t.Collection[str]) -> t.Mapping[str, t.Any]:
    """A mapping without strange keys."""
    if not isinstance(raw, collections.abc.Mapping):
        raise MailtlsError(f"{shown(raw)} is not a mapping", where=place, remedy=f"Allowed keys: {', '.join(known)}.")
    for key in raw:
        if not isinstance(key, str) or key not in known:
            name = shown(key)
            raise MailtlsError(
                f"{name} is not a key of the policy",
                where=f"{place}.{name.strip(chr(39))}",
                remedy=suggestion(str(key) if isinstance(key, str) and len(key) < LONGEST_SHOWN else "", list(known)),
            )
    return raw


def read_list(raw: t.Any, place: str, what: str) -> t.Sequence[t.Any]:
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(f"{shown(raw)} is not a list", where=place, remedy=f"Write a list of {what}.")
    return raw


def read_boolean(raw: t.Any, place: str) -> bool:
    """A boolean; values given on the command line arrive as strings."""
    if isinstance(raw, bool):
        return raw
    word = raw.lower() if isinstance(raw, str) else {0: "0", 1: "1"}.get(raw, "") if isinstance(raw, int) else ""
    if word not in _YES | _NO:
        raise MailtlsError(f"{shown(raw)} is neither true nor false", where=place, remedy="Write true or false.")
    return word in _YES


def read_text(raw: t.Any, place: str, what: str) -> str:
    """Text that is not empty and has no control characters, as a plain ``str``."""
    text = str.__str__(raw) if isinstance(raw, str) else ""
    if not text.strip() or not text.isprintable():
        raise MailtlsError(f"{shown(raw)} is not {what}", where=place, remedy="Write it as one line of text.")
    return text


def read_choice(raw: t.Any, place: str, what: str, allowed: t.Sequence[str]) -> str:
    if not isinstance(raw, str) or raw not in allowed:
        raise MailtlsError(f"{shown(raw)} is not {what}", where=place, remedy=f"Allowed: {', '.join(allowed)}.")
    return str.__str__(raw)
