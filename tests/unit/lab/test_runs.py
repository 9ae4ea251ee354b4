# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many scenarios in one run: what is asked for, what is started, and what the closing table says."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys
import types

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scenarios.py"


@pytest.fixture(scope="module")
def scenarios() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("scenarios", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["scenarios"] = module
    spec.loader.exec_module(module)
    return module


def test_all_pairs_are_run_in_labs_of_their_own(scenarios: types.ModuleType) -> None:
    jobs = scenarios.jobs_of(["default", "refuses_bad_input@trixie/bullseye"], True)
    assert len(jobs) == 10 and len({job.lab for job in jobs}) == 10
    assert jobs[1].environment == {
        "MAILTLS_LAB": "default-bullseye-bookworm",
        "MAILTLS_MTA1_SUITE": "bullseye",
        "MAILTLS_MTA2_SUITE": "bookworm",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(scenarios.LOGS / "molecule/default-bullseye-bookworm"),
    }
    assert jobs[9].pair == "trixie/bullseye"


def test_a_scenario_without_a_pair_is_left_as_it_is_written(scenarios: types.ModuleType) -> None:
    assert scenarios.jobs_of(["default"], False) == [scenarios.Job("default")]
    assert scenarios.Job("default").environment == {}


def test_the_demo_is_run_as_make_demo_runs_it(scenarios: types.ModuleType) -> None:
    assert [job.argv for job in scenarios.jobs_of(["demo"], False)] == [[sys.executable, "tests/demo.py"]]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["defualt"], "there is no molecule/defualt/molecule.yml"),
        (["default@bookworm"], "the pair must be one of bullseye/bullseye, "),
        (["default@buster/trixie"], "the pair must be one of"),
        (["demo@trixie/trixie"], "there is no molecule/demo/molecule.yml"),
        (["default", "default"], "asked for twice: default"),
    ],
)
def test_what_cannot_be_run_is_refused(scenarios: types.ModuleType, words: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        scenarios.jobs_of(words, False)


def test_the_table_names_what_failed(scenarios: types.ModuleType) -> None:
    outcomes = [
        scenarios.Outcome(scenarios.Job("default", "bookworm/trixie"), True, 61.4),
        scenarios.Outcome(scenarios.Job("default", "bullseye/trixie"), False, 9.6),
        scenarios.Outcome(scenarios.Job("refuses_bad_input"), True, 120),
    ]
    assert scenarios.render_table(outcomes).splitlines() == [
        "scenario           bullseye/trixie  bookworm/trixie  as written",
        "default                  FAILED 10               61",
        "refuses_bad_input                                           120",
    ]


@pytest.fixture
def molecule(tmp_path: pathlib.Path) -> dict[str, str]:
    """A stand-in for molecule: tells what it was asked, and fails with Debian 11."""
    script = tmp_path / "bin/molecule"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$MAILTLS_LAB: $*"\ntest "$MAILTLS_MTA1_SUITE" != bullseye\n', encoding="utf-8")
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}", "MAILTLS_LOCKS": str(tmp_path)}


@pytest.mark.parametrize(("suite", "code"), [("trixie", 0), ("bullseye", 1)])
def test_a_failed_run_fails_all(molecule: dict[str, str], suite: str, code: int) -> None:
    argv = [sys.executable, str(SCRIPT), "--jobs", "2", f"default@{suite}/trixie", "default@trixie/bookworm"]
    done = subprocess.run(argv, env=molecule, text=True, capture_output=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert f"{2 - code} passed, {code} failed in " in done.stdout.splitlines()[-1]
    told = f"default-{suite}-trixie: --base-config .config/molecule/config.yml test --scenario-name default"
    assert (told in done.stdout) is bool(code), "of a failed run the last lines, of others nothing"
