# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import pathlib
import signal
import ssl
import time

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.daemon import Daemon
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import service
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

PID = "/run/sendmail/mta/sendmail.pid"


@pytest.fixture()
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files of a host, instead of the real ones."""
    found: dict[str, str] = {}

    def read_bytes(path: str) -> bytes | None:
        return found[path].encode() if path in found else None

    monkeypatch.setattr(service, "read_bytes", read_bytes)
    return found


@pytest.fixture()
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves; the list holds the sleeps."""
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + sum(sleeps))
    monkeypatch.setattr(time, "time", lambda: 5000.0)
    return sleeps


def stat(name: str, ticks: int) -> str:
    return f"7 ({name}) S {' '.join(['0'] * 18)} {ticks} 0 0"


def test_the_daemon_is_found_with_its_start(files: dict[str, str]) -> None:
    files[PID] = "7\n/usr/sbin/sendmail-mta -bd\n"
    ticks = int((time.clock_gettime(time.CLOCK_BOOTTIME) - 60) * os.sysconf("SC_CLK_TCK"))
    files["/proc/7/stat"] = stat("sendmail-mta", ticks)
    found = service.find_daemon(PID)
    assert found is not None and found.pid == 7
    assert abs(found.started - (time.time() - 60)) < 1


@pytest.mark.parametrize(
    "content",
    [
        {},
        {PID: "7\n"},
        {PID: "x\n", "/proc/7/stat": stat("sendmail-mta", 1)},
        {PID: "7\n", "/proc/7/stat": stat("cron", 1)},
    ],
)
def test_no_daemon_is_none(files: dict[str, str], content: dict[str, str]) -> None:
    files.update(content)
    assert service.find_daemon(PID) is None


