# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import aliases, mc
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import files, localmail, mapbuild
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

FOREIGN = "DSesmtp:[127.0.0.1]\nKmailertable hash {table}\nO DaemonPortOptions=Family=inet, Port=587, M=E\n"


class Relay:
    """A folder in the place of /etc, and programs that do as sendmail and update_conf do."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.mail = folder / "mail"
        self.mail.mkdir()
        self.text = folder / "aliases"
        self.text.write_text("ops: bob\n")
        (self.mail / "aliases").symlink_to("../aliases")
        self.crontab = folder / "crontab"
        self.ended = Completed(0, "", "")
        self.lacks = ""
        self.mends = True

    def run(self, argv: t.Sequence[str]) -> Completed:
        if argv[0] == "sendmail":
            text = pathlib.Path(argv[2][len("-oA") :])
            rows = [name for name in aliases.parse_aliases(text.read_text()) if name != self.lacks]
            text.with_name(text.name + ".db").write_text("".join(f"{name}\tx\n" for name in rows))
        elif self.mends:
            self.crontab.write_text("*/20 * * * * smmsp /usr/share/sendmail/sendmail cron-msp\n")
        return self.ended

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def relay(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Relay:
    relay = Relay(tmp_path)
    for name, path in (("CF", "mail/sendmail.cf"), ("CF_BEFORE", "before.cf"), ("ALIASES", "mail/aliases")):
        monkeypatch.setattr(localmail, name, str(tmp_path / path))
    monkeypatch.setattr(localmail.msp, "CRONTAB", str(relay.crontab))
    monkeypatch.setattr(localmail.msp, "CONF", str(tmp_path / "sendmail.conf"))
    monkeypatch.setattr(localmail, "run", relay.run)
    monkeypatch.setattr(files, "set_access", lambda path, access: None)
    monkeypatch.setattr(mapbuild, "read_dump", lambda database: pathlib.Path(database).read_text())
    return relay


def write_cf(relay: Relay, text: str, name: str = "mail/sendmail.cf") -> None:
    (relay.folder / name).write_text(text.format(table=relay.folder / "table"))


def test_a_bare_host_has_nothing(relay: Relay) -> None:
    assert localmail.read_hops() == []
    assert localmail.read_submission() is None


@pytest.mark.parametrize(
    ("managed", "hops"), [("", ["smtp:[127.0.0.1]", "esmtp:[127.0.0.1]"]), (f"# {mc.MARK}\n", ["smtp:[127.0.0.1]"])]
)
def test_local_next_hops_of_a_cf_and_its_mailertable(relay: Relay, managed: str, hops: list[str]) -> None:
    write_cf(relay, managed + FOREIGN)
    (relay.folder / "table").write_text("a.example\tsmtp:[127.0.0.1]\nb.example\tsmtp:mta2.example\n")
    assert [hop["hop"] for hop in localmail.read_hops()] == hops


def test_port_587_of_what_was_there_before_us(relay: Relay) -> None:
    write_cf(relay, FOREIGN)
    assert localmail.read_submission() == ["Family=inet, Port=587, M=E"]
    write_cf(relay, f"# {mc.MARK}\n{FOREIGN}")
    assert localmail.read_submission() is None
    write_cf(relay, "O DaemonPortOptions=Port=smtp\n", "before.cf")
    assert localmail.read_submission() == []


def test_who_runs_the_queue(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    comm = relay.folder / "comm"
    comm.write_text("cron\n")
    monkeypatch.setattr(localmail.glob, "glob", lambda pattern: [str(comm), str(relay.folder / "gone")])
    assert localmail.read_runner() == localmail.msp.Runner("cron", False, True)
    localmail.mend_runner()
    assert localmail.read_runner() == localmail.msp.Runner("cron", True, True)
    comm.write_text("crond\n")
    assert not localmail.read_runner().alive


@pytest.mark.parametrize(("pid", "alive"), [(os.getpid(), True), (2**22 + 1, False)], ids=["lives", "ended"])
def test_a_daemon_that_runs_the_queue(relay: Relay, monkeypatch: pytest.MonkeyPatch, pid: int, alive: bool) -> None:
    (relay.folder / "sendmail.conf").write_text('MSP_MODE="Daemon";\n')
    (relay.folder / "pid").write_text(f"{pid}\n/usr/sbin/sendmail -Ac\n")
    monkeypatch.setattr(localmail, "_MSP_PID", str(relay.folder / "pid"))
    assert localmail.read_runner() == localmail.msp.Runner("daemon", False, alive)


def test_a_job_that_does_not_come_is_an_error(relay: Relay) -> None:
    relay.mends = False
    with pytest.raises(MailtlsError, match="left no job"):
        localmail.mend_runner()


def test_a_file_that_cannot_be_read_counts_as_empty(relay: Relay) -> None:
    (relay.folder / "mail/sendmail.cf").mkdir()
    assert localmail.read_hops() == []


def test_aliases_are_built_aside_and_younger_than_their_text(relay: Relay) -> None:
    wished = localmail.plan_aliases("")
    assert wished and wished.startswith("ops: bob\n")
    localmail.write_aliases(wished)
    assert relay.text.read_text() == wished
    assert (relay.mail / "aliases").is_symlink()
    assert (relay.mail / "aliases.db").read_text().split() == ["ops", "x", "postmaster", "x", "mailer-daemon", "x"]
    assert relay.names() == ["aliases", "aliases", "aliases.db"]
    assert localmail.plan_aliases("") is None
    os.utime(relay.text, (2e9, 2e9))
    assert localmail.plan_aliases("") == wished


def test_a_missing_database_is_made(relay: Relay) -> None:
    localmail.write_aliases(localmail.plan_aliases("") or "")
    (relay.mail / "aliases.db").unlink()
    assert localmail.plan_aliases("") is not None


@pytest.mark.parametrize(
    ("ended", "lacks", "told"),
    [
        (Completed(70, "", "line 2: missing colon"), "", r"\(status 70\): line 2: missing colon"),
        (Completed(0, "", ""), "ops", "lacks ops"),
    ],
)
def test_what_sendmail_refuses_is_not_put_in_force(relay: Relay, ended: Completed, lacks: str, told: str) -> None:
    relay.ended, relay.lacks = ended, lacks
    with pytest.raises(MailtlsError, match=told):
        localmail.write_aliases("ops: bob\nbad")
    assert relay.text.read_text() == "ops: bob\n"
    assert relay.names() == ["aliases", "aliases"]
