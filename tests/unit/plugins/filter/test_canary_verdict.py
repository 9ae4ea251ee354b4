# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.canary_verdict import FilterModule

canary_verdict = FilterModule().filters()["canary_verdict"]


def test_verdict_is_plain_data() -> None:
    assert canary_verdict({}) == {
        "state": "not_run",
        "ok": True,
        "text": "Canary NOT RUN: no recipient is set. Nothing is proven.",
    }


def test_expectation_reaches_the_judge() -> None:
    assert canary_verdict({}, [], "held")["ok"] is False


def test_error_is_one_ansible_can_print() -> None:
    with pytest.raises(AnsibleFilterError, match="tls_audit_expect"):
        canary_verdict({}, [], "perhaps")
