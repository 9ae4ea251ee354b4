# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to mail for somebody through a next hop, and why, as a person wants to read it.

Nothing is decided here: every line of the table asks ``judge`` about a session that a next hop could offer.
"""

from __future__ import annotations

import typing as t

from . import dn
from .entry import Placed
from .judge import Rules, Session, Verdict, judge
from .policy import IPV6, MAY, Peer, Policy, Requirement
from .release import Release, written
from .rulesets import tls_rcpt, tls_server, try_tls
from .target import read_next_hop

# What no host and no certificate is called, and where none is (RFC 2606, RFC 5737).
OTHER_NAME, OTHER_ADDRESS = "other.invalid", "203.0.113.255"
# Strong enough for every demand; the weaker one is what AES-128 has.
_STRONG, _WEAKER = 256, 128
Lines = t.Iterator[str]


class Hop(t.NamedTuple):
    """A next hop as sendmail sees it: the name it connected to (an address in brackets), and the address if known."""

    name: str
    address: str = ""

    def __str__(self) -> str:
        known = self.address and self.name != f"[{self.address}]"
        return f"{self.name} [{self.address}]" if known else self.name


class Offer(t.NamedTuple):
    """What a next hop could offer, in words and as the facts of a session."""

    words: str
    session: Session


class Case:
    """What is asked, and of whom: the policy, its entries, and a session that says nothing yet."""

    def __init__(self, policy: Policy, values: t.Mapping[str, str], rules: Rules, asked: Session) -> None:
        self.policy, self.values, self.rules, self.asked = policy, values, rules, asked
        outbound = policy.outbound
        # The place of a rule -> what it demands; entries that the user wrote himself are not among them.
        self.requirements = {outbound.place: outbound.default}
        self.requirements.update((peer.place, peer.requirement) for peer in outbound.peers)
        self.requirements.update((one.place, one.requirement) for one in outbound.recipients)
        # A session in clear finds what is demanded first, one that is beyond reproach what is demanded last.
        self.found = tls_server(rules, asked)
        last = tls_server(rules, asked._replace(verify="OK", bits=_STRONG, cert_cn=asked.peer_name))
        # An exception by address that does not hold, because DNS led to it and nobody wrote it.
        demands = self._demands(key=last[2], place=last[3])
        self.unwritten = last[3] if last[3] != self.found[3] and not demands else ""
        if demands:
            self.found = last
        places = [self.found[3], *([tls_rcpt(rules, asked)[3]] if asked.recipient else [])]
        self.wanted = [self.requirements.get(place, MAY) for place in places]
        # Whose certificates could satisfy a rule.
        self.names = dict.fromkeys([one.name for one in self.wanted if one.name] or [asked.peer_name])

    def _demands(self, key: str, place: str) -> bool:
        """Whether a rule demands something. Of entries that the user wrote himself only OK does not; the belt does."""
        wanted = self.requirements.get(place)
        return self.values.get(key) != "OK" if wanted is None else wanted.demands


def read_hop(next_hop: t.Any, address: t.Any = "") -> Hop:
    """A next hop as the policy has it: a host name, an address, an address in brackets; ``address`` is that of a name.

    MailtlsError for anything else.
    """
    target = read_next_hop(next_hop, "tls_policy_explain")
    known = read_next_hop(address, "tls_policy_explain.address") if address else target
    text = f"IPv6:{known.text}" if known.family == IPV6 else known.text
    if target.family:
        return Hop(f"[{text}]", text)
    return Hop(target.text, text if known.family else "")


def explain(policy: Policy, placed: t.Sequence[Placed], release: Release, hop: Hop, recipient: str = "") -> str:
    """The whole answer. ``placed`` is what ``policy`` compiles to for sendmail of this release."""
    asked = Session(peer_name=hop.name, peer_address=hop.address, recipient=recipient, next_hop=hop.name)
    case = Case(policy, {entry.key: entry.value for _place, entry in placed}, Rules(placed, release), asked)
    title = f"Mail {f'for {recipient} ' if recipient else ''}through {hop}, sendmail {written(release)}"
    return "\n".join([title, "", *_rules(case), "", *_table(case)])


def describe(wanted: Requirement) -> str:
    """What a requirement that demands something demands, without a full stop."""
    text = f"TLS with at least {wanted.min_bits} bits"
    if wanted.level != "encrypt":
        text += f" and a certificate of a trusted CA whose CN is {wanted.name or 'the name of the host'}"
    text += f", issued by {wanted.issuer}" if wanted.issuer else ""
    return text + (f", with the subject {wanted.subject}" if wanted.subject else "")


def _rules(case: Case) -> Lines:
    """Which rule is found for the connection, and which for the recipient."""
    _text, _ruleset, key, place = case.found
    wanted = case.requirements.get(place)
    if wanted is None:
        yield "The next hop must offer what this entry says."
    elif wanted.demands:
        yield f"The next hop must offer {describe(wanted)}."
    elif wanted.level == "may":
        yield "The next hop need not offer TLS: without it, mail goes out in clear text."
    else:
        yield "STARTTLS is not tried with this next hop: mail goes out in clear text."
    yield from _entry(case, key, place)
    if case.unwritten:
        yield f"  The exception {case.unwritten} is for this address as a next hop in brackets, not for a name."
    for peer in case.policy.outbound.peers if place != case.policy.outbound.place else ():
        if peer.place == place:
            yield from _caveats(peer)
    _text, _ruleset, key, place = tls_rcpt(case.rules, case.asked)
    if case.asked.recipient and key:
        wanted = case.requirements.get(place)
        yield f"For the recipient it must offer {describe(wanted) if wanted else 'what this entry says'}."
        yield from _entry(case, key, place)
        yield "  This is asked after the sender was named: whoever passes the first rule learns that address."


def _entry(case: Case, key: str, place: str) -> Lines:
    yield f"  {key} {case.values[key]}  from {place}" if key else f"  {place}"


def _caveats(peer: Peer) -> Lines:
    if peer.exception:
        yield f"  An exception until {peer.exception.until}: {peer.exception.reason} ({peer.exception.owner})."
    if peer.accept_dns_risk:
        yield f"  Which host is {peer.target} is what DNS says, and so is which mail meets this rule (accept_dns_risk)."


def _table(case: Case) -> Lines:
    rows = [(offer.words, offer.session, judge(case.rules, offer.session)) for offer in _offers(case)]
    width = max(len(words) for words, _session, _verdict in rows)
    yield f"{'If the next hop':{width}}  the mail"
    for words, session, verdict in rows:
        yield f"{words:{width}}  {_outcome(session, verdict)}"
    if all(verdict.action != "deliver" for _words, _session, verdict in rows):
        yield "No session satisfies these rules: such mail is never sent, and goes back to its sender in the end."


def _outcome(session: Session, verdict: Verdict) -> str:
    if verdict.action == "deliver":
        return "goes out under TLS" if session.bits else "goes out in CLEAR TEXT"
    return f"{'waits' if verdict.action == 'defer' else 'goes back to its sender'}: {verdict.text}"


def _offers(case: Case) -> t.Iterator[Offer]:
    asked = case.asked
    yield Offer("offers no STARTTLS", asked)
    if try_tls(case.rules, asked)[0]:
        return
    yield Offer("fails at the handshake", asked._replace(verify="SOFTWARE"))
    # A CA that is trusted signs for others, too: theirs is a certificate with every pin met but the name.
    trusted = _pinned(case, asked._replace(verify="OK", bits=_STRONG, cert_cn=OTHER_NAME))
    yield Offer("shows a certificate that no trusted CA has signed", trusted._replace(verify="FAIL"))
    yield Offer(f"shows a trusted certificate for {OTHER_NAME}", trusted)
    for name in case.names:
        right = trusted._replace(cert_cn=dn.quote_cn(name, "name"))
        yield Offer(f"shows a trusted certificate for {name}", right)
        if max(wanted.min_bits for wanted in case.wanted) > _WEAKER:
            yield Offer(f"shows it, under a cipher of {_WEAKER} bits", right._replace(bits=_WEAKER))
    if not asked.peer_name.startswith("["):
        elsewhere = asked._replace(peer_name=OTHER_NAME, peer_address=OTHER_ADDRESS)
        yield Offer(f"is {OTHER_NAME} by a forged DNS answer, without STARTTLS", elsewhere)
        forged = trusted._replace(peer_name=OTHER_NAME, peer_address=OTHER_ADDRESS)
        yield Offer("is that host, with a trusted certificate of its own", forged)


def _pinned(case: Case, session: Session) -> Session:
    """The session with issuer and subject as the rules pin them; the recipient's rule is the last one asked."""
    for wanted in case.wanted:
        session = session._replace(
            cert_issuer=dn.quote(wanted.issuer, "issuer") or session.cert_issuer,
            cert_subject=dn.quote(wanted.subject, "subject") or session.cert_subject,
        )
    return session
