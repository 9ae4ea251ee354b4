# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements of an mc text: macro calls and plain lines, without comments and however they are laid out.

Only the layout is read, nothing is expanded. ``#`` begins a comment as far as ``include(cf.m4)``, which switches
comments off: behind it, m4 acts on macros in a line that begins with ``#`` (seen with 8.15, 8.17 and 8.18).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .errors import MailtlsError

# Macros without arguments behind which lines go to one part of the cf (sendmail's cf/README).
SECTION = re.compile(r"LOCAL_[A-Z0-9_]+|MAILER_DEFINITIONS")
# What m4 would call; any other word before a parenthesis is plain text.
_MACRO = re.compile(
    r"_?[A-Z][A-Z0-9_]+|define|undefine|pushdef|popdef|s?include|ifn?def|ifelse|divert|undivert|changequote|changecom"
    r"|e?syscmd|eval|errprint|m4wrap|m4exit|append"
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_FRAME = re.compile(r"/cf\.m4\Z")


@dataclass(frozen=True)
class Statement:
    """A macro call with its arguments, or (``name`` is empty) a plain line in ``args`` and the section it stands in."""

    name: str
    args: tuple[str, ...]
    section: str = ""
    line: int = field(default=0, compare=False)
    source: str = field(default="", compare=False)

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about: two statements with one subject replace each other."""
        return self.name, self.args[0]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.args)})" if self.name else self.args[0]


def parse_statements(text: str, where: str, *, framed: bool = False) -> tuple[Statement, ...]:
    """The statements in their order; ``framed`` when the text comes behind ``include(cf.m4)``.

    Raises MailtlsError for a quote or parenthesis that is never closed: m4 would swallow the rest.
    """
    return tuple(_Reader(text, where, framed).read())


class _Reader:
    def __init__(self, text: str, where: str, framed: bool) -> None:
        self.text, self.where, self.at = text, where, 0
        self.comments, self.discards, self.section = not framed, False, ""
        self.plain, self.begin = "", 0

    def read(self) -> t.Iterator[Statement]:
        while self.at < len(self.text):
            word = self._word()
            if word == "dnl":
                self._skip_line()
            elif word and SECTION.fullmatch(word) and not self._is("(", len(word)):
                self.at += len(word)
                self.section = word
            elif word and _MACRO.fullmatch(word) and self._is("(", len(word)):
                yield from self._call(word)
            elif self._is("\n"):
                yield from self._end_of_line()
            elif self._is("#") and self.comments:
                self._skip_line()
            else:
                self.plain += self._piece(word)
        yield from self._end_of_line()

    def _call(self, word: str) -> t.Iterator[Statement]:
        start = self.at
        self.at += len(word) + 1
        args = tuple(self._arguments(start))
        if word == "divert":
            self.discards = args[0].startswith("-")
            return
        if word == "include" and _FRAME.search(args[0]):
            self.comments = self.discards = False
        yield Statement(word, args, "", self._line(start), self.text[start : self.at])

    def _arguments(self, start: int) -> t.Iterator[str]:
        depth, argument = 1, ""
        while depth:
            if self.at >= len(self.text):
                raise self._unclosed("parenthesis", start)
            word = self._word()
            if word == "dnl":
                self._skip_line()
                continue
            if depth == 1 and self._is(","):
                yield argument.strip()
                argument = ""
                self.at += 1
                continue
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            quoted = self._is("`") and depth > 1
            piece = self._piece(word)
            argument += f"`{piece}'" if quoted else piece if depth else ""
        yield argument.strip()

    def _end_of_line(self) -> t.Iterator[Statement]:
        plain, self.plain = re.sub(r"\t+", "\t", self.plain.strip()), ""
        if plain and not plain.startswith("#") and not self.discards:
            yield Statement("", (plain,), self.section, self._line(self.at), plain)
        self.at += 1

    def _piece(self, word: str) -> str:
        """A quoted text without its quotes, a word, or one character."""
        if not self._is("`"):
            piece = word or self.text[self.at]
            self.at += len(piece)
            return piece
        start, depth = self.at, 0
        for found in re.finditer("[`']", self.text[start:]):
            depth += 1 if found.group() == "`" else -1
            if not depth:
                self.at = start + found.end()
                return self.text[start + 1 : self.at - 1]
        raise self._unclosed("quote", start)

    def _word(self) -> str:
        found = _WORD.match(self.text, self.at)
        return found.group() if found else ""

    def _is(self, character: str, further: int = 0) -> bool:
        return self.text.startswith(character, self.at + further)

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end + 1

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def _unclosed(self, what: str, at: int) -> MailtlsError:
        return MailtlsError(
            f"the {what} that opens here is never closed",
            where=f"{self.where}, line {self._line(at)}",
            remedy="m4 would swallow all that follows. Correct the line.",
        )
