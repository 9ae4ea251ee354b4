# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's own rule sets for TLS over an access map, and the belt that the role adds to them (``files/belt.m4``).

Written anew after the rules of sendmail's ``cf/m4/proto.m4`` (8.15.2, 8.17.1.9, 8.18.1); the scenario
``judges_as_sendmail_does`` compares them with sendmail itself, but for ``clt_session``, whose outcome
``probes_what_sendmail_does`` compares.
"""

from __future__ import annotations

import re
import typing as t

from .demand import Dialect, Facts, Requirement, dialect, judge_requirement, parse_requirement, spoken
from .entry import Placed
from .lookup import Row, Table, find_address, find_host, find_name, find_recipient, read_row, spell
from .tokens import join, scan

NO_RULE, BELT = "no rule", "belt"
# When the map has no default, all mail waits: below these bits in sendmail's own words, else in these.
BELT_BITS = 128
SILENT = "the access map says nothing of TLS"
_TRY_LATER = "451 4.3.0 Temporary system failure. Please try again later."
_DANE = {
    "dane_fail": "454 4.7.0 DANE check failed.",
    "dane_notls": "454 4.7.0 DANE: missing STARTTLS.",
    "dane_temp": "454 4.7.0 DANE check failed temporarily.",
}
# The belt's two patterns, and what a name ends in that one of them may meet, but for a colon anywhere.
_address_end = re.compile(r"(?::.*|(?:^|\.)[0-9]+\.?)\Z").search
_below_local = re.compile(r"(?:^|\.)local\.?\Z", re.IGNORECASE).search
_ENDS = frozenset("0123456789.lL")
_TAGS = (
    "tls_srv",
    "tls_clt",
    "tls_rcpt",
    "try_tls",
    "srv_features",
    "clt_features",
    "tls_clt_features",
    "certissuer",
    "certsubject",
)


# A refusal in sendmail's words (or none), the rule set that spoke, the key that decided, its place (or BELT, NO_RULE).
Answer = tuple[str, str, str, str]


class Session(Facts, t.Protocol):
    """A TLS session, with whom it is held, and for whom a message is meant."""

    @property
    def peer_address(self) -> str: ...
    @property
    def next_hop(self) -> str: ...
    @property
    def recipient(self) -> str: ...


class Rules:
    """The access map of a relay of one release, read once, asked often."""

    def __init__(self, placed: t.Iterable[Placed], release: tuple[int, ...]) -> None:
        self.dialect: Dialect = dialect(release)
        self.tables: dict[str, dict[str, Row]] = {tag: {} for tag in _TAGS}
        self._others: dict[str, Row] = {}
        for place, entry in placed:
            row = read_row(entry.key, entry.value, place, self.dialect)
            if row is not None:
                self._add(row)
        self.nothing = parse_requirement((), self.dialect)
        self.floor = self.tables["tls_srv"].get("")
        # Whether a server's address need be looked up: a name with a dot is none.
        self.knows_addresses = any(map(_may_be_address, self.tables["tls_srv"]))
        self.floor_demands = self.floor is not None and self.floor.demands

    def _add(self, row: Row) -> None:
        folded = row.key.lower()
        tag, _colon, subject = folded.partition(":")
        if tag in self.tables:
            self.tables[tag][subject] = row
        # CITag names any tag of the user's own.
        self._others[folded] = row

    def tagged(self, key: str) -> t.Sequence[str] | None:
        """What the map says of a key with any tag."""
        row = self._others.get(join(scan(key)).lower())
        return None if row is None else row.tokens

    def judge(self, wanted: Requirement, facts: Session) -> str:
        return judge_requirement(wanted, facts, self.dialect, self.tagged)


def tls_server(rules: Rules, session: Session) -> Answer:
    """May mail go to this server? Asked once a connection, before the sender is named. The belt is asked first."""
    name, address = session.peer_name, session.peer_address.lower()
    table = rules.tables["tls_srv"]
    odd = name[-1:] in _ENDS or ":" in name
    # LMTP on this host is called "local", and excepted by that name; other hosts so called meet the map's default. So
    # does a host without a row of its own, unless it is written in the configuration by this address: DNS led here.
    row = find_name(table, name.lower())
    led = row is None and not (_is_here(address) or _is_written(session))
    if row is None and rules.knows_addresses:
        row = find_address(table, address)
    if led or (odd and _below_local(name) and address != "local"):
        held = _meet_default(rules, session)
        if held[0] or (row is None and rules.floor_demands and not odd):
            return held
    if odd and _like_an_address(name):
        return f"403 4.7.0 the next hop {spoken(name)} has an address for a name", "tls_server", "", BELT
    if not rules.floor_demands:
        weak = f"encryption too weak {session.bits} less than {BELT_BITS}" if session.bits < BELT_BITS else ""
        return f"403 4.7.0 {weak or SILENT}", "tls_server", "", BELT
    return _by_row(rules, row or table[""], "tls_server", session)


def _meet_default(rules: Rules, session: Session) -> Answer:
    """The default alone. Where sendmail cannot read it, it demands nothing, and the belt holds the mail for that."""
    floor = rules.floor
    if floor is None:
        return rules.judge(rules.nothing, session), "tls_server", "", NO_RULE
    return rules.judge(floor.wanted, session) if floor.tokens else "", "tls_server", floor.key, floor.place


def _may_be_address(subject: str) -> bool:
    return bool(subject) and ("." not in subject or ":" in subject or not subject[-1].isalpha())


def _is_here(address: str) -> bool:
    """Whether the belt takes an address (folded) for this host's own."""
    return address == "local" or address == "ipv6:0:0:0:0:0:0:0:1" or (address[:4] == "127." and len(address) > 4)


