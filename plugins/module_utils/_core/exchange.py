# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""To which hosts sendmail would connect for a next hop: its own answers to ``/mx``, and what they mean for a policy.

sendmail looks up rules by the name of the host that it connects to, so one for a name with MX records is never found.
"""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError

_ANSWER = re.compile(r"getmxrr\(([^()\s]+)\) returns -?\d+ value\(s\):((?:\n\t[^\n]*)*)")
# RFC 7505: the only MX record names no host.
_NULL = re.compile(r"getmxrr\(([^()\s]+)\) returns null MX\b")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}")


def render_questions(names: t.Iterable[str]) -> str:
    """What ``sendmail -bt`` reads. Raises MailtlsError for what is not a host name, because each line is a command."""
    lines = []
    for name in names:
        if not _NAME.fullmatch(name):
            raise MailtlsError(f"{name!r} is not a host name", where="next_hops", remedy="Write mta2.example.org.")
        lines.append(f"/mx {name}\n")
    return "".join(lines)


def parse_exchanges(text: str) -> dict[str, list[str]]:
    """Name -> the hosts that mail for it goes to, in lower case; no hosts where DNS knows none, or does not tell."""
    return {
        name.lower(): [host.strip().rstrip(".").lower() for host in hosts.split("\n") if host.strip()]
        for name, hosts in _ANSWER.findall(text)
    }


def find_null(text: str) -> set[str]:
    """Names that take no mail at all, in lower case, in the same answers."""
    return {name.lower() for name in _NULL.findall(text)}


def find_misnamed(named: t.Mapping[str, str], exchanges: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Refusals of next hops (place -> name) that sendmail never connects to by that name."""
    found = []
    for place, name in named.items():
        hosts = exchanges.get(name, ())
        if hosts and name not in hosts:
            error = MailtlsError(
                f"mail for {name} goes to {', '.join(hosts)}, and sendmail looks for the rule of the host that it"
                " connects to",
                where=f"{place}.next_hop",
                remedy="Name the hosts of its MX records, or use outbound.recipients.",
            )
            found.append(str(error))
    return found
