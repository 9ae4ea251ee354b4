# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sendmail processes of a host: which of them is the daemon, and whether it is the service's.

The pid file is not enough. Without CAP_SYS_PTRACE Debian's init script ends nothing on "stop" and removes the pid file,
and a daemon started by hand runs on with whatever it was started with.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError

# What sendmail calls itself while it listens (srvrsmtp.c, daemon.c), and what it is called before its sockets are open.
_LISTENS = re.compile(r"sendmail: (?:.*: )?(?:accepting connections|rejecting (?:connections|new messages))")
_OPENS = re.compile(r"\S*sendmail\S* (?:.* )?-b[dD]\b")


@dataclass(frozen=True)
class Process:
    """A process called sendmail: its own and its parent's number, start (seconds since the epoch), title, unit.

    ``unit`` is empty for a process in no unit, None where that cannot be seen.
    """

    pid: int
    parent: int
    started: float
    title: str
    unit: str | None


@dataclass(frozen=True)
class Choice:
    """The daemon that counts, or None; what is wrong with it, in words; whether HUP mends that; whom to end before."""

    daemon: Process | None
    fault: str = ""
    reload_helps: bool = True
    surplus: tuple[int, ...] = ()


def choose(processes: t.Sequence[Process], named: int | None, service: str) -> Choice:
    """Find the daemon; ``named`` is what the pid file names, ``service`` the unit without its suffix."""
    pids = {one.pid for one in processes if _LISTENS.match(one.title)}
    # The child that serves a session has its parent's title for a moment.
    daemons = [one for one in processes if one.pid in pids and one.parent not in pids]
    inside = [one for one in daemons if is_inside(one, service)]
    found = [one for one in daemons if one.pid == named] or inside
    if not found:
        return _choose_outside(daemons, service)
    chosen = found[0]
    if chosen not in inside:
        return Choice(chosen, f"it runs outside of the service {service}", reload_helps=False)
    # Left by a start or restart that could not end the old one; it would take the port as soon as HUP lets go of it.
    waiting = [one.pid for one in processes if _OPENS.match(one.title) and is_inside(one, service)]
    surplus = (*(one.pid for one in inside if one is not chosen), *waiting)
    if chosen.pid != named:
        return Choice(chosen, "the pid file does not name it", surplus=surplus)
    return Choice(chosen, "another one is left of an earlier start" if surplus else "", surplus=surplus)


def _choose_outside(daemons: t.Sequence[Process], service: str) -> Choice:
    if len(daemons) > 1:
        raise MailtlsError(
            f"no daemon of the service {service} runs, but {len(daemons)} others do, and which is meant is not known",
            where="processes " + ", ".join(str(one.pid) for one in daemons),
            remedy="End those that are not meant to run, then run again.",
        )
    if daemons:
        return Choice(daemons[0], f"it runs outside of the service {service}", reload_helps=False)
    return Choice(None)


def is_inside(process: Process, service: str) -> bool:
    """Whether systemd counts it to the service; where that cannot be seen, it is given credit."""
    return process.unit in (None, f"{service}.service")


def parse_holder(locks: str, device: tuple[int, int], inode: int) -> int | None:
    """The process that holds a lock on a file or folder, in /proc/locks (proc(5)); None where it cannot be seen.

    ``device`` is the major and minor number of the file system.
    """
    place = f"{device[0]:02x}:{device[1]:02x}:{inode}"
    # A line with -> is of one that waits.
    held = re.findall(rf"^\d+: +FLOCK +\S+ +\S+ +(\d+) +{place} ", locks, re.MULTILINE)
    return int(held[0]) if held and int(held[0]) else None


def parse_title(text: str) -> str:
    """What a process calls itself in /proc/PID/cmdline, arguments apart by one blank."""
    return text.replace("\0", " ").strip()


def parse_unit(groups: str, first: str) -> str | None:
    """The innermost unit in /proc/PID/cgroup; ``first`` is the same of process 1: under systemd it is in init.scope."""
    if not re.search(r"/init\.scope$", first, re.MULTILINE):
        return None
    units = re.findall(r"([^/\s]+\.(?:service|scope))(?=/|$)", groups, re.MULTILINE)
    return units[-1] if units else ""
