# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many conversations in one thread: generators that say what they wait for, and a loop that wakes them.

A generator yields a ``Wait`` and is sent True when its socket is ready, False when the deadline passed.
"""

from __future__ import annotations

import heapq
import select
import time
import typing as t

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
# WRITE for a descriptor that was not waited for before: a new socket may have the number of an old one.
OPEN = select.EPOLLOUT | select.EPOLLONESHOT

# (descriptor, READ or WRITE or OPEN, deadline of time.monotonic()). NOTHING for the descriptor only sleeps; the task
# must have no socket open then. A descriptor that is closed is forgotten by the kernel, so nobody takes it back.
Wait = tuple[int, int, float]
NOTHING = -1
Result = t.TypeVar("Result")
Steps = t.Generator[Wait, bool, Result]


class _Task:
    """A generator with what it waits for. ``alarm`` is its earliest entry among the alarms, 0 if it has none."""

    __slots__ = ("alarm", "deadline", "events", "steps")

    def __init__(self, steps: Steps[None]) -> None:
        self.steps = steps
        self.events = 0
        # 0 once it has ended.
        self.deadline = 0.0
        self.alarm = 0.0


class _Loop:
    def __init__(self, poll: select.epoll) -> None:
        self.poll = poll
        self.sockets: dict[int, _Task] = {}
        self.alarms: list[tuple[float, int, _Task]] = []
        self.running = 0
        self._count = 0

    def resume(self, task: _Task, ready: bool | None) -> None:
        """Let a task go on until it waits again, or ends."""
        try:
            descriptor, events, task.deadline = task.steps.send(ready)  # type: ignore[arg-type]
        except StopIteration:
            self.running -= 1
            task.deadline = 0.0
            return
        if events == OPEN:
            self.poll.register(descriptor, events)
            self.sockets[descriptor] = task
        elif events != task.events and descriptor != NOTHING:
            self.poll.modify(descriptor, events)
        task.events = events
        if not task.alarm or task.deadline < task.alarm:
            self._set_alarm(task)

    def _set_alarm(self, task: _Task) -> None:
        self._count += 1
        task.alarm = task.deadline
        heapq.heappush(self.alarms, (task.deadline, self._count, task))

    def expire(self, now: float) -> None:
        """Wake those whose deadline passed; an alarm that rang too early is set again.

        So a task has one alarm, or few, however often it waits: a peer that sends single bytes costs no memory.
        """
        while self.alarms and self.alarms[0][0] <= now:
            rang, _count, task = heapq.heappop(self.alarms)
            if rang != task.alarm or not task.deadline:
                continue
            task.alarm = 0.0
            if task.deadline <= now:
                self.resume(task, False)
            else:
                self._set_alarm(task)


def run_all(tasks: t.Iterator[Steps[None]], at_once: int) -> None:
    """Run all of them, ``at_once`` at a time. What a task raises ends everything."""
    with select.epoll() as poll:
        loop = _Loop(poll)
        exhausted = False
        while True:
            while not exhausted and loop.running < at_once:
                steps = next(tasks, None)
                if steps is None:
                    exhausted = True
                else:
                    loop.running += 1
                    loop.resume(_Task(steps), None)
            if not loop.running:
                return
            # Taken before looking at the sockets: who had something to read before its deadline is never late.
            now = time.monotonic()
            patience = max(0.0, loop.alarms[0][0] - now) if loop.alarms else 0.0
            for descriptor, _events in poll.poll(patience, at_once):
                loop.resume(loop.sockets[descriptor], True)
            loop.expire(now)


def run_one(steps: Steps[Result]) -> Result:
    """Run one of them and give its value; it may raise."""
    results: list[Result] = []

    def keep() -> Steps[None]:
        results.append((yield from steps))

    run_all(iter([keep()]), 1)
    return results[0]
