# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy's lists as entries of the access map.

Each item is complete: where one item of a list needs a key of a tag, all of them get one, because sendmail takes the
first key it finds (a name, its parent domains, the address, the networks around it) and merges nothing.
"""

from __future__ import annotations

import typing as t

from . import access_words as words
from . import dn, release
from .entry import Entry, Placed
from .errors import MailtlsError
from .policy import Client, Inbound, Outbound, Peer, Policy, RelayCertificate

Entries = t.Iterator[Placed]

# What sendmail asks the map for sessions from this host itself (the queue of local programs is handed in there).
LOOPBACK = ("127.0.0.1", "IPv6:0:0:0:0:0:0:0:1")


def outbound_entries(outbound: Outbound, running: release.Release) -> Entries:
    yield Placed(outbound.place, Entry("TLS_Srv:", words.requirement_value(outbound.default, outbound.place)))
    yield from _demands("TLS_Srv", outbound.peers)
    yield from _special_peers(outbound.peers, running)
    for one in outbound.recipients:
        yield Placed(one.place, Entry(f"TLS_Rcpt:{one.address}", words.requirement_value(one.requirement, one.place)))


def _demands(tag: str, items: t.Iterable[Peer | Client]) -> Entries:
    """One entry for each item; most items of a long list share a few requirements."""
    values: dict[int, str] = {}
    prefix, new = f"{tag}:", tuple.__new__
    for item in items:
        place, target, requirement = item[:3]
        value = values.get(id(requirement))
        if value is None:
            value = values[id(requirement)] = words.requirement_value(requirement, place)
        text = words.target_key(target, place) if target[0] else target[1]
        # Called a hundred thousand times; the class's own constructor takes three times as long.
        yield new(Placed, (place, new(Entry, (prefix + text, value))))


def _special_peers(peers: t.Sequence[Peer], running: release.Release) -> Entries:
    untried = any(peer.requirement.level == "none" for peer in peers)
    sessions = any(peer.session is not None for peer in peers)
    features = any(not (peer.dane and peer.mta_sts) for peer in peers)
    for peer in peers if untried or sessions or features else ():
        _require_known(peer, running)
        key = words.target_key(peer.target, peer.place)
        if untried:
            yield Placed(peer.place, Entry(f"Try_TLS:{key}", "NO" if peer.requirement.level == "none" else "OK"))
        if sessions:
            yield Placed(peer.place, Entry(f"TLS_Clt_Features:{key}", _session(peer)))
        if features and not peer.target.family:
            letters = f"{'d' if peer.dane else 'D'} {'m' if peer.mta_sts else 'M'}"
            yield Placed(peer.place, Entry(f"Clt_Features:{key}", letters))


def _require_known(item: Peer | Client, running: release.Release) -> None:
    if item.session is not None:
        release.require("session", running, f"{item.place}.session")
    for field in ("dane", "mta_sts") if isinstance(item, Peer) else ():
        if not getattr(item, field):
            release.require(field, running, f"{item.place}.{field}")
            if item.target.family:
                raise MailtlsError(
                    f"sendmail asks for this by the name of a host only, not for {item.target}",
                    where=f"{item.place}.{field}",
                    remedy="Write the name that the next hop's MX record has.",
                )


def _session(item: Peer | Client) -> str:
    return words.NO_SESSION if item.session is None else words.session_value(item.session)


def inbound_entries(inbound: Inbound, offered: bool, running: release.Release, further: t.Collection[str]) -> Entries:
    """``further`` are the folded keys that the user writes himself."""
    clients = inbound.clients
    if inbound.default.demands or any(client.requirement.demands for client in clients):
        entries = list(_demands("TLS_Clt", clients))
        if inbound.default.demands:
            value = words.requirement_value(inbound.default, inbound.place)
            yield Placed(inbound.place, Entry("TLS_Clt:", value))
            taken = {*further, *(placed.entry.folded_key for placed in entries)}
            yield from (Placed(inbound.place, Entry(f"TLS_Clt:{key}", "OK")) for key in _loopback(taken))
        yield from entries
    for client in clients:
        _require_known(client, running)
    told = any(client.starttls_offered is not None or not client.request_certificate for client in clients)
    sessions = any(client.session is not None for client in clients)
    for client in clients if told or sessions else ():
        key = words.target_key(client.target, client.place)
        if told:
            yield Placed(client.place, Entry(f"Srv_Features:{key}", _letters(client, offered)))
        if sessions:
            yield Placed(client.place, Entry(f"TLS_Srv_Features:{key}", _session(client)))


def _loopback(taken: t.Collection[str]) -> t.Iterator[str]:
    """Local programs hand their mail in without TLS when the certificate breaks; the user may say otherwise."""
    for address in LOOPBACK:
        separator = "." if "." in address else ":"
        parts = address.split(separator)
        around = {f"tls_clt:{separator.join(parts[:count])}".lower() for count in range(1, len(parts) + 1)}
        if not around & set(taken):
            yield address


def _letters(client: Client, offered: bool) -> str:
    """All letters of a key: a capital takes the offer away, a small one makes it."""
    here = offered if client.starttls_offered is None else client.starttls_offered
    return f"{'s' if here else 'S'} {'v' if client.request_certificate else 'V'}"


def certificate_entries(certificates: t.Iterable[RelayCertificate]) -> Entries:
    """Who may relay by certificate. Subjects are looked up once, for whichever issuer says SUBJECT."""
    written: set[str] = set()
    for one in certificates:
        issuer = dn.quote(one.issuer, f"{one.place}.issuer")
        yield Placed(one.place, Entry(f"CERTISSUER:{issuer}", "SUBJECT" if one.subjects else "RELAY"))
        for number, subject in enumerate(one.subjects):
            place = f"{one.place}.subjects[{number}]"
            key = f"CERTSUBJECT:{dn.quote(subject, place)}"
            if key.lower() not in written:
                written.add(key.lower())
                yield Placed(place, Entry(key, "RELAY"))


def policy_entries(policy: Policy, running: release.Release, further: t.Collection[str] = ()) -> Entries:
    """All that the typed policy means, in the order in which it is written."""
    yield from outbound_entries(policy.outbound, running)
    yield from inbound_entries(policy.inbound, policy.starttls_offered, running, further)
    yield from certificate_entries(policy.certificates)
