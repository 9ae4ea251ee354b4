# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.daemon import Answer, Daemon
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.listener import Listener
from ansible_collections.mailtls.relay.plugins.module_utils._core.process import Choice, Process
from ansible_collections.mailtls.relay.plugins.module_utils._host import service
from ansible_collections.mailtls.relay.plugins.modules import sendmail_daemon
from module_runner import run_module

OPTIONS = {"files": ["/cf"], "listeners": [{"family": "inet"}]}
TLS, CLEAR = Answer("192.0.2.1:25", True, True), Answer("192.0.2.1:25", True, False)
OPEN = Answer("192.0.2.1:25", False, detail="throttled: 421")


class Relay:
    """A daemon of paper; each look at it takes the next of ``answers``, the last one stays."""

    def __init__(self) -> None:
        self.running: Daemon | None = Daemon(7, 100.0)
        self.times = {"/cf": 90.0}
        self.answers = [TLS]
        self.missing: tuple[Listener, ...] = ()
        self.log = ""
        self.title = "sendmail: MTA: accepting connections"
        self.certificate = ""
        self.fault = ""
        self.reload_helps = True
        self.surplus: tuple[int, ...] = ()
        self.next_command = ""
        self.done: list[str] = []

    def look(self, pid_file: str, service: str) -> Choice:
        running = self.running
        process = Process(running.pid, 1, running.started, "", None) if running else None
        return Choice(process, self.fault, self.reload_helps, self.surplus)

    def end(self, pids: t.Sequence[int]) -> None:
        self.done += [f"end {pid}" for pid in pids]

    def start(self, service: str, pid_file: str) -> Daemon:
        self.done.append("start")
        self.running, self.fault, self.surplus = Daemon(9, 200.0, self.next_command), "", ()
        return self.running

    def reload(self, old: Daemon, pid_file: str, newest: float) -> Daemon:
        self.done.append(f"reload {old.pid}")
        self.running, self.fault, self.surplus = Daemon(9, 200.0), "", ()
        return self.running

    def prove(self, listeners: t.Sequence[Listener], timeout: float) -> tuple[tuple[Listener, ...], list[Answer]]:
        self.done.append("prove")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return self.missing, [] if self.missing else [answer]


@pytest.fixture()
def relay(monkeypatch: pytest.MonkeyPatch) -> Relay:
    found = Relay()
    monkeypatch.setattr(service, "look", found.look)
    monkeypatch.setattr(service, "end", found.end)
    monkeypatch.setattr(service, "read_command", lambda path, pid: found.running.command if found.running else "")
    monkeypatch.setattr(service, "read_fingerprint", lambda path: found.certificate)
    monkeypatch.setattr(service, "read_times", lambda paths: found.times)
    monkeypatch.setattr(service, "start", found.start)
    monkeypatch.setattr(service, "reload", found.reload)
    monkeypatch.setattr(service, "read_title", lambda pid: found.title)
    monkeypatch.setattr(service, "read_options", lambda paths: {"refusela": "96"})
    monkeypatch.setattr(service, "read_log", lambda since: found.log)
    monkeypatch.setattr(sendmail_daemon, "prove", found.prove)
    return found


def run(capfd: pytest.CaptureFixture[str], *, check: bool = False, offered: bool = True) -> dict[str, t.Any]:
    return run_module(sendmail_daemon.main, capfd, {**OPTIONS, "starttls_offered": offered}, check=check)


