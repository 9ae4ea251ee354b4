# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How TLS is spoken with one peer. Settings may ask for more than the default, never for less."""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError
from .fields import read_choice, read_mapping, read_text, shown
from .policy import SessionSettings

SESSION_FIELDS = ("min_protocol", "cipher_list", "cipher_suites", "certificate_file", "key_file")
PROTOCOLS = ("TLSv1.2", "TLSv1.3")
_CIPHERS = re.compile(r"[A-Za-z0-9!+:@_-]{1,400}\Z")
_PATH = re.compile(r"/[A-Za-z0-9./_-]{1,200}\Z")
# Without encryption, without a key of the other side, or broken; taken away they are welcome ("!aNULL", "-RC4").
_WEAK = re.compile(
    r"(?i)a?NULL|eNULL|ADH|AECDH|LOW|MEDIUM|EXP(?:ORT)?(?:40|56)?|RC[24].*|3?DES.*|.*-(?:RC4|NULL|MD5|3?DES).*|ALL|COMPLEMENTOF.*"
)


def read_session(raw: t.Any, place: str) -> SessionSettings:
    values = read_mapping(raw, place, SESSION_FIELDS)
    if not values:
        raise MailtlsError(
            "the session says nothing", where=place, remedy=f"Allowed keys: {', '.join(SESSION_FIELDS)}."
        )
    files = [field for field in ("certificate_file", "key_file") if field in values]
    if len(files) == 1:
        raise MailtlsError(
            f"{files[0]} stands alone", where=f"{place}.{files[0]}", remedy="Write certificate_file and key_file."
        )
    if "min_protocol" in values:
        read_choice(values["min_protocol"], f"{place}.min_protocol", "a protocol that may be the least", PROTOCOLS)
    return SessionSettings(
        str(values.get("min_protocol", "")),
        _read_ciphers(values, "cipher_list", place),
        _read_ciphers(values, "cipher_suites", place),
        _read_path(values, "certificate_file", place),
        _read_path(values, "key_file", place),
    )


def _read_ciphers(values: t.Mapping[str, t.Any], field: str, around: str) -> str:
    if field not in values:
        return ""
    raw, place = values[field], f"{around}.{field}"
    text = read_text(raw, place, "a list of ciphers")
    if "SECLEVEL" in text.upper():
        raise MailtlsError(
            f"{shown(raw)} sets OpenSSL's security level, which brings old protocols back",
            where=place,
            remedy="Leave @SECLEVEL out.",
        )
    if not _CIPHERS.match(text):
        raise MailtlsError(
            f"{shown(raw)} is not a list of ciphers",
            where=place,
            remedy="Write OpenSSL's names with colons between them, such as ECDHE+AESGCM:ECDHE+CHACHA20.",
        )
    for part in text.split(":"):
        if not part.startswith(("!", "-")) and any(_WEAK.fullmatch(one) for one in (part, *part.split("+"))):
            raise MailtlsError(
                f"{part!r} allows ciphers that protect nothing",
                where=place,
                remedy="Leave it out, or write it with an exclamation mark before it to exclude them.",
            )
    return text


def _read_path(values: t.Mapping[str, t.Any], field: str, around: str) -> str:
    if field not in values:
        return ""
    raw, place = values[field], f"{around}.{field}"
    if not isinstance(raw, str) or not _PATH.match(raw):
        raise MailtlsError(
            f"{shown(raw)} is not the path of a file",
            where=place,
            remedy="Write an absolute path of letters, digits and . _ - /.",
        )
    return str.__str__(raw)
