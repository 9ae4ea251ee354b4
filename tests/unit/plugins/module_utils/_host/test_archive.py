# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import archive, files


@pytest.fixture
def there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder in the place of /etc/mail with a file, a link and nothing; whoever runs the test owns it."""
    monkeypatch.setattr(files, "set_access", lambda path, access: os.chmod(path, access.mode))
    (tmp_path / "mc").write_bytes(b"\xff old\n")
    os.chmod(tmp_path / "mc", 0o640)
    os.utime(tmp_path / "mc", ns=(7, 1_234_567_890))
    (tmp_path / "aliases").symlink_to("../aliases")
    (tmp_path / "access").symlink_to("mc")
    return tmp_path


NAMES = ("mc", "access", "aliases", "absent", "nowhere/below")


def items(there: pathlib.Path) -> tuple[archive.Item, ...]:
    return tuple(archive.look(str(there / name)) for name in NAMES)


def keep(there: pathlib.Path) -> tuple[str, archive.Origin]:
    found = archive.Origin(items(there), True, False)
    folder = str(there / "before")
    archive.keep(folder, found)
    return folder, found


def test_what_is_kept_comes_back_as_it_was(there: pathlib.Path) -> None:
    folder, found = keep(there)
    assert archive.read(folder) == found and os.stat(folder).st_mode & 0o777 == 0o700
    kept = archive.copy_of(folder, str(there / "access"))
    assert pathlib.Path(kept).read_bytes() == b"\xff old\n", "a link alone would not tell what it led to"
    (there / "mc").write_text("new")
    (there / "aliases").unlink()
    (there / "absent").write_text("new")
    for item in found.items:
        archive.restore(folder, item)
    assert items(there) == found.items
    archive.forget(folder)
    assert sorted(os.listdir(there)) == ["access", "aliases", "mc"] and archive.read(folder) is None


def test_a_run_that_was_cut_short_is_no_obstacle(there: pathlib.Path) -> None:
    os.mkdir(files.aside(str(there / "before")))
    folder, found = keep(there)
    assert archive.read(folder) == found


def test_a_folder_is_no_setting(there: pathlib.Path) -> None:
    with pytest.raises(MailtlsError, match="neither a file nor a link"):
        archive.look(str(there))


def test_a_file_that_changes_under_the_copy_is_refused(there: pathlib.Path) -> None:
    found = items(there)
    (there / "mc").write_text("other")
    with pytest.raises(MailtlsError, match="changed while it was copied"):
        archive.keep(str(there / "before"), archive.Origin(found, True, True))
    assert archive.read(str(there / "before")) is None


@pytest.mark.parametrize("damage", ["mode", "copy", "manifest", "missing", "half"])
def test_a_damaged_folder_is_refused(there: pathlib.Path, damage: str) -> None:
    folder, _found = keep(there)
    copy = pathlib.Path(archive.copy_of(folder, str(there / "mc")))
    {
        "mode": lambda: os.chmod(folder, 0o755),
        "copy": lambda: copy.write_text("x"),
        "missing": copy.unlink,
        "half": lambda: pathlib.Path(folder, "manifest.json").unlink(),
        "manifest": lambda: pathlib.Path(folder, "manifest.json").write_text("{}"),
    }[damage]()
    with pytest.raises(MailtlsError, match=r"root's own|not what was kept|cannot be understood|holds no"):
        archive.read(folder)
    with pytest.raises(MailtlsError, match="cannot be replaced"):
        archive.keep(folder, archive.Origin(items(there), True, True))
