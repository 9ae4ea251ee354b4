# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in certificates, as sendmail writes them: OpenSSL's one line (``/O=Example/CN=Example CA``), then +XX.

sendmail (``xtextify`` in savemail.c, called with ``<>")`` by tls.c) writes blank, ``+ \\ ( ) < > "`` and what is not
printable ASCII as +XX. OpenSSL before it writes bytes outside of ASCII as ``\\xC3``. Seen on 8.15.2, 8.17.1.9, 8.18.1.
"""

from __future__ import annotations

import re

from .errors import MailtlsError

# sendmail's buffer (MAXNAME); OpenSSL leaves out whole parts of a longer name.
LONGEST = 255
_QUOTED = re.compile(r'[ +\\()<>"]')
# sendmail writes these as they are, and then drops, cuts or expands them when rules compare names.
_LOST = re.compile(r"[#$%]")
_ALREADY = re.compile(r"\+(?:2[0289B]|3[CE]|5C)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quote(text: str, place: str) -> str:
    """A whole name (``/O=.../CN=...``) in sendmail's form. Raises ``MailtlsError`` for one that it cannot compare."""
    return _quote(text, place, "+5Cx")


def quote_cn(text: str, place: str) -> str:
    """A CN alone, which does not go through OpenSSL's one line: bytes outside of ASCII become +XX at once."""
    return _quote(text, place, "+")


def _quote(text: str, place: str, byte_mark: str) -> str:
    if _ALREADY.search(text):
        raise MailtlsError(
            f"{text!r:.80} is quoted already",
            where=place,
            remedy="Write it plainly, with blanks instead of +20, as openssl x509 -subject -nameopt compat prints it.",
        )
    lost = _LOST.search(text) or _CONTROL.search(text)
    if lost:
        raise MailtlsError(
            f"{text!r:.80} holds {lost.group()!r}, which sendmail cannot compare",
            where=place,
            remedy="Pin another name.",
        )
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise MailtlsError(f"{text!r:.80} is not text", where=place, remedy="Write UTF-8.") from None
    # Four characters of OpenSSL's for each byte outside of ASCII; the CN alone is shorter, but part of the whole.
    if len(data) + 3 * sum(byte > 126 for byte in data) > LONGEST:
        raise MailtlsError(
            f"{text!r:.40}... is too long", where=place, remedy=f"sendmail compares {LONGEST} characters."
        )
    return "".join(f"{byte_mark}{byte:02X}" if byte > 126 else _QUOTED.sub(_plus, chr(byte)) for byte in data)


def _plus(match: re.Match[str]) -> str:
    return f"+{ord(match.group()):02X}"
