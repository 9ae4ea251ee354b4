# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in certificates, as sendmail writes them: OpenSSL's one line (``/O=Example/CN=Example CA``), then +XX.

sendmail (``xtextify`` in savemail.c, called with ``<>")`` by tls.c) writes blank, ``+ \\ ( ) < > "`` and what is not
printable ASCII as +XX. OpenSSL before it writes bytes outside of ASCII as ``\\xC3``. Seen on 8.15.2, 8.17.1.9, 8.18.1.
"""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError

# sendmail's buffer (MAXNAME); OpenSSL leaves out whole parts of a longer name.
LONGEST = 255
_QUOTED = re.compile(r'[ +\\()<>"]')
# Most names have nothing to write in another way.
_PLAIN = re.compile(rb"[!#-'*,-;=?-\[\]-~]*")
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
    return _render(data, byte_mark)


def show_subject(parts: t.Iterable[t.Sequence[str]]) -> str:
    """The name in a peer's certificate, pairs of short name and text, as it stands in sendmail's macros.

    Unlike a pin, it may hold anything. Parts that do not fit any more are left out.
    """
    shown, length = "", 0
    for kind, text in parts:
        data = f"/{kind}={text}".encode("utf-8", "surrogateescape")
        length += len(data) + 3 * sum(_odd(byte) for byte in data)
        if length > LONGEST:
            break
        shown += _render(data, "+5Cx")
    return shown


def show_cn(parts: t.Iterable[t.Sequence[str]]) -> str:
    """The CN that sendmail takes from a peer's certificate, or the word that it puts in its place."""
    found = [text for kind, text in parts if kind == "CN"]
    if not found:
        return "BadCertificateUnknown"
    data = found[0].encode("utf-8", "surrogateescape")
    if len(data) >= LONGEST:
        return "BadCertificateTooLong"
    return "BadCertificateContainsNUL" if b"\0" in data else _render(data, "+")


def _render(data: bytes, byte_mark: str) -> str:
    if _PLAIN.fullmatch(data):
        return data.decode("ascii")
    return "".join(f"{byte_mark}{byte:02X}" if _odd(byte) else _QUOTED.sub(_plus, chr(byte)) for byte in data)


def _odd(byte: int) -> bool:
    return byte < 32 or byte > 126


def _plus(match: re.Match[str]) -> str:
    return f"+{ord(match.group()):02X}"
