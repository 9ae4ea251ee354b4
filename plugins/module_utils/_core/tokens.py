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
BLANK_SUBSTITUTE = "."
# An operator, a quoted text, or a word. sendmail writes special characters of a certificate as +XX, a backslash too.
_TOKEN = re.compile(r"""[.:%@!^/\[\]+<>,;]|"[^"]*"|[^\s.:%@!^/\[\]+<>,;"]+""")
# Text without blanks, quotes, comments and angle brackets is the same before and after, character by character.
plain = re.compile(r'[^\s"()<>]+').fullmatch


def scan(text: str) -> tuple[str, ...]:
    """The tokens of a text; empty for one that sendmail cannot read (blank, or nothing but a comment).

    Brackets and quotes come out in pairs: sendmail closes what is open at the end, and drops a closing one without its
    opening one.
    """
    return tuple(_TOKEN.findall("".join(_kept(text))))


def _kept(text: str) -> t.Iterator[str]:
    """What is not a comment, with brackets and quotes in pairs."""
    quoted, angles, comments = False, 0, 0
    for character in text:
        if comments:
            comments += {"(": 1, ")": -1}.get(character, 0)
            # The end of a comment parts words; its beginning does not.
            yield " " if character == ")" else ""
        elif quoted or character not in '()<>"':
            quoted = quoted and character != '"'
            yield character
        elif character in "()":
            comments += character == "("
        elif character == '"':
            quoted = True
            yield character
        elif character == "<" or angles:
            angles += 1 if character == "<" else -1
            yield character
    yield '"' * quoted + ">" * angles


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
