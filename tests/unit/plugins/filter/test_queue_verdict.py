# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.queue_verdict import FilterModule

queue_verdict = FilterModule().filters()["queue_verdict"]
QUEUE = {"name": "mta", "count": 0, "oldest_age": 0, "return_after": 1, "quarantined": 0, "unread": 1, "reasons": []}


def test_verdict_is_plain_data() -> None:
    told = "Queue: no mail waits. 1 could not be read just now."
    assert queue_verdict([QUEUE]) == {"ok": True, "text": told}


def test_the_demand_reaches_the_judge() -> None:
    assert queue_verdict([QUEUE], "1d")["ok"] is False


def test_error_is_one_ansible_can_print() -> None:
    with pytest.raises(AnsibleFilterError, match="tls_audit_oldest_held"):
        queue_verdict([], "soon")
