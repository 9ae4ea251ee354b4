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

# zlib's fastest makes a tenth of what peers say.
_FAST = 1


def pack(data: t.Any) -> str:
    """Plain data as a text in ASCII."""
    return base64.b64encode(zlib.compress(json.dumps(data).encode("ascii"), _FAST)).decode("ascii")


def unpack(text: str) -> t.Any:
    """What was packed."""
    return json.loads(zlib.decompress(base64.b64decode(text)))
