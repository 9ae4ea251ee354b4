# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mapfile, mc
from ansible_collections.mailtls.relay.plugins.module_utils._core.daemon import Daemon
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import archive, files, service
from ansible_collections.mailtls.relay.plugins.module_utils._host import compile as compiler
from ansible_collections.mailtls.relay.plugins.modules import sendmail_origin
from module_runner import run_module

THEIRS = "include(`/cf/m4/cf.m4')\nFEATURE(`redirect')\n"
OURS = f"dnl # {mc.MARK}\ninclude(`/cf/m4/cf.m4')\n"
FLOOR = {"key": "TLS_Srv:", "value": "TEMP+ENCR:128"}


class Relay:
    """A folder in the place of /etc/mail, and a service that remembers what was done to it."""

    def __init__(self, folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capfd, self.done = folder, capfd, []
        self.running: Daemon | None = Daemon(7, 0.0)
        self.restarts = False

    def start(self, name: str, pid_file: str) -> Daemon:
        self.done.append("started")
        return Daemon(8 if self.restarts else 7, 1.0)

    def reload(self, daemon: Daemon, pid_file: str, newest: float) -> Daemon:
        self.done.append("reloaded")
        return Daemon(9, 1.0)

    def run(self, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        paths = {name: str(self.folder / name) for name in ("mc", "cf", "access", "sendmail.conf", "before")}
        given = {
            "mc": paths["mc"],
            "cf": paths["cf"],
            "access": paths["access"],
            "folder": paths["before"],
            "files": [path for name, path in paths.items() if name != "before"],
            "content": OURS,
            "entries": [FLOOR],
        }
        return run_module(sendmail_origin.main, self.capfd, {**given, **options}, check=check)


@pytest.fixture
def relay(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Relay:
    found = Relay(tmp_path, capfd)
    monkeypatch.setattr(files, "set_access", lambda path, access: os.chmod(path, access.mode))
    monkeypatch.setattr(compiler, "is_present", lambda: True)
    monkeypatch.setattr(compiler, "build", lambda text, where: compiler.Built("V10\n", ()))
    monkeypatch.setattr(service, "find_daemon", lambda pid_file: found.running)
    monkeypatch.setattr(service, "is_enabled", lambda name: True)
    monkeypatch.setattr(service, "set_enabled", lambda name, wished: found.done.append(f"enabled {wished}"))
    monkeypatch.setattr(service, "stop", lambda name, pid_file: found.done.append("stopped"))
    monkeypatch.setattr(service, "start", found.start)
    monkeypatch.setattr(service, "reload", found.reload)
    (tmp_path / "mc").write_text(THEIRS)
    (tmp_path / "cf").write_text("V10\n")
    (tmp_path / "access").write_text('From:a@ REJECT\nAuthInfo:h "P:secret"\nConnect:10.1 RELAY\n')
    return found


LIVES_ON = f"{OURS}FEATURE(`redirect')\n"


def test_foreign_work_stops_with_all_that_is_to_do_and_nothing_is_kept(relay: Relay) -> None:
    answer = relay.run()
    assert answer["failed"] and not (relay.folder / "before").exists()
    for words in ("FEATURE(`redirect')dnl", "From:a@ REJECT", "AuthInfo:h (hidden)", "sendmail_takeover: true"):
        assert words in answer["msg"]
    assert relay.run(takeover=True)["failed"], "redirect would be lost"


def test_it_is_kept_once_and_put_back(relay: Relay) -> None:
    entries = [FLOOR, {"key": "Connect:10.1", "value": "REJECT"}]
    wish: dict[str, t.Any] = {"takeover": True, "content": LIVES_ON, "entries": entries}
    foretold, kept, again = relay.run(check=True, **wish), relay.run(**wish), relay.run(**wish)
    assert foretold["changed"] and kept["changed"] and not again["changed"]
    assert kept["imported"] == ["From:a@", "AuthInfo:h"] and kept["overruled"] == ["Connect:10.1"]
    assert "Connect:10.1 (a variable says otherwise)" in kept["report"] and "secret" not in str(kept)
    (relay.folder / "mc").write_text(OURS)
    assert relay.run()["report"] == "" and not relay.run()["changed"]
    assert relay.run(check=True, state="restored")["changed"] and (relay.folder / "mc").read_text() == OURS
    reverted = relay.run(state="restored")
    assert reverted["restored"] == [str(relay.folder / "mc")] and reverted["pid"] == 9
    assert (relay.folder / "mc").read_text() == THEIRS and relay.done == ["enabled True", "started", "reloaded"]
    assert not relay.run(state="restored")["changed"]
    assert relay.run(**wish)["changed"] and (relay.folder / "before").exists(), "a second take-over"


def test_a_run_that_was_cut_short_judges_and_imports_what_was_there_before(relay: Relay) -> None:
    relay.run(takeover=True, content=LIVES_ON)
    (relay.folder / "cf").write_text("V10\nours\n")
    (relay.folder / "access").write_text(f"{mapfile.HEADER}\nTLS_Srv:\tTEMP+ENCR:128\n")
    answer = relay.run(takeover=True, content=LIVES_ON)
    assert not answer["changed"] and "ours" not in answer["report"] and "From:a@" in answer["imported"]


@pytest.mark.parametrize("name", ["mc", "access"])
def test_what_changes_between_keeping_and_replacing_is_not_lost(relay: Relay, name: str) -> None:
    relay.run(takeover=True, content=LIVES_ON)
    with (relay.folder / name).open("a") as stream:
        stream.write("FEATURE(`redirect') new\n")
    assert "was changed since" in relay.run(takeover=True, content=LIVES_ON)["msg"]


@pytest.mark.parametrize("mc_text", [None, "OSTYPE(`debian')\n"])
def test_a_package_installed_anew_is_nobodys_work(relay: Relay, mc_text: str | None) -> None:
    relay.run(takeover=True, content=LIVES_ON)
    (relay.folder / "mc").unlink()
    if mc_text:
        (relay.folder / "mc").write_text(mc_text)
    assert not relay.run()["changed"] and archive.read(str(relay.folder / "before"))


@pytest.mark.parametrize("steps", range(4))
def test_a_revert_that_was_cut_short_is_finished_by_the_next(
    relay: Relay, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    relay.run(takeover=True, content=LIVES_ON)
    names = ("mc", "cf", "access", "sendmail.conf")
    before = {name: (relay.folder / name).exists() and (relay.folder / name).read_text() for name in names}
    for name in names:
        (relay.folder / name).write_text(OURS)
    left, restore = [*range(steps)], archive.restore

    def killed(folder: str, item: archive.Item) -> None:
        if not left:
            raise MailtlsError("killed")
        left.pop()
        restore(folder, item)

    monkeypatch.setattr(archive, "restore", killed)
    assert relay.run(state="restored")["failed"]
    assert (relay.folder / "mc").read_text() == OURS, "a run would take the host for somebody else's"
    monkeypatch.setattr(archive, "restore", restore)
    assert relay.run(state="restored")["changed"] and relay.done[-2:] == ["enabled True", "started", "reloaded"][-2:]
    after = {name: (relay.folder / name).exists() and (relay.folder / name).read_text() for name in names}
    assert after == before


@pytest.mark.parametrize(
    ("running", "restarts", "done"),
    [(True, True, ["started"]), (True, False, ["started", "reloaded"]), (False, True, ["started"])],
)
def test_a_daemon_gets_its_old_arguments(relay: Relay, running: bool, restarts: bool, done: list[str]) -> None:
    relay.run(takeover=True, content=LIVES_ON)
    (relay.folder / "sendmail.conf").write_text("new\n")
    relay.restarts, relay.running = restarts, relay.running if running else None
    assert relay.run(state="restored")["pid"] == (9 if "reloaded" in done else 8)
    assert relay.done[1:] == done and not (relay.folder / "sendmail.conf").exists()


def test_a_service_that_did_not_run_is_stopped(relay: Relay) -> None:
    relay.running = None
    relay.run(takeover=True, content=LIVES_ON)
    assert relay.run(state="restored")["pid"] == 0 and relay.done[1:] == ["stopped"]


def test_a_database_without_its_text_is_refused(relay: Relay) -> None:
    (relay.folder / "access").rename(relay.folder / "access.db")
    assert "makemap -u hash" in relay.run(takeover=True, content=LIVES_ON)["msg"]


def test_nothing_is_imported_where_that_is_not_wished(relay: Relay) -> None:
    assert relay.run(takeover=True, content=LIVES_ON, import_access=False)["imported"] == []


def test_a_host_without_a_configuration_has_nothing_to_judge(relay: Relay) -> None:
    for name in ("mc", "cf", "access"):
        (relay.folder / name).unlink()
    answer = relay.run()
    assert answer["changed"] and answer["report"] == "" and answer["diff"] == {}
