# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a session must be like, and why less may do: read from the fields of an item or of a default."""

from __future__ import annotations

import datetime
import re
import typing as t

from .errors import MailtlsError
from .fields import Fields, read_choice, read_mapping, read_text, shown
from .policy import (
    DEFAULT_MIN_BITS,
    DEMANDING,
    LEAST_BITS,
    LEVELS,
    MOST_BITS,
    PERMANENT,
    TEMPORARY,
    Requirement,
    Waiver,
)

REQUIREMENT_FIELDS = ("level", "min_bits", "name", "issuer", "subject", "failure")
EXCEPTION_FIELDS = ("owner", "reason", "until")
_PINS = ("issuer", "subject")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_requirement(fields: Fields, fallback: str) -> Requirement:
    """The requirement that ``fields`` state; ``fallback`` is the level of one without a level."""
    values = fields.values
    level = _read_level(values.get("level", fallback), fields.at("level"))
    for field in ("min_bits", *_PINS, "name", "failure"):
        if field in values:
            _refuse_pointless(field, level, fields)
    if level not in DEMANDING:
        return Requirement(level, 0)
    if level == "secure" and "name" not in values:
        raise MailtlsError(
            "level secure has no name to compare with",
            where=fields.at("name"),
            remedy="Write the CN of the other side's certificate, as openssl x509 -subject prints it.",
        )
    return Requirement(
        level,
        read_bits(values.get("min_bits", DEFAULT_MIN_BITS), fields.at("min_bits")),
        _read_name(values, fields) if "name" in values else "",
        **{pin: read_dn(values[pin], fields.at(pin)) if pin in values else "" for pin in _PINS},
        failure=read_choice(
            values.get("failure", TEMPORARY), fields.at("failure"), "a kind of failure", (TEMPORARY, PERMANENT)
        ),
    )


def _read_level(raw: t.Any, place: str) -> str:
    if isinstance(raw, str) and raw in LEVELS:
        return str.__str__(raw)
    reserved = isinstance(raw, str) and raw == "dane"
    raise MailtlsError(
        "the level 'dane' is reserved for a later release" if reserved else f"the level {shown(raw)} is not known",
        where=place,
        remedy=f"Allowed: {', '.join(LEVELS)}.",
    )


def _refuse_pointless(field: str, level: str, fields: Fields) -> None:
    """A field that the level does not look at promises what is not kept."""
    if level not in DEMANDING:
        raise MailtlsError(
            f"{field} has no meaning at level {level}, which demands nothing",
            where=fields.at(field),
            remedy="Leave it out, or raise the level.",
        )
    if field == "name" and level != "secure":
        raise MailtlsError(
            f"name is compared at level secure only, not at {level}",
            where=fields.at(field),
            remedy="Raise the level to secure, or leave it out.",
        )
    if field in _PINS and level == "encrypt":
        raise MailtlsError(
            f"{field} proves nothing at level encrypt, where no certificate is verified",
            where=fields.at(field),
            remedy="Raise the level to verify or secure, or leave it out.",
        )


def read_bits(raw: t.Any, place: str) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        bits = raw
    else:
        bits = int(raw) if isinstance(raw, str) and re.fullmatch("[0-9]{1,4}", raw) else 0
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise MailtlsError(
            f"{shown(raw)} is not a number of cipher bits",
            where=place,
            remedy=f"Write a whole number from {LEAST_BITS} to {MOST_BITS}; the default is {DEFAULT_MIN_BITS}.",
        )
    return int(bits)


def _read_name(values: t.Mapping[str, t.Any], fields: Fields) -> str:
    return read_text(values["name"], fields.at("name"), "the name in a certificate")


def read_dn(raw: t.Any, place: str) -> str:
    text = read_text(raw, place, "a distinguished name")
    if not re.match(r"/[A-Za-z0-9.]+=", text):
        raise MailtlsError(
            f"{shown(raw)} is not a distinguished name as OpenSSL writes it on one line",
            where=place,
            remedy="Write /O=Example/CN=Example CA, as openssl x509 -nameopt compat prints it.",
        )
    return text


def read_waiver(raw: t.Any, place: str) -> Waiver:
    """An exception's owner, reason and last day. Whether that day has passed is judged when all layers are known."""
    values = read_mapping(raw, place, EXCEPTION_FIELDS)
    for field in EXCEPTION_FIELDS:
        if field not in values:
            raise MailtlsError(
                f"the exception has no {field}",
                where=f"{place}.{field}",
                remedy='Write {owner: ..., reason: ..., until: "2027-03-31"}.',
            )
    return Waiver(
        read_text(values["owner"], f"{place}.owner", "an owner"),
        read_text(values["reason"], f"{place}.reason", "a reason"),
        read_date(values["until"], f"{place}.until"),
    )


def read_date(raw: t.Any, place: str) -> datetime.date:
    """A day, from YAML's own date or ISO text."""
    if isinstance(raw, datetime.date) and not isinstance(raw, datetime.datetime):
        return raw
    try:
        if isinstance(raw, str) and _DATE.fullmatch(raw):
            return datetime.date.fromisoformat(str.__str__(raw))
    except ValueError:
        pass
    raise MailtlsError(f"{shown(raw)} is not a day", where=place, remedy="Write it as 2027-03-31.")
