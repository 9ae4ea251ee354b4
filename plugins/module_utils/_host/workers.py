# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same work in several processes: one Python keeps one processor busy."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import typing as t
from contextlib import suppress

from .._core.errors import MailtlsError

Part = t.TypeVar("Part")
Result = t.TypeVar("Result")

# A process costs some milliseconds, which so many aims bring back.
_LEAST = 64
# Files that a process has open besides its connections.
_SPARE = 64


def count_useful(items: int) -> int:
    """How many processes help with so many items."""
    return max(1, min(len(os.sched_getaffinity(0)), items // _LEAST))


def allow_connections(wanted: int) -> int:
    """Let this process have so many connections, as far as its hard limit goes; how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd"))
    needed = wanted + opened + _SPARE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(wanted, soft - opened - _SPARE))
    return wanted


def work(job: t.Callable[[Part], Result], parts: t.Sequence[Part]) -> list[Result]:
    """The results of ``job`` for each part, one process for each; this one takes the first.

    MailtlsError if another one ends without its result.
    """
    children: list[tuple[int, t.BinaryIO]] = []
    try:
        for part in parts[1:]:
            children.append(_fork(job, part))
        results = [job(part) for part in parts[:1]]
        return results + [_collect(source) for _pid, source in children]
    finally:
        for pid, source in children:
            source.close()
            # Who has delivered is at its end already; where nobody waits for children the kernel has removed it.
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _fork(job: t.Callable[[Part], Result], part: Part) -> tuple[int, t.BinaryIO]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, os.fdopen(reading, "rb")
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as sink:
            pickle.dump(job(part), sink, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        # Nothing of the parent may end here a second time: no open file is flushed, no handler runs.
        os._exit(status)


def _collect(source: t.BinaryIO) -> t.Any:
    try:
        return pickle.load(source)
    except (EOFError, pickle.UnpicklingError):
        raise MailtlsError(
            "a process of the probe ended early", remedy="Look for the reason in the system's log; memory may be short."
        ) from None
