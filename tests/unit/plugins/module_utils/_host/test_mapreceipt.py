# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.receipt import Receipt
from ansible_collections.mailtls.relay.plugins.module_utils._host import files, mapreceipt

TEXT, DATABASE = b"text", b"database" * 200_000
ONE = Receipt("w", hashlib.sha256(TEXT).hexdigest(), hashlib.sha256(DATABASE).hexdigest(), 1)


@pytest.fixture
def path(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A text with its database and its receipt."""
    monkeypatch.setattr(files, "set_access", lambda name, access: os.chmod(name, access.mode))
    (tmp_path / "access").write_bytes(TEXT)
    (tmp_path / "access.db").write_bytes(DATABASE)
    mapreceipt.write(str(tmp_path / "access"), ONE)
    return tmp_path / "access"


def test_a_receipt_is_a_hidden_file_of_its_owner(path: pathlib.Path) -> None:
    assert sorted(os.listdir(path.parent)) == [".access.mailtls-receipt", "access", "access.db"]
    assert os.stat(mapreceipt.place_of(str(path))).st_mode & 0o777 == 0o600
    assert mapreceipt.read(str(path)) == ONE and mapreceipt.holds(ONE, str(path), f"{path}.db")


@pytest.mark.parametrize(
    "harm",
    [
        lambda place: place.unlink(),
        lambda place: place.chmod(0o640),
        lambda place: place.write_text("{"),
        lambda place: os.link(place, place.with_name("other")),
        lambda place: place.rename(place.with_name("other")) and place.symlink_to("other"),
        lambda place: place.unlink() or place.mkdir(mode=0o700),
        lambda place: place.unlink() or os.mkfifo(place, 0o600),
    ],
)
def test_a_receipt_that_others_may_have_made_does_not_count(
    path: pathlib.Path, harm: t.Callable[[pathlib.Path], t.Any]
) -> None:
    harm(pathlib.Path(mapreceipt.place_of(str(path))))
    assert mapreceipt.read(str(path)) is None


def test_a_receipt_of_another_user_does_not_count(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert mapreceipt.read(str(path)) is None


@pytest.mark.parametrize("name", ["access", "access.db"])
def test_one_byte_is_seen(path: pathlib.Path, name: str) -> None:
    file = path.with_name(name)
    before = os.stat(file)
    file.write_bytes(b"X" + file.read_bytes()[1:])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not mapreceipt.holds(ONE, str(path), f"{path}.db")
    file.unlink()
    assert not mapreceipt.holds(ONE, str(path), f"{path}.db") and mapreceipt.digest_of(str(file)) == ""