def test_a_daemon_that_runs_what_is_on_disk_is_only_asked(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    answer = run(capfd)
    assert (answer["changed"], answer["action"], answer["pid"]) == (False, "none", 7)
    assert answer["proven"] == ["192.0.2.1:25"] and answer["starttls_offered"] is True
    assert relay.done == ["prove"] and answer["diff"]["before"] == answer["diff"]["after"]


@pytest.mark.parametrize(
    ("running", "changed_at", "action", "done"),
    [
        (None, 90.0, "started", ["start", "prove"]),
        (Daemon(7, 100.0), 101.0, "reloaded", ["reload 7", "prove"]),
    ],
)
def test_state_decides(
    relay: Relay,
    capfd: pytest.CaptureFixture[str],
    running: Daemon | None,
    changed_at: float,
    action: str,
    done: list[str],
) -> None:
    relay.running, relay.times = running, {"/cf": changed_at}
    told = run(capfd, check=True)
    assert (told["changed"], told["action"]) == (True, action) and relay.done == []
    answer = run(capfd)
    assert (answer["changed"], answer["action"], answer["pid"]) == (True, action, 9) and relay.done == done
    assert answer["diff"]["before"] != answer["diff"]["after"]
    assert run(capfd)["changed"] is False


@pytest.mark.parametrize(
    ("reload_helps", "surplus", "action", "done"),
    [
        (False, (), "restarted", ["end 7", "start", "prove"]),
        (True, (), "reloaded", ["reload 7", "prove"]),
        (True, (3, 4), "reloaded", ["end 3", "end 4", "reload 7", "prove"]),
    ],
)
def test_a_daemon_that_is_not_the_services_own_is_put_right(
    relay: Relay,
    capfd: pytest.CaptureFixture[str],
    reload_helps: bool,
    surplus: tuple[int, ...],
    action: str,
    done: list[str],
) -> None:
    relay.fault, relay.reload_helps, relay.surplus = "it runs outside", reload_helps, surplus
    told = run(capfd, check=True)
    assert (told["changed"], told["action"]) == (True, action) and relay.done == []
    answer = run(capfd)
    assert (answer["changed"], answer["action"], answer["pid"]) == (True, action, 9) and relay.done == done
    assert run(capfd)["changed"] is False


MINE, OTHER = Answer("192.0.2.1:25", True, True, "", "ab"), Answer("192.0.2.1:25", True, True, "", "cd")


@pytest.mark.parametrize(
    ("answers", "action", "done"),
    [
        ([MINE], "none", ["prove"]),
        ([OTHER, MINE], "reloaded", ["prove", "reload 7", "prove"]),
        ([OTHER, OTHER], "", ["prove", "reload 7", "prove"]),
    ],
)
def test_the_certificate_on_the_wire_is_the_one_on_disk(
    relay: Relay, capfd: pytest.CaptureFixture[str], answers: list[Answer], action: str, done: list[str]
) -> None:
    relay.answers, relay.certificate = answers, "ab"
    answer = run_module(sendmail_daemon.main, capfd, {**OPTIONS, "certificate_file": "/c"})
    assert answer.get("action", "") == action and relay.done == done
    assert action or "192.0.2.1:25: the certificate that is shown" in answer["msg"]


def test_check_mode_asks_nothing_and_so_proves_nothing(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.answers = [CLEAR]
    told = run(capfd, check=True)
    assert told["changed"] is False and relay.done == []
    assert "proven" not in told and "starttls_offered" not in told


@pytest.mark.parametrize(("running", "action"), [(None, "started"), (Daemon(7, 100.0), "reloaded")])
def test_check_mode_foretells_what_pending_files_bring(
    relay: Relay, capfd: pytest.CaptureFixture[str], running: Daemon | None, action: str
) -> None:
    relay.running = running
    told = run_module(sendmail_daemon.main, capfd, {**OPTIONS, "files_pending": True}, check=True)
    assert (told["changed"], told["action"]) == (True, action) and relay.done == []


def test_a_repair_that_left_no_trace_is_found_by_one_reload(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.answers = [CLEAR, TLS]
    answer = run(capfd)
    assert answer["action"] == "reloaded" and relay.done == ["prove", "reload 7", "prove"]


def test_tls_silently_off_fails_with_the_reason(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.answers = [CLEAR]
    relay.log = "STARTTLS=server: file /k unsafe: Group readable file\n"
    told = run(capfd)["msg"]
    assert "192.0.2.1:25: STARTTLS is not offered" in told and "Group readable" in told and "0600" in told
    assert relay.done == ["prove", "reload 7", "prove"]


@pytest.mark.parametrize(("answer", "fails"), [(CLEAR, False), (TLS, True), (OPEN, True)])
def test_starttls_switched_off_is_proven_without_a_reload(
    relay: Relay, capfd: pytest.CaptureFixture[str], answer: Answer, fails: bool
) -> None:
    relay.answers = [answer]
    assert bool(run(capfd, offered=False).get("failed")) is fails and relay.done == ["prove"]


def test_an_open_answer_is_inconclusive_and_fails(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.answers = [OPEN]
    told = run(capfd)["msg"]
    assert "could not be found out (throttled: 421)" in told and relay.done == ["prove"]


def test_a_missing_socket_fails_with_the_reason(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.missing = (Listener("inet"),)
    relay.log = "NOQUEUE: SYSERR(root): opendaemonsocket: daemon MTA-v4: cannot bind: Address already in use\n"
    told = run(capfd)["msg"]
    assert "does not listen on every address (inet), port 25" in told and "Another process" in told


@pytest.mark.parametrize("missing", [(), (Listener("inet"),)])
def test_a_load_above_the_limit_is_named(
    relay: Relay, capfd: pytest.CaptureFixture[str], missing: tuple[Listener, ...]
) -> None:
    relay.answers, relay.missing = [OPEN], missing
    relay.title = "sendmail: MTA: rejecting connections on daemon MTA-v4: load average: 105"
    assert "the load average is 105 and its limit (RefuseLA) 96" in run(capfd)["msg"]


@pytest.mark.parametrize(("times", "told"), [({}, "/cf: there is no such file"), ({"/cf": 9e12}, "in the future")])
def test_files_that_cannot_be_judged_leave_the_daemon_alone(
    relay: Relay, capfd: pytest.CaptureFixture[str], times: dict[str, float], told: str
) -> None:
    relay.times = times
    assert told in run(capfd)["msg"] and relay.done == []


def test_an_error_of_the_host_is_told(
    relay: Relay, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(service: str, pid_file: str) -> Daemon:
        raise MailtlsError("no daemon runs", where=service)

    relay.running = None
    monkeypatch.setattr(service, "start", fail)
    assert run(capfd)["msg"] == "sendmail: no daemon runs."


def command(arguments: str) -> str:
    return f"/usr/sbin/sendmail-mta -Am -bd {arguments}"


@pytest.mark.parametrize(
    ("before", "after", "fails"),
    [
        ("-q10m", "-q5m", False),
        ("-q10m", "-q10m", True),
        ("-q5m -C /other.cf", "-q5m", False),
        ("-q5m -C /other.cf", "-q5m -C /other.cf", True),
    ],
)
def test_other_arguments_restart_the_daemon(
    relay: Relay, capfd: pytest.CaptureFixture[str], before: str, after: str, fails: bool
) -> None:
    relay.running, relay.next_command = Daemon(7, 100.0, command(before)), command(after)
    wish = {**OPTIONS, "queue_interval": "5m"}
    told = run_module(sendmail_daemon.main, capfd, wish, check=True)
    assert (told["changed"], told["action"]) == (True, "restarted") and relay.done == []
    answer = run_module(sendmail_daemon.main, capfd, wish)
    assert relay.done[:2] == ["end 7", "start"] and bool(answer.get("failed")) is fails
    if not fails:
        assert answer["action"] == "restarted" and not run_module(sendmail_daemon.main, capfd, wish)["changed"]


@pytest.mark.parametrize("answers", [[TLS], [CLEAR, TLS]])
def test_a_daemon_that_would_end_on_hup_is_restarted(
    relay: Relay, capfd: pytest.CaptureFixture[str], answers: list[Answer]
) -> None:
    relay.running, relay.answers = Daemon(7, 100.0, "./sendmail-mta -bd"), answers
    relay.times = {"/cf": 101.0 if answers == [TLS] else 90.0}
    assert run(capfd)["action"] == "restarted" and relay.done[-3:] == ["end 7", "start", "prove"]
