# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reach budget of docs/architecture.md, counted by the connection: over SSH each reach costs a quarter of a second.

Where ansible_python_interpreter is not set, Ansible looks for it once more before the first of them.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from lab import Lab

RELAY = ["setup", "tls_identity_info", "sendmail_info", "sendmail_cf", "sendmail_map", "sendmail_daemon"]
AUDIT = ["starttls_info", "mail_canary", "mail_queue_info"]
DAILY = ["setup", "sendmail_info", "sendmail_map"]
RULES = 10_000
POLICY = "playbooks/policy.yml"


@pytest.fixture
def reached(lab: Lab, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], list[str]]:
    """What reached a host in the plays since then."""
    note = tmp_path / "reaches"
    monkeypatch.setitem(lab.environment, "MAILTLS_REACHES", str(note))

    def read(host: str) -> list[str]:
        lines = (line.split(" ", 1) for line in note.read_text(encoding="utf-8").splitlines())
        return [what for container, what in lines if container == lab.container(host)]

    return read


def test_a_second_run_reaches_the_relay_six_times(lab: Lab, reached: t.Callable[[str], list[str]]) -> None:
    play = lab.converge("molecule/shared/change.yml")
    assert play.code == 0 and play.changed == {"mta1": 0, "mta2": 0}
    assert reached("mta1") == RELAY and reached("mta2") == RELAY
    assert len(RELAY) < 7, "one more looks for Python"


def test_the_audit_reaches_it_three_times_more(lab: Lab, reached: t.Callable[[str], list[str]]) -> None:
    play = lab.converge(limit="mta1")
    assert play.code == 0 and play.changed == {"mta1": 0}
    # The preflight looks before the first role does.
    assert sorted(reached("mta1")) == sorted([*RELAY, *AUDIT])


def test_the_daily_change_reaches_it_three_times(
    lab: Lab, tmp_path: pathlib.Path, reached: t.Callable[[str], list[str]]
) -> None:
    rules = tmp_path / "rules.json"
    peers: list[dict[str, t.Any]] = [
        {"next_hop": f"mx{number}.partner.example", "level": "encrypt", "min_bits": 128} for number in range(RULES)
    ]
    try:
        for bits in (192, 256):
            peers[RULES // 2].update(min_bits=bits, accept_dns_risk=True)
            rules.write_text(json.dumps({"sendmail_tls_policy_partners": {"outbound": {"peers": peers}}}))
            play = lab.converge(POLICY, limit="mta1", options=["--extra-vars", f"@{rules}"])
            assert play.code == 0 and play.changed == {"mta1": 1}
        assert reached("mta1") == DAILY * 2
    finally:
        assert lab.converge(POLICY, limit="mta1").changed == {"mta1": 1}
