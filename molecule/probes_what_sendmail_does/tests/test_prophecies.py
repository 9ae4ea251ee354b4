# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe foretells of mail for a peer is what a real relay then does with a real message, word for word."""

from __future__ import annotations

import collections

import pytest
from conftest import Compared
from differences import DIFFERENCES
from menagerie import LEVELS, LONG, MET, QUICK
from species import Species


def comes_true(compared: Compared, tally: collections.Counter[tuple[str, str, str]], level: str, name: str) -> None:
    """Held where nothing is known, or the same action in the same words, or for a reason."""
    told, fate = compared.records[name]["judgement"], compared.fates[name]
    unknown = told["action"] == "inconclusive"
    same = fate.action == "defer" if unknown else (told["action"], told["text"]) == fate
    reasons = [one for one in DIFFERENCES if one.explains(name, level, fate.action)]
    tally[level, told["action"], fate.action] += 1
    if same:
        listed = [one for one in DIFFERENCES if name in one.names and level in one.levels]
        assert not listed, f"no longer different: {listed}"
        return
    assert reasons, f"foretold: {told['action']} {told['text']}; then: {fate.action} {fate.text}"
    tally[level, "explained", fate.action] += 1


def test_the_zoo_is_met() -> None:
    assert len(MET) > 250 and len(QUICK) + len(LONG) == len(MET)


@pytest.mark.parametrize("species", QUICK, ids=lambda species: species.name)
@pytest.mark.parametrize("level", LEVELS)
def test_a_peer(
    compared: dict[str, Compared], tally: collections.Counter[tuple[str, str, str]], level: str, species: Species
) -> None:
    comes_true(compared[level], tally, level, species.name)


@pytest.mark.parametrize("species", LONG, ids=lambda species: species.name)
def test_a_peer_that_takes_long(
    patient: Compared, tally: collections.Counter[tuple[str, str, str]], species: Species
) -> None:
    """Such a peer tells nothing that a level could weigh, so one level is enough."""
    comes_true(patient, tally, "encrypt", species.name)


@pytest.mark.parametrize("level", LEVELS)
def test_there_is_enough_of_each_kind(compared: dict[str, Compared], level: str) -> None:
    """Prophecies that are all alike, or none, would prove little."""
    told = collections.Counter(record["judgement"]["action"] for record in compared[level].records.values())
    assert told["inconclusive"] < len(QUICK) / 4
    # The next hops are addresses; no certificate of the zoo bears one as its CN.
    assert told["deliver"] == 0 if level == "verify" else told["deliver"] > 100
    assert len({fate.text for fate in compared[level].fates.values() if fate.action == "defer"}) > 5
