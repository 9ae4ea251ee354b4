# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running daemon of a host: find it, start it, make it read everything anew, read what it logged."""

from __future__ import annotations

import hashlib
import os
import signal
import ssl
import sys
import time
import typing as t
from contextlib import suppress

from .._core.certificate import split_pem
from .._core.cf import parse_options
from .._core.daemon import (
    Daemon,
    explain_silence,
    parse_command,
    parse_parent,
    parse_pid,
    parse_reasons,
    parse_stat,
)
from .._core.errors import MailtlsError
from .._core.listener import Host, Network, parse_addresses, parse_listening
from .._core.process import Choice, Process, choose, parse_title, parse_unit
from .command import run
from .files import read_bytes

_POLL = 0.1
# Touched by Debian's init script at each start and reload; its make compares it with the cf.
_STAMP = "/run/sendmail/stampdir/reload"
_MAIL_LOG = "/var/log/mail.log"
# The init script sleeps; with a name server that does not answer a start was seen to take 65 s.
_START_TIMEOUT = 150.0
# A second daemon that cannot bind, as an init script leaves it, looks at SIGTERM only after ten tries of 5 s.
_STOP_TIMEOUT = 90.0
LOG = "The log (journalctl -t sm-mta)"


def find_daemon(pid_file: str) -> Daemon | None:
    """The daemon the pid file names, if that process lives and is sendmail."""
    text = _read(pid_file)
    pid = parse_pid(text)
    stat = _read(f"/proc/{pid}/stat") if pid else ""
    if not pid or not stat:
        return None
    name, ticks = parse_stat(stat)
    return Daemon(pid, _since_epoch(ticks), parse_command(text)) if name.startswith("sendmail") else None


def read_command(pid_file: str, pid: int) -> str:
    """The command line of this process, if the pid file speaks of it."""
    text = _read(pid_file)
    return parse_command(text) if parse_pid(text) == pid else ""


def look(pid_file: str, service: str) -> Choice:
    """The daemon among all processes called sendmail, and what is wrong with it."""
    named = find_daemon(pid_file)
    return choose(list(_read_processes()), named.pid if named else None, service)


def _read_processes() -> t.Iterator[Process]:
    first = _read("/proc/1/cgroup")
    for pid in (name for name in os.listdir("/proc") if name.isdigit()):
        # A process may end while it is looked at.
        with suppress(ValueError, ProcessLookupError, MailtlsError):
            stat = _read(f"/proc/{pid}/stat")
            name, ticks = parse_stat(stat)
            if name.startswith("sendmail"):
                title, unit = (
                    parse_title(_read(f"/proc/{pid}/cmdline")),
                    parse_unit(_read(f"/proc/{pid}/cgroup"), first),
                )
                yield Process(int(pid), parse_parent(stat), _since_epoch(ticks), title, unit)


def _since_epoch(ticks: int) -> float:
    # The clock since boot, not btime: btime is whole seconds and moves when the clock is set.
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def read_title(pid: int) -> str:
    """What a process calls itself now; empty when it has ended."""
    return parse_title(_read(f"/proc/{pid}/cmdline"))


def read_options(paths: t.Sequence[str]) -> dict[str, str]:
    """The options of the cf among these files."""
    return parse_options("".join(_read(path) for path in paths if path.endswith(".cf")))


def read_fingerprint(path: str) -> str:
    """The SHA-256 of the first certificate in a PEM file, which is the one sendmail shows; empty when there is none."""
    blocks = split_pem(_read(path))
    with suppress(ValueError):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(blocks[0])).hexdigest() if blocks else ""
    return ""


def read_times(paths: t.Sequence[str]) -> dict[str, float]:
    """When each file last changed, content or mode, in seconds since the epoch; absent ones are left out."""
    found = {}
    for path in paths:
        try:
            status = os.stat(path)
        except FileNotFoundError:
            continue
        found[path] = max(status.st_mtime, status.st_ctime)
    return found


