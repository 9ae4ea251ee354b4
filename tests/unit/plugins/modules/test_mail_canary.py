# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import canary, sighting, smtp
from ansible_collections.mailtls.relay.plugins.module_utils._core.maillog import Line
from ansible_collections.mailtls.relay.plugins.module_utils._core.queuefile import QueuedMessage
from ansible_collections.mailtls.relay.plugins.modules import mail_canary
from module_runner import run_module

ID = "6ANIRuZi000354"
WEAK = "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
TAKEN = canary.Submission(canary.TAKEN, "250 ok", ID)
SESSION = "STARTTLS=client, relay=b.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256"
TO = f"{ID}: to=<a@b.example>, mailer=relay, relay=b.example. [192.0.2.2], dsn=%s, stat=%s"
SENT = TO % ("2.0.0", "Sent (6ANIRufe000241 Message accepted for delivery)")
REFUSAL = "ruleset=tls_server, arg1=NONE, relay=b.example, reject=403 4.7.0 encryption too weak 0 less than 128"


class Relay:
    """A relay in memory: what it answers, what its log says at each look, and a queue with one place."""

    def __init__(self, answer: t.Any, log: t.Sequence[str], queued: bool, locked: int = 0) -> None:
        self.answer, self.log, self.queued, self.locked = answer, log, queued, locked
        self.sent: list[canary.Letter] = []
        self.removed: list[tuple[str, str, str]] = []
        self.clock = 0.0

    def converse(self, _host: str, _port: int, script: t.Callable[[str], t.Any], **_options: t.Any) -> t.Any:
        frame = script("[127.0.0.1]").gi_frame
        self.sent.append(frame.f_locals["letter"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def read_lines(self, _since: float) -> list[Line]:
        return [Line(7, 1.0, line.replace("<MINE>", self.sent[0].message_id)) for line in self.log]

    def read_message(self, queue_id: str, _queue: str) -> QueuedMessage | None:
        assert queue_id == ID
        return QueuedMessage(ID, 1, WEAK, "<>", (), ()) if self.queued else None

    def remove_message(self, queue_id: str, header: str, value: str, _queue: str) -> bool:
        if self.locked:
            self.locked -= 1
            return False
        self.removed.append((queue_id, header, value))
        self.queued = False
        return True

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def monotonic(self) -> float:
        return self.clock


def run(
    monkeypatch: pytest.MonkeyPatch, capfd: t.Any, relay: Relay, *, check: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    monkeypatch.setattr(mail_canary.probe, "converse", relay.converse)
    monkeypatch.setattr(mail_canary.journal, "read_lines", relay.read_lines)
    monkeypatch.setattr(mail_canary.spool, "read_message", relay.read_message)
    monkeypatch.setattr(mail_canary.spool, "remove_message", relay.remove_message)
    monkeypatch.setattr(mail_canary.time, "sleep", relay.sleep)
    monkeypatch.setattr(mail_canary.time, "monotonic", relay.monotonic)
    answer = run_module(mail_canary.main, capfd, dict({"recipient": "a@b.example"}, **options), check=check)
    assert answer.get("changed", False) is False
    return answer


def test_held_canary_is_removed_by_its_own_mark(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    relay = Relay(TAKEN, [REFUSAL, TO % ("4.7.0", WEAK)], queued=True, locked=3)
    answer = run(monkeypatch, capfd, relay)
    assert (answer["state"], answer["reason"], answer["ruleset"]) == ("held", WEAK, "tls_server")
    assert (answer["removed"], answer["left_in_queue"], answer["tls"]) == (True, False, None)
    assert relay.removed == [(ID, "X-Mailtls-Canary", relay.sent[0].mark)]
    assert answer["mark"] == relay.sent[0].mark and len(answer["mark"]) == 32
    assert answer["message_id"] == relay.sent[0].message_id


@pytest.mark.parametrize("options, locked", [({"remove_held": False}, 0), ({}, 1000)])
def test_canary_that_stays_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: t.Any, options: dict[str, t.Any], locked: int
) -> None:
    relay = Relay(TAKEN, [TO % ("4.7.0", WEAK)], queued=True, locked=locked)
    answer = run(monkeypatch, capfd, relay, **options)
    assert (answer["state"], answer["removed"], answer["left_in_queue"]) == ("held", False, True)


def test_accepted_canary(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    answer = run(monkeypatch, capfd, Relay(TAKEN, [SESSION, SENT], queued=False))
    assert (answer["state"], answer["dsn"], answer["remote_queue_id"]) == ("accepted", "2.0.0", "6ANIRufe000241")
    assert answer["tls"] == {"version": "TLSv1.3", "cipher": "X", "bits": 256, "verify": "OK"}
    assert (answer["queue_id"], answer["removed"], answer["left_in_queue"]) == (ID, False, False)


def test_no_verdict_in_time_is_inconclusive_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    relay = Relay(TAKEN, [], queued=False)
    answer = run(monkeypatch, capfd, relay, timeout=10)
    assert answer["state"] == "inconclusive" and "the mail log does not say" in answer["reason"]
    assert 10 < relay.clock < 12


@pytest.mark.parametrize(
    "answer, state, reason",
    [
        (canary.Submission(canary.REJECTED, "550 no"), "rejected", "550 no"),
        (canary.Submission(canary.INCONCLUSIVE, "busy"), "inconclusive", "busy"),
        (smtp.DialogueError(sighting.CONNECT, "no connection"), "inconclusive", "127.0.0.1 port 25: no connection"),
        (smtp.DialogueError(sighting.TIMEOUT, "no answer"), "inconclusive", "127.0.0.1 port 25: no answer"),
        (canary.Submission(canary.TAKEN, "250 thanks"), "inconclusive", "250 thanks"),
    ],
)
def test_relay_that_does_not_take_it(
    monkeypatch: pytest.MonkeyPatch, capfd: t.Any, answer: t.Any, state: str, reason: str
) -> None:
    found = run(monkeypatch, capfd, Relay(answer, [], queued=False))
    assert found["state"] == state and reason in found["reason"] and found["queue_id"] == ""


def test_canary_of_a_lost_answer_is_followed_all_the_same(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    came = f"{ID}: from=<>, size=1, class=0, nrcpts=1, msgid=<MINE>, proto=ESMTP, daemon=D, relay=localhost"
    error = smtp.DialogueError(sighting.TIMEOUT, "no answer")
    relay = Relay(error, [came, TO % ("4.7.0", WEAK)], queued=True)
    answer = run(monkeypatch, capfd, relay)
    assert (answer["state"], answer["queue_id"], answer["removed"]) == ("held", ID, True)


def test_check_mode_sends_nothing(monkeypatch: pytest.MonkeyPatch, capfd: t.Any) -> None:
    relay = Relay(AssertionError("nothing may be sent"), [], queued=False)
    answer = run(monkeypatch, capfd, relay, check=True)
    assert (answer["state"], answer["reason"]) == ("not_run", "nothing is sent in check mode")
    assert relay.sent == []


@pytest.mark.parametrize("check", [False, True])
def test_bad_recipient_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, capfd: t.Any, check: bool
) -> None:
    relay = Relay(TAKEN, [], queued=False)
    answer = run(monkeypatch, capfd, relay, check=check, recipient="a@b>\r\nDATA")
    assert answer["failed"] and "is not a mail address" in answer["msg"] and relay.sent == []
