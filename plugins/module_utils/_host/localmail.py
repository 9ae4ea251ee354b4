# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local mail of a host: its next hops on the host itself, its aliases, and who runs the queue of local programs."""

from __future__ import annotations

import glob
import os
import pwd
import typing as t
from dataclasses import asdict

from .._core import aliases, localhop, msp
from .._core.errors import MailtlsError
from .._core.listener import parse_submission
from .._core.mc import is_managed
from . import files, mapbuild
from .command import run

CF = "/etc/mail/sendmail.cf"
# What was there before this collection came; role sendmail keeps it.
CF_BEFORE = "/etc/mail/before-mailtls/etc/mail/sendmail.cf"
ALIASES = "/etc/mail/aliases"
_UPDATE_CONF = "/usr/share/sendmail/update_conf"
_MSP_PID = "/run/sendmail/msp/sendmail.pid"
_TEXT = files.Access("root", "root", 0o644)
_DATABASE = files.Access("smmta", "smmsp", 0o640)


def read_hops() -> list[dict[str, t.Any]]:
    """Next hops on this host: those of a mailertable in use, and those of a cf that is not this collection's."""
    cf = _read(CF)
    table = localhop.table_of(cf)
    hops = localhop.find_in_table(localhop.parse_table(_read(table)), table) if table else ()
    # A cf of ours is made anew from the variables, which are judged by themselves.
    return [asdict(hop) for hop in (*hops, *(() if is_managed(cf) else localhop.find_in_cf(cf, CF)))]


def read_submission() -> list[str] | None:
    """What a cf that is not this collection's opens on port 587; None when there is none to tell."""
    cf = _read(CF_BEFORE) or _read(CF)
    return None if not cf or is_managed(cf) else list(parse_submission(cf))


def read_runner() -> msp.Runner:
    """Who runs the queue of local programs."""
    mode = msp.parse_mode(_read(msp.CONF))
    alive = is_alive("cron") if mode == "cron" else os.path.exists(f"/proc/{_read(_MSP_PID).split(chr(10))[0]}/stat")
    return msp.Runner(mode, msp.has_job(_read(msp.CRONTAB)), alive)


def read_aliases() -> str:
    """The text of the aliases."""
    return _read(ALIASES)


def plan_aliases(root_alias: str) -> str | None:
    """What the aliases should say, or None if they and their database are right already."""
    present = read_aliases()
    wished = aliases.render_aliases(present, root_alias, _mailboxes())
    database = mapbuild.database_of(ALIASES)
    fresh = os.path.exists(database) and mapbuild.is_newer(database, os.path.realpath(ALIASES))
    return None if wished == present and fresh else wished


def write_aliases(text: str) -> None:
    """Build text and database aside, let sendmail check them, and put both in force, the database last."""
    place, database = os.path.realpath(ALIASES), mapbuild.database_of(ALIASES)
    trial = files.write_aside(ALIASES, text.encode(), _TEXT)
    try:
        ended = run(["sendmail", "-bi", f"-oA{trial}"])
        if ended.status:
            said = next(iter((ended.errors + ended.output).splitlines()), "nothing").replace(trial, place)
            raise MailtlsError(
                f"sendmail refuses the aliases (status {ended.status}): {said}",
                where=place,
                remedy="The aliases in force were left as they are. Correct the line.",
            )
        built = f"{trial}.db"
        missing = aliases.find_missing(mapbuild.read_dump(built) or "", text)
        if missing:
            raise MailtlsError(
                f"the database that sendmail made lacks {', '.join(missing[:5])}",
                where=database,
                remedy="The aliases in force were left as they are.",
            )
        files.set_access(built, files.read_access(database) or _DATABASE)
        files.flush(built)
        files.swap(files.write_aside(place, text.encode(), files.read_access(place) or _TEXT), place)
        # Younger than the text, or Debian's make would build it again.
        os.utime(built)
        files.swap(built, database)
    finally:
        files.remove(trial)
        files.remove(f"{trial}.db")


def mend_runner() -> None:
    """Let Debian write its crontab anew; raises when the queue has no runner then."""
    ended = run([_UPDATE_CONF])
    runner = read_runner()
    if runner.mendable:
        raise MailtlsError(
            f"{_UPDATE_CONF} left no job for the queue of local programs (status {ended.status})",
            where=msp.CRONTAB,
            remedy=f"See {msp.CONF}, and that package cron is installed.",
        )


def is_alive(name: str) -> bool:
    """Whether a process of this name runs."""
    return any(_read(path).strip() == name for path in glob.glob("/proc/[0-9]*/comm"))


def _mailboxes() -> set[str]:
    return {entry.pw_name.lower() for entry in pwd.getpwall()}


def _read(path: str) -> str:
    try:
        return (files.read_bytes(path) or b"").decode(errors="replace")
    except MailtlsError:
        # A process that ended meanwhile.
        return ""
