# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our judge and sendmail's own rule sets, asked the same: not one different answer, in any release."""

from __future__ import annotations

import concurrent.futures

from contest import Tally, contest
from relay import ASKED, SUITES

CASES, SEED = 20_000, 20_261_125


def test_every_verdict_is_that_of_sendmail() -> None:
    tallies = {suite: Tally() for suite in SUITES}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(contest, suite, CASES, SEED, tally) for suite, tally in tallies.items()]:
            done.result()
    for suite, tally in tallies.items():
        print(tally.table())
        assert not tally.disagreements, "\n".join(tally.disagreements)
        assert sum(tally.cases.values()) >= CASES
        assert sum(tally.spoken.values()) > CASES / 5, "hardly anything was refused: this proves little"
        missing = set(ASKED) - {ruleset for ruleset, _version in tally.cases}
        assert missing == ({"clt_features"} if suite != "trixie" else set())
