# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of the policy's lists: next hops, recipients, clients, certificates."""

from __future__ import annotations

import typing as t

from .errors import MailtlsError
from .fields import Fields, read_boolean, read_list, read_mapping
from .layers import Layer, merge_items
from .policy import Client, Peer, Recipient, RelayCertificate, Requirement, SessionSettings, Waiver
from .requirement import REQUIREMENT_FIELDS, read_dn, read_requirement, read_waiver
from .session import read_session
from .target import read_client, read_next_hop, read_recipient

PEER_FIELDS = ("next_hop", *REQUIREMENT_FIELDS, "exception", "accept_dns_risk", "dane", "mta_sts", "session")
RECIPIENT_FIELDS = ("recipient", *REQUIREMENT_FIELDS)
CLIENT_FIELDS = (
    "client",
    *REQUIREMENT_FIELDS,
    "exception",
    "accept_dns_risk",
    "starttls_offered",
    "request_certificate",
    "session",
)
CERTIFICATE_FIELDS = ("issuer", "subjects")

Default = t.TypeVar("Default", bool, None)
_Cache = dict[tuple[t.Any, ...], Requirement]
_PEER_KEYS, _CLIENT_KEYS = frozenset(PEER_FIELDS), frozenset(CLIENT_FIELDS)
_SHORT = frozenset(("next_hop", "level", "min_bits", "name"))
_UNSAID: t.Any = object()


def read_peers(layers: t.Iterable[Layer], default: Requirement) -> tuple[Peer, ...]:
    cache: _Cache = {}
    read = ((_read_peer(raw, place, default, cache) for raw, place in _items(layer, "next hops")) for layer in layers)
    return merge_items(read, lambda peer: peer.target.identity, lambda peer: peer.place, "next hop")


def read_recipients(layers: t.Iterable[Layer]) -> tuple[Recipient, ...]:
    read = ((_read_recipient(raw, place) for raw, place in _items(layer, "recipients")) for layer in layers)
    return merge_items(read, lambda one: one.address, lambda one: one.place, "recipient")


def read_clients(layers: t.Iterable[Layer], default: Requirement) -> tuple[Client, ...]:
    cache: _Cache = {}
    read = ((_read_client(raw, place, default, cache) for raw, place in _items(layer, "clients")) for layer in layers)
    return merge_items(read, lambda client: client.target.identity, lambda client: client.place, "client")


def read_certificates(layers: t.Iterable[Layer]) -> tuple[RelayCertificate, ...]:
    read = ((_read_certificate(raw, place) for raw, place in _items(layer, "certificates")) for layer in layers)
    # sendmail, and people, do not tell letter case apart in such names.
    return merge_items(read, lambda one: one.issuer.lower(), lambda one: one.place, "issuer")


def _items(layer: Layer, what: str) -> t.Iterator[tuple[t.Any, str]]:
    for number, raw in enumerate(read_list(layer.raw, layer.place, what)):
        yield raw, f"{layer.place}[{number}]"


def _key(values: t.Mapping[str, t.Any], field: str, place: str) -> t.Any:
    if field not in values:
        raise MailtlsError(f"the item has no {field}", where=f"{place}.{field}", remedy="Say of whom it speaks.")
    return values[field]


def _read_peer(raw: t.Any, place: str, default: Requirement, cache: _Cache) -> Peer:
    values = raw if isinstance(raw, dict) and _PEER_KEYS.issuperset(raw) else read_mapping(raw, place, PEER_FIELDS)
    target = read_next_hop(_key(values, "next_hop", place), place)
    requirement = _read_requirement(values, place, default, cache)
    if values.keys() <= _SHORT:
        return Peer(place, target, requirement)
    return Peer(
        place,
        target,
        requirement,
        _waiver(values, place),
        _flag(values, "accept_dns_risk", place, False),
        _flag(values, "dane", place, True),
        _flag(values, "mta_sts", place, True),
        _session(values, place),
    )


