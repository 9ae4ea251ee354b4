# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded bytes that are no plain text: line ends of the wire, bytes that are not UTF-8.

The fixture spells them as a Python string literal does, ``\\r`` or ``\\x81``, and a backslash twice, so that neither
git nor an editor nor a linter changes them unseen.
"""

from __future__ import annotations

import pathlib

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"


def read_recording(name: str) -> bytes:
    """The bytes as they were on the wire or on the disk; ``name`` is a path below tests/fixtures."""
    return (FIXTURES / name).read_bytes().decode("unicode_escape").encode("latin-1")
