# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service: it starts at boot, and its daemon really runs. systemd calls a unit active whose daemon has died."""

from __future__ import annotations

import re

from ._core.cf import parse_options
from .sight import CF, Host, fail_with, read, read_cf

_LOOK = """
echo "at boot: $(systemctl is-enabled %s)"
echo "now: $(systemctl is-active %s)"
echo "daemon: $(pid=$(head -n 1 %s) && tr '\\000' ' ' < "/proc/$pid/cmdline")"
"""
_PID_FILE = "/run/sendmail/mta/sendmail.pid"
_ACCEPTS = re.compile(r"sendmail: .*accepting connections")


def check_service(host: Host, service: str = "sendmail", cf: str = CF) -> dict[str, str]:
    """The service is enabled and active, and the process that its pid file names accepts connections."""
    pid_file = parse_options(read_cf(host, cf)).get("pidfile", _PID_FILE)
    told = (line.partition(": ") for line in read(host, _LOOK, service, service, pid_file).splitlines())
    # systemctl says nothing of a unit that it does not know.
    seen = {what: answer.strip() or "unknown" for what, _colon, answer in told}
    faults = []
    if seen["at boot"] != "enabled":
        faults.append(f"{service} is {seen['at boot']} at boot: after one the relay would be down")
    if seen["now"] != "active":
        faults.append(f"{service} is {seen['now']} now")
    if not _ACCEPTS.match(seen["daemon"]):
        faults.append(f"the process that {pid_file} names accepts no connections: {seen['daemon']}")
    fail_with(
        faults,
        f"See journalctl -t sm-mta -n 50, then run mailtls.relay.site, or: systemctl enable {service}; "
        f"systemctl restart {service}.",
    )
    return seen
