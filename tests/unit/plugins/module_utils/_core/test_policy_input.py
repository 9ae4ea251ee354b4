# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import policy_input
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.release import NEWEST, OLDEST

EXCEPTED = {
    "outbound": {
        "peers": [
            {
                "next_hop": "10.1.2.3",
                "level": "may",
                "exception": {"owner": "a", "reason": "b", "until": "2027-03-31"},
            }
        ]
    }
}
PERMANENT = {"outbound": {"default": {"failure": "permanent"}}}


def test_what_is_not_said_is_of_today_and_holds_on_each_release() -> None:
    given = policy_input.read({})
    assert (given.day, given.release, given.further) == (datetime.date.today(), OLDEST, ())
    assert policy_input.read({}, unstated=NEWEST).release == NEWEST
    assert policy_input.read({}, None, unstated=NEWEST, release="8.17.1.9").release == (8, 17, 1, 9)


def test_layers_and_further_entries_become_one_map() -> None:
    layers = {"sendmail_tls_policy_site": {"outbound": {"recipients": [{"recipient": "a.example", "level": "verify"}]}}}
    given = policy_input.read({}, layers, further=[{"key": "From:b.example", "value": "REJECT"}])
    places = {placed.entry.key: placed.place for placed in given.compile()}
    assert places["TLS_Rcpt:a.example"] == "sendmail_tls_policy_site.outbound.recipients[0]"
    assert places["From:b.example"] == "sendmail_access_entries[0]"


def test_what_else_stands_in_variables_is_handed_on() -> None:
    assert not policy_input.read({}, starttls_offered=False).policy.starttls_offered


@pytest.mark.parametrize(
    ("first", "options", "told"),
    [
        (EXCEPTED, {"today": "2027-04-01"}, r"^sendmail_tls_policy\.outbound\.peers\[0\]\.exception\.until: "),
        (PERMANENT, {"smart_host": "a.example"}, r"^sendmail_tls_policy\.outbound\.default\.failure: "),
        ({}, {"today": "soon"}, "^today: "),
        ({}, {"release": "new"}, "^release: "),
        ({}, {"layers": [1]}, "^layers: "),
        ({}, {"further": [{"key": "a"}]}, r"^sendmail_access_entries\[0\]: "),
    ],
)
def test_what_is_unsound_is_refused(first: t.Any, options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(MailtlsError, match=told):
        policy_input.read(first, **options)


def test_the_same_on_another_day_is_sound() -> None:
    assert policy_input.read(EXCEPTED, today="2027-03-31").policy.outbound.peers
    assert policy_input.read(PERMANENT).policy.outbound.default.failure == "permanent"


def test_the_map_is_written_for_the_release_that_was_given() -> None:
    raw = {"outbound": {"peers": [{"next_hop": "[10.1.2.3]", "session": {"min_protocol": "TLSv1.3"}}]}}
    assert len(policy_input.read(raw, release="8.17.1.9").compile()) == 3
    with pytest.raises(MailtlsError, match=r"^sendmail_tls_policy\.outbound\.peers\[0\]\.session: sendmail 8\.15\.2 "):
        policy_input.read(raw, release="8.15.2").compile()
