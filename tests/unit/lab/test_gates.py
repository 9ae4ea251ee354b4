# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate that fails is told, and the others are run all the same."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import sys
import types

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def gates(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The runner, with two gates of which the first fails."""
    spec = importlib.util.spec_from_file_location("gates", ROOT / "tests/gates.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gates", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(module, "GATES", {"first": "seq 100; false; echo later", "second": "pwd; false | true; echo"})
    return module


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    text = (ROOT / "tests/gates.py").read_text(encoding="utf-8")
    scope: dict[str, dict[str, str]] = {}
    exec(text[text.index("GATES = {") : text.index("}\n", text.index("GATES = {")) + 1], scope)
    return scope["GATES"]


def call(gates: types.ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gates.py", *arguments])
    return int(gates.main())


def test_all_gates_are_run_after_one_that_fails(
    gates: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gates.GATES["second"] = "pwd"
    assert call(gates, monkeypatch) == 1
    said = capsys.readouterr().out
    assert re.findall(r"^== (\d/\d  \w+)  (\w+)", said, re.M) == [
        ("0/2  begins", "first"),
        ("1/2  FAILED", "first"),
        ("1/2  begins", "second"),
        ("2/2  passed", "second"),
    ]
    assert re.search(r"\n76\n(\d+\n){23}100\nall of it in .*/logs/first\.log\n", said), "the last 25 lines, no more"
    assert re.search(
        r"\n\ngate +result +seconds\nfirst +FAILED +\d+\nsecond +passed +\d+\n1 passed, 1 failed in \d+ s\n$", said
    )
    assert gates.log("second").read_text(encoding="utf-8") == f"{ROOT}\n", "a gate begins at the root of the checkout"


def test_one_gate_can_be_asked_for(
    gates: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gates.GATES["second"] = "pwd"
    assert call(gates, monkeypatch, "second") == 0
    assert "first" not in capsys.readouterr().out


def test_a_failure_within_a_pipe_is_a_failure(gates: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(gates, monkeypatch, "second") == 1


def test_a_gate_that_does_not_exist_is_refused(
    gates: types.ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call(gates, monkeypatch, "second", "third")
    assert ended.value.code == 2 and "there is no gate third; there are first, second" in capsys.readouterr().err
    assert not gates.LOGS.exists(), "something was run"


def test_what_a_gate_calls_is_there(table: dict[str, str]) -> None:
    """Not every gate is run every day: a target, a script or a scenario that was renamed is noticed here."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in table.values():
        for target in re.findall(r"\bmake ([\w-]+)", command):
            assert re.search(rf"^{target}:", makefile, re.M), f"{command}: the Makefile has no such target"
        for path in re.findall(r"\btests/[\w/.]+", command):
            assert (ROOT / path).exists(), command
        for scenario in re.findall(r"SCENARIO=(\w+)", command):
            assert (ROOT / "molecule" / scenario / "molecule.yml").exists(), command


def test_no_gate_has_an_exception() -> None:
    """No file that lists what sanity tests may find, no rule of a linter that is passed over."""
    assert not list(ROOT.glob("tests/sanity/ignore*")) and not (ROOT / ".ansible-lint-ignore").exists()
    settings = yaml.safe_load((ROOT / ".ansible-lint").read_text(encoding="utf-8"))
    assert settings["profile"] == "production" and not {"skip_list", "warn_list"} & set(settings)
