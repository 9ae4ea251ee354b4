# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import resource

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import workers


def test_each_part_has_a_process_and_the_first_one_is_this() -> None:
    found = workers.work(lambda part: (part, os.getpid()), [1, 2, 3])
    assert [part for part, _pid in found] == [1, 2, 3]
    pids = [pid for _part, pid in found]
    assert pids[0] == os.getpid() and len(set(pids)) == 3
    for pid in pids[1:]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_results_may_be_larger_than_a_pipe() -> None:
    assert [len(one) for one in workers.work(lambda part: b"x" * part, [1, 3_000_000, 2_000_000])] == [
        1,
        3_000_000,
        2_000_000,
    ]


def test_nothing_to_do() -> None:
    assert workers.work(lambda part: part, []) == []


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(MailtlsError, match="ended early"):
        workers.work(lambda part: part and os._exit(3), [0, 1])


def test_what_a_process_fails_of_is_told() -> None:
    def job(part: int) -> int:
        if part:
            raise MemoryError("no room for certificates")
        return part

    with pytest.raises(MailtlsError, match="failed: MemoryError: no room for certificates"):
        workers.work(job, [0, 1])


def test_a_refusal_of_a_process_keeps_its_words() -> None:
    def job(part: int) -> int:
        if part:
            raise MailtlsError("no such file", where="ca_path", remedy="Name another.")
        return part

    with pytest.raises(MailtlsError, match=r"\Aca_path: no such file\. Name another\.\Z"):
        workers.work(job, [0, 1])


def test_a_host_without_room_for_processes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    opened = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", fork)
    with pytest.raises(MailtlsError, match=r"Resource temporarily unavailable.* processes: 1"):
        workers.work(lambda part: part, [0, 1])
    assert len(os.listdir("/proc/self/fd")) == opened


def test_a_host_without_room_for_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", pipe)
    with pytest.raises(MailtlsError, match=r"Too many open files.* processes: 1"):
        workers.work(lambda part: part, [0, 1])


def test_what_goes_wrong_here_leaves_no_process_behind() -> None:
    pids = []

    def job(part: int) -> int:
        if part:
            while True:
                os.sched_yield()
        raise RuntimeError

    fork = os.fork

    def noting() -> int:
        pids.append(fork())
        return pids[-1]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(os, "fork", noting)
        workers.work(job, [0, 1])
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize(
    "items, cpus, useful", [(1, 4, 1), (63, 4, 1), (64, 4, 1), (128, 4, 2), (5000, 4, 4), (0, 4, 1)]
)
def test_useful_processes(monkeypatch: pytest.MonkeyPatch, items: int, cpus: int, useful: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cpus)))
    assert workers.count_useful(items) == useful


@pytest.mark.parametrize(
    "limits, wanted, allowed, soft",
    [
        ((1024, 4096), 512, 512, 1024),
        ((1024, 4096), 2000, 2000, 2000 + 10 + 64),
        ((1024, 4096), 5000, 4096 - 10 - 64, 4096),
        ((1024, resource.RLIM_INFINITY), 5000, 5000, 5000 + 10 + 64),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 5000, 5000, resource.RLIM_INFINITY),
        ((64, 64), 512, 1, 64),
    ],
)
def test_open_files(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], wanted: int, allowed: int, soft: int
) -> None:
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: now[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, pair: now.append(pair))
    monkeypatch.setattr(os, "listdir", lambda _path: list("0123456789"))
    assert workers.allow_connections(wanted) == allowed
    assert now[-1] == (soft, limits[1])
