# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import spelling

KNOWN = ["sendmail_smart_host", "sendmail_relay_clients", "sendmail_tls_policy", "tls_audit_timeout"]
PREFIXES = ["sendmail_", "tls_audit_"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sendmail_smarthost", "; did you mean sendmail_smart_host?"),
        ("sendmail_SMART_HOST", "; did you mean sendmail_smart_host?"),
        ("sendmail_relay_client", "; did you mean sendmail_relay_clients?"),
        ("sendmail_policy", "; did you mean sendmail_tls_policy?"),
        ("tls_audit_timeot", "; did you mean tls_audit_timeout?"),
        ("sendmail_zzz", "; known are sendmail_relay_clients, sendmail_smart_host, sendmail_tls_policy."),
    ],
)
def test_a_stranger_is_told_its_nearest_name(name: str, told: str) -> None:
    assert spelling.judge([name], KNOWN, PREFIXES) == [f"{name} is not a variable of this role{told}"]


@pytest.mark.parametrize("name", [*KNOWN, "__sendmail_answer", "ansible_facts", "my_sendmail_host", "tls_identity_x"])
def test_other_names_are_let_alone(name: str) -> None:
    assert spelling.judge([name], KNOWN, PREFIXES) == []


def test_all_strangers_are_told_in_order_and_once() -> None:
    told = spelling.judge(["sendmail_b", "tls_audit_a", "sendmail_b", "sendmail_a"], KNOWN, PREFIXES)
    assert [sentence.split()[0] for sentence in told] == ["sendmail_a", "sendmail_b", "tls_audit_a"]


def test_a_role_without_variables_says_so() -> None:
    assert spelling.judge(["new_x"], [], ["new_"]) == ["new_x is not a variable of this role; known are none."]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("defalt", "Did you mean default?"), ("DEFAULT", "Did you mean default?"), ("q", "Known are: default, level.")],
)
def test_suggestion(word: str, expected: str) -> None:
    assert spelling.suggestion(word, ["default", "level"]) == expected
