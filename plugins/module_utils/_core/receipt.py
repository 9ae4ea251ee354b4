# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was put in force, as digests: by it a run knows an unchanged map without reading a million entries."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import asdict, dataclass

# Of the receipt and of whatever else decides what a wish becomes on disk; another number makes old receipts void.
_VERSION = 1


@dataclass(frozen=True)
class Receipt:
    """SHA-256 of the wish, of the text and of the database; how many entries, and what was imported for them."""

    wish: str
    text: str
    database: str
    entries: int
    imported: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


def wish_digest(parts: t.Sequence[t.Any]) -> str:
    """One digest over everything that a map follows from, in an order of the caller's."""
    return hashlib.sha256(json.dumps([_VERSION, *parts]).encode()).hexdigest()


def render(receipt: Receipt) -> str:
    """The file's content."""
    return json.dumps({"version": _VERSION, **asdict(receipt)}, indent=1) + "\n"


def parse(text: str) -> Receipt | None:
    """Read it; None for whatever is not a receipt of this version: then everything is looked at anew."""
    try:
        raw = json.loads(text)
        if raw.pop("version") != _VERSION:
            return None
        raw.update({name: tuple(raw[name]) for name in ("imported", "overruled")})
        receipt = Receipt(**raw)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return receipt if isinstance(receipt.entries, int) else None
