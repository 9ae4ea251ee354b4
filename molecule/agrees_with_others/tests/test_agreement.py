# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers of four makes, seen by the probe and by four tools of others: they agree, or there is a reason."""

from __future__ import annotations

import collections

import pytest
from configurations import CONFIGURATIONS, KIND, Configuration
from disagreements import DISAGREEMENTS, Disagreement
from opinions import ASPECTS, NOT_OFFERED, TOOLS, Opinion, agrees

Opinions = dict[str, Opinion]


def test_there_are_servers_enough() -> None:
    assert len(CONFIGURATIONS) >= 60
    assert {one.kind for one in CONFIGURATIONS} == set(KIND)


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_the_probe_sees_what_was_set(ours: Opinions, configuration: Configuration) -> None:
    """The tools could agree about servers that are not what the table says."""
    seen = ours[configuration.name].protocol
    # sendmail refuses so short a key at its start, and goes on without TLS.
    if configuration.mode == "off" or (configuration.server, configuration.kind) == ("sendmail", "RSA 1024"):
        assert seen == NOT_OFFERED
    else:
        assert seen == {"TLSv1.0": "failed", "TLSv1.1": "failed", "": "TLSv1.3"}.get(
            configuration.protocols, configuration.protocols
        )


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("aspect", ASPECTS)
def test_others_agree(
    ours: Opinions,
    others: dict[str, Opinions],
    tally: dict[tuple[str, str], collections.Counter[str]],
    explained: collections.Counter[Disagreement],
    tool: str,
    aspect: str,
) -> None:
    differ = []
    for configuration in CONFIGURATIONS:
        mine, other = (getattr(one, aspect) for one in (ours[configuration.name], others[configuration.name][tool]))
        reasons = [
            one
            for one in DISAGREEMENTS
            if (one.tool, one.aspect) == (tool, aspect) and one.explains(configuration, mine, other)
        ]
        explained.update(reasons)
        if agrees(mine, other):
            verdict = "agree" if mine else "not said"
        elif reasons:
            verdict = "explained"
        else:
            # Whoever says nothing does not disagree.
            verdict = "not said" if not (mine and other) else "differ"
        tally[tool, aspect][verdict] += 1
        if verdict == "differ":
            differ.append(f"{configuration.name}: {mine}, {tool} says {other}")
    assert not differ
    assert tally[tool, aspect]["agree"] >= len(CONFIGURATIONS) / 2, "too little was said"


@pytest.mark.parametrize("disagreement", DISAGREEMENTS, ids=lambda one: f"{one.tool}, {one.aspect}, {one.where}")
def test_each_reason_is_needed(explained: collections.Counter[Disagreement], disagreement: Disagreement) -> None:
    assert explained[disagreement]
