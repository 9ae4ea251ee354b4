# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom an audit probes: every next hop that the variables of a relay name, as targets of module starttls_info.

Each next hop stands there once. What is a rule but no host that one could talk to is told in a sentence.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from .aim import read_targets
from .errors import MailtlsError
from .fields import read_list, read_text, shown
from .layers import PREFIX, VARIABLE
from .nexthop import hosts_of, join_hosts, parse_address
from .policy import IPV6, NAME, Peer, Recipient, Target
from .policy_reader import parse_policy, sole_next_hop
from .route import parse_routes

SMART_HOST, ROUTES = "sendmail_smart_host", "sendmail_mailertable"
ENTRIES, FILE = "sendmail_access_entries", "sendmail_access_file"
FURTHER, SKIP, AT_MOST = "tls_audit_probe_targets", "tls_audit_probe_skip", "tls_audit_probe_at_most"
# What keeps sendmail from bouncing is no host to ask (nexthop.hold_unknown).
_NOWHERE = "255.255.255.255"
_TAG = "tls_srv:"

Item = dict[str, t.Any]


class Listing(t.NamedTuple):
    """``targets`` as starttls_info takes them, what cannot be probed and why, and how many were too many."""

    targets: tuple[t.Any, ...] = ()
    unprobed: tuple[str, ...] = ()
    left_out: int = 0


class _Collection:
    """Targets in their order, each once, and those left alone."""

    def __init__(self, skip: t.Collection[str]) -> None:
        self.skip = skip
        self.items: dict[tuple[t.Any, ...], t.Any] = {}
        self.notes: list[str] = []
        # Hosts that are probed without regard to a recipient.
        self.hosts: set[str] = set()

    def add(self, hop: t.Any, place: str, recipient: str = "") -> None:
        """A next hop as sendmail reads it, from a string or a list."""
        every = [host for host in hosts_of(join_hosts(hop, place)) if plain(host) != _NOWHERE]
        hosts = [host for host in every if plain(host) not in self.skip]
        self.notes += (f"{place}: {host} is left alone, as {SKIP} asks." for host in every if host not in hosts)
        if hosts:
            whole: t.Any = hop if hosts == every else hosts
            item = {"smart_host": whole, **({"recipient": recipient} if recipient else {})}
            self.items.setdefault((*map(_exact, hosts), recipient), item)
            if not recipient:
                self.hosts.update(map(plain, hosts))

    def add_domain(self, domain: str, recipient: str, place: str) -> None:
        """A domain whose mail goes where its MX records lead."""
        if domain in self.skip:
            self.notes.append(f"{place}: {domain} is left alone, as {SKIP} asks.")
        else:
            self.items.setdefault(("mx", domain, recipient), {"mx": domain, "recipient": recipient})


def list_targets(
    variables: t.Mapping[str, t.Any], today: datetime.date, further: t.Any = (), skip: t.Any = (), at_most: int = 0
) -> Listing:
    """Read the variables of role sendmail; raises MailtlsError for what that role refuses, too.

    ``further`` are targets of starttls_info that the user adds, ``skip`` next hops that he wants left alone, of more
    than ``at_most`` the last are left out (0: none).
    """
    layers = {name: variables[name] for name in variables if name == VARIABLE or name.startswith(PREFIX)}
    smart_host = variables.get(SMART_HOST) or ""
    policy = parse_policy({VARIABLE: {}, **layers}, today=today, sole_next_hop=sole_next_hop(smart_host))
    routes = _read_routes(variables.get(ROUTES) or {})
    found = _Collection(_read_skip(skip))
    if smart_host:
        found.add(smart_host, SMART_HOST)
    recipients = policy.outbound.recipients
    for domain, hop in routes.items():
        if not hop.startswith("error:"):
            found.add(hop, f"{ROUTES}[{domain!r}]", _rule_for(domain.lstrip("."), recipients))
    for recipient in recipients:
        _add_recipient(found, recipient, routes, smart_host)
    for peer in policy.outbound.peers:
        _add_peer(found, peer)
    found.notes += _own_rows(variables)
    if at_most < 0:
        raise MailtlsError(f"{at_most} is no number of next hops", where=AT_MOST, remedy="Write 0 for no limit.")
    targets = [*found.items.values(), *_read_further(further)]
    kept = targets[:at_most] if at_most else targets
    return Listing(tuple(kept), tuple(dict.fromkeys(found.notes)), len(targets) - len(kept))


