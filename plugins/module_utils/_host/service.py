# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running daemon of a host: find it, start it, make it read everything anew, read what it logged."""

from __future__ import annotations

import os
import signal
import sys
import time
import typing as t

from .._core.daemon import Daemon, explain_silence, parse_pid, parse_reasons, parse_stat
from .._core.errors import MailtlsError
from .._core.listener import Host, Network, parse_addresses, parse_listening
from .command import run
from .files import read_bytes

_POLL = 0.1
_MAIL_LOG = "/var/log/mail.log"
# The init script sleeps; with a name server that does not answer a start was seen to take 65 s.
_START_TIMEOUT = 150.0
LOG = "The log (journalctl -t sm-mta)"


def find_daemon(pid_file: str) -> Daemon | None:
    """The daemon the pid file names, if that process lives and is sendmail."""
    pid = parse_pid(_read(pid_file))
    stat = _read(f"/proc/{pid}/stat") if pid else ""
    if not pid or not stat:
        return None
    name, ticks = parse_stat(stat)
    # The clock since boot, not btime: btime is whole seconds and moves when the clock is set.
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return Daemon(pid, time.time() - age) if name.startswith("sendmail") else None


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
    return found


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
