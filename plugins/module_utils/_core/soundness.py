# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a policy, read in full, can be kept: exceptions are owned and not over, and DNS decides nothing unsaid."""

from __future__ import annotations

import datetime
import typing as t

from .errors import MailtlsError
from .policy import IPV4, PERMANENT, Client, Inbound, Outbound, Peer, Policy, RelayCertificate, Target, stronger, weaker
from .target import read_next_hop

# The widest networks that an exception may cover. Loopback and 10.0.0.0/8 are private; others of 8 bits hold strangers.
_WIDEST = {4: 16, 6: 48}
_PRIVATE = ("10.0.0.0", "127.0.0.0")
_NOBODY = Target(0, "")


def refuse_unsound(policy: Policy, today: datetime.date, sole_next_hop: str, failure_place: str) -> None:
    if policy.outbound.default.failure == PERMANENT and sole_next_hop:
        _refuse_permanent(failure_place, sole_next_hop)
    _judge_outbound(policy.outbound, today, sole_next_hop)
    _judge_inbound(policy.inbound, policy.starttls_offered, today)
    _judge_certificates(policy.certificates)


def _judge_outbound(outbound: Outbound, today: datetime.date, sole_next_hop: str) -> None:
    default = outbound.default
    if not default.demands:
        raise MailtlsError(
            f"level {default.level} as the default would let mail leave in clear text to anyone",
            where=f"{outbound.place}.level",
            remedy="Allowed: encrypt, verify, secure. Exceptions stand in outbound.peers.",
        )
    if default.level == "verify" and _read(sole_next_hop).literal:
        _refuse_nameless(f"{outbound.place}.level", sole_next_hop)
    # A long list shares a few requirements; those that ask for as much as the default need no closer look.
    alike = {default: True}
    for peer in outbound.peers:
        requirement = peer.requirement
        if requirement not in alike:
            uneven = weaker(requirement, default) or stronger(requirement, default)
            alike[requirement] = not uneven and requirement.failure != PERMANENT
        if not alike[requirement] or peer.session is not None:
            _judge_peer(peer, outbound, sole_next_hop)
        if requirement.level == "verify" and peer.target.literal:
            _refuse_nameless(f"{peer.place}.level", f"[{peer.target}]")
        if peer.exception is not None:
            _refuse_ended(peer, today)


def _judge_peer(peer: Peer, outbound: Outbound, sole_next_hop: str) -> None:
    less = weaker(peer.requirement, outbound.default)
    if less:
        _require_exception(peer, less, outbound.place)
        if not peer.target.family and not peer.accept_dns_risk:
            _refuse_name(peer, f"{less}, and DNS decides which hosts bear the name {peer.target} or one below it")
    if peer.session is not None and peer.requirement.level == "none":
        raise MailtlsError(
            "level none has no TLS session", where=f"{peer.place}.session", remedy="Leave it out, or raise the level."
        )
    more = stronger(peer.requirement, outbound.default)
    if not more and peer.session is not None and peer.session.demands:
        more = "its session asks for more"
    if more:
        _refuse_movable(peer, more)
    if peer.requirement.failure == PERMANENT and peer.target.identity == _read(sole_next_hop).identity:
        _refuse_permanent(f"{peer.place}.failure", sole_next_hop)


def _read(sole_next_hop: str) -> Target:
    """The smart host as a next hop; one without a text where it is none, or is not written as the policy has it."""
    try:
        return read_next_hop(sole_next_hop, "")
    except MailtlsError:
        return _NOBODY


def _refuse_movable(peer: Peer, more: str) -> None:
    if peer.target.literal or peer.accept_dns_risk:
        return
    raise MailtlsError(
        f"{more}, but DNS can lead mail for {peer.target} to a host of another name and address, where only the default"
        " holds",
        where=f"{peer.place}.accept_dns_risk",
        remedy="Raise outbound.default and lower the others, use outbound.recipients, hand mail to [address] and write"
        " next_hop so, or accept it with accept_dns_risk: true.",
    )


