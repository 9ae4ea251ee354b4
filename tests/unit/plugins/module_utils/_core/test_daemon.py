# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import daemon
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FIXTURES = pathlib.Path(__file__).parents[4] / "fixtures"
YES, NO = daemon.Answer("192.0.2.1:25", True, True), daemon.Answer("192.0.2.2:25", True, False)
OPEN = daemon.Answer("192.0.2.3:25", False, detail="throttled: 421")


@pytest.mark.parametrize(
    ("text", "pid"),
    [("3423\n/usr/sbin/sendmail-mta -bd\n", 3423), ("17", 17), ("", None), ("x\n", None), ("0\n", None), ("1\n", None)],
)
def test_the_pid_file_is_read(text: str, pid: int | None) -> None:
    assert daemon.parse_pid(text) == pid


def test_a_real_process_is_read() -> None:
    assert daemon.parse_pid((FIXTURES / "proc/sendmail.pid").read_text()) == 3423
    assert daemon.parse_stat((FIXTURES / "proc/stat").read_text()) == ("sendmail-mta", 254646)


def test_the_parent_is_read() -> None:
    assert daemon.parse_parent((FIXTURES / "proc/stat").read_text()) == 1


def test_a_name_with_blanks_and_brackets_does_not_shift_the_fields() -> None:
    text = (FIXTURES / "proc/stat").read_text().replace("sendmail-mta", "odd) name (x")
    assert daemon.parse_stat(text) == ("odd) name (x", 254646)


@pytest.mark.parametrize(
    ("running", "newest", "action"),
    [
        (None, 0.0, daemon.STARTED),
        (daemon.Daemon(2, 100.0), 99.9, daemon.NONE),
        (daemon.Daemon(2, 100.0), 100.0, daemon.RELOADED),
        (daemon.Daemon(2, 100.0), 100.1, daemon.RELOADED),
    ],
)
def test_state_decides_what_is_done(running: daemon.Daemon | None, newest: float, action: str) -> None:
    assert daemon.plan(running, newest) == action


def test_a_file_from_the_future_is_refused() -> None:
    daemon.refuse_future({"/a": 104.0}, 100.0)
    with pytest.raises(MailtlsError, match="/a: it was changed 60 s in the future"):
        daemon.refuse_future({"/a": 160.0}, 100.0)


def test_an_absent_file_is_refused() -> None:
    daemon.refuse_absent(["/a"], {"/a": 1.0})
    with pytest.raises(MailtlsError, match="/b, /c: there is no such file"):
        daemon.refuse_absent(["/a", "/b", "/c"], {"/a": 1.0})


@pytest.mark.parametrize(
    ("answers", "offered", "verdict"),
    [
        ([YES], True, daemon.PASS),
        ([NO], False, daemon.PASS),
        ([YES, NO], True, daemon.FAIL),
        ([YES, NO], False, daemon.FAIL),
        ([YES, OPEN], True, daemon.INCONCLUSIVE),
        ([NO, OPEN], True, daemon.FAIL),
        ([OPEN], False, daemon.INCONCLUSIVE),
        ([], True, daemon.INCONCLUSIVE),
        ([], False, daemon.INCONCLUSIVE),
    ],
)
def test_an_open_answer_is_never_fine(answers: list[daemon.Answer], offered: bool, verdict: str) -> None:
    assert daemon.judge(answers, offered) == verdict


@pytest.mark.parametrize("release", ["8.17", "8.18"])
def test_the_reasons_are_found_in_a_real_log(release: str) -> None:
    reasons = daemon.parse_reasons((FIXTURES / f"daemonlog/sendmail-{release}.txt").read_text())
    assert "STARTTLS=server: file /etc/mail/certs/host.key unsafe: Group readable file" in reasons
    assert "STARTTLS=server, error: SSL_CTX_check_private_key failed(/etc/mail/certs/host.key): 0" in reasons
    assert "daemon MTA-v6: problem creating SMTP socket" in reasons
    assert not [line for line in reasons if "starting daemon" in line]
    assert len(set(reasons)) == len(reasons)


