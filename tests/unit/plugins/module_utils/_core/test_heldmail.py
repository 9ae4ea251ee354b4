# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import heldmail
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.queuefile import (
    QueuedMessage,
    QueuedRecipient,
    parse_queue_file,
)
from recording import read_recording

DAY = 86400
TLS = "Deferred: 403 4.7.0 encryption too weak 0 less than 128"


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [("5d", "", 5 * DAY), ("1h30m", "", 5400), ("2w3d4h5m6s", "", 1483506), ("4", "d", 4 * DAY), ("1d12", "h", 129600)],
)
def test_times(text: str, unit: str, seconds: int) -> None:
    assert heldmail.parse_seconds(text, unit) == seconds


@pytest.mark.parametrize("text", ["", "d", "5", "5x", "5 d", "-1d", "1.5h", "1dx"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(MailtlsError, match="is not a time as sendmail reads it"):
        heldmail.parse_seconds(text)


@pytest.mark.parametrize(
    ("cf", "seconds"),
    [
        ("", 5 * DAY),
        ("#O Timeout.queuereturn=1d\n", 5 * DAY),
        ("O Timeout.queuereturn=7d\n", 7 * DAY),
        ("O Timeout.queuereturn=7\nO Timeout.queuereturn.normal=3d\nO Timeout.queuereturn.urgent=1d\n", 3 * DAY),
    ],
)
def test_the_limit_of_a_cf(cf: str, seconds: int) -> None:
    assert heldmail.parse_limit(cf) == seconds


@pytest.mark.parametrize(
    ("cf", "folder"),
    [
        ("", ""),
        ("O QueueDirectory=/var/spool/mqueue\n", "/var/spool/mqueue"),
        ("O QueueDirectory=/var/spool/mq/q*\n", "/var/spool/mq"),
    ],
)
def test_the_folder_of_a_cf(cf: str, folder: str) -> None:
    assert heldmail.parse_folder(cf) == folder


def message(queue_id: str, created: int, status: str = TLS) -> QueuedMessage:
    return QueuedMessage(queue_id, 1, status, "<>", (), (), created)


def test_messages_are_counted_by_reason() -> None:
    messages = [message("a", 900), message("b", 100), message("c", 500, ""), message("d", 0, "Deferred: x\n\ty")]
    summary = heldmail.summarise(messages, 1000.5)
    assert summary == {
        "count": 4,
        "oldest_age": 900,
        "oldest_id": "b",
        "reasons": [
            {"reason": TLS, "count": 2, "oldest_age": 900, "oldest_id": "b"},
            {"reason": "Deferred: x y", "count": 1, "oldest_age": 0, "oldest_id": ""},
            {"reason": "not tried yet", "count": 1, "oldest_age": 500, "oldest_id": "c"},
        ],
    }


def test_the_oldest_messages_are_listed_with_what_holds_each_recipient() -> None:
    recipients = (QueuedRecipient("<Alice@MTA2.example>", "Deferred: x\n\ty"), QueuedRecipient("bob", ""))
    mixed = QueuedMessage("c", 3, TLS, "<eve@here.example>", recipients, (), 200)
    listed = heldmail.list_oldest([message("a", 300), message("b", 0), mixed], 1000.5, 2)
    assert listed == [
        {
            "queue_id": "c",
            "age": 800,
            "tries": 3,
            "reason": TLS,
            "sender": "eve@here.example",
            "recipients": [
                {"address": "Alice@MTA2.example", "domain": "mta2.example", "reason": "Deferred: x y"},
                {"address": "bob", "domain": "", "reason": TLS},
            ],
        },
        {"queue_id": "a", "age": 700, "tries": 1, "reason": TLS, "sender": "", "recipients": []},
    ]
    undated = heldmail.list_oldest([message("b", 0)], 1000, 5)
    assert [(one["queue_id"], one["age"]) for one in undated] == [("b", 0)] and not heldmail.list_oldest([mixed], 1, 0)


def test_an_empty_queue_and_a_clock_that_went_back() -> None:
    assert heldmail.summarise([], 10) == {"count": 0, "oldest_age": 0, "oldest_id": "", "reasons": []}
    assert heldmail.summarise([message("a", 20)], 10)["oldest_age"] == 0


@pytest.mark.parametrize(
    "recording", ["queuefile/sendmail-8.17-qf6ANIUtIe000395", "queuefile/sendmail-8.18-qf6ANIVCFq000285"]
)
def test_real_control_files_tell_their_age(recording: str) -> None:
    found = parse_queue_file("6ANIUtIe000395", read_recording(recording))
    assert 1_790_000_000 < found.created < 1_800_000_000


def queue(name: str = "mta", ages: t.Sequence[int] = (), **more: int) -> dict[str, t.Any]:
    messages = [message(f"id{number}", 10 * DAY - age) for number, age in enumerate(ages)]
    return {
        "name": name,
        "return_after": 5 * DAY,
        "quarantined": 0,
        "unread": 0,
        **heldmail.summarise(messages, 10 * DAY),
        **more,
    }


WAITS = f"Queue: 1 held, the oldest for 1d1h of 5d: 1 x {TLS} (oldest 1d1h)."


@pytest.mark.parametrize(
    ("queues", "demand", "ok", "text"),
    [
        ([], "", True, ""),
        ([queue()], "1h", True, "Queue: no mail waits."),
        ([queue(ages=[25 * 3600])], "", True, WAITS),
        ([queue(ages=[25 * 3600])], "2d", True, WAITS),
        ([queue(ages=[25 * 3600])], "1d", False, f"{WAITS} TOO OLD: tls_audit_oldest_held is 1d."),
        ([queue(unread=2)], "", True, "Queue: no mail waits. 2 could not be read just now."),
        (
            [queue(unread=1)],
            "1d",
            False,
            "Queue: no mail waits. 1 could not be read just now. "
            "UNKNOWN: without those, nobody can say how old the oldest is. Run again.",
        ),
        ([queue(quarantined=3)], "", True, "Queue: no mail waits. 3 quarantined: sendmail -qQ -bp shows why."),
    ],
)
def test_the_verdict(queues: list[dict[str, t.Any]], demand: str, ok: bool, text: str) -> None:
    assert heldmail.judge(queues, demand) == (ok, text)


@pytest.mark.parametrize(
    ("name", "age", "warned"),
    [
        ("mta", 4 * DAY - 1, ""),
        ("mta", 4 * DAY, "WARNING: id0 goes back to its sender in 1d; mend"),
        ("mta", 6 * DAY, "WARNING: id0 goes back to its sender with the next attempt; mend"),
        ("msp", 3600, ""),
        ("msp", 3601, "WARNING: its runner should have emptied it"),
    ],
)
def test_what_is_warned_of(name: str, age: int, warned: str) -> None:
    ok, text = heldmail.judge([queue(name, [age])])
    assert ok
    assert ("WARNING" in text) is bool(warned)
    assert warned in text


def test_a_demand_that_is_no_time() -> None:
    with pytest.raises(MailtlsError, match=r"^tls_audit_oldest_held: 'soon' is not a time"):
        heldmail.judge([], "soon")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m"), (3661, "1h1m"), (DAY + 59, "1d59s"), (5 * DAY, "5d")]
)
def test_ages(seconds: int, text: str) -> None:
    assert heldmail.render_age(seconds) == text
