# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.local_hop_refusal import FilterModule

local_hop_refusal = FilterModule().filters()["local_hop_refusal"]
FOUND = [{"where": "/etc/mail/sendmail.cf: DS", "hop": "[127.0.0.1]", "keys": ["TLS_Srv:127.0.0.1"]}]

TABLE = [{"where": "/etc/mail/mailertable: old.example", "hop": "[127.0.0.1]", "keys": ["TLS_Srv:127.0.0.1"]}]
SELF = {
    "fqdn": "mta1.example.test",
    "addresses": ["127.0.0.1", "::1", "192.0.2.1"],
    "listeners": [{"family": "inet"}, {"family": "inet6"}],
}


@pytest.mark.parametrize(
    ("found", "more", "told"),
    [
        (FOUND, {}, "/etc/mail/sendmail.cf: DS"),
        ([], {"smart_host": "[127.0.0.1]"}, "(sendmail_smart_host)"),
        ([], {"smart_host": ["mta2.example", "localhost"]}, "(sendmail_smart_host)"),
        ([], {"mailertable": {"a.example": "esmtp:[::1]"}}, "(sendmail_mailertable: a.example)"),
        ([], {"mc_extra": "FEATURE(`local_lmtp')dnl"}, "(sendmail_mc_extra)"),
        ([], {"smart_host": "127.0.0.1", "keys": ["TLS_Srv:127.0.0.1"]}, "Write [127.0.0.1]."),
        (TABLE, {}, "/etc/mail/mailertable: old.example"),
        (
            [],
            {**SELF, "smart_host": "MTA1.example.test"},
            "sendmail_smart_host: the next hop MTA1.example.test is this",
        ),
        (
            [],
            {**SELF, "smart_host": ["mta2.example.test", "[mta1]"]},
            "sendmail_smart_host: the next hop [mta1] is this",
        ),
        ([], {**SELF, "smart_host": "esmtp:[192.0.2.1]"}, "sendmail_smart_host: the next hop [192.0.2.1] is this"),
        ([], {**SELF, "smart_host": "[127.0.0.1]", "keys": ["TLS_Srv:127.0.0.1"]}, "mail loops back to me"),
        (
            [],
            {**SELF, "mailertable": {"a.example": "mta1.example.test"}},
            "sendmail_mailertable: a.example: the next hop",
        ),
    ],
)
def test_what_is_missing_is_told(found: list[dict[str, t.Any]], more: dict[str, t.Any], told: str) -> None:
    assert told in local_hop_refusal(found, **more)


@pytest.mark.parametrize(
    ("found", "more"),
    [
        ([], {}),
        ([], {"smart_host": "mta2.example"}),
        (FOUND, {"keys": ["TLS_Srv:127.0.0.1"]}),
        (TABLE, {"mailertable": {"new.example": "mta2.example"}}),
        ([], {**SELF, "smart_host": "mta2.example.test", "mailertable": {"a.example": "error:5.7.1:550 mta1"}}),
        (
            [],
            {
                **SELF,
                "smart_host": "[127.0.0.1]",
                "mc_extra": "define(`RELAY_MAILER_ARGS', `TCP $h 10025')",
                "keys": ["TLS_Srv:127.0.0.1"],
            },
        ),
    ],
)
def test_nothing_is_missing(found: list[dict[str, t.Any]], more: dict[str, t.Any]) -> None:
    assert local_hop_refusal(found, **more) == ""


@pytest.mark.parametrize("found", [[{"hop": "x"}], [1]])
def test_what_is_no_next_hop(found: list[t.Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="not next hops"):
        local_hop_refusal(found)
