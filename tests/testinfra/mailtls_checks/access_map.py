# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the compiled access map holds. Sendmail reads the database, never the text beside it."""

from __future__ import annotations

import typing as t

from ._core.cf import access_kind, find_access_map
from .sight import CF, Host, fail_with, read, read_cf


def read_access_map(host: Host, cf: str = CF) -> dict[str, str]:
    """Key (lower case, as makemap writes it) to value, as ``makemap -u`` reads them from the map that the cf names."""
    return dump_map(host, read_cf(host, cf), cf)


def dump_map(host: Host, text: str, cf: str) -> dict[str, str]:
    """The same, for the text of a cf."""
    path = find_access_map(text)
    if not path:
        raise AssertionError(f"{cf} names no access map, so it holds no TLS policy. Run mailtls.relay.site.")
    rows = read(host, "PATH=$PATH:/usr/sbin makemap -u %s %s", access_kind(text), path).splitlines()
    return {key: value for key, _tab, value in (row.partition("\t") for row in rows)}


def check_access_map(
    host: Host, holds: t.Mapping[str, str], lacks: t.Collection[str] = (), cf: str = CF
) -> dict[str, str]:
    """The database has these keys with these very values, and none of the keys in ``lacks``; returns all of it."""
    found = read_access_map(host, cf)
    faults = [
        f"the access map answers {key!r} with {found.get(key.lower(), 'nothing')!r} instead of {value!r}"
        for key, value in holds.items()
        if found.get(key.lower()) != value
    ]
    faults += [
        f"the access map answers {key!r} with {found[key.lower()]!r}, but that key should not be there"
        for key in lacks
        if key.lower() in found
    ]
    fail_with(
        faults, "Run mailtls.relay.policy with --check --diff to see who is right, inventory or map, then without."
    )
    return found
