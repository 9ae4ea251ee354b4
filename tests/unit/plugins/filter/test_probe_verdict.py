# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.probe_verdict import FilterModule

probe_verdict = FilterModule().filters()["probe_verdict"]
LISTING = {"targets": ["mta2.example.org"], "unprobed": [], "left_out": 0}


def test_mode_and_relay_reach_the_judge() -> None:
    text = "mta1: the next hops were NOT PROBED: no such file."
    told = {"state": "not_run", "text": text, "wrong": [text], "lines": [text]}
    assert probe_verdict({"msg": "no such file"}, LISTING, mode="fail", relay="mta1") == {"ok": False, **told}
    assert probe_verdict({"msg": "no such file"}, LISTING, relay="mta1") == {"ok": True, **told}


def test_no_such_mode() -> None:
    with pytest.raises(AnsibleFilterError, match="tls_audit_probe"):
        probe_verdict({}, LISTING, mode="maybe")
