# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owners and modes on which TLS depends: sendmail uses no file that others may write, and goes on without TLS."""

from __future__ import annotations

import typing as t

from ._core import exposure
from ._core.cf import find_access_map, parse_options
from ._core.heldmail import parse_folder
from .sight import CF, Host, fail_with, read_cf

# Owner, group and permission bits as the roles and Debian's packages leave them.
KEY = "root:root 0600"
CERTIFICATE = "root:root 0644"
MAP = "smmta:smmsp 0640"
MAP_TEXT = "root:root 0600"
QUEUE = "smmta:smmsp 2750"
# Of the mail that local programs hand in.
CLIENT_QUEUE, CLIENT_QUEUE_MODE = "/var/spool/mqueue-client", "smmsp:smmsp 2770"


def find_files(cf: str) -> dict[str, str]:
    """The files and folders that a cf names, with what they have to be."""
    options = parse_options(cf)
    named = {
        options.get("serverkeyfile"): KEY,
        options.get("servercertfile"): CERTIFICATE,
        options.get("cacertfile"): CERTIFICATE,
        parse_folder(cf): QUEUE,
        CLIENT_QUEUE: CLIENT_QUEUE_MODE,
    }
    path = find_access_map(cf)
    named.update({f"{path}.db": MAP, path: MAP_TEXT} if path else {})
    return {path: wanted for path, wanted in named.items() if path}


def check_files(host: Host, others: t.Mapping[str, str] | None = None, cf: str = CF) -> dict[str, str]:
    """Key, certificate, CA, access map and queue folders are as they have to be, and nothing above lets others write.

    ``others`` adds files, or changes what is wanted of one: path to ``owner:group mode``. Returns what was found.
    """
    text = read_cf(host, cf)
    wanted = {**find_files(text), **(others or {})}
    tls_files = [path for path, right in wanted.items() if right in (KEY, CERTIFICATE)]
    exposable = list(dict.fromkeys(one for path in tls_files for one in (*exposure.parents(path), path)))
    paths = list(dict.fromkeys([*exposable, *wanted]))
    # stat tells of the others when one is missing.
    rows = host.run("stat -L -c '%%n\t%%U:%%G %%04a' " + " ".join(["%s"] * len(paths)), *paths).stdout.splitlines()
    found = {path: seen for path, _tab, seen in (row.partition("\t") for row in rows)}
    if not found:
        raise AssertionError("this check could not look: stat says nothing of any file. It needs root.")
    faults = [
        f"{path} is {found.get(path, 'missing')} instead of {right}"
        for path, right in wanted.items()
        if found.get(path) != right
    ]
    modes = {path: int(found[path].rpartition(" ")[2], 8) for path in exposable if path in found}
    exposed = exposure.judge(modes, parse_options(text).get("serverkeyfile", ""))
    faults += [exposed] if exposed else []
    fail_with(
        faults, "Run mailtls.relay.site: it restores owners and modes, and proves STARTTLS. chown and chmod do, too."
    )
    return found
