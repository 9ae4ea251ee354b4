# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every check does: run a command as root, refuse to guess when it fails, read the relay's cf."""

from __future__ import annotations

import typing as t

CF = "/etc/mail/sendmail.cf"


class Ran(t.Protocol):
    """What a command did, as Testinfra tells it."""

    rc: int
    stdout: str
    stderr: str


class Host(t.Protocol):
    """All that a check asks of Testinfra's host."""

    def run(self, command: str, *args: str) -> Ran: ...


def read(host: Host, command: str, *args: str) -> str:
    """What a command prints; each ``%s`` in it is one of ``args``, quoted. It must succeed: unknown is never fine."""
    done = host.run(command, *args)
    if done.rc:
        raise AssertionError(
            f"this check could not look: its command ended with status {done.rc}: "
            f"{(done.stderr or done.stdout).strip() or 'no message'}\n"
            "It needs root (pytest --sudo, or ansible_become in the inventory), sendmail and Python on the host."
        )
    return done.stdout


def read_cf(host: Host, cf: str = CF) -> str:
    """The configuration that sendmail reads."""
    return read(host, "cat %s", cf)


def fail_with(faults: t.Sequence[str], remedy: str) -> None:
    """Fail if there are any faults, with all of them, one a line, and what to do."""
    if faults:
        raise AssertionError("\n".join([*faults, remedy]))
