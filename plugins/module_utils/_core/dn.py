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
_ALREADY = re.compile(r"\+[0-9A-Fa-f]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quote(text: str, place: str) -> str:
    """A name from a certificate in sendmail's form. Raises ``MailtlsError`` for one that sendmail cannot compare."""
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
    plain = text if text.isascii() else "".join(one if one.isascii() else _bytes_of(one, place) for one in text)
    if len(plain) > LONGEST:
        raise MailtlsError(
            f"{text[:40]!r}... has {len(plain)} characters", where=place, remedy=f"sendmail compares {LONGEST} at most."
        )
    return _QUOTED.sub(lambda match: f"+{ord(match.group()):02X}", plain)


def _bytes_of(character: str, place: str) -> str:
    try:
        return "".join(f"\\x{byte:02X}" for byte in character.encode("utf-8"))
    except UnicodeEncodeError:
        raise MailtlsError(f"{character!r} is no character", where=place, remedy="Write UTF-8.") from None
