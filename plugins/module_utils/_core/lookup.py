# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How sendmail looks a host, an address or a mailbox up in the access map: the rule sets D, A, F, U and E of its cf.

A key is asked with its tag in front, then what encloses it; the first row that says something ends the search.
"""

from __future__ import annotations

import re
import typing as t

from .demand import Dialect, Requirement, parse_requirement
from .tokens import join, number, scan

_TEMPORARY = ("<", "tmpf", ">")
_FORCES = {"verify", "encr"}
# Names and addresses whose tokens need no second look (the folded form).
_simple_name = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*").fullmatch
_simple_address = re.compile(r"[a-z0-9]+(?:\.[a-z0-9]+)*|ipv6(?::[a-z0-9]+)+").fullmatch


class Row(t.NamedTuple):
    """A row of the map as sendmail reads it, and where it comes from."""

    key: str
    place: str
    # Empty for a value that sendmail cannot read: it stops there, and takes the key for the answer.
    tokens: tuple[str, ...]
    wanted: Requirement
    # Found by name or address, SKIP says: as if there were no row.
    skips: bool = False
    # The map's own word for "I failed, come again".
    fails: bool = False
    # The same to those rules that do not look for it at the end only.
    seems_to_fail: bool = False

    @property
    def answer(self) -> tuple[str, ...]:
        """What the rules go on with: the value up to its first closing bracket."""
        tokens = answer(self.key, self.tokens)
        return tokens[: tokens.index(">")] if ">" in tokens else tokens

    @property
    def demands(self) -> bool:
        """Whether the belt leaves the decision to the map when this is its default."""
        tokens = [token.lower() for token in self.tokens]
        if len(tokens) > 2 and tokens[0] in {"temp", "perm"} and tokens[1] == "+" and tokens[2] in _FORCES:
            del tokens[:2]
        if not tokens or tokens[0] not in _FORCES:
            return False
        if tokens[1:2] == [":"]:
            shaped = len(tokens) == 3 or (len(tokens) > 4 and tokens[3] == "+")
            return shaped and number(tokens[2]) > 0
        return tokens == ["verify"] or (tokens[:2] == ["verify", "+"] and len(tokens) > 2)


def read_row(key: str, value: str, place: str, rules: Dialect) -> Row | None:
    """One row; None for the value "?", which the rules take for "not found"."""
    tokens = scan(value)
    if tokens == ("?",):
        return None
    folded = tuple(token.lower() for token in tokens)
    fails = folded[-3:] == _TEMPORARY
    seems = fails or any(folded[at : at + 4] == (*_TEMPORARY, ">") for at in range(len(folded)))
    return Row(key, place, tokens, parse_requirement(answer(key, tokens), rules), folded == ("skip",), fails, seems)


def answer(key: str, tokens: tuple[str, ...]) -> tuple[str, ...]:
    """The value, or what sendmail goes on with where it cannot read one: the key."""
    return tokens or scan(key.partition(":")[2].lower())


def spell(key: str, name: str, address: str) -> str:
    """What was asked for when this key was found, in the letters of the session and not in those of the map."""
    subject = key.partition(":")[2].lower()
    if name.lower().endswith(subject):
        return name[len(name) - len(subject) :]
    if subject[:1] == "[" and name.lower().startswith(subject[:-1]):
        return f"{name[: len(subject) - 1]}]"
    return address[: len(subject)] if address.lower().startswith(subject) else subject


Table = t.Mapping[str, Row]


def find_host(table: Table, name: str, address: str) -> Row | None:
    """By name, by the domains around it, by address, by the networks around it, and then by the empty key."""
    return find_name(table, name.lower()) or find_address(table, address.lower()) or table.get("")


def find_name(table: Table, name: str) -> Row | None:
    """The row for a host, by its folded name or the domains around it."""
    if not _simple_name(name):
        return _find(table, scan(name), _around_name)
    dot = "."
    while dot:
        if name in table:
            row = table[name]
            return None if row.skips else row
        _label, dot, name = name.partition(".")
    return None


def find_address(table: Table, address: str) -> Row | None:
    """The row for an address (IPv6 as IPv6:2001:db8:0:0:0:0:0:7), or the networks around it."""
    if not _simple_address(address):
        return _find(table, scan(address), _around_address)
    mark = dot = ":" if ":" in address else "."
    while dot:
        if address in table:
            row = table[address]
            return None if row.skips else row
        address, dot, _last = address.rpartition(mark)
    return None


Tokens = t.Sequence[str]
Around = t.Callable[[Tokens], "Tokens | None"]


def _find(table: Table, tokens: Tokens, around: Around) -> Row | None:
    step: Tokens | None = tokens
    while step:
        row = table.get(join(step).lower())
        if row is not None:
            return None if row.skips else row
        step = around(step)
    return None


def _around_name(tokens: Tokens) -> Tokens | None:
    """What a name is part of: [1.2.3.4] of [1.2.3], a.b.c of b.c."""
    if tokens[0] == "[" and tokens[-1] == "]":
        inner = _shorter(tokens[1:-1], ".") or _shorter(tokens[1:-1], "::") or _shorter(tokens[1:-1], ":")
        if inner:
            return ["[", *inner, "]"]
    for index in range(1, len(tokens) - 1):
        if tokens[index] == ".":
            return tokens[index + 1 :]
    return None


def _around_address(tokens: Tokens) -> Tokens | None:
    return _shorter(tokens, "::") or _shorter(tokens, ":") or _shorter(tokens, ".")


def _shorter(tokens: Tokens, mark: str) -> Tokens | None:
    """Without the last token and the mark in front of it; None if that leaves nothing, or there is no such mark."""
    end = len(tokens) - 1 - len(mark)
    return tokens[:end] if end > 0 and "".join(tokens[end:-1]) == mark else None


def mailbox_keys(local: str, domain: str) -> t.Iterator[str]:
    """The keys for a recipient without its domains, in sendmail's order."""
    user, plus, _detail = local.partition("+")
    for rest in [f"@{domain}", "@"] if domain else ["@"]:
        yield f"{local}{rest}"
        if plus and user:
            yield f"{user}+*{rest}"
            yield f"{user}{rest}"


def find_recipient(table: Table, recipient: str) -> Row | None:
    """By mailbox, by user, by domain and the domains around it, and then by the empty key."""
    local, at, domain = recipient.lower().rpartition("@")
    for key in mailbox_keys(local, domain) if at else mailbox_keys(domain, ""):
        if key in table:
            return table[key]
    return (find_name(table, domain) if at else None) or table.get("")
