# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.maillog import Line
from ansible_collections.mailtls.relay.plugins.modules import mail_log_info
from module_runner import run_module

ID = "6ANIRtID000237"
CAME = Line(
    3, 1.0, f"{ID}: from=<>, size=1, class=0, nrcpts=1, msgid=<m@a>, proto=ESMTP, daemon=D, relay=a [192.0.2.1]"
)
WENT = Line(4, 2.0, f"{ID}: to=<x@y>, mailer=local, dsn=2.0.0, stat=Sent")


def run(
    monkeypatch: pytest.MonkeyPatch, capfd: t.Any, log: list[t.Any], **options: t.Any
) -> tuple[dict[str, t.Any], list[float]]:
    """Each reading of the log finds the next list of lines; returns the answer and the pauses."""
    pauses: list[float] = []
    monkeypatch.setattr(mail_log_info.time, "sleep", pauses.append)

    def read_lines(_since: float) -> list[Line]:
        lines = log.pop(0)
        if isinstance(lines, MailtlsError):
            raise lines
        return t.cast("list[Line]", lines)

    monkeypatch.setattr(mail_log_info, "read_lines", read_lines)
    return run_module(mail_log_info.main, capfd, options), pauses


@pytest.mark.parametrize(
    "options, log, kinds, readings",
    [
        ({"message_id": "<m@a>"}, [[CAME, WENT]], ["receipt", "delivery"], 1),
        ({"queue_id": ID}, [[CAME, WENT]], ["receipt", "delivery"], 1),
        ({"message_id": "<m@a>"}, [[CAME]], ["receipt"], 1),
        ({"message_id": "<n@a>"}, [[CAME]], [], 1),
        ({"message_id": "<m@a>", "timeout": 60}, [[], [CAME], [CAME, WENT]], ["receipt", "delivery"], 3),
    ],
)
def test_records(
    monkeypatch: pytest.MonkeyPatch,
    capfd: t.Any,
    options: dict[str, t.Any],
    log: list[t.Any],
    kinds: list[str],
    readings: int,
) -> None:
    answer, pauses = run(monkeypatch, capfd, log, **options)
    assert [item["kind"] for item in answer["records"]] == kinds
    assert answer["changed"] is False
    assert len(pauses) == readings - 1


def test_unreadable_log_fails(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    answer, _pauses = run(monkeypatch, capfd, [MailtlsError("there is no mail log")], queue_id=ID)
    assert answer["failed"] and answer["msg"] == "there is no mail log."


@pytest.mark.parametrize("options", [{}, {"queue_id": ID, "message_id": "<m@a>"}])
def test_exactly_one_id(monkeypatch: pytest.MonkeyPatch, capfd: t.Any, options: dict[str, str]) -> None:
    answer, _pauses = run(monkeypatch, capfd, [], **options)
    assert answer["failed"]
