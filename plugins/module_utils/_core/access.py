# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's words: entries of the access map, checked, and the policy written in them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .access_grammar import EXCEPTABLE, FOREIGN_TAGS, TAGS, UNTAGGED, Tag, explain_requirement
from .errors import MailtlsError
from .policy import Network, Policy
from .spelling import suggestion

# The empty key: asked last, for every server that no other key names. The policy owns it.
FLOOR_KEY = "TLS_Srv:"
OFFER_KEY = "Srv_Features:"
# What sendmail asks for LMTP to a program or socket of this host. The belt keeps the key from hosts below .local.
LOCAL_KEY = "TLS_Srv:local"
# Limits against strangers; sendmail looks rates up by address only.
LIMITS = ("GreetPause", "ClientRate", "ClientConn")
# Longer keys are cut off when sendmail looks them up; makemap reads the rest of a longer line as a line of its own.
LONGEST_KEY, LONGEST_LINE = 256, 1000


@dataclass(frozen=True)
class Entry:
    """One row of the access map."""

    key: str
    value: str

    @property
    def folded_key(self) -> str:
        """The key as the database holds it: makemap folds its letters."""
        return self.key.lower()


def parse_entries(raw: t.Any, place: str) -> tuple[Entry, ...]:
    """Read a list of ``{key, value}``; ``place`` is the variable it came from, for errors.

    Raises ``MailtlsError`` for whatever sendmail was not seen to enforce, and for a key that stands there twice.
    """
    if not isinstance(raw, (list, tuple)):
        raise MailtlsError(f"{raw!r} is not a list", where=place, remedy="Write a list of {key, value}.")
    entries = tuple(_parse_entry(one, f"{place}[{number}]") for number, one in enumerate(raw))
    _refuse_twins((f"{place}[{number}]", entry) for number, entry in enumerate(entries))
    return entries


def parse_entry(raw: t.Any, place: str) -> Entry:
    """Read one ``{key, value}``, under the same rules."""
    return _parse_entry(raw, place)


def require_floor(entries: t.Iterable[Entry], place: str) -> None:
    """Refuse a map without a requirement for all other servers: it would let mail leave in clear text."""
    if not any(entry.folded_key == FLOOR_KEY.lower() for entry in entries):
        raise MailtlsError(
            f"no entry has the key {FLOOR_KEY!r}",
            where=place,
            remedy=f"Add {FLOOR_KEY} with TEMP+ENCR:128; without it mail to unnamed servers leaves in clear text.",
        )


def access_entries(policy: Policy, further: t.Sequence[Entry] = (), base: t.Sequence[Entry] = ()) -> tuple[Entry, ...]:
    """The whole map: the platform's ``base``, what the policy means, then the user's ``further`` entries.

    An entry of ``base`` gives way to any later one of the same key; no other two may share a key.
    """
    _refuse_owned(further, policy)
    wished = [
        *_client_entries(policy),
        *_offer_entries(policy),
        ("sendmail_tls_policy", Entry(FLOOR_KEY, f"TEMP+ENCR:{policy.outbound.min_bits}")),
        *((f"sendmail_access_entries[{number}]", entry) for number, entry in enumerate(further)),
    ]
    _refuse_twins(wished)
    taken = {entry.folded_key for _place, entry in wished}
    return (*(entry for entry in base if entry.folded_key not in taken), *(entry for _place, entry in wished))


def _client_entries(policy: Policy) -> t.Iterator[tuple[str, Entry]]:
    for number, client in enumerate(policy.relay_clients):
        place = f"sendmail_relay_clients[{number}]"
        subject = client.name if client.network is None else _network_key(client.network, place)
        yield place, Entry(f"Connect:{subject}", "RELAY")
        if client.network is not None:
            yield from _unlimited(subject, place)
    relays = {client.network for client in policy.relay_clients}
    for number, network in enumerate(policy.unthrottled_clients):
        place = f"sendmail_unthrottled_clients[{number}]"
        # Who may relay is free of limits anyway.
        if network not in relays:
            yield from _unlimited(_network_key(network, place), place)


def _unlimited(subject: str, place: str) -> t.Iterator[tuple[str, Entry]]:
    for tag in LIMITS:
        yield place, Entry(f"{tag}:{subject}", "0")


def _offer_entries(policy: Policy) -> t.Iterator[tuple[str, Entry]]:
    if not policy.starttls_offered:
        yield "sendmail_starttls_offered", Entry(OFFER_KEY, "S")


