# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages: what dpkg-query says about them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

# One line per package: name, state, version, what else it may be called.
FORMAT = "${Package}\t${db:Status-Status}\t${Version}\t${Provides}\n"
# In all other states (dpkg(1)) files of the package are on the disk, and apt would remove it for one it conflicts with.
_ABSENT = ("not-installed", "config-files")


@dataclass(frozen=True)
class Package:
    """A package that is there, whole or not: its name, state, version, and the names it provides."""

    name: str
    state: str
    version: str
    provides: frozenset[str] = frozenset()


def parse_packages(text: str) -> tuple[Package, ...]:
    """The packages that are there, whole or not, from lines in FORMAT."""
    rows = (line.split("\t") for line in text.splitlines())
    return tuple(
        Package(row[0], row[1], row[2], _parse_provides(row[3]))
        for row in rows
        if len(row) == 4 and row[1] not in _ABSENT
    )


def _parse_provides(text: str) -> frozenset[str]:
    """Names of ``default-mta, mail-transport-agent (= 1)`` (Debian Policy 7.1)."""
    return frozenset(item.split()[0] for item in text.split(",") if item.strip())


def versions(packages: t.Iterable[Package]) -> dict[str, str]:
    """Name to version of those that are installed as a whole."""
    return {item.name: item.version for item in packages if item.state == "installed"}


def providers(packages: t.Iterable[Package], name: str, *, besides: t.Collection[str]) -> list[str]:
    """Which packages provide ``name``, in alphabetical order, ``besides`` left out."""
    return sorted(item.name for item in packages if name in item.provides and item.name not in besides)


def upstream(version: str) -> str:
    """The upstream part of a Debian version: 8.17.1.9 of 8.17.1.9-2+deb12u2 (Debian Policy 5.6.12)."""
    return re.sub(r"-[^-]*$", "", version.split(":", 1)[-1])
