# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether STARTTLS is offered: EHLO on every address of a relay, IPv4 and IPv6, and a handshake where it is."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ._core.listener import parse_addresses
from .sight import Host, fail_with, read

_SCRIPT = (pathlib.Path(__file__).parent / "ehlo.py").read_text(encoding="utf-8")
_KERNEL = "cat /proc/net/fib_trie && echo == && { cat /proc/net/if_inet6 2> /dev/null || true; }"


class Seen(t.NamedTuple):
    """What one address answered: ``offered`` is None where nothing is known, and ``detail`` says why, or how."""

    address: str
    offered: bool | None
    detail: str


def read_addresses(host: Host) -> list[str]:
    """A host's addresses that others can reach: no loopback, no link-local ones."""
    trie, _mark, inet6 = read(host, _KERNEL).partition("==\n")
    return [one for one in parse_addresses(trie, inet6) if one != "::1" and not one.startswith("127.")]


def ask_ehlo(host: Host, addresses: t.Sequence[str], port: int = 25) -> list[Seen]:
    """What addresses, or names, answer to EHLO asked from ``host``; a name is asked at each of its addresses."""
    words = " ".join(["%s"] * len(addresses))
    answers = json.loads(read(host, f"python3 -c %s %s {words}", _SCRIPT, str(port), *addresses))
    return [Seen(*answer) for answer in answers]


def check_starttls(host: Host, offered: bool = True, addresses: t.Sequence[str] = (), port: int = 25) -> list[Seen]:
    """STARTTLS is offered on every address, or on none with ``offered=False``; returns what each answered.

    Without ``addresses`` the host asks itself on all of its own. Names and addresses of others are asked from the host.
    """
    seen = ask_ehlo(host, addresses or read_addresses(host), port)
    if not seen:
        raise AssertionError("there is no address to ask, so nothing is known of STARTTLS. Name some: addresses=[...].")
    word, other = ("offered", "not offered") if offered else ("not offered", "offered")
    faults = [
        f"[{one.address}]:{port}: STARTTLS is {other} ({one.detail})" for one in seen if one.offered is (not offered)
    ]
    faults += [
        f"[{one.address}]:{port}: whether STARTTLS is {word} could not be found out ({one.detail})"
        for one in seen
        if one.offered is None
    ]
    fail_with(
        faults,
        "See journalctl -t sm-mta -n 50: sendmail says there once, at its start, which file it does not use. Then run "
        "mailtls.relay.site; sendmail_starttls_offered decides.",
    )
    return seen
