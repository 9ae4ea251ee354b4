# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that failed ends with the tests that failed, however much Molecule says after pytest."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import failures
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
TESTS = """
import pytest

@pytest.fixture
def broken():
    raise OSError("no relay is up")

def test_holds():
    assert len("mail") == 5, "the mail left"

def test_waits(broken):
    pass

def test_is_well():
    pass
"""


def scenario(tmp_path: pathlib.Path, tests: str) -> tuple[int, list[str]]:
    """Status and last words of a run whose pytest is followed by what Molecule says."""
    (tmp_path / "test_mail.py").write_text(tests, encoding="utf-8")
    script = f"{sys.executable} -m pytest --rootdir={tmp_path} {tmp_path} || {{ seq 100; exit 3; }}"
    environment = {"MAILTLS_LOCKS": str(tmp_path), "PYTHONPATH": str(ROOT / "tests/testinfra"), **plugin()}
    argv = ["bash", str(ROOT / "tests/alone.sh"), "default", "sh", "-c", script]
    done = subprocess.run(
        argv,
        cwd=tmp_path,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def plugin() -> dict[str, str]:
    """As the scenarios name it."""
    config = yaml.safe_load((ROOT / ".config/molecule/config.yml").read_text(encoding="utf-8"))
    return {"PYTEST_PLUGINS": config["verifier"]["env"]["PYTEST_PLUGINS"]}


def test_the_failed_tests_are_the_last_words(tmp_path: pathlib.Path) -> None:
    status, lines = scenario(tmp_path, TESTS)
    assert status == 3
    assert lines[lines.index("100") + 1 :] == [
        "lab default: these tests failed",
        "failed: test_mail.py::test_holds",
        "  AssertionError: the mail left",
        "  assert 4 == 5",
        "   +  where 4 = len('mail')",
        f"  at {tmp_path}/test_mail.py:9",
        "failed: test_mail.py::test_waits",
        "  OSError: no relay is up",
        f"  at {tmp_path}/test_mail.py:6",
    ]


def test_tests_that_cannot_be_read_are_told_too(tmp_path: pathlib.Path) -> None:
    _status, lines = scenario(tmp_path, "import no_such_module")
    said = "\n".join(lines[lines.index("100") + 1 :])
    assert "failed: test_mail.py\n" in said and "No module named 'no_such_module'" in said


def test_a_run_that_is_well_adds_nothing(tmp_path: pathlib.Path) -> None:
    status, lines = scenario(tmp_path, "def test_is_well(): pass")
    assert status == 0 and " 1 passed in " in lines[-1]


@pytest.mark.parametrize(("number", "said"), [(1, 50), (3, 50), (7, 2), (19, 2), (20, 5), (21, 0), (500, 3)])
def test_there_is_room_for_all_of_it(number: int, said: int) -> None:
    lines = failures.brief([(f"test {one}", [str(line) for line in range(said)]) for one in range(number)])
    assert len(lines) <= failures.LINES
    named = [line for line in lines if line.startswith("failed: ")]
    assert named == [f"failed: test {one}" for one in range(len(named))]
    assert len(named) == number or lines[-1] == f"and {number - len(named)} more"


def test_what_was_said_first_and_the_place_stay_when_there_is_no_room_for_all() -> None:
    assert failures.brief([(f"test {one}", ["says", "much", "at place"]) for one in range(10)])[:2] == [
        "failed: test 0",
        "  says",
    ]
    lines = failures.brief([("one", ["says", *["much"] * 50, "at place"])])
    assert (lines[:2], lines[-1], len(lines)) == (["failed: one", "  says"], "  at place", failures.LINES)
