# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's own make below /etc/mail, a second writer: each start of the service runs it.

It makes four things of sendmail.mc: sendmail.cf, a list of databases, and its own Makefile of that list. Whoever
changes the mc must bring all of them up to date, or the next start of the service writes.
"""

from __future__ import annotations

import os

from . import files
from .command import run

_TOOLS = "/usr/share/sendmail"
# What follows the mc, each made from the one before: name, the tool that makes it, mode.
_FOLLOWERS = (("databases", "parse_mc", 0o644), ("Makefile", "update_mk", 0o754))


def has_work(folder: str, *paths: str) -> bool:
    """Whether make would build one of ``paths``, or what follows the mc, anew; False where there is no Makefile."""
    if not os.path.exists(os.path.join(folder, "Makefile")):
        return False
    targets = [*paths, *(os.path.join(folder, name) for name, *_rest in _FOLLOWERS)]
    # 0 is "nothing to do", 1 "something", 2 an error (make(1)); a path that make does not know is an error. Named in
    # full (-f), the Makefile would be made anew before make answers.
    return any(run(["make", "-q", target], cwd=folder).status == 1 for target in targets)


def build(mc: str, folder: str) -> list[tuple[str, str]]:
    """Make aside what follows the mc text at ``mc``: pairs of finished file and its place, in the order of make.

    Empty where Debian's tools are missing or, by HANDS_OFF in sendmail.conf, keep out.
    """
    made: list[tuple[str, str]] = []
    for name, tool, mode in _FOLLOWERS:
        place = os.path.join(folder, name)
        content = _make(tool, made[-1][0] if made else mc, place)
        if not content:
            return []
        # The tools write the names of their files into what they make.
        for aside, real in made:
            content = content.replace(aside.encode(), real.encode())
        made.append((files.write_aside(place, content, files.Access("root", "smmsp", mode)), place))
    return made


def _make(tool: str, source: str, place: str) -> bytes | None:
    program, draft = os.path.join(_TOOLS, tool), files.aside(place, ".draft")
    if not os.path.exists(program) or not os.path.exists(place):
        return None
    files.remove(draft)
    try:
        run([program, "--input-file", source, "--output-file", draft], cwd=os.path.dirname(place))
        return (files.read_bytes(draft) or b"").replace(draft.encode(), place.encode())
    finally:
        files.remove(draft)
