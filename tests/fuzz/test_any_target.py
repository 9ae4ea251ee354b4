# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is given for a target is read or refused, and whatever a certificate says is judged and shown safely.

These need Hypothesis, which ansible-test does not bring along; ``make unit`` runs them.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core import aim, dn, peer, peertable
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 11, 25, tzinfo=datetime.timezone.utc)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"\A(?:(?:relay|esmtp):)?\[?[a-z0-9.:]{1,20}\]?(?::\[?[a-z0-9.:]{1,9}\]?)?\Z"),
    st.ip_addresses().map(str),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 70000), st.floats(), TEXTS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
TARGETS = st.one_of(TEXTS, VALUES, st.dictionaries(st.sampled_from([*aim.KEYS, "other"]), VALUES, max_size=4))
NAMES = st.lists(st.text(max_size=40), max_size=4)
PARTS = st.lists(st.tuples(st.sampled_from(["CN", "O", "1.2.3"]), st.text(max_size=80)).map(list), max_size=4)
FACTS = st.fixed_dictionaries(
    {
        "subject": PARTS,
        "issuer": PARTS,
        "dns_names": NAMES,
        "ip_names": st.lists(st.ip_addresses().map(str), max_size=3),
        "other_names": NAMES,
        "serial": st.text(max_size=300),
        "problem": st.sampled_from(["", "broken \x1b"]),
        "not_before": st.none(),
        "not_after": st.one_of(st.none(), st.datetimes(timezones=st.just(datetime.timezone.utc))),
        **{name: st.just("") for name in ("key_type", "key_size", "curve", "signature", "sha256", "sha1")},
    }
)


@given(st.lists(TARGETS, max_size=3))
@settings(max_examples=1500, deadline=None)
def test_a_target_is_read_or_refused_with_its_place(raw: list[t.Any]) -> None:
    try:
        targets = aim.read_targets(raw)
    except MailtlsError as error:
        assert error.where.startswith("targets")
        return
    exchanges = {domain: aim.Exchanges(((10, "a.example"),)) for domain in aim.find_domains(targets)}
    addresses = {name: aim.Addresses(name, ("192.0.2.1",)) for name in aim.find_names(targets, exchanges)}
    places = aim.lead(targets, exchanges, addresses)
    assert {place.target for place in places} == set(range(len(targets)))
    for place in places:
        assert ipaddress.ip_address(place.address) and place.host and 0 < targets[place.target].port < 65536


@given(FACTS, st.sampled_from(["mta2.example.org", "192.0.2.7", "2001:db8::7"]))
@settings(max_examples=1500, deadline=None)
def test_whatever_a_certificate_says_is_judged_and_shown_safely(facts: dict[str, t.Any], host: str) -> None:
    name, shown = peer.judge_name(host, facts), peer.show_certificate(facts, NOW)
    text = json.dumps([name, shown], ensure_ascii=False)
    assert not {character for character in text if ord(character) < 32 or 127 <= ord(character) < 160}
    if name["verdict"] == "exact":
        assert host in facts["ip_names"] or host in [one.lower() for one in facts["dns_names"]]
    quoted = (dn.show_subject(facts["subject"]), dn.show_cn(facts["subject"]))
    assert all(part.isascii() and part.isprintable() and " " not in part for part in quoted)


@given(st.lists(st.dictionaries(st.sampled_from(["target", "address", "outcome", "summary", "text", "port"]), TEXTS)))
@settings(max_examples=500, deadline=None)
def test_a_table_is_printable_or_refused(records: list[t.Any]) -> None:
    try:
        table = peertable.render_table(records)
    except MailtlsError:
        return
    assert len(table.split("\n")) == (len(records) + 1 if records else 1)
    assert not {character for character in table if ord(character) < 32 and character != "\n"}