def _read_recipient(raw: t.Any, place: str) -> Recipient:
    values = read_mapping(raw, place, RECIPIENT_FIELDS)
    address = read_recipient(_key(values, "recipient", place), f"{place}.recipient")
    requirement = read_requirement(Fields(values, place), "encrypt")
    if not requirement.demands:
        raise MailtlsError(
            f"level {requirement.level} is no demand, and a recipient can only add to what next hops must offer",
            where=f"{place}.level",
            remedy="Allowed: encrypt, verify, secure. Exceptions stand in outbound.peers.",
        )
    return Recipient(place, address, requirement)


def _read_client(raw: t.Any, place: str, default: Requirement, cache: _Cache) -> Client:
    values = raw if isinstance(raw, dict) and _CLIENT_KEYS.issuperset(raw) else read_mapping(raw, place, CLIENT_FIELDS)
    offered = _flag(values, "starttls_offered", place, None)
    requirement = _read_requirement(values, place, default, cache)
    if requirement.level == "none":
        if offered:
            raise MailtlsError(
                "level none means that STARTTLS is not offered", where=f"{place}.starttls_offered", remedy="Write may."
            )
        offered = False
    return Client(
        place,
        read_client(_key(values, "client", place), place),
        requirement,
        _waiver(values, place),
        _flag(values, "accept_dns_risk", place, False),
        offered,
        _flag(values, "request_certificate", place, True),
        _session(values, place),
    )


def _read_certificate(raw: t.Any, place: str) -> RelayCertificate:
    values = read_mapping(raw, place, CERTIFICATE_FIELDS)
    issuer = read_dn(_key(values, "issuer", place), f"{place}.issuer")
    if "subjects" not in values:
        return RelayCertificate(place, issuer)
    subjects: dict[str, str] = {}
    for number, one in enumerate(read_list(values["subjects"], f"{place}.subjects", "subjects")):
        here = f"{place}.subjects[{number}]"
        subject = read_dn(one, here)
        if subject.lower() in subjects:
            raise MailtlsError(f"{subject!r} stands there twice", where=here, remedy="Remove one of the two.")
        subjects[subject.lower()] = subject
    if not subjects:
        raise MailtlsError(
            "no subject may relay", where=f"{place}.subjects", remedy="Leave it out to let all of this issuer relay."
        )
    return RelayCertificate(place, issuer, tuple(subjects.values()))


def _read_requirement(values: t.Mapping[str, t.Any], place: str, default: Requirement, cache: _Cache) -> Requirement:
    """An item's own requirement; the default where it says nothing of it."""
    get = values.get
    bits = get("min_bits", _UNSAID)
    # Most items of a long list ask for the same. What compares equal must be of one type, too (128 and 128.0).
    said = (
        get("level", _UNSAID),
        bits,
        bits.__class__,
        get("name", _UNSAID),
        get("issuer", _UNSAID),
        get("subject", _UNSAID),
        get("failure", _UNSAID),
    )
    try:
        if said in cache:
            return cache[said]
    except TypeError:
        pass  # a list or a mapping in the place of a word: refused below
    requirement = _read_own(values, place) or default
    cache[said] = requirement
    return requirement


def _read_own(values: t.Mapping[str, t.Any], place: str) -> Requirement | None:
    said = [field for field in REQUIREMENT_FIELDS if field in values]
    if said and "level" not in values:
        raise MailtlsError(f"{said[0]} stands without a level", where=f"{place}.level", remedy="Write the level, too.")
    return read_requirement(Fields(values, place), "") if said else None


def _waiver(values: t.Mapping[str, t.Any], place: str) -> Waiver | None:
    return read_waiver(values["exception"], f"{place}.exception") if "exception" in values else None


def _session(values: t.Mapping[str, t.Any], place: str) -> SessionSettings | None:
    return read_session(values["session"], f"{place}.session") if "session" in values else None


def _flag(values: t.Mapping[str, t.Any], field: str, place: str, default: Default) -> bool | Default:
    return read_boolean(values[field], f"{place}.{field}") if field in values else default
