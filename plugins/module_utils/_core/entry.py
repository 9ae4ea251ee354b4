# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of sendmail's access map, and what is checked about each before it may be written."""

from __future__ import annotations

import re
import typing as t

from .access_grammar import ADDRESS, EXCEPTABLE, FOREIGN_TAGS, TAGS, UNTAGGED, Tag, explain_requirement
from .errors import MailtlsError
from .spelling import suggestion

# What sendmail asks for LMTP to a program or socket of this host. The belt keeps the key from hosts below .local.
LOCAL_KEY = "TLS_Srv:local"
# Longer keys are cut off when sendmail looks them up; makemap reads the rest of a longer line as a line of its own.
LONGEST_KEY, LONGEST_LINE = 256, 1000
# Folded keys of names that are excepted although DNS decides which hosts bear them: the policy had to accept that.
NONE_ACCEPTED: t.AbstractSet[str] = frozenset()
_EXCEPTABLE_WORDS = f"{EXCEPTABLE.words}; a name by sendmail_tls_policy alone, with accept_dns_risk"


class Entry(t.NamedTuple):
    """One row of the access map."""

    key: str
    value: str

    @property
    def folded_key(self) -> str:
        """The key as the database holds it: makemap folds its letters."""
        return self.key.lower()


class Placed(t.NamedTuple):
    """An entry and the variable it came from, such as ``sendmail_tls_policy.outbound.peers[3]``."""

    place: str
    entry: Entry


def parse_entries(raw: t.Any, place: str, accepted: t.AbstractSet[str] = NONE_ACCEPTED) -> tuple[Entry, ...]:
    """Read a list of ``{key, value}``; ``place`` is the variable it came from, for errors.

    ``accepted`` are the folded keys that may be excepted with OK although they are names. Raises ``MailtlsError`` for
    whatever sendmail was not seen to enforce, and for a key that stands there twice.
    """
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(f"{raw!r} is not a list", where=place, remedy="Write a list of {key, value}.")
    entries = tuple(parse_entry(one, f"{place}[{number}]", accepted) for number, one in enumerate(raw))
    refuse_twins(Placed(f"{place}[{number}]", entry) for number, entry in enumerate(entries))
    return entries


def parse_entry(raw: t.Any, place: str, accepted: t.AbstractSet[str] = NONE_ACCEPTED) -> Entry:
    """Read one ``{key, value}``, under the same rules."""
    if not isinstance(raw, t.Mapping) or set(raw) != {"key", "value"}:
        raise MailtlsError("this is not an entry", where=place, remedy="Write {key: ..., value: ...}, nothing else.")
    entry = Entry(_plain_text(raw["key"], f"{place}.key"), _plain_text(raw["value"], f"{place}.value"))
    _check_whole(entry, place, accepted)
    return entry


def _check_whole(entry: Entry, place: str, accepted: t.AbstractSet[str] = NONE_ACCEPTED) -> None:
    if re.match("#", entry.key) or " " in entry.key or len(entry.key) > LONGEST_KEY:
        raise MailtlsError(
            f"{entry.key!r} cannot be a key",
            where=f"{place}.key",
            remedy=f"A key has no blanks, does not begin with #, and has at most {LONGEST_KEY} characters.",
        )
    if len(entry.key) + len(entry.value) > LONGEST_LINE:
        raise MailtlsError(
            "the entry is too long for makemap", where=place, remedy=f"It may have {LONGEST_LINE} characters in all."
        )
    _check(entry, place, accepted)


def _plain_text(raw: t.Any, place: str) -> str:
    if isinstance(raw, bool):
        raise MailtlsError(f"YAML read it as the boolean {raw}", where=place, remedy="Put it in quotes: 'NO'.")
    text = str(raw) if isinstance(raw, (str, int)) else ""
    if not re.fullmatch("[!-~](?:[ -~]*[!-~])?", text):
        raise MailtlsError(
            f"{raw!r} is not plain text",
            where=place,
            remedy="Write printable ASCII characters without tabs, line ends, or blanks at either end.",
        )
    return text


def _check(entry: Entry, place: str, accepted: t.AbstractSet[str]) -> None:
    tag, subject = _split(entry.key, f"{place}.key")
    if not tag.keys.fits(subject):
        raise MailtlsError(
            f"{entry.key!r} is not a key sendmail would look up",
            where=f"{place}.key",
            remedy=f"After {tag.name + ':' if tag.name else 'no tag'} comes {tag.keys.words}.",
        )
    # Neither the default nor a network that EXCEPTABLE refuses becomes harmless by being accepted.
    named = entry.folded_key in accepted and subject and not ADDRESS.fits(subject)
    exceptable = tag.excepts and (EXCEPTABLE.fits(subject) or entry.folded_key == LOCAL_KEY.lower() or named)
    if tag.values.fits(entry.value) or (exceptable and entry.value == "OK"):
        return
    reason = f": {explain_requirement(tag, subject, entry.value)}" if tag.demands_tls else ""
    raise MailtlsError(
        f"{entry.value!r} is refused as the value of {entry.key}{reason}",
        where=f"{place}.value",
        remedy=f"Allowed: {tag.values.words}{f'; OK for {_EXCEPTABLE_WORDS}' if tag.excepts else ''}.",
    )


def _split(key: str, place: str) -> tuple[Tag, str]:
    """The tag of a key and what follows it; an unknown tag is a misspelt one."""
    name, colon, subject = key.partition(":")
    if colon and name.lower() in TAGS:
        return TAGS[name.lower()], subject
    if name.lower() in FOREIGN_TAGS:
        raise MailtlsError(f"{key!r} is refused: {FOREIGN_TAGS[name.lower()]}", where=place)
    if (colon and name.lower() != "ipv6") or name.lower() in TAGS:
        raise MailtlsError(
            f"{key!r} has no tag this collection knows",
            where=place,
            remedy=suggestion(f"{name}:", [f"{tag.name}:" for tag in TAGS.values()]),
        )
    return UNTAGGED, key


def check_compiled(placed: t.Iterable[Placed]) -> None:
    """The same check of what the compiler made, quick for many. A name may be excepted: the policy had to accept it."""
    sound: dict[str, set[str]] = {name: set() for name in TAGS}
    shapes = {name: tag.keys.pattern.fullmatch for name, tag in TAGS.items()}
    last = ""
    for place, entry in placed:
        key, value = entry
        name, _colon, subject = key.partition(":")
        if name != last:
            last, fits, values = name, shapes[name.lower()], sound[name.lower()]
        if value not in values or not fits(subject) or len(key) > LONGEST_KEY or len(key) + len(value) > LONGEST_LINE:
            excepted = TAGS[name.lower()].excepts and value == "OK"
            _check_whole(Entry(key, "VERIFY") if excepted else entry, place)
            values.add(value)


def refuse_twins(placed: t.Iterable[Placed]) -> None:
    """Raise for two entries of one key, with both places."""
    entries = tuple(placed)
    keys = [entry[0].lower() for _place, entry in entries]
    if len(set(keys)) == len(keys):
        return
    seen: dict[str, int] = {}
    twin = next(number for number, key in enumerate(keys) if seen.setdefault(key, number) != number)
    raise MailtlsError(
        f"the key {entries[twin].entry.key!r} stands there twice (letter case does not count)",
        where=f"{entries[seen[keys[twin]]].place} and {entries[twin].place}",
        remedy="Remove one of the two.",
    )
