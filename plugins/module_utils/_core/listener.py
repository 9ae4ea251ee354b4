# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listeners: what is wished, what sendmail.mc must say for it, and what the kernel says about it.

The kernel's side is Linux: /proc/net/tcp, tcp6, fib_trie and if_inet6 (proc(5), net/ipv4/fib_trie.c).
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError

# Connections that wait to be accepted; sendmail's own 10 lose the first packets of every busy client.
BACKLOG = 256
SMTP = 25
SUBMISSION = 587
_SUBMISSION_PORT = re.compile(r"(?i)\bport\s*=\s*(?:587|submission)\b")
# What Debian's sendmail.mc opens there: the role writes the same by itself.
_DEBIANS = {"F": "inet", "P": "587", "A": "127.0.0.1", "M": "Ea"}
_PLAIN = re.compile(r"[A-Za-z0-9 =,.:_/\[\]-]+")
_ANY = {"inet": "0.0.0.0", "inet6": "::"}
_LOOPBACK = "127.0.0.1"
_LISTEN = "0A"
# Addresses that are not usable yet, or never: duplicate (0x08), tentative (0x40).
_UNUSABLE = 0x08 | 0x40
_LINK_LOCAL = 0x20


@dataclass(frozen=True)
class Network:
    """What the kernel can do: whether it has IPv6, and whether IPv6 wildcard sockets leave IPv4 alone."""

    ipv6: bool = True
    v6only: bool = False

    @property
    def dual(self) -> bool:
        """Whether one IPv6 wildcard socket serves IPv4 too."""
        return self.ipv6 and not self.v6only


@dataclass(frozen=True)
class Listener:
    """A socket: ``inet`` or ``inet6``, its address (empty: every one) and its TCP port."""

    family: str
    address: str = ""
    port: int = SMTP

    def __str__(self) -> str:
        return f"{self.address or 'every address'} ({self.family}), port {self.port}"


@dataclass(frozen=True)
class Endpoint:
    """An address in its usual spelling, and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Host:
    """What the kernel says: sockets that listen, and the host's own addresses (no link-local ones)."""

    listening: frozenset[Endpoint]
    addresses: tuple[str, ...]
    network: Network = Network()


def parse_listeners(wish: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Listener, ...]:
    """Read ``sendmail_listeners``; raises MailtlsError with the place in the list."""
    if not wish:
        raise MailtlsError("there is no listener", where="sendmail_listeners", remedy="Write at least {family: inet}.")
    found: list[Listener] = []
    for number, item in enumerate(wish):
        listener = _parse_listener(item, f"sendmail_listeners[{number}]")
        if listener in found:
            raise MailtlsError(f"{listener} is there twice", where="sendmail_listeners", remedy="Remove one.")
        found.append(listener)
    return tuple(found)


def _parse_listener(item: t.Mapping[str, t.Any], where: str) -> Listener:
    family = str(item.get("family", ""))
    if family not in _ANY:
        raise MailtlsError(f"family {family!r} is neither inet nor inet6", where=where, remedy="Write one of the two.")
    port = str(item.get("port") or SMTP)
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise MailtlsError(f"{port!r} is not a TCP port", where=f"{where}.port", remedy="Write 1 to 65535.")
    address = _parse_address(str(item.get("address") or ""), family, f"{where}.address")
    return Listener(family, address, int(port))


def _parse_address(text: str, family: str, where: str) -> str:
    if not text:
        return ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise MailtlsError(f"{text!r} is not an address", where=where, remedy="Write an IP address, no name.") from None
    if address.version != {"inet": 4, "inet6": 6}[family]:
        raise MailtlsError(f"{text} is no {family} address", where=where, remedy="Correct the family or the address.")
    return "" if address.is_unspecified else str(address)


def serves(listeners: t.Sequence[Listener], address: str) -> bool:
    """Whether a daemon with these listeners takes mail on port 25 of one of the host's addresses."""
    # The role adds the one on 127.0.0.1. An IPv6 wildcard serves IPv4 too, nearly everywhere.
    return address == _LOOPBACK or any(
        one.port == SMTP and one.address in ("", address) and (one.family == "inet6" or ":" not in address)
        for one in listeners
    )


