# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service: it starts at boot, and its daemon really runs. systemd calls a unit active whose daemon has died."""

from __future__ import annotations

import re

from ._core.cf import parse_options
from .sight import CF, Host, fail_with, read, read_cf

_LOOK = """
systemctl is-enabled %s || true
systemctl is-active %s || true
pid=$(head -n 1 %s) && tr '\\000' ' ' < "/proc/$pid/cmdline" || echo none
"""
_PID_FILE = "/run/sendmail/mta/sendmail.pid"
_ACCEPTS = re.compile(r"sendmail: .*accepting connections")


def check_service(host: Host, service: str = "sendmail", cf: str = CF) -> dict[str, str]:
    """The service is enabled and active, and the process that its pid file names accepts connections."""
    pid_file = parse_options(read_cf(host, cf)).get("pidfile", _PID_FILE)
    # systemctl prints nothing for a unit it does not know.
    lines = [line.strip() for line in read(host, _LOOK, service, service, pid_file).splitlines() if line.strip()]
    daemon, states = lines[-1], lines[:-1]
    seen = {
        "at boot": states[0] if states else "unknown",
        "now": states[-1] if states else "unknown",
        "daemon": daemon,
    }
    faults = [f"{service} is {seen['at boot']}, so after a reboot no relay runs"] * (seen["at boot"] != "enabled")
    faults += [f"{service} is {seen['now']}"] * (seen["now"] != "active")
    faults += [f"no daemon accepts connections: process of {pid_file}: {daemon}"] * (not _ACCEPTS.match(daemon))
    fail_with(
        faults,
        f"See journalctl -t sm-mta -n 50, then run mailtls.relay.site, or: systemctl enable {service}; "
        f"systemctl restart {service}.",
    )
    return seen
