# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.tls_policy_explain import FilterModule

explain = FilterModule().filters()["tls_policy_explain"]
VERIFY = {"outbound": {"default": {"level": "verify"}}}


def test_a_policy_alone() -> None:
    told = explain(VERIFY, "mta2.example.org", recipient="Bob@mta2.example.org", address="192.0.2.2", release="8.17")
    assert told.startswith("Mail for bob@mta2.example.org through mta2.example.org [192.0.2.2], sendmail 8.17\n")
    assert "TLS_Srv: TEMP+VERIFY:128+CN  from sendmail_tls_policy.outbound.default" in told


def test_the_variables_of_a_host() -> None:
    told = explain(
        {
            "inventory_hostname": "mta1",
            "sendmail_tls_policy_host": VERIFY,
            "sendmail_tls_policyless": "not a layer",
            "sendmail_access_entries": [{"key": "TLS_Srv:192.0.2.2", "value": "OK"}],
        },
        "192.0.2.2",
    )
    assert "TLS_Srv:192.0.2.2 OK  from sendmail_access_entries[0]" in told
    assert "waits: 403 4.7.0 other side does not support STARTTLS" not in told


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        (None, {}, "sendmail_tls_policy"),
        ({"outbuond": {}}, {}, "outbound"),
        (VERIFY, {"recipient": "nobody at all"}, "tls_policy_explain.recipient"),
        (VERIFY, {"address": "nowhere at all"}, "tls_policy_explain.address"),
        (VERIFY, {"release": "new"}, "release"),
        ({"sendmail_tls_policy": VERIFY, "sendmail_access_entries": 7}, {}, "sendmail_access_entries"),
    ],
)
def test_what_is_refused(given: t.Any, options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=told):
        explain(given, "mta2.example.org", **options)
