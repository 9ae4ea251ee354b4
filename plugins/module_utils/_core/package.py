# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages: what dpkg-query says about them."""

from __future__ import annotations

import re

# One line per package: name, state, version.
FORMAT = "${Package}\t${db:Status-Status}\t${Version}\n"


def parse_installed(text: str) -> dict[str, str]:
    """Name to version of the packages that are installed, from lines in FORMAT."""
    rows = (line.split("\t") for line in text.splitlines())
    return {row[0]: row[2] for row in rows if len(row) == 3 and row[1] == "installed"}


def upstream(version: str) -> str:
    """The upstream part of a Debian version: 8.17.1.9 of 8.17.1.9-2+deb12u2 (Debian Policy 5.6.12)."""
    return re.sub(r"-[^-]*$", "", version.split(":", 1)[-1])