def refuse_foreign(listeners: t.Sequence[Listener], addresses: t.Sequence[str]) -> None:
    """Raise for a listener on an address that is not one of the host's; a daemon would try for a minute and end."""
    for item in listeners:
        if item.address and item.address not in addresses and not ipaddress.ip_address(item.address).is_loopback:
            raise MailtlsError(
                f"{item.address} is not one of this host's addresses ({', '.join(addresses)})",
                where="sendmail_listeners",
                remedy="Correct it, or leave the address out to listen on every one.",
            )


def plan_sockets(listeners: t.Sequence[Listener], network: Network) -> tuple[Listener, ...]:
    """The sockets to open on this kernel, loopback included: local programs submit to 127.0.0.1 port 25."""
    wished = [item for item in listeners if network.ipv6 or item.family == "inet"]
    _refuse_absent(listeners, network)
    wide = [item for item in wished if item.family == "inet6" and not item.address] if network.dual else []
    served = {item.port for item in wide}
    sockets = [item for item in wished if not (item.family == "inet" and not item.address and item.port in served)]
    _refuse_overlap(sockets, served)
    return (*sockets, *_missing_loopback(sockets, served))


def _refuse_absent(listeners: t.Sequence[Listener], network: Network) -> None:
    # A wildcard is taken as "IPv6 too, where there is any"; an address is a demand.
    for item in listeners:
        if item.family == "inet6" and item.address and not network.ipv6:
            raise MailtlsError(
                f"{item} cannot be served: this host's kernel has no IPv6",
                where="sendmail_listeners",
                remedy="Remove it for this host or enable IPv6.",
            )


def _refuse_overlap(sockets: t.Sequence[Listener], served: t.AbstractSet[int]) -> None:
    for item in sockets:
        cover = [one for one in sockets if not one.address and one.family == item.family and one.port == item.port]
        dual = item.family == "inet" and item.port in served
        if item.address and (cover or dual):
            raise MailtlsError(
                f"{item} cannot be opened beside a listener for every address on that port",
                where="sendmail_listeners",
                remedy="On Linux an inet6 listener without an address serves IPv4 too. Keep one of the two.",
            )


def _missing_loopback(sockets: t.Sequence[Listener], served: t.AbstractSet[int]) -> t.Iterator[Listener]:
    for port in (SMTP, SUBMISSION):
        covered = port in served or any(
            item.port == port and item.family == "inet" and item.address in ("", _LOOPBACK) for item in sockets
        )
        if not covered:
            yield Listener("inet", _LOOPBACK, port)


def render_options(sockets: t.Sequence[Listener], network: Network) -> tuple[str, ...]:
    """The arguments of DAEMON_OPTIONS, one per socket (Sendmail Operations Guide, DaemonPortOptions)."""
    lines: list[str] = []
    names: dict[str, int] = {}
    for item in sockets:
        label = _name(item, network)
        names[label] = names.get(label, 0) + 1
        name = label if names[label] == 1 else f"{label}-{names[label]}"
        address = f", Addr={item.address}" if item.address else ""
        # Submission as Debian has it: authentication first (a), no ETRN (E).
        modifiers = ", M=Ea" if item.port == SUBMISSION else ""
        lines.append(f"Family={item.family}, Name={name}, Port={item.port}{address}{modifiers}, Listen={BACKLOG}")
    return tuple(lines)


def keep_submission(lines: t.Sequence[str], listeners: t.Sequence[Listener], found: t.Sequence[str]) -> tuple[str, ...]:
    """The arguments with port 587 as it was ``found``, unless a listener asks for that port."""
    if any(item.port == SUBMISSION for item in listeners):
        return tuple(lines)
    for line in found:
        if not _PLAIN.fullmatch(line):
            raise MailtlsError(
                f"the listener {line!r} on port {SUBMISSION} of the former sendmail.cf cannot be kept as it is",
                where="sendmail_listeners",
                remedy=f"Add one with port: {SUBMISSION} there.",
            )
    if [_options(line) for line in found] == [_DEBIANS]:
        return tuple(lines)
    others = [line for line in lines if not _SUBMISSION_PORT.search(line)]
    return (*others, *(re.sub(r"\s+", " ", line) for line in found))


