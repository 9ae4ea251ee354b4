# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.modules import mail_queue_info
from module_runner import run_module
from recording import read_recording

HELD = read_recording("queuefile/sendmail-8.17-qf6ANIUtIe000395")


@pytest.mark.parametrize("check", [False, True])
def test_both_queues_are_read(tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str], check: bool) -> None:
    for name in ("mq/q1", "client"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "mq/q1/qf6ANIUtIe000395").write_bytes(HELD)
    (tmp_path / "mq/q1/hf6ANIUtIe000396").write_bytes(HELD)
    (tmp_path / "client/qf6ANIUtIe000397").write_bytes(HELD[:20])
    (tmp_path / "cf").write_text(f"O QueueDirectory={tmp_path}/mq/q*\nO Timeout.queuereturn=7d\n")
    (tmp_path / "submit").write_text(f"O QueueDirectory={tmp_path}/client\n")
    options = {"cf": str(tmp_path / "cf"), "submit_cf": str(tmp_path / "submit")}
    answer = run_module(mail_queue_info.main, capfd, options, check=check)
    assert answer["changed"] is False
    mta, msp = answer["queues"]
    assert (mta["name"], mta["folder"], mta["return_after"]) == ("mta", f"{tmp_path}/mq", 604800)
    assert (mta["count"], mta["oldest_id"], mta["quarantined"], mta["unread"]) == (1, "6ANIUtIe000395", 1, 0)
    assert mta["reasons"][0]["reason"] == "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
    assert (msp["name"], msp["count"], msp["unread"], msp["return_after"]) == ("msp", 0, 1, 432000)


def test_messages_are_listed_where_somebody_asks(tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mq").mkdir()
    for number in (5, 6, 7):
        (tmp_path / f"mq/qf6ANIUtIe00039{number}").write_bytes(HELD.replace(b"T17954586", b"T1795458%d" % (9 - number)))
    (tmp_path / "cf").write_text(f"O QueueDirectory={tmp_path}/mq\n")
    options = {"cf": str(tmp_path / "cf"), "submit_cf": str(tmp_path / "none")}
    assert run_module(mail_queue_info.main, capfd, options)["queues"][0]["messages"] == []
    listed = run_module(mail_queue_info.main, capfd, {**options, "messages": 2})["queues"][0]["messages"]
    assert [one["queue_id"] for one in listed] == ["6ANIUtIe000397", "6ANIUtIe000396"]
    assert listed[0]["recipients"][0]["domain"] == "mta2.e.example"


def test_without_a_cf_the_folders_are_debians(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mail_queue_info.spool, "read_queue", lambda folder: ([], 0, 0))
    options = {"cf": str(tmp_path / "none"), "submit_cf": str(tmp_path / "none")}
    answer = run_module(mail_queue_info.main, capfd, options)
    assert [queue["folder"] for queue in answer["queues"]] == ["/var/spool/mqueue", "/var/spool/mqueue-client"]


def test_an_error_is_told(tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cf").write_text("O Timeout.queuereturn=soon\n")
    assert "is not a time" in run_module(mail_queue_info.main, capfd, {"cf": str(tmp_path / "cf")})["msg"]
