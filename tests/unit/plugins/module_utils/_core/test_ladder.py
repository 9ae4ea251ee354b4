# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.ladder import Ladder
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import LADDER


@pytest.mark.parametrize("accepted", [set(some) for n in range(5) for some in itertools.combinations(LADDER, n)])
def test_each_set_of_versions_is_found(accepted: set[str]) -> None:
    ladder, asked = Ladder(LADDER), 0
    while ladder.next_rung():
        newest = ladder.next_rung()
        offered = LADDER[: LADDER.index(newest) + 1]
        ladder.learn(newest, next((rung for rung in reversed(offered) if rung in accepted), ""))
        asked += 1
    assert ladder.rungs == {rung: rung in accepted for rung in LADDER}
    # One handshake for each version that is accepted, and one that fails, unless the oldest one is accepted.
    assert asked == len(accepted) + (LADDER[0] not in accepted)


def test_what_cannot_be_offered_stays_open() -> None:
    ladder = Ladder(("TLSv1.2", "TLSv1.3"))
    ladder.learn("TLSv1.3", "TLSv1.2")
    assert ladder.rungs == {"TLSv1": None, "TLSv1.1": None, "TLSv1.2": True, "TLSv1.3": False}
    assert ladder.next_rung() == ""


def test_what_was_not_offered_is_not_denied() -> None:
    ladder = Ladder(LADDER)
    ladder.learn("TLSv1.2", "TLSv1.2")
    assert ladder.rungs == {"TLSv1": None, "TLSv1.1": None, "TLSv1.2": True, "TLSv1.3": None}
    assert ladder.next_rung() == "TLSv1.3"