def _options(line: str) -> dict[str, str]:
    """The options of a DaemonPortOptions but its name, keys as sendmail tells them apart, by their first letter."""
    pairs = (part.split("=", 1) for part in re.sub(r"\s", "", line).split(",") if "=" in part)
    options = {key[:1].upper(): value for key, value in pairs}
    return {
        key: "587" if key == "P" and value == "submission" else value for key, value in options.items() if key != "N"
    }


def parse_submission(cf: str) -> tuple[str, ...]:
    """The DaemonPortOptions of a cf that open port 587."""
    lines = re.findall(r"^O\s*DaemonPortOptions\s*=\s*(.*\S)", cf, re.MULTILINE)
    return tuple(line for line in lines if _SUBMISSION_PORT.search(line))


def _name(item: Listener, network: Network) -> str:
    kind = "MSP" if item.port == SUBMISSION else "MTA"
    if item.family == "inet6" and not item.address and network.dual:
        return kind
    return f"{kind}-v{'4' if item.family == 'inet' else '6'}"


def parse_listening(tcp: str, tcp6: str, byteorder: t.Literal["little", "big"]) -> frozenset[Endpoint]:
    """The listening sockets in /proc/net/tcp and tcp6, whose addresses are words in the host's byte order."""
    rows = [line.split() for line in (*tcp.splitlines(), *tcp6.splitlines())]
    return frozenset(_parse_endpoint(row[1], byteorder) for row in rows if len(row) > 3 and row[3] == _LISTEN)


def _parse_endpoint(text: str, byteorder: t.Literal["little", "big"]) -> Endpoint:
    digits, _colon, port = text.partition(":")
    words = [int(digits[start : start + 8], 16) for start in range(0, len(digits), 8)]
    packed = b"".join(word.to_bytes(4, byteorder) for word in words)
    return Endpoint(str(ipaddress.ip_address(packed)), int(port, 16))


def parse_addresses(fib_trie: str, if_inet6: str) -> tuple[str, ...]:
    """The host's own addresses, IPv4 first, in the kernel's order; no link-local and no unusable ones."""
    found = list(_parse_trie(fib_trie))
    for row in (line.split() for line in if_inet6.splitlines()):
        if len(row) > 4 and int(row[3], 16) != _LINK_LOCAL and not int(row[4], 16) & _UNUSABLE:
            found.append(str(ipaddress.ip_address(bytes.fromhex(row[0]))))
    return tuple(dict.fromkeys(found))


def _parse_trie(text: str) -> t.Iterator[str]:
    leaf = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words == ["/32", "host", "LOCAL"]:
            yield leaf


def find_missing(listeners: t.Sequence[Listener], host: Host) -> tuple[Listener, ...]:
    """The sockets that were asked for and do not listen."""
    return tuple(item for item in _asked(listeners, host) if not _is_open(item, host))


def plan_proof(listeners: t.Sequence[Listener], host: Host) -> tuple[Endpoint, ...]:
    """Where STARTTLS must be proven: every address strangers can reach, or loopback when there is none."""
    reached = dict.fromkeys(point for item in _asked(listeners, host) for point in _reach(item, host))
    outside = tuple(point for point in reached if not ipaddress.ip_address(point.address).is_loopback)
    return outside or tuple(reached)


def _asked(listeners: t.Sequence[Listener], host: Host) -> tuple[Listener, ...]:
    wished = {(item.family, item.address, item.port) for item in listeners}
    sockets = plan_sockets(listeners, host.network)
    return tuple(item for item in sockets if (item.family, item.address, item.port) in wished)


def _is_open(item: Listener, host: Host) -> bool:
    return Endpoint(item.address or _ANY[item.family], item.port) in host.listening


def _reach(item: Listener, host: Host) -> t.Iterator[Endpoint]:
    if item.address:
        yield Endpoint(item.address, item.port)
        return
    versions = {"inet": {4}, "inet6": {4, 6} if host.network.dual else {6}}[item.family]
    for address in host.addresses:
        if ipaddress.ip_address(address).version in versions:
            yield Endpoint(address, item.port)
