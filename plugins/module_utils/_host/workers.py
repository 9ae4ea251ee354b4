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
    opened: tuple[int, ...] = ()
    try:
        reading, writing = opened = os.pipe()
        pid = os.fork()
    except OSError as error:
        for descriptor in opened:
            os.close(descriptor)
        raise MailtlsError(
            f"no second process can be started: {error.strerror}", remedy="Make room on this host, or set processes: 1."
        ) from None
    if pid:
        os.close(writing)
        return pid, os.fdopen(reading, "rb")
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as sink:
            pickle.dump(_attempt(job, part), sink, pickle.HIGHEST_PROTOCOL)
    finally:
        # Nothing of the parent may end here a second time: no open file is flushed, no handler runs.
        os._exit(0)


def _attempt(job: t.Callable[[Part], Result], part: Part) -> tuple[dict[str, str], Result | None]:
    """What kept the job from its result, as a MailtlsError takes it, or nothing; and the result."""
    try:
        return {}, job(part)
    except MailtlsError as error:
        return {"what": error.what, "where": error.where, "remedy": error.remedy}, None
    except Exception as error:
        return {"what": f"a process of the probe failed: {type(error).__name__}: {error}"}, None


def _collect(source: t.BinaryIO) -> t.Any:
    try:
        failure, result = pickle.load(source)
    except (EOFError, pickle.UnpicklingError):
        raise MailtlsError(
            "a process of the probe ended early", remedy="Look for the reason in the system's log; memory may be short."
        ) from None
    if failure:
        raise MailtlsError(**failure)
    return result
