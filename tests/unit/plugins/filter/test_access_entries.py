# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.access_entries import FilterModule

access_entries = FilterModule().filters()["access_entries"]
POLICY = {"outbound": {"default": {"level": "encrypt", "min_bits": "128"}}}
FLOOR = {"key": "TLS_Srv:", "value": "TEMP+ENCR:128"}


def test_plain_data_comes_out() -> None:
    assert access_entries(
        POLICY,
        starttls_offered="false",
        relay_clients=["mta1.example.org"],
        further=[{"key": "Try_TLS:old.example.org", "value": "NO"}],
        base=[{"key": "GreetPause:", "value": 5000}],
    ) == [
        {"key": "GreetPause:", "value": "5000"},
        {"key": "Connect:mta1.example.org", "value": "RELAY"},
        {"key": "Srv_Features:", "value": "S"},
        FLOOR,
        {"key": "Try_TLS:old.example.org", "value": "NO"},
    ]


def test_layers_and_release_count() -> None:
    layers = {"sendmail_tls_policy_host": {"outbound": {"peers": [{"next_hop": "a.example", "dane": False}]}}}
    assert access_entries(POLICY, layers=layers, release="8.18.1")[-1] == {
        "key": "Clt_Features:a.example",
        "value": "D m",
    }
    with pytest.raises(AnsibleFilterError, match=r"^sendmail_tls_policy_host\.outbound\.peers\[0\]\.dane: "):
        access_entries(POLICY, layers=layers)


def test_the_policy_alone_is_enough() -> None:
    assert access_entries(POLICY) == [FLOOR]


@pytest.mark.parametrize(
    ("policy", "options", "told"),
    [
        ({"outbound": {"default": {"level": "may"}}}, {}, "sendmail_tls_policy.outbound.default.level: "),
        (POLICY, {"layers": [7]}, "layers: "),
        (POLICY, {"release": "new"}, "release: "),
        (POLICY, {"today": "soon"}, "today: "),
        (
            {"outbound": {"default": {"failure": "permanent"}}},
            {"smart_host": "a.example"},
            "sendmail_tls_policy.outbound.",
        ),
        (POLICY, {"starttls_offered": "perhaps"}, "sendmail_starttls_offered: "),
        (POLICY, {"relay_clients": ["10.1.2.0/23"]}, "sendmail_relay_clients[0]: "),
        (POLICY, {"further": [{"key": "TLS_Srv:a.example", "value": "OK"}]}, "sendmail_access_entries[0].value: "),
        (POLICY, {"further": [FLOOR]}, "sendmail_access_entries[0].key: "),
        (POLICY, {"base": [{"key": "Connect:IPv6:::1", "value": "RELAY"}]}, "base[0].key: "),
    ],
)
def test_errors_name_the_variable(policy: t.Any, options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        access_entries(policy, **options)
    assert str(refused.value).startswith(told)
