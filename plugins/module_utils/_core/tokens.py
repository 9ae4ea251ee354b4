# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's tokens: how a value of the map or of a macro is taken apart, and how an answer is put together again.

Source: ``prescan()``, ``cataddr()`` and ``buildaddr()`` of sendmail's ``parseaddr.c``, with ``O OperatorChars`` and
``O BlankSub`` as the role's configuration has them.
"""

from __future__ import annotations

import re
import typing as t

# The OperatorChars of the cf, and the ones that sendmail always adds.
_OPERATORS = frozenset(".:%@!^/[]+()<>,;\r\n")
_BLANKS = frozenset(" \t\v\f\r\n")
BLANK_SUBSTITUTE = "."
# Text without blanks, quotes, comments and angle brackets is the same before and after, character by character.
plain = re.compile(r'[^\s"()<>\\]+').fullmatch

_ATOM, _OPERATOR, _QUOTED, _BLANK = range(4)


def scan(text: str) -> tuple[str, ...]:
    """The tokens of a text; empty for one that sendmail cannot read (blank, or nothing but a comment).

    Brackets and quotes come out in pairs: sendmail closes what is open at the end, and drops a closing one without its
    opening one.
    """
    tokens: list[str] = []
    word = ""
    state = _ATOM
    for character, kind in _characters(text):
        if state == _QUOTED:
            word += character
            # Behind the closing quote begins a new token.
            state = _OPERATOR if kind == _QUOTED else _QUOTED
            continue
        if word and (kind != _ATOM or state == _OPERATOR):
            tokens.append(word)
            word = ""
        if kind != _BLANK:
            word += character
        state = kind
    if word:
        tokens.append(word)
    return tuple(tokens)


def _characters(text: str) -> t.Iterator[tuple[str, int]]:
    """Each character that sendmail keeps, and what it is: without comments, with brackets and quotes in pairs."""
    quoted, angles, comments = False, 0, 0
    index = 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == "\\" and not comments:
            yield text[index - 1 : index + 1], _ATOM
            index += 1
        elif quoted:
            quoted = character != '"'
            yield character, _ATOM if quoted else _QUOTED
        elif character == "(":
            comments += 1
        elif character == ")":
            # The end of a comment parts words; its beginning does not.
            yield from [(" ", _BLANK)] if comments else []
            comments = max(0, comments - 1)
        elif comments:
            continue
        elif character == '"':
            quoted = True
            yield character, _QUOTED
        elif character != ">" or angles:
            angles += {"<": 1, ">": -1}.get(character, 0)
            yield character, _BLANK if character in _BLANKS else _OPERATOR if character in _OPERATORS else _ATOM
    if quoted:
        yield '"', _QUOTED
    for _ in range(angles):
        yield ">", _OPERATOR


def join(tokens: t.Iterable[str], blank: str = BLANK_SUBSTITUTE) -> str:
    """The tokens as one text; two words that stand side by side are parted by ``blank``. Quotes are removed."""
    text = ""
    after_word = False
    for token in tokens:
        is_word = token[0] not in _OPERATORS and token[0] != '"'
        text += (blank if after_word and is_word else "") + token
        after_word = is_word
    return text.replace('"', "")


def number(text: str) -> int:
    """What sendmail's arithmetic takes a text for (C's ``strtol``): 0x10 is 16, 010 is 8, 12x is 12, x is 0."""
    found = re.match(r"\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))", text)
    if not found:
        return 0
    sign, hexadecimal, octal, decimal = found.groups()
    value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
    return -value if sign == "-" else value
