# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import socket
import time
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._host import loop
from ansible_collections.mailtls.relay.plugins.module_utils._host.loop import NOTHING, OPEN, READ, WRITE, Steps


def sleep(seconds: float, done: list[str], name: str) -> Steps[None]:
    ready = yield NOTHING, 0, time.monotonic() + seconds
    assert ready is False
    done.append(name)


def test_sleepers_wake_in_order_and_together() -> None:
    done: list[str] = []
    began = time.monotonic()
    loop.run_all(iter([sleep(0.2, done, "b"), sleep(0.1, done, "a"), sleep(0.2, done, "c")]), 3)
    assert done == ["a", "b", "c"] and 0.2 <= time.monotonic() - began < 0.3


def test_only_so_many_at_once() -> None:
    running = most = 0

    def count() -> Steps[None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        yield NOTHING, 0, time.monotonic() + 0.02
        running -= 1

    loop.run_all((count() for _number in range(10)), 3)
    assert (running, most) == (0, 3)


def test_nothing_to_do() -> None:
    loop.run_all(iter([]), 5)


def test_a_task_may_end_at_once() -> None:
    def at_once() -> Steps[int]:
        return 7
        yield NOTHING, 0, 0.0

    assert loop.run_one(at_once()) == 7


def test_what_a_task_raises_ends_all() -> None:
    closed = []

    def bad() -> Steps[None]:
        yield NOTHING, 0, time.monotonic() + 0.05
        raise RuntimeError

    def good() -> Steps[None]:
        try:
            yield NOTHING, 0, time.monotonic() + 60
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError):
        loop.run_all(iter([good(), bad()]), 2)
    assert closed


def wait(end: socket.socket, events: int, seconds: float) -> t.Generator[loop.Wait, bool, bool]:
    return (yield end.fileno(), events, time.monotonic() + seconds)


def test_reading_writing_and_a_number_that_comes_again() -> None:
    """The second pair of sockets has the descriptors of the first, and must be waited for all the same."""
    numbers = []

    def pair() -> Steps[list[bool]]:
        low, there = socket.socketpair()
        # The lowest number from here on, where nobody else opens and closes anything meanwhile.
        here = socket.socket(fileno=fcntl.fcntl(low, fcntl.F_DUPFD, 500))
        low.close()
        with here, there:
            numbers.append(here.fileno())
            found = [(yield from wait(here, OPEN, 1))]
            found.append((yield from wait(here, READ, 0.02)))
            there.send(b"x")
            found.append((yield from wait(here, READ, 1)))
            found.append((yield from wait(here, READ, 1)))
            found.append((yield from wait(here, WRITE, 1)))
            return found

    def both() -> Steps[list[bool]]:
        first = yield from pair()
        return first + (yield from pair())

    assert loop.run_one(both()) == [True, False, True, True, True] * 2
    assert numbers[0] == numbers[1]


def test_who_is_ready_is_not_late() -> None:
    """What lies in the socket counts, though others kept the loop busy until after the deadline."""
    here, there = socket.socketpair()

    def busy() -> Steps[None]:
        yield NOTHING, 0, time.monotonic() + 0.01
        there.send(b"x")
        time.sleep(0.1)

    def reader() -> Steps[None]:
        yield here.fileno(), OPEN, time.monotonic() + 1
        found.append((yield here.fileno(), READ, time.monotonic() + 0.05))

    found: list[bool] = []
    with here, there:
        loop.run_all(iter([reader(), busy()]), 2)
    assert found == [True]


def test_many_waits_keep_few_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0
    push = loop.heapq.heappush

    def counting(heap: list[t.Any], item: t.Any) -> None:
        nonlocal most
        push(heap, item)
        most = max(most, len(heap))

    monkeypatch.setattr(loop.heapq, "heappush", counting)
    here, there = socket.socketpair()
    there.send(b"x")

    def reader() -> Steps[int]:
        deadline = time.monotonic() + 5
        yield here.fileno(), OPEN, deadline
        for number in range(1000):
            assert (yield here.fileno(), READ, deadline + number % 3)
        return most

    with here, there:
        assert loop.run_one(reader()) <= 2
