# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom to probe: the user's targets in; the names to look up, and the hosts and addresses they lead to, out.

Nothing is looked up here. ``read_targets`` reads the list, ``find_domains`` and ``find_names`` say what DNS must be
asked, and ``lead`` puts its answers together.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import MailtlsError
from .fields import Fields, read_boolean, read_mapping, read_text, shown
from .nexthop import NAME, hosts_of, join_hosts, parse_address, refuse_numbers
from .target import read_recipient

KINDS = ("host", "mx", "smart_host")
KEYS = (*KINDS, "port", "tls_on_connect", "name", "recipient")
SMTP_PORT, SMTPS_PORT = 25, 465
_LAST_PORT = 65535
_NAME = re.compile(rf"(?=.{{1,254}}\Z){NAME}\.?\Z")
# What keeps sendmail from bouncing is no host to ask (nexthop.hold_unknown).
_NOWHERE = ipaddress.ip_address("255.255.255.255")
_HOW = "Write mta2.example.org, [mta2.example.org], or an address; a port stands beside it, as {host: ..., port: 587}."

# How a host is found: it is an address; its name has addresses; its domain has MX records.
ADDRESS, HOST, DOMAIN = "address", "host", "domain"


class Way(t.NamedTuple):
    """One host of a target, in lower case and without a dot at its end; addresses without brackets.

    ``canonical``: sendmail calls it by the name that DNS calls canonical, as it does with names in brackets.
    """

    kind: str
    text: str
    canonical: bool = False


class Target(t.NamedTuple):
    """An item of the user's list. ``label`` is how he wrote it, ``next_hop`` what sendmail's {h} would be."""

    place: str
    label: str
    ways: tuple[Way, ...]
    next_hop: str
    port: int = SMTP_PORT
    tls_on_connect: bool = False
    # The name that its certificate shall bear, where it is not the one that led there.
    name: str = ""
    recipient: str = ""


class Exchanges(t.NamedTuple):
    """Where mail for a domain goes: hosts with their preferences (None: only the order is known), or why not."""

    hosts: tuple[tuple[int | None, str], ...] = ()
    problem: str = ""


class Addresses(t.NamedTuple):
    """What a name leads to: its canonical name and its addresses; ``problem`` says why there are none, or not all."""

    canonical: str = ""
    addresses: tuple[str, ...] = ()
    problem: str = ""


class Place(t.NamedTuple):
    """One host of a target (by its number) at one address; without an address ``problem`` says why."""

    target: int
    host: str
    address: str = ""
    mx_preference: int | None = None
    problem: str = ""


def read_targets(raw: t.Any) -> tuple[Target, ...]:
    """The targets, in their order. Raises MailtlsError with the place, such as ``targets[3].port``."""
    if not isinstance(raw, (list, tuple)) or not raw:
        raise MailtlsError(f"{shown(raw)} names no target", where="targets", remedy=f"Write a list. {_HOW}")
    return tuple(_read_target(item, f"targets[{number}]") for number, item in enumerate(raw))


def _read_target(raw: t.Any, place: str) -> Target:
    if isinstance(raw, str):
        return Target(place, str.__str__(raw), (_read_host(raw, place),), _bracketed(raw))
    fields = Fields(read_mapping(raw, place, KEYS), place)
    # What a template left empty was not said.
    values = {key: value for key, value in fields.values.items() if value is not None and value != ""}
    said = [kind for kind in KINDS if kind in values]
    if len(said) != 1:
        raise MailtlsError(
            f"{' and '.join(said)} exclude each other" if said else "nothing says whom to probe",
            where=place,
            remedy=f"Write exactly one of {', '.join(KINDS)}.",
        )
    target = _read_kind(said[0], values[said[0]], f"{place}.{said[0]}")
    on_connect = read_boolean(values.get("tls_on_connect", False), fields.at("tls_on_connect"))
    usual = SMTPS_PORT if on_connect else SMTP_PORT
    target = target._replace(
        place=place, port=_read_port(values.get("port", usual), fields.at("port")), tls_on_connect=on_connect
    )
    if "name" in values:
        target = target._replace(name=_read_name(values["name"], fields.at("name"), "the name of a host"))
    if "recipient" in values:
        target = target._replace(recipient=read_recipient(values["recipient"], fields.at("recipient")))
    return target


