# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to tests of one's own: its examples are collected and fit the checks, its failures are what checks say.

The commands and the complete example are run in molecule/installed_collection.
"""

from __future__ import annotations

import ast
import os
import pathlib
import re
import subprocess
import sys
import types

import mailtls_checks
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/testing_your_relays.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples/two_relays/tests/test_relays.py"


def texts(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)


def first_cells(header: str) -> list[str]:
    """What stands in backquotes first in the rows of a table."""
    rows = GUIDE.partition(f"{header}\n")[2].split("\n\n")[0].splitlines()[1:]
    return [re.findall(r"`(.*?)`", row)[0] for row in rows]


def test_the_complete_example_is_the_file() -> None:
    assert texts("python")[0] in EXAMPLE.read_text(encoding="utf-8")


def test_the_repository_of_ones_own_needs_only_the_ini(tmp_path: pathlib.Path) -> None:
    """pytest finds the plugin and the hosts of the inventory by it."""
    ini = texts("ini")[0]
    (tmp_path / "pytest.ini").write_text(ini, encoding="utf-8")
    link = tmp_path / "collections/ansible_collections/mailtls/relay"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    (tmp_path / "inventories/production").mkdir(parents=True)
    (tmp_path / "inventories/production/hosts.yml").write_text("relays: {hosts: {mta7: {}, mta8: {}}}\n")
    (tmp_path / "tests").mkdir()
    for number, text in enumerate(texts("python")):
        (tmp_path / f"tests/test_{number}.py").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=tmp_path,
        env={**environment, "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tests = {
        node.name for text in texts("python") for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)
    }
    assert len(tests) > 9
    for host in ("mta7", "mta8"):
        assert {name for name in tests if f"::{name}[ansible://{host}]" in done.stdout} == tests


def test_the_examples_ask_as_the_checks_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is run over a host that answers nothing; a wrong argument would end otherwise."""
    names: dict[str, object] = {}
    exec(compile(texts("python")[1], "guide", "exec"), names)
    silent = types.SimpleNamespace(run=lambda *_words: types.SimpleNamespace(rc=1, stdout="", stderr="nobody"))
    tests = [test for name, test in names.items() if name.startswith("test_")]
    assert len(tests) == 5
    for test in tests:
        with pytest.raises(AssertionError, match="could not look"):
            test(silent)  # type: ignore[operator]


def test_every_check_is_in_the_table() -> None:
    told = [words.partition("(")[0] for words in first_cells("| Check | What must hold |")]
    assert sorted(told) == sorted(name for name in mailtls_checks.__all__ if name.startswith("check_"))


def test_every_failure_of_the_table_is_one_that_a_check_can_say() -> None:
    said = "".join(
        path.read_text(encoding="utf-8")
        for path in [
            *(ROOT / "tests/testinfra/mailtls_checks").glob("*.py"),
            *(ROOT / "plugins/module_utils/_core" / name for name in ("cf.py", "exposure.py")),
        ]
    )
    # STARTTLS is offered, or not: the words are put together.
    said += "STARTTLS is not offered"
    failures = first_cells("| It says | It means | What to do |")
    assert len(failures) > 15
    assert not [words for words in failures if words not in said and words != "STARTTLS is offered"]


def test_the_fixtures_are_explained() -> None:
    fixtures = {name for name in mailtls_checks.__all__ if name.startswith("relay_")}
    assert fixtures == set(re.findall(r"`(relay_\w+)`", GUIDE))
    assert set(mailtls_checks.Held._fields) <= set(re.findall(r"`(\w+)`", GUIDE))
