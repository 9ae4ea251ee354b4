# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._host import debianmake, files
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed


@pytest.fixture()
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder as Debian leaves it, and Debian's tools."""
    (tmp_path / "tools").mkdir()
    for name in ("databases", "Makefile", "tools/parse_mc", "tools/update_mk"):
        (tmp_path / name).write_text("stock\n")
    monkeypatch.setattr(debianmake, "_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setattr(files, "set_access", lambda path, access: None)
    return tmp_path


def write(argv: list[str], cwd: str) -> Completed:
    """As the tools do: the names of both files stand in what is made."""
    _program, _in, source, _out, target = argv
    pathlib.Path(target).write_text(f"file: {target}\nof: {source}\n")
    return Completed(0, "", "")


def test_what_follows_the_mc_is_made_aside(monkeypatch: pytest.MonkeyPatch, folder: pathlib.Path) -> None:
    monkeypatch.setattr(debianmake, "run", write)
    mc = folder / ".sendmail.mc.aside"
    mc.write_text("dnl\n")
    made = debianmake.build(str(mc), str(folder))
    assert [place for _aside, place in made] == [str(folder / "databases"), str(folder / "Makefile")]
    assert (folder / "databases").read_text() == (folder / "Makefile").read_text() == "stock\n"
    databases, makefile = (pathlib.Path(aside).read_text() for aside, _place in made)
    assert databases == f"file: {folder}/databases\nof: {mc}\n"
    assert makefile == f"file: {folder}/Makefile\nof: {folder}/databases\n"
    times = [os.stat(path).st_mtime_ns for path in (mc, *(aside for aside, _place in made))]
    assert times == sorted(times) and not [name for name in os.listdir(folder) if "draft" in name]


@pytest.mark.parametrize("missing", ["databases", "Makefile", "tools/parse_mc", "tools/update_mk", "hands off"])
def test_where_debian_makes_none_there_is_none(
    monkeypatch: pytest.MonkeyPatch, folder: pathlib.Path, missing: str
) -> None:
    monkeypatch.setattr(debianmake, "run", write if missing != "hands off" else lambda argv, cwd: Completed(0, "", ""))
    if missing != "hands off":
        (folder / missing).unlink()
    assert debianmake.build(str(folder / "mc"), str(folder)) == []


@pytest.mark.parametrize(
    ("statuses", "answer"), [([0, 0, 0], False), ([1, 0, 0], True), ([0, 0, 1], True), ([2, 0, 0], False)]
)
def test_make_is_asked_about_each_target(
    monkeypatch: pytest.MonkeyPatch, folder: pathlib.Path, statuses: list[int], answer: bool
) -> None:
    targets = [f"{folder}/sendmail.cf", f"{folder}/databases", f"{folder}/Makefile"]
    answers = {("make", "-q", target): status for target, status in zip(targets, statuses)}
    monkeypatch.setattr(debianmake, "run", lambda argv, cwd: Completed(answers[tuple(argv)], "", ""))
    assert debianmake.has_work(str(folder), f"{folder}/sendmail.cf") is answer


def test_without_a_makefile_there_is_no_work(tmp_path: pathlib.Path) -> None:
    assert debianmake.has_work(str(tmp_path), "x") is False
