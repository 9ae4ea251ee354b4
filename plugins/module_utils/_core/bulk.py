# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access map of a million entries: checked and compared in blocks of lines, without an object for each.

What a block costs is spent in C: one regular expression for the entries that large maps are made of, and sums of
hashes, in which the order of rows does not count. Whatever the expression does not know goes line by line through
``access``, which alone decides what is refused.
"""

from __future__ import annotations

import hashlib
import re
import typing as t

from . import access, access_grammar, mapdata
from .errors import MailtlsError

_BLOCK = 1 << 18
_FLOOR = f"\n{access.FLOOR_KEY.lower()}\t".encode()

# A part of the grammar, never more: a name of at most 63 characters (so no label is longer) that ends in a letter (so
# it is no number). What may stand at the ends of labels is looked at for a whole block.
_NAME = r"[A-Za-z0-9_.-]{1,63}(?<=[A-Za-z])"
_BAD_LABELS = (b"..", b".-", b"-.", b":.", b":-", b"@.", b"@-")
_LOCAL_PART = r"[A-Za-z0-9!#&'*+/=?^_`{|}~.-]{1,64}"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{0,3}}"
_MAILBOX = rf"(?:(?:{_LOCAL_PART}@)?{_NAME}|{_LOCAL_PART}@)"
_HOST = rf"(?:{_NAME}|{_IPV4})"
_BITS = r":(?:25[0-6]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]?)"
_DEMAND = rf"(?:TEMP\+|PERM\+)?(?:ENCR{_BITS}|VERIFY(?:{_BITS})?)(?:\+CN(?::[A-Za-z0-9.-]+)?)?"
_COMMON = (
    (rf"TLS_Rcpt:{_MAILBOX}", _DEMAND),
    (rf"TLS_(?:Srv|Clt):{_HOST}", _DEMAND),
    (rf"Connect:{_HOST}", "RELAY|REJECT|OK|DISCARD"),
    (rf"To:{_MAILBOX}", "RELAY|REJECT|OK|DISCARD"),
    (rf"From:{_MAILBOX}", "REJECT|OK|DISCARD"),
    (rf"Try_TLS:{_HOST}", "NO"),
    (rf"GreetPause:{_HOST}|Client(?:Rate|Conn):{_IPV4}", "0|[1-9][0-9]{0,8}"),
)
_COMMON_LINE = re.compile("|".join(f"(?:{key})\t(?:{value})\n" for key, value in _COMMON).encode())


class Source(t.NamedTuple):
    """Where the lines of a text come from: the first ``listed`` of them from a list, the rest from a file.

    ``accepted`` is of the list only; see ``access.parse_entries``.
    """

    listed: int
    variable: str
    file: str
    accepted: t.AbstractSet[str] = access.NONE_ACCEPTED

    def place(self, number: int) -> str:
        """Where line ``number`` (from 0) stands, for errors."""
        if number < self.listed:
            return f"{self.variable}[{number}]"
        number -= self.listed
        return f"{self.file}[{number}]" if mapdata.is_data(self.file) else f"{self.file}:{number + 1}"


def rules_digest() -> str:
    """Changes whenever the grammar does: what an older one let through is then looked at again."""
    shapes = [
        (tag.name, tag.keys.pattern.pattern, tag.values.pattern.pattern, tag.excepts)
        for tag in (*access_grammar.TAGS.values(), access_grammar.UNTAGGED)
    ]
    words = repr((shapes, access_grammar.EXCEPTABLE.pattern.pattern, sorted(access_grammar.FOREIGN_TAGS)))
    return hashlib.sha256(words.encode()).hexdigest()


def read_entries(text: bytes, source: Source) -> bytes:
    """The entries of a text in makemap's format, checked: lines of ``key``, tab, ``value``.

    Comments and empty lines are left out. Raises MailtlsError with the place for whatever ``access`` refuses.
    """
    number, done = 0, []
    for block in blocks(text):
        done.append(block if _is_common(block) else _read_block(block, number, source))
        number += block.count(b"\n")
    return b"".join(done)


def _is_common(block: bytes) -> bool:
    return not any(bad in block for bad in _BAD_LABELS) and not _COMMON_LINE.sub(b"", block)


def _read_block(block: bytes, first: int, source: Source) -> bytes:
    fit = not any(bad in block for bad in _BAD_LABELS)
    lines = block.split(b"\n")
    return b"".join(
        line + b"\n" if fit and _COMMON_LINE.fullmatch(line + b"\n") else _read_line(line, number, source)
        for number, line in enumerate(lines[:-1] if lines[-1] == b"" else lines, first)
    )


def _read_line(raw: bytes, number: int, source: Source) -> bytes:
    line, place = raw.decode(errors="surrogateescape"), source.place(number)
    # A line that was made of an entry is no comment, whatever it looks like.
    if number < source.listed or mapdata.is_data(source.file):
        key, _tab, value = line.partition("\t")
        accepted = source.accepted if number < source.listed else access.NONE_ACCEPTED
        return mapdata.render(access.parse_entry({"key": key, "value": value}, place, accepted))
    if not line.strip() or line.startswith("#"):
        return b""
    if line[0].isspace():
        raise MailtlsError("the line begins with a blank", where=place, remedy="makemap skips it; remove the blank.")
    key, *values = line.split(None, 1)
    if not values:
        raise MailtlsError(f"the key {key!r} has no value", where=place, remedy="makemap skips it; add the value.")
    return mapdata.render(access.parse_entry({"key": key, "value": values[0]}, place))


def require_floor(entries: bytes, place: str) -> None:
    """Refuse a map without a requirement for all other servers."""
    if not any(_FLOOR in b"\n" + block.lower() for block in blocks(entries)):
        access.require_floor((), place)


def refuse_twins(entries: bytes, text: bytes, source: Source) -> None:
    """Refuse a key that stands there twice, naming both places; ``entries`` is what was read from ``text``."""
    seen: set[int] = set()
    count = 0
    for block in blocks(entries):
        keys = [hash(key) for key, _value in _rows(block)]
        count += len(keys)
        seen.update(keys)
    if len(seen) != count:
        _find_twins(text, source)


def _find_twins(text: bytes, source: Source) -> None:
    first: dict[bytes, int] = {}
    for number, line in enumerate(text.split(b"\n")):
        if number >= source.listed and (not line.strip() or line.startswith(b"#")):
            continue
        key = line.split(None, 1)[0].lower()
        if key in first:
            raise MailtlsError(
                f"the key {line.split(None, 1)[0].decode()!r} stands there twice (letter case does not count)",
                where=f"{source.place(first[key])} and {source.place(number)}",
                remedy="Remove one of the two.",
            )
        first[key] = number


def tally(entries: bytes) -> tuple[int, int]:
    """How many rows, and a sum over them in which their order does not count; holds within this process only.

    It tells an accident, such as rows that were lost; Python's hashes are 64 bits, keyed anew in each process.
    """
    count, total = 0, 0
    for block in blocks(entries):
        hashes = list(map(hash, _rows(block)))
        count, total = count + len(hashes), total + sum(hashes)
    return count, total


def compare(wished: bytes, found: bytes, most: int, *, loose: bool = False) -> tuple[int, tuple[str, ...]]:
    """In how many keys two texts differ, and the first ``most`` of them, folded; no values, which may be secret.

    ``loose`` when one of them is a text that somebody else wrote, with blanks for tabs and comments.
    """
    rows = _loose_rows if loose else _rows
    shown: dict[str, None] = {}
    theirs = _hashes(found, rows)
    keys = set(_differing(wished, theirs, rows, shown, most))
    del theirs
    ours = _hashes(wished, rows)
    keys.update(_differing(found, ours, rows, shown, most))
    return len(keys), tuple(shown)


def pick(entries: bytes, keys: t.Collection[str]) -> tuple[access.Entry, ...]:
    """The entries of these folded keys."""
    wanted = {key.encode() for key in keys}
    return tuple(
        access.Entry(key.decode(), value.decode())
        for block in blocks(entries)
        for key, value in _rows(block)
        if key in wanted
    )


# What sendmail asks the map for about next hops on the host itself (``localhop``), and the networks those lie in.
_LOCAL_KEYS = (rb"TLS_Srv:local", rb"TLS_Srv:127(?:\.[0-9]+){0,3}", rb"TLS_Srv:IPv6(?::[01])+")


def find_keys(text: bytes, keys: t.Iterable[str]) -> list[str]:
    """Which of ``keys``, and of those about next hops on the host itself, have an entry in a text."""
    spelled = {key.lower(): key for key in keys}
    names = b"|".join((*_LOCAL_KEYS, *(re.escape(key.encode()) for key in spelled)))
    line = re.compile(rb"^(?:" + names + rb")(?=[ \t])", re.MULTILINE | re.IGNORECASE)
    found = (match.group().decode() for match in line.finditer(text))
    return [spelled.get(key.lower(), key) for key in found]


def drop(entries: bytes, keys: t.Collection[str]) -> bytes:
    """The text without the entries of these folded keys."""
    if not keys:
        return entries
    unwanted = {key.encode() for key in keys}
    lines = (line for block in blocks(entries) for line in block.splitlines(keepends=True))
    return b"".join(line for line in lines if line.split(None, 1)[0].lower() not in unwanted)


_Rows = t.Callable[[bytes], t.Iterator[tuple[bytes, bytes]]]


def _hashes(entries: bytes, rows: _Rows) -> set[int]:
    return {number for block in blocks(entries) for number in map(hash, rows(block))}


def _differing(entries: bytes, others: set[int], rows: _Rows, shown: dict[str, None], most: int) -> t.Iterator[int]:
    for block in blocks(entries):
        for row in rows(block):
            if hash(row) not in others:
                if len(shown) < most:
                    shown[row[0].decode(errors="replace")] = None
                yield hash(row[0])


def _rows(block: bytes) -> t.Iterator[tuple[bytes, bytes]]:
    """Folded key and value of each line; each has a tab behind its key."""
    if block.count(b"\t") == block.count(b"\n"):
        parts = block[:-1].replace(b"\n", b"\t").split(b"\t")
        return zip(b"\t".join(parts[::2]).lower().split(b"\t"), parts[1::2])
    return _loose_rows(block)


def _loose_rows(block: bytes) -> t.Iterator[tuple[bytes, bytes]]:
    pairs = (line.split(None, 1) for line in block.split(b"\n") if line.strip() and not line.startswith(b"#"))
    return ((pair[0].lower(), b"".join(pair[1:])) for pair in pairs)


def blocks(text: bytes) -> t.Iterator[bytes]:
    """The text in pieces of whole lines."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + _BLOCK) + 1 or len(text)
        yield text[begin:end]
        begin = end