def _read_kind(kind: str, raw: t.Any, place: str) -> Target:
    if kind == "host":
        return Target(place, str(raw), (_read_host(raw, place),), _bracketed(raw))
    if kind == "mx":
        domain = _read_name(raw, place, "a domain")
        # Whoever is written to at the domain, the rules for the domain speak.
        return Target(place, f"mx:{raw}", (Way(DOMAIN, domain),), domain, recipient=f"postmaster@{domain}")
    hops = join_hosts(raw, place)
    hosts = [host for host in hosts_of(hops) if parse_address(host) != _NOWHERE]
    if not hosts:
        raise MailtlsError(f"{shown(raw)} names no host", where=place, remedy=_HOW)
    label = raw if isinstance(raw, str) else ":".join(raw)
    return Target(place, f"smart_host:{label}", tuple(map(_read_hop, hosts)), ":".join(map(_bracketed, hosts)))


def _read_hop(host: str) -> Way:
    """A smart host as sendmail takes it: an address, a name whose MX records count, or one in brackets, as it is."""
    address = parse_address(host)
    if address:
        return Way(ADDRESS, str(address))
    name = host.strip("[]").rstrip(".").lower()
    return Way(HOST, name, canonical=True) if host.startswith("[") else Way(DOMAIN, name)


def _read_host(raw: t.Any, place: str) -> Way:
    """A host to connect to. Unlike a smart host, it is never taken for a domain."""
    text = read_text(raw, place, "a host")
    address = parse_address(text)
    if address and "%" not in text:
        return Way(ADDRESS, str(address))
    inner = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    if not _NAME.match(inner):
        raise MailtlsError(f"{shown(raw)} is not one host", where=place, remedy=_HOW)
    refuse_numbers(text, place)
    return Way(HOST, inner.rstrip(".").lower(), canonical=inner != text)


def _read_name(raw: t.Any, place: str, what: str) -> str:
    text = read_text(raw, place, what)
    if not _NAME.match(text) or parse_address(text):
        raise MailtlsError(
            f"{shown(raw)} is not {what}", where=place, remedy="Write it in ASCII, such as example.org or xn--..."
        )
    return text.rstrip(".").lower()


def _read_port(raw: t.Any, place: str) -> int:
    number = int(raw) if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,5}", raw) else raw
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _LAST_PORT:
        raise MailtlsError(f"{shown(raw)} is not a port", where=place, remedy=f"Write a number from 1 to {_LAST_PORT}.")
    return number


def _bracketed(raw: str) -> str:
    """A host as a next hop that is written this way: an address stands in brackets there."""
    address = parse_address(raw)
    return f"[{sendmail_address(str(address))}]" if address else str.__str__(raw)


def sendmail_address(text: str) -> str:
    """An address as sendmail writes it: IPv6 in full, with a mark before it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if address.version == 4 or mapped:
        return str(mapped or address)
    return "IPv6:" + ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


def find_domains(targets: t.Iterable[Target]) -> list[str]:
    """The domains whose MX records are wanted, each once."""
    return list(dict.fromkeys(way.text for target in targets for way in target.ways if way.kind == DOMAIN))


def find_names(targets: t.Iterable[Target], exchanges: t.Mapping[str, Exchanges]) -> list[str]:
    """The names whose addresses are wanted, each once."""
    direct = [way.text for target in targets for way in target.ways if way.kind == HOST]
    return list(dict.fromkeys([*direct, *(host for found in exchanges.values() for _preference, host in found.hosts)]))


def lead(
    targets: t.Sequence[Target], exchanges: t.Mapping[str, Exchanges], addresses: t.Mapping[str, Addresses]
) -> list[Place]:
    """Every host of every target at every address, in the order in which sendmail would try them."""
    return [
        place
        for number, target in enumerate(targets)
        for way in target.ways
        for place in _follow(Place(number, target.name), way, exchanges, addresses)
    ]


def _follow(
    start: Place, way: Way, exchanges: t.Mapping[str, Exchanges], addresses: t.Mapping[str, Addresses]
) -> t.Iterator[Place]:
    """The places that one way leads to; a name that stands in ``start`` is that of all of them."""
    if way.kind == ADDRESS:
        yield start._replace(host=start.host or way.text, address=way.text)
        return
    hosts: tuple[tuple[int | None, str], ...] = ((None, way.text),)
    if way.kind == DOMAIN:
        hosts = exchanges[way.text].hosts
        if not hosts:
            yield start._replace(host=start.host or way.text, problem=exchanges[way.text].problem)
    for preference, host in hosts:
        found = addresses[host]
        called = found.canonical if way.canonical and found.canonical else host
        place = start._replace(host=start.host or called, mx_preference=preference)
        for address in found.addresses:
            yield place._replace(address=address)
        if found.problem:
            yield place._replace(problem=found.problem)