def _judge_inbound(inbound: Inbound, offered: bool, today: datetime.date) -> None:
    if inbound.default.level == "none":
        raise MailtlsError(
            "level none as the default means that STARTTLS is offered to nobody",
            where=f"{inbound.place}.level",
            remedy="Set sendmail_starttls_offered: false instead; allowed here: may, encrypt, verify, secure.",
        )
    if inbound.default.demands and not offered:
        raise MailtlsError(
            f"level {inbound.default.level} cannot be met by any client: sendmail_starttls_offered is false",
            where=f"{inbound.place}.level",
            remedy="Offer STARTTLS, or write may.",
        )
    for client in inbound.clients:
        _judge_client(client, inbound, offered)
        if client.exception is not None:
            _refuse_ended(client, today)


def _judge_client(client: Client, inbound: Inbound, offered: bool) -> None:
    less = weaker(client.requirement, inbound.default)
    if less:
        _require_exception(client, less, inbound.place)
    if not client.target.family and not client.accept_dns_risk:
        _refuse_name(client, f"DNS decides which clients bear the name {client.target} or one below it, or none at all")
    if client.requirement.demands and not (offered if client.starttls_offered is None else client.starttls_offered):
        raise MailtlsError(
            f"level {client.requirement.level} cannot be met: STARTTLS is not offered to {client.target}",
            where=f"{client.place}.level",
            remedy="Write starttls_offered: true, or level may.",
        )
    if client.requirement.level in ("verify", "secure") and not client.request_certificate:
        raise MailtlsError(
            f"level {client.requirement.level} cannot be met without the client's certificate",
            where=f"{client.place}.request_certificate",
            remedy="Leave it out, or write level encrypt.",
        )


def _require_exception(item: Peer | Client, less: str, default_place: str) -> None:
    if item.exception is None:
        raise MailtlsError(
            f"{less} ({default_place}), so {item.target} is an exception without an owner",
            where=f"{item.place}.exception",
            remedy='Add exception: {owner: ..., reason: ..., until: "2027-03-31"}, or ask for as much as the default.',
        )
    target = item.target
    if target.family and target.prefix < _WIDEST[target.family] and target.text not in _PRIVATE:
        raise MailtlsError(
            f"{target} is too wide for an exception: DNS could place any host there",
            where=item.place,
            remedy=f"Name networks of at least {_WIDEST[IPV4]} bits ({_WIDEST[6]} of IPv6; 10.0.0.0/8 and 127.0.0.0/8"
            " may stand), or addresses.",
        )


def _refuse_name(item: Peer | Client, why: str) -> None:
    raise MailtlsError(
        why,
        where=f"{item.place}.accept_dns_risk",
        remedy="Name the address or network instead, or accept it with accept_dns_risk: true.",
    )


def _refuse_ended(item: Peer | Client, today: datetime.date) -> None:
    waiver = item.exception
    if waiver is not None and waiver.until < today:
        raise MailtlsError(
            f"the exception for {item.target} ended on {waiver.until} (owner: {waiver.owner})",
            where=f"{item.place}.exception.until",
            remedy="Remove the item, or let its owner agree to a later day.",
        )


def _refuse_nameless(place: str, next_hop: str) -> t.NoReturn:
    raise MailtlsError(
        f"at level verify the certificate must bear the name of the host, and {next_hop} has none",
        where=place,
        remedy="Write level secure, with the name that the certificate bears, or hand mail to a name.",
    )


def _refuse_permanent(place: str, sole_next_hop: str) -> None:
    raise MailtlsError(
        f"all mail leaves through {sole_next_hop}, so the bounce would meet the same refusal and be lost",
        where=place,
        remedy="Write failure: temporary.",
    )


def _judge_certificates(certificates: t.Sequence[RelayCertificate]) -> None:
    """A subject is looked up without its issuer, so it may relay with the certificate of any issuer with subjects."""
    listed = [one for one in certificates if one.subjects]
    for one in listed[1:]:
        if {subject.lower() for subject in one.subjects} != {subject.lower() for subject in listed[0].subjects}:
            raise MailtlsError(
                "subjects are not bound to their issuer: those of one could relay with a certificate of the other",
                where=f"{listed[0].place}.subjects and {one.place}.subjects",
                remedy="Give both the same subjects, or let one issuer sign them all.",
            )
