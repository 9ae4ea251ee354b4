# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The closing table of ``make mutants``, and that mutants and tests are of the same modules."""

from __future__ import annotations

import fnmatch
import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("mutants_table", ROOT / "tests/mutants.py")
assert SPEC is not None and SPEC.loader is not None
mutants = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mutants)

NAME = "    ansible_collections.mailtls.relay.plugins.module_utils._core.{}.x_f__mutmut_{}: {}\n"


def printed(module: str, *outcomes: str) -> list[str]:
    return [NAME.format(module, number, outcome) for number, outcome in enumerate(outcomes)]


def test_only_a_test_that_failed_kills() -> None:
    outcomes = ("killed", "survived", "timeout", "no tests", "not checked", "suspicious", "segfault", "killed")
    assert mutants.count(printed("policy", *outcomes)) == {"policy": (8, 2)}


@pytest.mark.parametrize(
    ("killed", "failed", "said"), [(90, 0, "policy 100 90 10 90.0"), (89, 1, "policy 100 89 11 89.0 below 90")]
)
def test_one_module_below_the_limit_fails_the_run(killed: int, failed: int, said: str) -> None:
    lines = [*printed("access", "killed"), *printed("policy", *["killed"] * killed, *["survived"] * (100 - killed))]
    table, code = mutants.report(mutants.count(lines))
    assert [" ".join(line.split()) for line in table] == [
        "module mutants killed survived percent",
        "access 1 1 0 100.0",
        said,
    ]
    assert code == failed


def test_no_mutant_at_all_is_a_failure() -> None:
    assert mutants.report({})[1] == 1


def test_each_mutated_module_is_tested_by_its_own_tests() -> None:
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.mutmut]")[2]
    patterns = re.findall(r'"\*/(module_utils/.+\.py)"', config)
    files = [str(path.relative_to(ROOT / "plugins")) for path in (ROOT / "plugins").rglob("*.py")]
    found = {pattern: fnmatch.filter(files, pattern) for pattern in patterns}
    assert len(patterns) >= 6 and all(found.values()), "a pattern finds no module"
    tested = re.findall(r'tests/unit/plugins/module_utils/_core/test_(\w+)\.py"', config)
    assert sorted(tested) == sorted(pathlib.Path(file).stem for some in found.values() for file in some)
