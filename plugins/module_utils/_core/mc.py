# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail.mc, the m4 text that sendmail.cf is made from: what may be put into it, and whose it is."""

from __future__ import annotations

import re

from .errors import MailtlsError

# The template's first lines carry it; a sendmail.mc without it belongs to somebody else.
MARK = "role mailtls.relay.sendmail"

# m4 acts on these inside quotes or when the quoted text is expanded again.
_SPECIAL = {
    "`": "a backtick",
    "'": "an apostrophe",
    "\n": "a line break",
    "\r": "a line break",
    "(": "a parenthesis",
    ")": "a parenthesis",
    ",": "a comma",
    "#": "a hash sign",
    '"': "a double quote",
    "$": "a dollar sign",
    "\\": "a backslash",
}
_WHITE = re.compile(r"\s|[^\x21-\x7e]")
# Words that GNU m4 acts on without a parenthesis behind them (m4 manual, "Inhibiting Invocation").
_WORDS = re.compile(
    r"(?<![A-Za-z0-9_])(?:changecom|changequote|debugmode|divert|divnum|dumpdef|m4exit|popdivert|sysval|traceoff"
    r"|traceon|undivert|__[A-Za-z0-9_]+__|_?[A-Z][A-Z0-9]*_[A-Z0-9_]+)(?![A-Za-z0-9_])"
)


def refuse_unsafe(value: str, where: str) -> str:
    """Return ``value`` if m4 copies it as it stands, else raise MailtlsError naming what it holds."""
    found = _first_special(value)
    if found:
        raise MailtlsError(
            f"the value {value!r} holds {found}, which m4 would act on",
            where=where,
            remedy="Write it without; host names, addresses and paths do not need it.",
        )
    return value


def _first_special(value: str) -> str:
    for character in value:
        if character in _SPECIAL:
            return _SPECIAL[character]
    if _WHITE.search(value):
        return "a blank or a character outside ASCII"
    if "dnl" in value:
        return "the word dnl"
    word = _WORDS.search(value)
    return f"the word {word.group()}" if word else ""


def is_managed(text: str) -> bool:
    """Whether this collection wrote the mc text."""
    return MARK in text


def parse_content(text: str) -> str:
    """The mc text with one line break at its end, as m4 and Debian's sed need it; raises when it is empty or binary."""
    if not text.strip():
        raise MailtlsError("the mc text is empty", where="content", remedy="Give the text of sendmail.mc.")
    if "\0" in text:
        raise MailtlsError("the mc text holds a NUL byte", where="content", remedy="Give plain text.")
    return text if text.endswith("\n") else text + "\n"
