# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import spool
from recording import read_recording

HELD = read_recording("queuefile/sendmail-8.17-qf6ANIUtIe000395")
ID, OTHER = "6ANIUtIe000395", "6ANIUtIe000396"
HEADER, MARK = "X-Mailtls-Canary", "abcdef0123"

# Where a queue keeps its files: qf, df, xf.
LAYOUTS = [("", "", ""), ("q1", "q1", "q1"), ("qf", "df", "xf"), ("q2/qf", "q2/df", "q2/xf")]


def fill(queue: pathlib.Path, queue_id: str, layout: t.Sequence[str] = ("", "", ""), mark: str = MARK) -> pathlib.Path:
    for kind, place in zip(("qf", "df", "xf"), layout):
        (queue / place).mkdir(parents=True, exist_ok=True)
        content = HELD.replace(MARK.encode(), mark.encode()) if kind == "qf" else b"body\n"
        (queue / place / f"{kind}{queue_id}").write_bytes(content)
    return queue / layout[0] / f"qf{queue_id}"


def files(queue: pathlib.Path) -> list[str]:
    return sorted(path.name for path in queue.rglob("*") if path.is_file())


def remove(queue: pathlib.Path, mark: str = MARK) -> bool:
    return spool.remove_message(ID, HEADER, mark, str(queue))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_the_marked_message_is_removed(tmp_path: pathlib.Path, layout: tuple[str, ...]) -> None:
    fill(tmp_path, OTHER, layout)
    before = files(tmp_path)
    fill(tmp_path, ID, layout)
    message = spool.read_message(ID, str(tmp_path))
    assert message and message.header(HEADER) == MARK
    assert remove(tmp_path)
    assert files(tmp_path) == before
    assert spool.read_message(ID, str(tmp_path)) is None


@pytest.mark.parametrize("mark", ["abcdef012", "ABCDEF0123", "", "other"])
def test_message_of_somebody_else_stays(tmp_path: pathlib.Path, mark: str) -> None:
    fill(tmp_path, ID)
    before = files(tmp_path)
    with pytest.raises(MailtlsError, match="does not carry X-Mailtls-Canary"):
        remove(tmp_path, mark)
    assert files(tmp_path) == before


def test_message_without_any_mark_stays(tmp_path: pathlib.Path) -> None:
    path = fill(tmp_path, ID)
    path.write_bytes(path.read_bytes().replace(HEADER.encode(), b"X-Other"))
    with pytest.raises(MailtlsError, match="it stays"):
        remove(tmp_path, "")
    assert len(files(tmp_path)) == 3


def test_message_that_sendmail_works_on_stays(tmp_path: pathlib.Path) -> None:
    with open(fill(tmp_path, ID), "rb") as sendmail:
        fcntl.flock(sendmail, fcntl.LOCK_EX)
        assert not remove(tmp_path)
        assert len(files(tmp_path)) == 3
    assert remove(tmp_path)


def test_lock_on_a_replaced_file_is_worth_nothing(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path, ID)
    flock = fcntl.flock

    def replace_and_lock(stream: t.Any, how: int) -> None:
        new = path.with_name("tf")
        new.write_bytes(path.read_bytes())
        os.rename(new, path)
        flock(stream, how)

    monkeypatch.setattr(fcntl, "flock", replace_and_lock)
    assert not remove(tmp_path)
    assert len(files(tmp_path)) == 3


def test_message_that_left_in_between(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ID).unlink()
    assert not remove(tmp_path)
    monkeypatch.setattr(spool, "_files", lambda kind, *_args: [str(tmp_path / f"{kind}{ID}")])
    assert not remove(tmp_path)
    assert spool.read_message(ID, str(tmp_path)) is None


@pytest.mark.parametrize("queue_id", ["", "*", "../../etc/passwd", "6ANIUtIe00039?"])
def test_queue_id_is_never_a_pattern(tmp_path: pathlib.Path, queue_id: str) -> None:
    with pytest.raises(MailtlsError, match="is not a queue id"):
        spool.remove_message(queue_id, HEADER, MARK, str(tmp_path))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_whole_queue_is_read(tmp_path: pathlib.Path, layout: tuple[str, str, str]) -> None:
    fill(tmp_path, ID, layout)
    fill(tmp_path, OTHER, layout).write_bytes(HELD[:30])
    (tmp_path / layout[0] / "hf6ANIUtIe000397").write_bytes(HELD)
    (tmp_path / layout[0] / "qfx").write_bytes(HELD)
    messages, unread, quarantined = spool.read_queue(str(tmp_path))
    assert ([one.queue_id for one in messages], unread, quarantined) == ([ID], 1, 1)


def test_a_queue_that_is_not_there_is_empty_and_a_message_may_leave(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spool.read_queue(str(tmp_path / "none")) == ([], 0, 0)
    monkeypatch.setattr(spool, "_every", lambda kind, queue: [str(tmp_path / f"{kind}{ID}")] if kind == "qf" else [])
    assert spool.read_queue(str(tmp_path)) == ([], 0, 0)
