# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe found, as a table that a person reads."""

from __future__ import annotations

import typing as t

from .errors import MailtlsError
from .fields import shown
from .sighting import printable

Record = t.Mapping[str, t.Any]
HEAD = ("TARGET", "ADDRESS", "OUTCOME", "TLS", "BITS", "CERTIFICATE", "DAYS", "RESULT", "WHY")
# No column but the last is wider; what is cut ends in dots.
WIDEST = 46
# Records that were made by hand may lack what the table shows; these it cannot do without.
_NEEDED = ("target", "address", "outcome", "summary", "text")


def render_table(records: t.Any) -> str:
    """The table, without a line feed at its end; an empty text for no records. MailtlsError for what are none."""
    if not isinstance(records, (list, tuple)):
        raise MailtlsError(f"{shown(records)} is not a list of records", where="probe_report")
    rows = [_row(record, f"probe_report[{number}]") for number, record in enumerate(records)]
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(HEAD, *rows)]
    return "\n".join(_line(row, widths) for row in (HEAD, *rows))


def render_counts(summary: Record) -> str:
    """The counts in one line, under a table."""
    return "{targets} targets: {pass} pass, {fail} fail, {inconclusive} inconclusive".format(**summary)


def _line(row: t.Sequence[str], widths: t.Sequence[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip()


def _row(record: t.Any, place: str) -> tuple[str, ...]:
    missing = [name for name in _NEEDED if name not in record] if isinstance(record, t.Mapping) else [*_NEEDED]
    if missing:
        raise MailtlsError(
            f"this is no record of starttls_info, {missing[0]} is not in it",
            where=place,
            remedy="Give the registered answer, or its peers.",
        )
    leaf: Record = next(iter(record.get("certificates") or ()), {})
    days = leaf.get("days_left")
    cells = [
        record["target"],
        _address(record),
        record["outcome"],
        record.get("protocol") or "-",
        record.get("bits") or "-",
        _names(record, leaf) or "-",
        "-" if days is None else days,
        record["summary"],
        record["text"],
    ]
    *first, last = (printable(str(cell)) for cell in cells)
    return (*map(_cut, first), last)


def _address(record: Record) -> str:
    address, port = record["address"], record.get("port", 25)
    if not address:
        return "-"
    literal = f"[{address}]" if ":" in address else address
    return literal if port == 25 else f"{literal}:{port}"


def _names(record: Record, leaf: Record) -> str:
    """Whom the certificate is for: the host if it is, otherwise the first of its names, or its subject."""
    name = record.get("name") or {}
    if name.get("verdict") in ("exact", "cn_only"):
        return str(record.get("host", ""))
    return str(next(iter(name.get("names") or ()), leaf.get("subject", "")))


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
