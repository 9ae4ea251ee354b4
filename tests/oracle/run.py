# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The full run, started by ``make oracle``: ORACLE_CASES cases for each release, ORACLE_SEED to repeat a run."""

from __future__ import annotations

import os
import sys
import threading
import time

from contest import Tally, contest
from relay import SUITES


def main() -> int:
    cases = int(os.environ.get("ORACLE_CASES", "1000000"))
    start = int(os.environ.get("ORACLE_SEED", "1"))
    suites = os.environ.get("ORACLE_SUITES", " ".join(SUITES)).split()
    tallies = {suite: Tally() for suite in suites}
    threads = [threading.Thread(target=contest, args=[suite, cases, start, tallies[suite]]) for suite in suites]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(5)
        done = ", ".join(f"{suite} {sum(tally.cases.values())}" for suite, tally in tallies.items())
        print(f"{time.monotonic() - begin:6.0f} s: {done}", flush=True)
        for tally in tallies.values():
            print("".join(f"{one}\n" for one in tally.disagreements[tally.told :]), end="", flush=True)
            tally.told = len(tally.disagreements)
    total = Tally()
    for tally in tallies.values():
        total.cases += tally.cases
        total.spoken += tally.spoken
        total.seconds += tally.seconds
        total.disagreements += tally.disagreements
    print("\n".join([total.table(), f"seed {start}, {time.monotonic() - begin:.0f} seconds in all"]))
    short = any(sum(tally.cases.values()) < cases for tally in tallies.values())
    return 1 if total.disagreements or short else 0


if __name__ == "__main__":
    sys.exit(main())
