# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A large answer of a module to its own half on the controller, as one text.

Ansible walks through every value that a module returns, on both sides; with thousands of peers that takes longer than
the peers do.
"""

from __future__ import annotations

import base64
import json
import typing as t
import zlib

from .errors import MailtlsError

# zlib's fastest makes a tenth of what peers say.
_FAST = 1
# A few kilobytes could be packed that fill the controller's memory. 5,000 peers with all their certificates take less
# than a quarter of this; read, it may take many times as much.
MOST = 256 * 1024 * 1024


def pack(data: t.Any) -> str:
    """Plain data as a text in ASCII."""
    return base64.b64encode(zlib.compress(json.dumps(data).encode("ascii"), _FAST)).decode("ascii")


def unpack(text: str) -> t.Any:
    """What was packed; MailtlsError for more than ``MOST`` octets, and for what is no parcel."""
    opener = zlib.decompressobj()
    try:
        data = opener.decompress(base64.b64decode(text), MOST)
        if opener.unconsumed_tail:
            raise MailtlsError(
                f"the answer of the host is more than {MOST} octets", remedy="Ask for fewer targets in one task."
            )
        if not opener.eof:
            raise ValueError("it ends too early")
        return json.loads(data)
    except (ValueError, RecursionError, zlib.error) as error:
        raise MailtlsError(f"the answer of the host cannot be read: {error}") from None