def test_a_session_is_no_reason() -> None:
    line = "STARTTLS=server, relay=mta1.example.test [192.0.2.1], version=TLSv1.3, verify=NO, cipher=X, bits=256/256"
    assert daemon.parse_reasons(line) == ()


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("STARTTLS=server: file /k unsafe: Group readable file", "Give the key mode 0600."),
        ("STARTTLS=server: file /k unsafe: World writable directory", "mode 0755"),
        ("STARTTLS=server: file /k unsafe: No such file or directory", "Put the file in place"),
        ("STARTTLS=server, error: SSL_CTX_check_private_key failed(/k): 0", "do not belong together"),
        ("STARTTLS=server, error: SSL_CTX_use_PrivateKey_file(/k) failed", "no passphrase"),
        ("STARTTLS=server, error: load verify locs /d, /c failed: 0", "PEM certificates"),
        ("opendaemonsocket: daemon MTA-v4: cannot bind: Address already in use", "Another process"),
        ("opendaemonsocket: daemon MTA-v4: cannot bind: Cannot assign requested address", "not one of this host's"),
        ("SYSERR(root): something new", ""),
    ],
)
def test_known_reasons_come_with_advice(line: str, advice: str) -> None:
    told = daemon.render_advice([line, line])
    assert advice in told and bool(advice) == bool(told)


@pytest.mark.parametrize(
    ("answers", "offered", "reasons", "parts"),
    [
        (
            [YES, NO],
            True,
            ["STARTTLS=server: file /k unsafe: Group readable file"],
            ["192.0.2.2:25: STARTTLS is not offered", "The log says: STARTTLS=server: file /k", "mode 0600"],
        ),
        ([NO], True, [], ["The log gives no reason", "Srv_Features"]),
        ([NO], True, ["SYSERR: new"], ["The log says: SYSERR: new."]),
        ([YES], False, [], ["STARTTLS is offered although", "Srv_Features"]),
        ([OPEN], True, [], ["could not be found out (throttled: 421)", "Run again"]),
        ([OPEN], True, ["SYSERR: new"], ["The log says: SYSERR: new."]),
        ([], True, [], ["could not be found out (no answer)"]),
    ],
)
def test_the_error_says_what_where_and_why(
    answers: list[daemon.Answer], offered: bool, reasons: list[str], parts: list[str]
) -> None:
    told = str(daemon.explain(answers, offered, reasons, "The log"))
    assert all(part in told for part in parts), told


@pytest.mark.parametrize(("reasons", "part"), [([], "ss -ltnp"), (["cannot bind: Address already in use"], "Another")])
def test_a_missing_socket_is_explained(reasons: list[str], part: str) -> None:
    told = str(daemon.explain_missing(["every address (inet), port 25"], reasons, "The log"))
    assert "does not listen on every address (inet), port 25" in told and part in told


@pytest.mark.parametrize(
    ("reasons", "part"), [([], "The log may say why."), (["SYSERR: x"], "The log says: SYSERR: x.")]
)
def test_a_daemon_that_did_not_come_up_is_explained(reasons: list[str], part: str) -> None:
    assert (
        str(daemon.explain_silence("no daemon runs", "sendmail", reasons, "The log"))
        == f"sendmail: no daemon runs. {part}"
    )


MINE, OTHER = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (daemon.Answer("192.0.2.1:25", True, True, certificate=MINE), daemon.PASS),
        (daemon.Answer("192.0.2.1:25", True, True, certificate=OTHER), daemon.FAIL),
        (daemon.Answer("192.0.2.1:25", True, True, "the TLS handshake fails: x"), daemon.FAIL),
        (OPEN, daemon.INCONCLUSIVE),
    ],
)
def test_the_certificate_on_the_wire_is_judged(answer: daemon.Answer, verdict: str) -> None:
    assert daemon.judge([answer], True, MINE) == verdict


