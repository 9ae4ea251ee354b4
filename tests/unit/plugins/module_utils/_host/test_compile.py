# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import cf
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import compile as compiler
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

REFUSED = '> tls_server  returns: $# error $@ 4 . 7 . 0 $: "403 encryption too weak " 0 " less than 128"\n'


def test_m4_reads_the_text_and_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], object, str]] = []

    def run(argv: list[str], *, given: bytes, cwd: str) -> Completed:
        calls.append((argv, given, cwd))
        return Completed(0, "V10/Debian\n", "*** WARNING: odd\n")

    monkeypatch.setattr(compiler, "run", run)
    built = compiler.build("dnl\n", "/usr/sendmail.mc")
    compiler.build("dnl\n", "/nonexistent/sendmail.mc")
    assert built == compiler.Built("V10/Debian\n### /usr/sendmail.mc ###\n# dnl\n", ("*** WARNING: odd",))
    assert calls == [(["m4", "-"], b"dnl\n", "/usr"), (["m4", "-"], b"dnl\n", "/")]


def test_what_m4_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "run", lambda argv, given, cwd: Completed(1, "", "m4:stdin:1: ERROR: EOF in string"))
    with pytest.raises(MailtlsError, match="EOF in string"):
        compiler.build("`", "/etc/mail/sendmail.mc")


def test_sendmail_judges_a_private_file_that_goes_away(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    seen: dict[str, t.Any] = {}

    def run(argv: list[str], *, given: str) -> Completed:
        path = argv[argv.index("-C") + 1]
        seen.update(text=pathlib.Path(path).read_text(), mode=os.stat(path).st_mode & 0o777, given=given, last=argv[-1])
        return Completed(0, REFUSED, "")

    monkeypatch.setattr(compiler, "run", run)
    monkeypatch.setattr(
        "ansible_collections.mailtls.relay.plugins.module_utils._host.files.set_access", lambda *_: None
    )
    (answer,) = compiler.ask("V10/Debian\n", [cf.Session()], str(tmp_path))
    assert answer.refused
    assert seen["text"] == "V10/Debian\n" and seen["mode"] == 0o600 and seen["last"] == "-bt"
    assert "tls_server NONE" in seen["given"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [0, 65])
def test_a_map_of_one_row_is_made_for_the_trial(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, status: int
) -> None:
    asked: list[str] = []

    def run(argv: list[str], *, given: str) -> Completed:
        assert argv == ["makemap", "btree", str(tmp_path / "trial")] and given == "TLS_Srv:\tTEMP+ENCR:128\n"
        (tmp_path / "trial.db").write_text(given, encoding="utf-8")
        return Completed(status, "", "no space left")

    def ask(text: str, sessions: t.Sequence[cf.Session], folder: str) -> tuple[cf.Trial, ...]:
        asked.append(text)
        return (cf.Trial(sessions[0], (tmp_path / "trial.db").exists(), ""),)

    monkeypatch.setattr(compiler, "run", run)
    monkeypatch.setattr(compiler, "ask", ask)
    text = "Kaccess btree -T<TMPF> /etc/mail/access\n"
    if status:
        with pytest.raises(MailtlsError, match="no space left"):
            compiler.ask_with_default(text, [cf.Session()], str(tmp_path))
    else:
        (answer,) = compiler.ask_with_default(text, [cf.Session()], str(tmp_path))
        assert answer.refused and asked == [f"Kaccess btree -T<TMPF> {tmp_path}/trial\n"]
    assert list(tmp_path.iterdir()) == []


def test_a_trial_lies_below_folders_of_roots_alone() -> None:
    for folder in ("/", compiler._ROOTS):
        status = os.stat(folder)
        assert status.st_uid == 0 and not status.st_mode & 0o022


def test_a_trial_has_a_private_folder_that_goes_away(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(compiler, "_ROOTS", str(tmp_path))
    with compiler.trial_folder() as folder:
        assert os.path.dirname(folder) == str(tmp_path) and os.stat(folder).st_mode & 0o777 == 0o700
        pathlib.Path(folder, "trial").touch()
    assert not list(tmp_path.iterdir())


def test_a_trial_that_gets_no_folder_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(compiler, "_ROOTS", str(tmp_path / "absent"))
    with pytest.raises(MailtlsError, match="absent: no folder can be made there: No such"), compiler.trial_folder():
        pass


@pytest.mark.parametrize(("needed", "present"), [(("/", "/usr"), True), (("/", "/no such file"), False)])
def test_a_missing_part_is_noticed(monkeypatch: pytest.MonkeyPatch, needed: tuple[str, ...], present: bool) -> None:
    monkeypatch.setattr(compiler, "_NEEDED", needed)
    assert compiler.is_present() is present