def start(service: str, pid_file: str) -> Daemon:
    """Start the service and return its new daemon; systemd's own word is not believed."""
    # restart, because a unit whose daemon died still counts as active, and start would do nothing.
    began = time.time()
    ended = run(["systemctl", "restart", service], timeout=_START_TIMEOUT)
    found = _wait(pid_file, None, 15.0)
    if found is None:
        said = f" ({ended.errors.strip()})" if ended.errors.strip() else ""
        what = f"no daemon runs although systemctl restart ended with status {ended.status}{said}"
        raise explain_silence(what, service, parse_reasons(read_log(began)), LOG)
    return found


def end(pids: t.Sequence[int]) -> None:
    """End these processes and wait until they are gone; systemctl stop ends nothing without CAP_SYS_PTRACE."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT
    while [pid for pid in pids if os.path.exists(f"/proc/{pid}")]:
        if time.monotonic() > deadline:
            what = f"sendmail (process {' '.join(map(str, pids))}) did not end on SIGTERM"
            raise MailtlsError(what, remedy="See what it does (journalctl -t sm-mta), end it, then run again.")
        time.sleep(_POLL)


def reload(daemon: Daemon, pid_file: str, newest: float) -> Daemon:
    """Send HUP, on which sendmail executes itself anew and reads everything, and return the process that results."""
    # Clearly later than the files, so that the next run does not doubt it.
    time.sleep(max(0.0, min(2.0, newest + 2.0 - time.time())))
    began = time.time()
    try:
        os.kill(daemon.pid, signal.SIGHUP)
    except ProcessLookupError:
        raise MailtlsError(
            "the daemon ended before it could be reloaded", where=pid_file, remedy="Run again."
        ) from None
    found = _wait(pid_file, daemon.pid, 30.0)
    if found is None:
        what = f"the daemon (process {daemon.pid}) did not come up again after SIGHUP"
        raise explain_silence(what, pid_file, parse_reasons(read_log(began)), LOG)
    # Else Debian's make goes on to ask for the reload.
    with suppress(OSError):
        os.utime(_STAMP)
    return found


def stop(service: str, pid_file: str) -> None:
    """Stop the service; raises when its daemon goes on all the same."""
    run(["systemctl", "stop", service], timeout=_START_TIMEOUT)
    end = time.monotonic() + 15.0
    while find_daemon(pid_file):
        if time.monotonic() > end:
            raise MailtlsError(f"the daemon goes on although systemctl stop {service} was run", where=pid_file)
        time.sleep(_POLL)


def is_enabled(service: str) -> bool:
    """Whether the service starts at boot."""
    return run(["systemctl", "is-enabled", service]).output.split()[-1:] == ["enabled"]


def set_enabled(service: str, wished: bool) -> None:
    """Let the service start at boot, or not; systemd's own word is asked."""
    if is_enabled(service) != wished:
        run(["systemctl", "enable" if wished else "disable", service])


def _wait(pid_file: str, old: int | None, seconds: float) -> Daemon | None:
    end = time.monotonic() + seconds
    while True:
        found = find_daemon(pid_file)
        if found and found.pid != old:
            return found
        if time.monotonic() > end:
            return None
        time.sleep(_POLL)


def read_network() -> Network:
    """What this kernel can do with IPv6."""
    return Network(os.path.exists("/proc/net/if_inet6"), _read("/proc/sys/net/ipv6/bindv6only").strip() == "1")


def read_host() -> Host:
    """The sockets that listen, and the host's addresses."""
    listening = parse_listening(_read("/proc/net/tcp"), _read("/proc/net/tcp6"), sys.byteorder)
    return Host(listening, parse_addresses(_read("/proc/net/fib_trie"), _read("/proc/net/if_inet6")), read_network())


def read_log(since: float) -> str:
    """What the daemon logged since then: from the journal, or the end of mail.log where there is none."""
    ended = run(["journalctl", "-t", "sm-mta", "--since", f"@{int(since)}", "-o", "cat", "--no-pager", "-q"])
    if ended.status == 0 and ended.output.strip():
        return ended.output
    return "\n".join(line for line in _read(_MAIL_LOG)[-65536:].splitlines() if "sm-mta[" in line)


def _read(path: str) -> str:
    return (read_bytes(path) or b"").decode(errors="replace")
