# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import shutil

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.maillog import Line
from ansible_collections.mailtls.relay.plugins.module_utils._host import journal
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

ENTRY = '{"MESSAGE":"x","SYSLOG_PID":"7","__REALTIME_TIMESTAMP":"1500000"}\n'
SYSLOG = "Nov 23 18:27:33 mta1 sm-mta[305]: y\nNov 23 18:27:33 mta1 cron[1]: z\n"


def prepare(monkeypatch: pytest.MonkeyPatch, ended: Completed | None) -> list[list[str]]:
    called: list[list[str]] = []

    def run(argv: list[str]) -> Completed | None:
        called.append(argv)
        return ended

    monkeypatch.setattr(journal, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if ended else None)
    return called


def test_journal_is_asked_for_sendmail_only(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    called = prepare(monkeypatch, Completed(0, ENTRY, ""))
    assert journal.read_lines(1000.9, str(tmp_path / "none")) == (Line(7, 1.5, "x"),)
    assert called[0][0] == "journalctl"
    assert "--since=@1000" in called[0]
    assert called[0][-6:] == ["-t", "sm-mta", "-t", "sendmail", "-t", "sm-msp-queue"]


@pytest.mark.parametrize("ended", [None, Completed(0, "", ""), Completed(1, "", "No journal files were found.")])
def test_file_where_the_journal_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, ended: Completed | None
) -> None:
    prepare(monkeypatch, ended)
    path = tmp_path / "mail.log"
    path.write_text(SYSLOG)
    assert journal.read_lines(0, str(path)) == (Line(305, None, "y"),)


def test_only_the_end_of_a_long_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    prepare(monkeypatch, None)
    monkeypatch.setattr(journal, "_TAIL", len(SYSLOG) + 5)
    path = tmp_path / "mail.log"
    path.write_text(SYSLOG * 3)
    assert len(journal.read_lines(0, str(path))) == 1


def test_empty_journal_without_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    prepare(monkeypatch, Completed(1, "", ""))
    assert journal.read_lines(0, str(tmp_path / "none")) == ()


@pytest.mark.parametrize(
    "ended, what",
    [
        (None, "there is no mail log: no journal, and No such file"),
        (Completed(1, "", "No journal files were opened due to insufficient permissions."), "insufficient permissions"),
    ],
)
def test_no_log_at_all_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, ended: Completed | None, what: str
) -> None:
    prepare(monkeypatch, ended)
    with pytest.raises(MailtlsError, match=what):
        journal.read_lines(0, str(tmp_path / "none"))
