# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.queuefile import QueuedRecipient, parse_queue_file
from recording import read_recording


def test_held_canary_of_8_17() -> None:
    data = read_recording("queuefile/sendmail-8.17-qf6ANIUtIe000395")
    message = parse_queue_file("6ANIUtIe000395", data)
    assert message.queue_id == "6ANIUtIe000395"
    assert message.tries == 1
    assert message.status == message.reason == "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
    assert message.sender == "<>"
    assert message.recipients == (QueuedRecipient("<alice@mta2.e.example>", ""),)
    assert message.header("x-mailtls-canary") == "abcdef0123"
    assert message.header("Return-Path") == "<\ufffdg>"
    assert message.header("Received").count("\n\t") == 2
    assert message.header("X-Absent") == ""


def test_message_of_8_18_with_two_recipients() -> None:
    data = read_recording("queuefile/sendmail-8.18-qf6ANIVCFq000285")
    message = parse_queue_file("6ANIVCFq000285", data)
    assert [recipient.address for recipient in message.recipients] == [
        "<nobody1@[10.89.77.98]>",
        "<alice@[10.89.77.99]>",
    ]
    assert message.reason == "Deferred: [10.89.77.98]: No route to host"
    assert message.header("X-Long") == "one\n\ttwo"
    assert [name for name, _value in message.headers].count("Full-Name") == 1


@pytest.mark.parametrize(
    "data, status, statuses, reason",
    [
        (b"V8\nN0\nS<a@b>\nRPFD:<x@y>\n.\n", "", [""], ""),
        (b"V8\nMwait\nS<a@b>\nRPFD:<x@y>\n.\n", "wait", [""], "wait"),
        (b"V8\nS<a@b>\nMone\nRPFD:<x@y>\nRPFD:<z@y>\n.\n", "", ["one", ""], "one"),
        (b"V8\nMall\nS<a@b>\nRPFD:<x@y>\nMtwo\nRPFD:<z@y>\n.\n", "all", ["", "two"], "all"),
        (b"V8\nNx\nS<a@b>\n.\nMlate\n", "", [], ""),
    ],
)
def test_status_belongs_to_what_follows(data: bytes, status: str, statuses: list[str], reason: str) -> None:
    message = parse_queue_file("6ANIVCFq000285", data)
    assert message.tries == 0
    assert message.status == status
    assert [recipient.status for recipient in message.recipients] == statuses
    assert message.reason == reason


@pytest.mark.parametrize(
    "record, headers",
    [
        (b"H??A: b", (("A", "b"),)),
        (b"H?P?A:b", (("A", "b"),)),
        (b"HA: b", (("A", "b"),)),
        (b"H??A: b\n\tc", (("A", "b\n\tc"),)),
        (b"H??no header", ()),
    ],
)
def test_headers(record: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    assert parse_queue_file("6ANIVCFq000285", b"V8\n" + record + b"\n.\n").headers == headers


@pytest.mark.parametrize("data", [b"", b"V8\nS<a@b>\n", b"\tx\n.\n", b"T1\nV8\n.\n", b"V8\nS<a@b>\n. \n"])
def test_half_a_file_is_refused(data: bytes) -> None:
    with pytest.raises(MailtlsError, match="qf6ANIVCFq000285: not a whole control file"):
        parse_queue_file("6ANIVCFq000285", data)


def test_continuation_without_a_record_is_kept_apart() -> None:
    assert parse_queue_file("6ANIVCFq000285", b"V8\n\tx\nS<a@b>\n.\n").sender == "<a@b>"
