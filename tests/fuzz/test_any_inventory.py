# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the variables of a relay say, they are refused, or every target that comes of them can be probed.

These need Hypothesis, which ansible-test does not bring along; ``make unit`` runs them.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core.aim import read_targets
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.probelist import list_targets
from hypothesis import given, settings
from hypothesis import strategies as st

TODAY = datetime.date(2026, 11, 25)
Values = st.SearchStrategy[t.Any]


def mostly(sound: Values, junk: Values) -> Values:
    """One in twelve is junk, so that most inventories get past the first look."""
    return st.integers(0, 11).flatmap(lambda number: sound if number else junk)


JUNK: Values = st.one_of(
    st.sampled_from(["10.1.2.3", "local:a", "[]", ":", "a..b", "error:", "255.255.255.255"]),
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.lists(st.text(max_size=3))),
)
ONE: Values = st.sampled_from(["a.example", "B.example.", "[x.a.example]", "[192.0.2.7]", "[IPv6:2001:db8::7]"])
HOPS = mostly(ONE | st.lists(ONE, min_size=1, max_size=3).map(lambda hosts: "relay:" + ":".join(hosts)), JUNK)
PEERS = mostly(
    st.sampled_from(["a.example", "X.a.example", "192.0.2.7", "[192.0.2.7]", "10.1.0.0/16", "2001:db8::7"]), JUNK
).map(lambda hop: {"next_hop": hop})
RECIPIENTS = mostly(st.sampled_from(["a.example", "u@a.example", "x.a.example", "other.example", "u@"]), JUNK).map(
    lambda recipient: {"recipient": recipient, "level": "encrypt"}
)
POLICIES = st.fixed_dictionaries(
    {}, optional={"peers": st.lists(PEERS, max_size=2), "recipients": st.lists(RECIPIENTS, max_size=2)}
).map(lambda outbound: {"outbound": outbound})
ROUTES = st.dictionaries(
    st.sampled_from(["a.example", ".a.example", "x.a.example"]),
    HOPS | st.just("error:5.7.1:550 no mail there"),
    max_size=2,
)
ROWS = st.just([{"key": "TLS_Srv:a.example", "value": "OK"}])
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "sendmail_smart_host": HOPS | st.lists(ONE, max_size=3),
        "sendmail_mailertable": mostly(ROUTES, JUNK),
        "sendmail_tls_policy": mostly(POLICIES, JUNK),
        "sendmail_tls_policy_host": POLICIES,
        "sendmail_access_entries": mostly(ROWS, JUNK),
    },
)


@given(VARIABLES, st.lists(st.sampled_from(["a.example", "192.0.2.7", "[192.0.2.7]"]), max_size=2), st.integers(0, 3))
@settings(max_examples=1500, deadline=None)
def test_variables_are_refused_or_make_targets(variables: dict[str, t.Any], skip: list[str], at_most: int) -> None:
    try:
        listing = list_targets(variables, TODAY, skip=skip, at_most=at_most)
    except MailtlsError as error:
        assert error.where.startswith("sendmail_")
        return
    assert not at_most or len(listing.targets) <= at_most
    if listing.targets:
        read = read_targets(listing.targets)
        assert len(read) == len(listing.targets)
        kept = {way.text for target in read for way in target.ways}
        assert not kept & {name.strip("[]") for name in skip}, "who asked to be left alone is"
