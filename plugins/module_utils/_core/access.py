# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's words: entries of the access map, checked, and the policy written in them."""

from __future__ import annotations

import typing as t

from .access_policy import policy_entries
from .access_words import network_key
from .entry import LOCAL_KEY, NONE_ACCEPTED, Entry, Placed, check_compiled, parse_entries, parse_entry, refuse_twins
from .errors import MailtlsError
from .policy import Policy
from .release import OLDEST, Release

__all__ = [
    "FLOOR_KEY",
    "FURTHER",
    "LOCAL_KEY",
    "NONE_ACCEPTED",
    "Entry",
    "Placed",
    "access_entries",
    "compile_policy",
    "parse_entries",
    "parse_entry",
    "require_floor",
]

# The empty key: asked last, for every server that no other key names. The policy owns it.
FLOOR_KEY = "TLS_Srv:"
OFFER_KEY = "Srv_Features:"
FURTHER = "sendmail_access_entries"
# Limits against strangers; sendmail looks rates up by address only.
LIMITS = ("GreetPause", "ClientRate", "ClientConn")


def require_floor(entries: t.Iterable[Entry], place: str) -> None:
    """Refuse a map without a requirement for all other servers: it would let mail leave in clear text."""
    if not any(entry.folded_key == FLOOR_KEY.lower() for entry in entries):
        raise MailtlsError(
            f"no entry has the key {FLOOR_KEY!r}",
            where=place,
            remedy=f"Add {FLOOR_KEY} with TEMP+ENCR:128; without it mail to unnamed servers leaves in clear text.",
        )


def compile_policy(policy: Policy, release: Release = OLDEST, further: t.Sequence[Entry] = ()) -> tuple[Placed, ...]:
    """What the policy means to sendmail of this release, then the user's ``further`` entries; each with its place.

    Raises ``MailtlsError`` for what the release would not enforce, for a network that sendmail cannot match, and, with
    both places, for two entries of one key.
    """
    _refuse_owned(further, policy)
    said = {entry.folded_key for entry in further}
    compiled = (*_client_entries(policy), *_offer_entries(policy), *policy_entries(policy, release, said))
    check_compiled(compiled)
    placed = (*compiled, *(Placed(f"{FURTHER}[{number}]", entry) for number, entry in enumerate(further)))
    refuse_twins(placed)
    return placed


def access_entries(
    policy: Policy, further: t.Sequence[Entry] = (), base: t.Sequence[Entry] = (), release: Release = OLDEST
) -> tuple[Entry, ...]:
    """The whole map: the platform's ``base``, what the policy means, then the user's ``further`` entries.

    An entry of ``base`` gives way to any later one of the same key; no other two may share a key.
    """
    wished = [entry for _place, entry in compile_policy(policy, release, further)]
    taken = {entry.folded_key for entry in wished}
    return (*(entry for entry in base if entry.folded_key not in taken), *wished)


def _client_entries(policy: Policy) -> t.Iterator[Placed]:
    for number, client in enumerate(policy.relay_clients):
        place = f"sendmail_relay_clients[{number}]"
        subject = client.name if client.network is None else network_key(client.network, place)
        yield Placed(place, Entry(f"Connect:{subject}", "RELAY"))
        if client.network is not None:
            yield from _unlimited(subject, place)
    relays = {client.network for client in policy.relay_clients}
    for number, network in enumerate(policy.unthrottled_clients):
        place = f"sendmail_unthrottled_clients[{number}]"
        # Who may relay is free of limits anyway.
        if network not in relays:
            yield from _unlimited(network_key(network, place), place)


def _unlimited(subject: str, place: str) -> t.Iterator[Placed]:
    for tag in LIMITS:
        yield Placed(place, Entry(f"{tag}:{subject}", "0"))


def _offer_entries(policy: Policy) -> t.Iterator[Placed]:
    if not policy.starttls_offered:
        yield Placed("sendmail_starttls_offered", Entry(OFFER_KEY, "S"))


def _refuse_owned(further: t.Sequence[Entry], policy: Policy) -> None:
    for number, entry in enumerate(further):
        place = f"{FURTHER}[{number}]"
        if entry.folded_key == FLOOR_KEY.lower():
            raise MailtlsError(
                f"the key {FLOOR_KEY!r} belongs to the policy",
                where=f"{place}.key",
                remedy="Set sendmail_tls_policy.outbound.default instead.",
            )
        if entry.folded_key == OFFER_KEY.lower() and (not policy.starttls_offered or "S" in entry.value.split()):
            raise MailtlsError(
                f"whether STARTTLS is offered to all is said by sendmail_starttls_offered, not by {OFFER_KEY!r}",
                where=place,
                remedy="Set that variable, or name the client in the key.",
            )
