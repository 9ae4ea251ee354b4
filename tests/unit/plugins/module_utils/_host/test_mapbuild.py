# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import files, mapbuild
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

ROOT = files.Access("root", "root", 0o600)


@pytest.fixture
def caches() -> list[list[str]]:
    """How large a cache makemap was given, one pair of words for each build."""
    return []


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, caches: list[list[str]]) -> dict[str, Completed]:
    """How makemap answers when it dumps (-u) and when it builds."""
    answers = {"-u": Completed(0, "k\tv\n", ""), "hash": Completed(0, "", "")}

    def run(argv: list[str], *, given_from: str = "") -> Completed:
        if argv[-2] == "hash" and argv[1] != "-u":
            pathlib.Path(argv[-1]).write_bytes(pathlib.Path(given_from).read_bytes())
            caches.append(argv[1:3])
            return answers["hash"]
        return answers[argv[1]]

    monkeypatch.setattr(mapbuild, "run", run)
    monkeypatch.setattr(mapbuild.shutil, "which", lambda name, path: f"/usr/sbin/{name}")
    monkeypatch.setattr(files, "set_access", lambda path, access: None)
    return answers


def test_a_build_touches_nothing_in_force(answers: dict[str, Completed], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access"
    path.write_text("old")
    made = mapbuild.make(str(path), b"k\tv\n", ROOT)
    built = mapbuild.finish(made, str(path), ROOT)
    assert path.read_text() == "old" and not (tmp_path / "access.db").exists()
    assert built.digest == hashlib.sha256(b"k\tv\n").hexdigest()
    assert built.dump == "k\tv\n" and built.database.endswith(".db") and mapbuild.has_remnants(str(path))
    mapbuild.swap(built, str(path))
    assert sorted(os.listdir(tmp_path)) == ["access", "access.db"] and path.read_text() == "k\tv\n"
    assert mapbuild.is_newer(f"{path}.db", str(path)) and not mapbuild.has_remnants(str(path))


@pytest.mark.parametrize(("size", "cache"), [(9, 1 << 20), (1 << 20, 1 << 22), (1 << 26, 1 << 28), (1 << 27, 1 << 28)])
@pytest.mark.usefixtures("answers")
def test_the_database_fits_into_the_cache(
    caches: list[list[str]], tmp_path: pathlib.Path, size: int, cache: int
) -> None:
    """Otherwise makemap writes the pages of a hash again and again."""
    mapbuild.make(str(tmp_path / "access"), b"x" * size, ROOT)
    assert caches == [["-c", str(cache)]]


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Completed(65, "", "makemap: line 2: no RHS for LHS x\n"), r"\(status 65\): makemap: line 2: no RHS"),
        (Completed(0, "", "WARNING: World writable directory .\n"), r"\(status 0\): WARNING"),
    ],
)
def test_any_complaint_of_makemap_is_an_error(
    answers: dict[str, Completed], tmp_path: pathlib.Path, ended: Completed, told: str
) -> None:
    answers["hash"] = ended
    path = tmp_path / "access"
    path.write_text("old")
    with pytest.raises(MailtlsError, match=told), mapbuild.workspace(str(path)):
        made = mapbuild.make(str(path), b"x\n", ROOT)
        assert mapbuild.has_remnants(str(path))
        mapbuild.finish(made, str(path), ROOT)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["access"]


def test_a_database_that_cannot_be_read_is_none(answers: dict[str, Completed], tmp_path: pathlib.Path) -> None:
    database = tmp_path / "access.db"
    assert mapbuild.read_dump(str(database)) is None
    database.write_bytes(b"garbage")
    assert mapbuild.read_dump(str(database)) == "k\tv\n"
    answers["-u"] = Completed(73, "", "makemap: error opening type hash map g: Invalid argument")
    assert mapbuild.read_dump(str(database)) is None


def test_without_makemap_nothing_is_read(
    answers: dict[str, Completed], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "access.db").write_bytes(b"x")
    monkeypatch.setattr(mapbuild.shutil, "which", lambda name, path: None)
    assert mapbuild.read_dump(str(tmp_path / "access.db")) is None


@pytest.mark.parametrize(("text", "database", "newer"), [(5, 5, True), (5, 6, True), (6, 5, False)])
def test_make_rebuilds_what_is_older(tmp_path: pathlib.Path, text: int, database: int, newer: bool) -> None:
    assert mapbuild.is_newer(str(tmp_path / "access.db"), str(tmp_path / "access"))
    for name, moment in (("access", text), ("access.db", database)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, ns=(moment, moment))
    assert mapbuild.is_newer(str(tmp_path / "access.db"), str(tmp_path / "access")) is newer