def plain(host: str) -> str:
    """A host without what does not tell it from another: brackets, letter case, a dot at its end."""
    address = parse_address(host)
    return str(address) if address else host.strip("[]").rstrip(".").lower()


def _exact(host: str) -> str:
    """As ``plain``, but for a name in brackets, whose MX records are not asked for: that is another host."""
    bare = plain(host)
    return f"[{bare}]" if host.startswith("[") and not parse_address(host) else bare


def _read_routes(raw: t.Any) -> dict[str, str]:
    """Domain in lower case to next hop, as the user wrote it."""
    parse_routes(raw, ROUTES)
    return {domain.lower(): hop for domain, hop in raw.items()}


def _read_skip(raw: t.Any) -> frozenset[str]:
    hops = read_list(raw, SKIP, "next hops")
    return frozenset(plain(read_text(hop, f"{SKIP}[{number}]", "a next hop")) for number, hop in enumerate(hops))


def _read_further(raw: t.Any) -> t.Sequence[t.Any]:
    items = read_list(raw, FURTHER, "targets of module starttls_info")
    try:
        return items if not items or read_targets(items) else ()
    except MailtlsError as error:
        where = re.sub(r"\Atargets", FURTHER, error.where)
        raise MailtlsError(error.what, where=where, remedy=error.remedy) from None


def _rule_for(domain: str, recipients: t.Iterable[Recipient]) -> str:
    """The domain itself when a rule for recipients speaks for all of it; without one its mail is like any other."""
    named = (rule.address for rule in recipients if "@" not in rule.address)
    return domain if any(domain == one or domain.endswith(f".{one}") for one in named) else ""


def _add_recipient(found: _Collection, rule: Recipient, routes: t.Mapping[str, str], smart_host: t.Any) -> None:
    """Where mail for the recipients of a rule goes: its route, else the smart host, else its MX."""
    domain = rule.address.rpartition("@")[2]
    if not domain:
        found.notes.append(f"{rule.place}: {rule.address} is at any domain, so no next hop is its own.")
        return
    labels = domain.split(".")
    parents = ("." + ".".join(labels[count:]) for count in range(1, len(labels)))
    way = next((key for key in (domain, *parents) if key in routes), "")
    if way and routes[way].startswith("error:"):
        found.notes.append(
            f"{rule.place}: mail for {rule.address} is refused by {ROUTES}[{way!r}], so it has no next hop."
        )
    elif way or smart_host:
        place = f"{ROUTES}[{way!r}]" if way else SMART_HOST
        found.add(routes[way] if way else smart_host, place, rule.address)
    else:
        found.add_domain(domain, rule.address, rule.place)


def _add_peer(found: _Collection, peer: Peer) -> None:
    target = peer.target
    if target.prefix != target.whole:
        found.notes.append(f"{peer.place}: {target} is a network. Name hosts of it in {FURTHER} to have them probed.")
        return
    hop = written(target)
    if plain(hop) not in found.hosts:
        found.add(hop, peer.place)


def written(target: Target) -> str:
    """A next hop of the policy as a smart host is written: a name (MX records count), or an address in brackets."""
    if target.family == NAME:
        return target.text
    return f"[IPv6:{target.text}]" if target.family == IPV6 else f"[{target.text}]"


def _own_rows(variables: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Rows of the access map that the user wrote himself: whom they mean is his to say."""
    for number, row in enumerate(read_list(variables.get(ENTRIES) or (), ENTRIES, "entries")):
        key = row.get("key") if isinstance(row, t.Mapping) else row
        if not isinstance(key, str):
            raise MailtlsError(f"{shown(row)} is not an entry", where=f"{ENTRIES}[{number}]")
        if key.lower().startswith(_TAG):
            yield f"{ENTRIES}[{number}]: {key} is a row of your own. Name its host in {FURTHER} to have it probed."
    if variables.get(FILE):
        yield f"{FILE}: its rows are not read here. Neither are hosts of theirs probed, nor do the verdicts heed them."
