# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode touches nothing, and foretells what the run then does: on stock Debian, and before a change."""

from __future__ import annotations

import typing as t

import pytest
import report
from lab import Lab

RELAYS = ["mta1", "mta2"]
# Whatever a play could touch, down to the time at which it did. Queues and mailboxes get mail from cron.
LOOK = (
    "find /etc /var/lib/dpkg -printf '%p %T@ %C@ %m %u:%g %s\\n' | sort; "
    "systemctl is-enabled sendmail 2> /dev/null; "
    # Debian 13 starts no daemon by itself.
    "pid=$(head -1 /run/sendmail/mta/sendmail.pid 2> /dev/null) && ps -o pid=,lstart= -p $pid; true"
)
CHANGES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "stock Debian": ("playbooks/site.yml", {}),
    "policy": (
        "playbooks/policy.yml",
        {"sendmail_tls_policy": {"outbound": {"default": {"level": "encrypt", "min_bits": 256}}}},
    ),
    "configuration and certificate": (
        "molecule/shared/change.yml",
        {"sendmail_log_level": 11, "tls_identity_valid_days": 400, "tls_identity_renew_days": 399},
    ),
}
NOTHING = ({"mta1": 0, "mta2": 0}, {})


class Told(t.NamedTuple):
    """What check mode, the run and a second run said, and what check mode left behind."""

    foretold: report.Report
    done: report.Report
    again: report.Report
    left_behind: list[str]


def look(lab: Lab) -> set[str]:
    lines = {f"{host}: {line}" for host in RELAYS for line in lab.read(host, LOOK).splitlines()}
    assert len(lines) > 1000
    return lines | ({"the CA"} if lab.authority.exists() else set())


@pytest.fixture(scope="module", params=CHANGES)
def told(lab: Lab, request: pytest.FixtureRequest) -> Told:
    """Check mode, the run, and a second run of one change; each change starts where the one before ended."""
    playbook, variables = CHANGES[request.param]

    def play(*options: str) -> report.Report:
        return lab.reported(playbook, options, **variables)

    before = look(lab)
    foretold = play("--check", "--diff")
    left_behind = sorted(before ^ look(lab))
    return Told(foretold, play(), play(), left_behind)


def test_check_mode_touches_nothing(told: Told) -> None:
    assert told.left_behind == []


def test_it_foretells_each_task_that_changes(told: Told) -> None:
    assert told.done.changes and all(told.done.counts.values())
    assert sorted(told.foretold.changes) == sorted(told.done.changes)
    assert told.foretold.counts == told.done.counts


def test_it_shows_the_very_diff(told: Told) -> None:
    assert told.foretold.changes == told.done.changes


def test_a_second_run_changes_nothing(told: Told) -> None:
    assert told.again == NOTHING
