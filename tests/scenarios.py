# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run Molecule scenarios side by side: scenarios.py [--jobs N] [--pairs] SCENARIO[@MTA1/MTA2]...

``default@bullseye/trixie`` runs scenario default with Debian 11 as MTA1 and Debian 13 as MTA2, in a lab of its own;
without a pair it takes the inventory's. ``--pairs`` runs each scenario with all nine pairs. ``demo`` is what "make
demo" shows. Each run writes a file below ``.cache/scenarios``; a line tells when one begins and ends, a table closes.
Ends with 1 when a run failed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import threading
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / ".cache/scenarios"
SUITES = ("bullseye", "bookworm", "trixie")
PAIRS = tuple(f"{mta1}/{mta2}" for mta1 in SUITES for mta2 in SUITES)
OWN = "as written"  # the pair of the inventory
SHOWN = 25  # lines of a failed run: as many as a CI's page shows
DEMO = "demo"


class Job(t.NamedTuple):
    """One run of a scenario; ``pair`` is ``MTA1/MTA2`` as suites of Debian, or empty for the scenario's own."""

    scenario: str
    pair: str = ""

    @property
    def lab(self) -> str:
        """Names the containers: pairs of one scenario run side by side."""
        return "-".join([self.scenario, *filter(None, self.pair.split("/"))])

    @property
    def argv(self) -> list[str]:
        """Molecule's whole sequence, unless it is the demo."""
        molecule = [
            "molecule",
            "--base-config",
            ".config/molecule/config.yml",
            "test",
            "--scenario-name",
            self.scenario,
        ]
        return [sys.executable, "tests/demo.py"] if self.scenario == DEMO else molecule

    @property
    def environment(self) -> dict[str, str]:
        if not self.pair:
            return {}
        mta1, mta2 = self.pair.split("/")
        return {
            "MAILTLS_LAB": self.lab,
            "MAILTLS_MTA1_SUITE": mta1,
            "MAILTLS_MTA2_SUITE": mta2,
            # Else Molecule keeps one state for a scenario: the second pair would find its instances "already created".
            "MOLECULE_EPHEMERAL_DIRECTORY": str(LOGS / "molecule" / self.lab),
        }


class Outcome(t.NamedTuple):
    """How a run ended."""

    job: Job
    passed: bool
    seconds: float


def parse_job(word: str) -> Job:
    """``SCENARIO`` or ``SCENARIO@MTA1/MTA2``; raises ValueError for a scenario or a pair that does not exist."""
    scenario, mark, pair = word.partition("@")
    if word != DEMO and not (ROOT / "molecule" / scenario / "molecule.yml").is_file():
        raise ValueError(f"{word}: there is no molecule/{scenario}/molecule.yml")
    if mark and pair not in PAIRS:
        raise ValueError(f"{word}: the pair must be one of {', '.join(PAIRS)}")
    return Job(scenario, pair)


def render_table(outcomes: t.Sequence[Outcome]) -> str:
    """Seconds by scenario and pair; ``FAILED`` before them where the run failed."""
    columns = [pair for pair in (*PAIRS, "") if any(one.job.pair == pair for one in outcomes)]
    cells = {one.job: f"{'' if one.passed else 'FAILED '}{one.seconds:.0f}" for one in outcomes}
    scenarios = list(dict.fromkeys(one.job.scenario for one in outcomes))
    head = ["scenario", *(pair or OWN for pair in columns)]
    rows = [[scenario, *(cells.get(Job(scenario, pair), "") for pair in columns)] for scenario in scenarios]
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in (head, *rows)
    )


class Progress:
    """One line when a run begins and one when it ends, with what is still running."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.ended = 0
        self.running: list[str] = []
        self.lock = threading.Lock()
        self.begin = time.monotonic()

    def begins(self, job: Job) -> None:
        with self.lock:
            self.running.append(job.lab)
            self.line(f"begins  {job.lab}")

    def ends(self, outcome: Outcome) -> None:
        with self.lock:
            self.ended += 1
            self.running.remove(outcome.job.lab)
            rest = f"; running: {', '.join(self.running)}" if self.running else ""
            word = "passed " if outcome.passed else "FAILED "
            self.line(f"{word} {outcome.job.lab}, {outcome.seconds:.0f} s{rest}")

    def line(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.begin), 60)
        print(f"== {minutes:3d}:{seconds:02d}  {self.ended}/{self.total}  {text}", flush=True)


def run(job: Job, progress: Progress) -> Outcome:
    """One run to its end; another run of the same lab on this machine is waited for."""
    progress.begins(job)
    begin = time.monotonic()
    with log(job).open("wb") as file:
        done = subprocess.run(
            ["tests/alone.sh", job.lab, *job.argv],
            cwd=ROOT,
            env={**os.environ, **job.environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    outcome = Outcome(job, done.returncode == 0, time.monotonic() - begin)
    progress.ends(outcome)
    return outcome


def log(job: Job) -> pathlib.Path:
    return LOGS / f"{job.lab}.log"


def last_lines(path: pathlib.Path, count: int) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def jobs_of(words: t.Sequence[str], pairs: bool) -> list[Job]:
    """In the order given; a run that is asked for twice is refused, because it would wait for itself."""
    jobs = [parse_job(word) for word in words]
    if pairs:
        jobs = [Job(job.scenario, pair) for job in jobs for pair in ([job.pair] if job.pair else PAIRS)]
    twice = sorted({job.lab for job in jobs if jobs.count(job) > 1})
    if twice:
        raise ValueError(f"asked for twice: {', '.join(twice)}")
    return jobs


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="how many at a time")
    parser.add_argument("--pairs", action="store_true", help="with all pairs of releases")
    parser.add_argument("scenario", nargs="+", help="SCENARIO or SCENARIO@MTA1/MTA2")
    options = parser.parse_args()
    try:
        jobs = jobs_of(options.scenario, options.pairs)
    except ValueError as error:
        parser.error(str(error))
    LOGS.mkdir(parents=True, exist_ok=True)
    progress = Progress(len(jobs))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda job: run(job, progress), jobs))
    failed = [one.job for one in outcomes if not one.passed]
    for job in failed:
        print(f"\n== {job.lab} failed; its last lines, all of it in {log(job)}\n{last_lines(log(job), SHOWN)}")
    print(f"\nseconds, MTA1/MTA2 ({options.jobs} at a time)\n{render_table(outcomes)}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed in {time.monotonic() - progress.begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