def test_times_are_those_of_content_or_mode(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cf"
    path.write_text("x")
    os.utime(path, (1.0, 1.0))
    found = service.read_times([str(path), str(tmp_path / "absent")])
    assert list(found) == [str(path)] and abs(found[str(path)] - time.time()) < 60


def test_a_start_is_proven_by_a_process(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    states = iter([None, None, Daemon(9, 1.0)])
    calls: list[list[str]] = []
    monkeypatch.setattr(service, "find_daemon", lambda path: next(states))
    monkeypatch.setattr(service, "run", lambda argv, timeout: calls.append(argv) or Completed(0, "", ""))
    assert service.start("sendmail", PID).pid == 9
    assert calls == [["systemctl", "restart", "sendmail"]] and len(clock) == 2


def test_a_start_without_a_process_fails(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setattr(service, "find_daemon", lambda path: None)
    monkeypatch.setattr(service, "run", lambda argv, timeout: Completed(0, "", "odd"))
    monkeypatch.setattr(service, "read_log", lambda since: "NOQUEUE: SYSERR(root): cannot bind: Address already in use")
    with pytest.raises(MailtlsError, match=r"no daemon runs .* \(odd\).*cannot bind"):
        service.start("sendmail", PID)


@pytest.mark.parametrize(("newest", "slept"), [(5000.0, 2.0), (4999.0, 1.0), (4000.0, 0.0), (9000.0, 2.0)])
def test_a_reload_waits_until_the_files_are_older(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], newest: float, slept: float
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    states = iter([Daemon(7, 1.0), None, Daemon(9, 5001.0)])
    monkeypatch.setattr(service, "find_daemon", lambda path: next(states))
    assert service.reload(Daemon(7, 1.0), PID, newest).pid == 9
    assert killed == [(7, signal.SIGHUP)] and clock[0] == slept


def test_debians_stamp_tells_of_the_reload(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], tmp_path: pathlib.Path
) -> None:
    stamp = tmp_path / "reload"
    stamp.touch()
    os.utime(stamp, (1.0, 1.0))
    monkeypatch.setattr(service, "_STAMP", str(stamp))
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(service, "find_daemon", lambda path: Daemon(9, 5001.0))
    service.reload(Daemon(7, 1.0), PID, 0.0)
    assert stamp.stat().st_mtime > 1.0


def test_the_daemon_is_looked_for_among_all_processes(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    monkeypatch.setattr(os, "listdir", lambda path: ["1", "7", "8", "9", "self"])
    files["/proc/1/cgroup"] = "0::/init.scope\n"
    files["/proc/1/stat"] = stat("systemd", 1)
    files["/proc/7/stat"], files["/proc/8/stat"] = stat("sendmail-mta", 1), stat("sendmail-mta", 1)
    files["/proc/7/cmdline"] = "sendmail: MTA: accepting connections\0\0"
    files["/proc/8/cmdline"] = "sendmail: Queue runner@00:10:00 for /var/spool/mqueue"
    files["/proc/7/cgroup"] = files["/proc/8/cgroup"] = "0::/system.slice/sendmail.service\n"
    choice = service.look(PID, "sendmail")
    assert choice.daemon is not None and choice.daemon.pid == 7 and "pid file" in choice.fault
    files[PID] = "7\n"
    assert service.look(PID, "sendmail").fault == ""


@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"])
def test_no_certificate_has_no_fingerprint(files: dict[str, str], text: str) -> None:
    files["/c"] = text
    assert service.read_fingerprint("/c") == ""


def test_the_first_certificate_of_a_file_counts(files: dict[str, str]) -> None:
    leaf, authority = pki.certificate("leaf"), pki.certificate("ca", authority=True)
    files["/c"] = leaf + authority
    assert service.read_fingerprint("/c") == hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf)).hexdigest()


def test_processes_are_ended_and_waited_for(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    killed: list[tuple[int, int]] = []
    there = iter([True, True, False])
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    monkeypatch.setattr(os.path, "exists", lambda path: next(there))
    service.end([7])
    assert killed == [(7, signal.SIGTERM)] and len(clock) == 2


def test_a_daemon_that_still_tries_to_bind_has_the_time_to_end(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    """Ten tries of 5 s: sendmail only notes a SIGTERM until they are over."""
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(os.path, "exists", lambda path: sum(clock) < 55)
    service.end([7])
    assert sum(clock) >= 55


def test_a_process_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    def kill(pid: int, number: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    with pytest.raises(MailtlsError, match=r"process 7 8.* did not end on SIGTERM"):
        service.end([7, 8])


def test_a_reload_that_did_nothing_fails(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(service, "find_daemon", lambda path: Daemon(7, 1.0))
    monkeypatch.setattr(service, "read_log", lambda since: "")
    with pytest.raises(MailtlsError, match="did not come up again"):
        service.reload(Daemon(7, 1.0), PID, 0.0)


def test_a_daemon_that_ended_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    def kill(pid: int, number: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    with pytest.raises(MailtlsError, match="ended before"):
        service.reload(Daemon(7, 1.0), PID, 0.0)


@pytest.mark.parametrize(
    ("present", "text", "ipv6", "v6only"), [(True, "0\n", True, False), (False, "1\n", False, True)]
)
def test_the_network_is_read(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], present: bool, text: str, ipv6: bool, v6only: bool
) -> None:
    monkeypatch.setattr(os.path, "exists", lambda path: present)
    files["/proc/sys/net/ipv6/bindv6only"] = text
    network = service.read_network()
    assert (network.ipv6, network.v6only) == (ipv6, v6only)


def test_the_host_is_read(files: dict[str, str]) -> None:
    row = "   0: 00000000:0019 00000000:0000 0A"
    files.update({"/proc/net/tcp": row, "/proc/net/fib_trie": "|-- 192.0.2.1\n   /32 host LOCAL\n"})
    found = service.read_host()
    assert [str(point) for point in found.listening] == ["0.0.0.0:25"] and found.addresses == ("192.0.2.1",)


@pytest.mark.parametrize(
    ("completed", "log"),
    [
        (Completed(0, "from the journal\n", ""), "from the journal\n"),
        (Completed(0, "", ""), "Jan 1 mta1 sm-mta[7]: from the file"),
        (Completed(1, "", "no journal"), "Jan 1 mta1 sm-mta[7]: from the file"),
    ],
)
def test_the_log_is_the_journal_or_the_file(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], completed: Completed, log: str
) -> None:
    files["/var/log/mail.log"] = "Jan 1 mta1 postfix[3]: other\nJan 1 mta1 sm-mta[7]: from the file\n"
    calls: list[list[str]] = []
    monkeypatch.setattr(service, "run", lambda argv: calls.append(argv) or completed)
    assert service.read_log(1234.9) == log
    assert "@1234" in calls[0]


@pytest.mark.parametrize(("pid", "command"), [(7, "/usr/sbin/sendmail-mta -bd -q10m"), (8, "")])
def test_the_command_is_that_of_the_process_in_the_pid_file(files: dict[str, str], pid: int, command: str) -> None:
    files[PID] = "7\n/usr/sbin/sendmail-mta -bd -q10m\n"
    assert service.read_command(PID, pid) == command


def test_a_service_is_stopped_and_that_is_not_taken_from_systemd(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    found = [Daemon(7, 0.0), None]
    monkeypatch.setattr(service, "run", lambda argv, **how: Completed(0, "", ""))
    monkeypatch.setattr(service, "find_daemon", lambda pid_file: found.pop(0))
    service.stop("sendmail", PID)
    monkeypatch.setattr(service, "find_daemon", lambda pid_file: Daemon(7, 0.0))
    with pytest.raises(MailtlsError, match="goes on"):
        service.stop("sendmail", PID)


@pytest.mark.parametrize(("wished", "asked"), [(True, []), (False, ["disable"])])
def test_the_start_at_boot_is_set_where_it_differs(
    monkeypatch: pytest.MonkeyPatch, wished: bool, asked: list[str]
) -> None:
    calls: list[str] = []

    def run(argv: list[str]) -> Completed:
        calls.append(argv[1])
        return Completed(0, "enabled\n", "redirecting\n")

    monkeypatch.setattr(service, "run", run)
    service.set_enabled("sendmail", wished)
    assert calls == ["is-enabled", *asked]


def test_what_the_daemon_says_of_itself(files: dict[str, str]) -> None:
    files["/proc/7/cmdline"] = "sendmail: MTA: accepting connections\0\0"
    files["/etc/mail/sendmail.cf"] = "O RefuseLA=96\n"
    assert service.read_title(7) == "sendmail: MTA: accepting connections"
    assert service.read_title(8) == ""
    assert service.read_options(["/etc/mail/certs/host.crt", "/etc/mail/sendmail.cf"]) == {"refusela": "96"}