def _network_key(network: Network, place: str) -> str:
    """A network as sendmail looks it up: leading octets, or leading groups of the address in full."""
    width, prefix = (8, "") if network.version == 4 else (16, "IPv6:")
    count, odd = divmod(network.prefixlen, width)
    if odd:
        raise MailtlsError(
            f"sendmail cannot match {network}: it knows IPv4 networks of 8, 16 or 24 bits, and IPv6 networks of a"
            " multiple of 16 bits",
            where=place,
            remedy="List the smaller networks it is made of.",
        )
    if network.version == 4:
        return ".".join(str(network.network_address).split(".")[:count])
    groups = network.network_address.exploded.split(":")[:count]
    return prefix + ":".join(f"{int(group, 16):x}" for group in groups)


def _parse_entry(raw: t.Any, place: str) -> Entry:
    if not isinstance(raw, t.Mapping) or set(raw) != {"key", "value"}:
        raise MailtlsError("this is not an entry", where=place, remedy="Write {key: ..., value: ...}, nothing else.")
    entry = Entry(_plain_text(raw["key"], f"{place}.key"), _plain_text(raw["value"], f"{place}.value"))
    if re.match("#", entry.key) or " " in entry.key or len(entry.key) > LONGEST_KEY:
        raise MailtlsError(
            f"{entry.key!r} cannot be a key",
            where=f"{place}.key",
            remedy=f"A key has no blanks, does not begin with #, and has at most {LONGEST_KEY} characters.",
        )
    if len(entry.key) + len(entry.value) > LONGEST_LINE:
        raise MailtlsError(
            "the entry is too long for makemap", where=place, remedy=f"It may have {LONGEST_LINE} characters in all."
        )
    _check(entry, place)
    return entry


def _plain_text(raw: t.Any, place: str) -> str:
    if isinstance(raw, bool):
        raise MailtlsError(f"YAML read it as the boolean {raw}", where=place, remedy="Put it in quotes: 'NO'.")
    text = str(raw) if isinstance(raw, (str, int)) else ""
    if not re.fullmatch("[!-~](?:[ -~]*[!-~])?", text):
        raise MailtlsError(
            f"{raw!r} is not plain text",
            where=place,
            remedy="Write printable ASCII characters without tabs, line ends, or blanks at either end.",
        )
    return text


def _check(entry: Entry, place: str) -> None:
    tag, subject = _split(entry.key, f"{place}.key")
    if not tag.keys.fits(subject):
        raise MailtlsError(
            f"{entry.key!r} is not a key sendmail would look up",
            where=f"{place}.key",
            remedy=f"After {tag.name + ':' if tag.name else 'no tag'} comes {tag.keys.words}.",
        )
    exceptable = tag.excepts and (EXCEPTABLE.fits(subject) or entry.folded_key == LOCAL_KEY.lower())
    if tag.values.fits(entry.value) or (exceptable and entry.value == "OK"):
        return
    reason = f": {explain_requirement(tag, subject, entry.value)}" if tag.demands_tls else ""
    raise MailtlsError(
        f"{entry.value!r} is refused as the value of {entry.key}{reason}",
        where=f"{place}.value",
        remedy=f"Allowed: {tag.values.words}{f'; OK for {EXCEPTABLE.words}' if tag.excepts else ''}.",
    )


def _split(key: str, place: str) -> tuple[Tag, str]:
    """The tag of a key and what follows it; an unknown tag is a misspelt one."""
    name, colon, subject = key.partition(":")
    if colon and name.lower() in TAGS:
        return TAGS[name.lower()], subject
    if name.lower() in FOREIGN_TAGS:
        raise MailtlsError(f"{key!r} is refused: {FOREIGN_TAGS[name.lower()]}", where=place)
    if (colon and name.lower() != "ipv6") or name.lower() in TAGS:
        raise MailtlsError(
            f"{key!r} has no tag this collection knows",
            where=place,
            remedy=suggestion(f"{name}:", [f"{tag.name}:" for tag in TAGS.values()]),
        )
    return UNTAGGED, key


def _refuse_owned(further: t.Sequence[Entry], policy: Policy) -> None:
    for number, entry in enumerate(further):
        place = f"sendmail_access_entries[{number}]"
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


def _refuse_twins(placed: t.Iterable[tuple[str, Entry]]) -> None:
    seen: dict[str, str] = {}
    for place, entry in placed:
        if entry.folded_key in seen:
            raise MailtlsError(
                f"the key {entry.key!r} stands there twice (letter case does not count)",
                where=f"{seen[entry.folded_key]} and {place}",
                remedy="Remove one of the two.",
            )
        seen[entry.folded_key] = place
