# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import getpass
import grp
import os
import pathlib
import stat
import subprocess
import sys

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import files
from ansible_collections.mailtls.relay.plugins.module_utils._host.files import Access

MINE = Access(getpass.getuser(), grp.getgrgid(os.getegid()).gr_name, 0o640)


def test_what_is_not_there_is_none(tmp_path: pathlib.Path) -> None:
    assert files.read_bytes(str(tmp_path / "none")) is None
    assert files.read_access(str(tmp_path / "none")) is None


def test_what_cannot_be_read_is_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(MailtlsError, match=r": cannot be read: Is a directory\."):
        files.read_bytes(str(tmp_path))


def test_access_is_read_and_printed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    path.chmod(0o604)
    found = files.read_access(str(path))
    assert found == Access(MINE.owner, MINE.group, 0o604)
    assert str(found) == f"{MINE.owner}:{MINE.group} 0604"


def test_an_owner_without_a_name_is_a_number(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(files.pwd, "getpwuid", nobody)
    monkeypatch.setattr(files.grp, "getgrgid", nobody)
    found = files.read_access(str(tmp_path))
    assert found is not None and (found.owner, found.group) == (str(os.geteuid()), str(tmp_path.stat().st_gid))


def test_a_file_is_built_aside_and_swapped(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access"
    path.write_bytes(b"old")
    name = files.write_aside(str(path), b"new", MINE)
    assert (os.path.dirname(name), os.path.basename(name)) == (str(tmp_path), ".access.mailtls-aside")
    assert path.read_bytes() == b"old" and stat.S_IMODE(os.stat(name).st_mode) == 0o640
    files.swap(name, str(path))
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["access"]


def test_a_stale_file_aside_is_replaced_never_followed(tmp_path: pathlib.Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / ".access.mailtls-aside").symlink_to(victim)
    name = files.write_aside(str(tmp_path / "access"), b"new", MINE)
    assert victim.read_bytes() == b"mine" and not os.path.islink(name)


def test_a_file_is_private_until_it_has_its_owner(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(files, "set_access", lambda name, access: seen.append(stat.S_IMODE(os.stat(name).st_mode)))
    files.write_aside(str(tmp_path / "key"), b"secret", Access("root", "root", 0o644))
    assert seen == [0o600]


def test_a_suffix_ends_the_name() -> None:
    assert files.aside("/etc/mail/access.db", ".db") == "/etc/mail/.access.db.mailtls-aside.db"


def test_a_folder_that_is_not_there_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(MailtlsError, match=r"cannot be written: No such file or directory\. The file in force"):
        files.write_aside(str(tmp_path / "none" / "access"), b"", MINE)
    told = r"none: the folder cannot be opened: No such file or directory\."
    with pytest.raises(MailtlsError, match=told), files.locked(str(tmp_path / "none")):
        pass


@pytest.mark.parametrize(("owner", "group"), [("no-such-user", MINE.group), (MINE.owner, "no-such-group")])
def test_an_unknown_owner_is_told(tmp_path: pathlib.Path, owner: str, group: str) -> None:
    with pytest.raises(MailtlsError, match=r"does not exist\. Install the sendmail package first"):
        files.set_access(str(tmp_path), Access(owner, group, 0o600))


def test_removing_twice_is_fine(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    files.remove(str(path))
    files.remove(str(path))
    assert not path.exists()


def test_only_one_run_changes_a_folder(tmp_path: pathlib.Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with files.locked(str(tmp_path)), pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def test_a_run_that_hangs_is_waited_for_with_an_end_and_named(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LOCK_TIMEOUT", 0.3)
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), 2); print(flush=True); input()"
    command, pipe = [sys.executable, "-c", hold, tmp_path], subprocess.PIPE
    told = r"has kept this folder locked for 0 s\. Wait for that run"
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout and other.stdout.readline()
        with pytest.raises(MailtlsError, match=told) as caught, files.locked(str(tmp_path)):
            pass
        # Some file systems have other numbers in /proc/locks than in stat(2).
        assert str(caught.value).startswith((f"{tmp_path}: process {other.pid} (", f"{tmp_path}: another run"))
        other.communicate(b"\n")
    with files.locked(str(tmp_path)):
        pass


def test_what_cannot_be_swapped_or_removed_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").mkdir()
    name = files.write_aside(str(tmp_path / "file"), b"new", MINE)
    with pytest.raises(MailtlsError, match=r"/file: cannot be replaced: Is a directory\. This file is as it was"):
        files.swap(name, str(tmp_path / "file"))
    with pytest.raises(MailtlsError, match=r"/file: cannot be removed: Is a directory\."):
        files.remove(str(tmp_path / "file"))
