# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller's half of sendmail_map tells the module of a text: its digest, and the text or where it lies."""

from __future__ import annotations

import base64
import json
import typing as t
import zlib

# zlib's fastest makes a tenth of such a text.
_FAST = 1


class Waybill(t.NamedTuple):
    """SHA-256 of a text, how many lines of it come from a list, and the text, compressed here or in a file, if any."""

    digest: str
    listed: int
    packed: bytes | None = None
    file: str = ""


def render(waybill: Waybill) -> str:
    """As one option of the module."""
    packed = None if waybill.packed is None else base64.b64encode(waybill.packed).decode()
    return json.dumps({**waybill._asdict(), "packed": packed})


def parse(text: str) -> Waybill:
    """Read it; it comes from this collection, so nothing is checked."""
    raw = Waybill(**json.loads(text))
    return raw if raw.packed is None else raw._replace(packed=base64.b64decode(raw.packed))


def pack(pieces: t.Iterable[bytes]) -> t.Iterator[bytes]:
    """The pieces of a text, compressed."""
    packer = zlib.compressobj(_FAST)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def pack_within(pieces: t.Iterable[bytes], most: int) -> bytes | None:
    """The whole text, compressed; None when it takes more than ``most`` bytes."""
    done = bytearray()
    for piece in pack(pieces):
        done += piece
        if len(done) > most:
            return None
    return bytes(done)


def unpack(packed: bytes) -> bytes:
    """The text again."""
    return zlib.decompress(packed)