def _is_written(session: Session) -> bool:
    """Whether the next hop is written as this very address, in brackets."""
    name = session.peer_name
    return name[:1] == "[" and name[-1:] == "]" and name.lower() in session.next_hop.lower()


def tls_client(rules: Rules, session: Session) -> Answer:
    """May this client send mail? Asked when it names a sender or a recipient; the belt is asked first."""
    name = session.peer_name
    if _like_an_address(name):
        return f"403 4.7.0 the client {spoken(name)} has an address for a name", "tls_client", "", BELT
    return _by_host(rules, rules.tables["tls_clt"], "tls_client", session)


def _by_host(rules: Rules, table: Table, ruleset: str, session: Session) -> Answer:
    row = find_host(table, session.peer_name, session.peer_address)
    if row is None:
        return judge_requirement(rules.nothing, session, rules.dialect, rules.tagged), ruleset, "", NO_RULE
    return _by_row(rules, row, ruleset, session)


def _by_row(rules: Rules, row: Row, ruleset: str, session: Session) -> Answer:
    # A map that failed for a name or an address is taken for one that demands nothing.
    wanted, is_default = row.wanted, row.key[-1:] == ":"
    if row.fails:
        if is_default:
            return _TRY_LATER, ruleset, row.key, row.place
        wanted = rules.nothing
    elif not row.tokens:
        if is_default:
            # Where sendmail cannot read the value, it gives up with the whole rule set.
            return "", ruleset, row.key, row.place
        wanted = parse_requirement(scan(spell(row.key, session.peer_name, session.peer_address)), rules.dialect)
    return judge_requirement(wanted, session, rules.dialect, rules.tagged), ruleset, row.key, row.place


def tls_rcpt(rules: Rules, session: Session) -> Answer:
    """May mail for this recipient go over this connection? Asked after the sender was named."""
    row = find_recipient(rules.tables["tls_rcpt"], session.recipient)
    if row is None:
        text = _DANE.get(session.verify.lower(), "") if rules.dialect.dane_by_recipient else ""
        return text, "tls_rcpt", "", NO_RULE
    if row.fails:
        return _TRY_LATER, "tls_rcpt", row.key, row.place
    return rules.judge(row.wanted, session), "tls_rcpt", row.key, row.place


def try_tls(rules: Rules, session: Session) -> Answer:
    """Shall STARTTLS be sent to this server? A text says no."""
    row = find_host(rules.tables["try_tls"], session.peer_name, session.peer_address)
    if row is None:
        return "", "try_tls", "", NO_RULE
    if row.seems_to_fail:
        return _TRY_LATER, "try_tls", row.key, row.place
    refused = [token.lower() for token in row.answer] == ["no"]
    where = f"{spoken(session.peer_name)} [{session.peer_address}]"
    return f"550 5.7.1 do not try TLS with {where}" if refused else "", "try_tls", row.key, row.place


def srv_features(rules: Rules, session: Session) -> tuple[str, ...]:
    """The letters that switch the server's features for this client; ("temp",) where the map failed."""
    return _letters(find_host(rules.tables["srv_features"], session.peer_name, session.peer_address), session)


def clt_features(rules: Rules, session: Session) -> tuple[str, ...]:
    """The letters for this server. Releases before 8.18 ask with the client's name, which a delivery does not have."""
    if not rules.dialect.asks_clt_features:
        return ()
    table = rules.tables["clt_features"]
    return _letters(find_name(table, session.peer_name.lower().rstrip(".")) or table.get(""), session)


def clt_session(rules: Rules, session: Session) -> tuple[str, ...]:
    """The settings of TLS with this server (TLS_Clt_Features), as tokens; the empty key is not asked for.

    Releases before 8.16 never ask.
    """
    if not rules.dialect.asks_sessions:
        return ()
    table = rules.tables["tls_clt_features"]
    row = find_name(table, session.peer_name.lower()) or find_address(table, session.peer_address.lower())
    return () if row is None else row.answer


def _letters(row: Row | None, session: Session) -> tuple[str, ...]:
    if row is None:
        return ()
    if not row.tokens:
        return scan(spell(row.key, session.peer_name.rstrip("."), session.peer_address))
    return ("temp",) if row.seems_to_fail else row.answer


def may_relay(rules: Rules, session: Session) -> Answer:
    """May this client relay by its certificate? The text is RELAY, or empty."""
    if session.verify.lower() not in rules.dialect.verified:
        return "", "RelayTLS", "", NO_RULE
    row, said = _of_certificate(rules.tables["certissuer"], session.cert_issuer)
    if said == ["subject"]:
        row, said = _of_certificate(rules.tables["certsubject"], session.cert_subject)
    where = (row.key, row.place) if row else ("", NO_RULE)
    return ("RELAY" if said == ["relay"] else "", "RelayTLS", *where)


def _of_certificate(table: Table, name: str) -> tuple[Row | None, list[str]]:
    row = table.get(join(scan(name)).lower()) if name else None
    return row, [token.lower() for token in row.tokens] if row else []


def _like_an_address(name: str) -> bool:
    """Whether the belt takes a name for an address: 10.1.2.3, evil.10, IPv6:2001:db8:0:0:0:0:0:7, not [10.1.2.3]."""
    return bool(_address_end(name)) and not (name[0] == "[" and name[-1] == "]")