def test_a_certificate_does_not_matter_where_none_is_asked_for() -> None:
    assert daemon.judge([YES], True) == daemon.PASS and daemon.find_others([NO], MINE) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            daemon.Answer("192.0.2.1:25", True, True, certificate=OTHER),
            "(SHA-256 bbbbbbbbbbbbbbbb...) is not the one in /c",
        ),
        (
            daemon.Answer("192.0.2.1:25", True, True, "the TLS handshake fails: x"),
            "is not shown (the TLS handshake fails: x)",
        ),
    ],
)
def test_another_certificate_is_named(answer: daemon.Answer, told: str) -> None:
    error = str(daemon.explain_certificate([answer], MINE, "/c"))
    assert told in error and error.startswith("192.0.2.1:25: ") and "sendmail.conf" in error


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("264\n/usr/sbin/sendmail-mta -Am -L sm-mta -bd -q10m\n", "10m"),
        ("264\n/usr/sbin/sendmail-mta -bd -q1h30m -d0\n", "1h30m"),
        ("264\n/usr/sbin/sendmail-mta -bd\n", ""),
        ("264\n/usr/sbin/sendmail-mta -bd -qp5m\n", ""),
        ("264\n/usr/sbin/sendmail-mta -bd -q30\n", ""),
        ("264\n", ""),
        ("", ""),
    ],
)
def test_the_interval_is_read_from_the_command_line(text: str, interval: str) -> None:
    assert daemon.Daemon(7, 1.0, daemon.parse_command(text)).interval == interval


SENDMAIL = "/usr/sbin/sendmail-mta -Am -L sm-mta -bd"


@pytest.mark.parametrize(
    ("arguments", "wished", "action"),
    [
        (" -q10m", "10m", daemon.NONE),
        (" -q10m", "600s", daemon.NONE),
        (" -q10m", "5m", daemon.RESTARTED),
        (" -q10m", "", daemon.NONE),
        # Started when QUEUE_MODE was "none": nobody would run the queue.
        ("", "5m", daemon.RESTARTED),
        ("", "", daemon.NONE),
        (" -C /other.cf -q10m", "10m", daemon.RESTARTED),
        (" -q10m -OTLSFallbacktoClear=true", "10m", daemon.RESTARTED),
        (" -q10m -MSrelay.example", "", daemon.RESTARTED),
        (" -q10m -X /var/log/traffic -d0.1", "10m", daemon.NONE),
    ],
)
def test_other_arguments_need_a_restart(arguments: str, wished: str, action: str) -> None:
    assert daemon.plan(daemon.Daemon(7, 100.0, SENDMAIL + arguments), 90.0, wished) == action


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (SENDMAIL, daemon.RELOADED),
        ("", daemon.RELOADED),
        ("./sendmail-mta -bd -q10m", daemon.RESTARTED),
        ("sendmail -bd -q10m", daemon.RESTARTED),
    ],
)
def test_a_daemon_without_its_full_path_would_end_on_hup(command: str, action: str) -> None:
    assert daemon.plan(daemon.Daemon(7, 100.0, command), 100.0) == action


def test_a_restart_that_changed_nothing_is_told() -> None:
    daemon.refuse_old_arguments(daemon.Daemon(7, 100.0), "5m", "/pid")
    for arguments, wished in ((" -q5m", "5m"), ("", ""), (" -q10m", "")):
        daemon.refuse_old_arguments(daemon.Daemon(7, 100.0, SENDMAIL + arguments), wished, "/pid")
    with pytest.raises(MailtlsError, match=r"is 10m, not 5m.*QUEUE_INTERVAL"):
        daemon.refuse_old_arguments(daemon.Daemon(7, 100.0, SENDMAIL + " -q10m"), "5m", "/pid")
    with pytest.raises(MailtlsError, match=r"is none, not 5m"):
        daemon.refuse_old_arguments(daemon.Daemon(7, 100.0, SENDMAIL), "5m", "/pid")
    with pytest.raises(MailtlsError, match=r"^/pid: the daemon was restarted with -C /other.cf again.*DAEMON_PARMS"):
        daemon.refuse_old_arguments(daemon.Daemon(7, 100.0, SENDMAIL + " -C /other.cf -q10m"), "10m", "/pid")


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (
            "MTA: rejecting connections on daemon MTA-v4: load average: 105",
            "load average is 105 and its limit (RefuseLA) 96",
        ),
        ("rejecting connections on daemon MTA: 500 children, max 500", "it has 500 children and its limit (MaxDaemonC"),
    ],
)
def test_a_daemon_that_rejects_connections_says_why(title: str, told: str) -> None:
    with pytest.raises(MailtlsError, match=r"process 7: sendmail rejects all connections now.*run again") as caught:
        daemon.refuse_busy(f"sendmail: {title} ", {"refusela": "96"}, "process 7")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "title", ["", "sendmail: MTA: accepting connections", "sendmail: rejecting new messages: min free: 1"]
)
def test_other_daemons_do_not(title: str) -> None:
    daemon.refuse_busy(title, {}, "process 7")
