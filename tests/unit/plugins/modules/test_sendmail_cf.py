# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import cf, mc
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import compile as compiler
from ansible_collections.mailtls.relay.plugins.module_utils._host import debianmake, files
from ansible_collections.mailtls.relay.plugins.modules import sendmail_cf
from module_runner import run_module

FIT = (pathlib.Path(__file__).parents[3] / "fixtures/cf/sendmail-8.18.cf").read_text()
CONTENT = f"# {mc.MARK}\ndnl new\n"
STOCK = "divert(-1)dnl stock\n"


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class Relay:
    """A folder in the place of /etc/mail, and what stands in the place of m4, sendmail and root's rights."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.mc, self.cf = folder / "sendmail.mc", folder / "sendmail.cf"
        self.folder = folder
        self.built = FIT
        self.host = "one"
        self.lets = ""  # with which map, and towards whom, mail may go in clear text
        self.refuses_all = False
        self.access: dict[str, files.Access] = {}
        self.steps_to_live = -1
        self.followers = False
        self.work = False
        self.asked_in: set[str] = set()

    def build(self, content: str, path: str) -> compiler.Built:
        header = f"##### built by root@{self.host} on Mon Nov 23 18:43:13 UTC 2026\n##### in /\n"
        return compiler.Built(cf.assemble(header + self.built, content, path), ("remark",))

    def ask(self, text: str, sessions: t.Sequence[cf.Session], folder: str) -> tuple[cf.Trial, ...]:
        self.asked_in.add(folder)
        when = "bare" if "Kaccess hash -T<TMPF> /nonexistent/access\n" in text else "today"
        return tuple(cf.Trial(one, self.refuses(when, one), "") for one in sessions)

    def ask_with_default(self, text: str, sessions: t.Sequence[cf.Session], folder: str) -> tuple[cf.Trial, ...]:
        self.asked_in.add(folder)
        return tuple(cf.Trial(one, self.refuses("default", one), "") for one in sessions)

    def refuses(self, when: str, one: cf.Session) -> bool:
        if one.bits:
            return self.refuses_all or (when == "bare" and self.lets != "bare under TLS")
        return self.lets not in (f"{when} {one.name}", f"{when} {one.address}")

    def places(self) -> tuple[pathlib.Path, pathlib.Path]:
        return self.folder / "databases", self.folder / "Makefile"

    def make(self, mc: str, folder: str) -> list[tuple[str, str]]:
        """What follows the mc, where the test asks for it."""
        owner = files.Access("root", "smmsp", 0o644)
        places = self.places() if self.followers else ()
        return [(files.write_aside(str(path), b"made\n", owner), str(path)) for path in places]

    def set_access(self, path: str, access: files.Access) -> None:
        self.access[os.path.basename(path)] = access

    def swap(self, name: str, path: str) -> None:
        if self.steps_to_live == 0:
            raise Killed
        self.steps_to_live -= 1
        self.access[os.path.basename(path)] = self.access.pop(os.path.basename(name))
        os.rename(name, path)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))


@pytest.fixture()
def relay(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Relay:
    found = Relay(tmp_path)
    monkeypatch.setattr(compiler, "is_present", lambda: True)
    monkeypatch.setattr(compiler, "trial_folder", lambda: contextlib.nullcontext("/run/mailtls"))
    monkeypatch.setattr(compiler, "build", found.build)
    monkeypatch.setattr(compiler, "ask", found.ask)
    monkeypatch.setattr(compiler, "ask_with_default", found.ask_with_default)
    monkeypatch.setattr(debianmake, "build", found.make)
    monkeypatch.setattr(debianmake, "has_work", lambda folder, cf_path: found.work)
    monkeypatch.setattr(files, "set_access", found.set_access)
    monkeypatch.setattr(files, "swap", found.swap)
    monkeypatch.setattr(files, "read_access", lambda path: found.access.get(os.path.basename(path)))
    return found


def run(
    relay: Relay, capfd: pytest.CaptureFixture[str], *, check: bool = False, content: str = CONTENT
) -> dict[str, t.Any]:
    options = {"content": content, "mc": str(relay.mc), "cf": str(relay.cf)}
    return run_module(sendmail_cf.main, capfd, options, check=check)


def test_a_bare_folder_gets_both_files(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    answer = run(relay, capfd)
    assert answer["changed"] and answer["rebuilt"] and answer["warnings_of_m4"] == ["remark"]
    assert relay.mc.read_text() == CONTENT
    assert relay.cf.read_text().endswith(f"### {relay.mc} ###\n# # {mc.MARK}\n# dnl new\n")
    assert relay.names() == ["sendmail.cf", "sendmail.mc"]
    assert relay.access["sendmail.mc"] == relay.access["sendmail.cf"] == files.Access("root", "smmsp", 0o644)
    assert relay.cf.stat().st_mtime >= relay.mc.stat().st_mtime


def test_a_second_run_changes_nothing(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    run(relay, capfd)
    before = relay.cf.stat()
    relay.host = "another"
    assert run(relay, capfd)["changed"] is False
    assert relay.cf.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "damage", ["cf_missing", "cf_foreign", "cf_older", "mc_mode", "cf_mode", "mc_missing", "upgrade"]
)
def test_whatever_differs_is_put_right(relay: Relay, capfd: pytest.CaptureFixture[str], damage: str) -> None:
    run(relay, capfd)
    wrong = files.Access("root", "root", 0o600)
    {
        "cf_missing": relay.cf.unlink,
        "cf_foreign": lambda: relay.cf.write_text("V10/Berkeley\n"),
        "cf_older": lambda: os.utime(relay.cf, (1.0, 1.0)),
        "mc_mode": lambda: relay.access.update({"sendmail.mc": wrong}),
        "cf_mode": lambda: relay.access.update({"sendmail.cf": wrong}),
        "mc_missing": relay.mc.unlink,
        "upgrade": lambda: setattr(relay, "built", f"{FIT}O NewOption=1\n"),
    }[damage]()
    before = relay.names()
    assert run(relay, capfd, check=True)["changed"] and relay.names() == before
    assert run(relay, capfd)["changed"]
    assert run(relay, capfd)["changed"] is False


@pytest.mark.parametrize("steps", range(4))
def test_killed_at_any_swap_the_next_run_converges(relay: Relay, capfd: pytest.CaptureFixture[str], steps: int) -> None:
    relay.mc.write_text(STOCK)
    relay.cf.write_text("V10/Berkeley old\n")
    relay.followers = True
    relay.steps_to_live = steps
    with pytest.raises(Killed):
        run(relay, capfd)
    # A whole cf is in force, and nothing is older than what it is made from.
    assert relay.cf.read_text() == "V10/Berkeley old\n" if steps < 3 else FIT in relay.cf.read_text()
    there = [path for path in (relay.mc, relay.cf, *relay.places()) if path.exists()]
    assert [path.stat().st_mtime_ns for path in there] == sorted(path.stat().st_mtime_ns for path in there)
    relay.steps_to_live = -1
    assert run(relay, capfd)["changed"] and relay.mc.read_text() == CONTENT
    assert run(relay, capfd)["changed"] is False


@pytest.mark.parametrize(
    ("built", "lets", "refuses_all", "told"),
    [
        (FIT.replace(" -T<TMPF>", " -o"), "", False, "lacks -T<TMPF>"),
        (FIT, "bare nobody.invalid", False, "for a stranger go in clear text when the access map is missing"),
        (FIT, "today nobody.invalid", False, "for a stranger go in clear text with the access map of today"),
        (f"{FIT}Rold.example $@ OK\n", "bare old.example", False, "for 'old.example' go in clear text"),
        (f"{FIT}Rold.example $@ OK\n", "bare a.old.example", False, "for 'a.old.example' go in clear text"),
        (f"{FIT}R198.51.100.7 $@ OK\n", "bare 198.51.100.7", False, "for [198.51.100.7] go in clear text"),
        (FIT, "bare under TLS", False, "lets mail go under 256 bits when the access map is missing"),
        (FIT, "default nobody.invalid", False, "go in clear text with an access map that demands TLS"),
        (FIT, "", True, "refuses a session of 256 bits with an access map that demands TLS"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_an_unfit_cf_is_refused_and_nothing_touched(
    relay: Relay, capfd: pytest.CaptureFixture[str], built: str, lets: str, refuses_all: bool, told: str, check: bool
) -> None:
    relay.built, relay.lets, relay.refuses_all = built, lets, refuses_all
    relay.mc.write_text(STOCK)
    answer = run(relay, capfd, check=check)
    assert answer["failed"] and told in answer["msg"]
    assert relay.names() == ["sendmail.mc"] and relay.mc.read_text() == STOCK


@pytest.mark.parametrize("place", ["198.51.100.7", "old.example"])
def test_what_todays_map_excepts_is_not_the_cfs_fault(
    relay: Relay, capfd: pytest.CaptureFixture[str], place: str
) -> None:
    relay.built, relay.lets = f"{FIT}DS{place}\n", f"today {place}"
    assert run(relay, capfd)["changed"]


def test_work_for_debians_make_is_a_reason_to_build(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    run(relay, capfd)
    relay.work = relay.followers = True
    assert run(relay, capfd, check=True)["changed"] and relay.names() == ["sendmail.cf", "sendmail.mc"]
    assert run(relay, capfd)["changed"] and relay.names() == ["Makefile", "databases", "sendmail.cf", "sendmail.mc"]
    relay.work = False
    assert run(relay, capfd)["changed"] is False


def test_what_m4_refuses_is_told(
    relay: Relay, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(content: str, path: str) -> compiler.Built:
        raise MailtlsError("m4 refuses it", where=path)

    monkeypatch.setattr(compiler, "build", fail)
    assert "m4 refuses it" in run(relay, capfd)["msg"] and relay.names() == []


# From Python 3.13 on Ansible itself stops at a NUL, where it logs the options.
@pytest.mark.parametrize(("content", "told"), [(" ", "the mc text is empty"), ("a\0b", "NUL|null character")])
def test_content_that_is_no_text_is_refused(
    relay: Relay, capfd: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    assert re.search(told, run(relay, capfd, content=content)["msg"])


def test_without_m4_check_mode_judges_by_the_mc_alone(
    relay: Relay, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "is_present", lambda: False)
    answer = run(relay, capfd, check=True)
    assert answer["changed"] and answer["diff"]["after"] == CONTENT and relay.names() == []


def test_sendmail_is_not_asked_in_the_folder_of_whoever_logged_in(
    relay: Relay, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without pipelining, Ansible's own folder lies in the home of a user who is not root."""
    run(relay, capfd)
    assert relay.asked_in == {"/run/mailtls"}


def test_a_missing_folder_is_told(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    relay.mc = relay.folder / "absent" / "sendmail.mc"
    assert "Install sendmail first" in run(relay, capfd)["msg"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("keys", "told"), [(None, ""), (["TLS_Srv:local"], ""), (["TLS_Srv:"], '- {key: "TLS_Srv:local", value: OK}')]
)
def test_lmtp_without_an_exception_is_refused_before_the_swap(
    relay: Relay, capfd: pytest.CaptureFixture[str], check: bool, keys: list[str] | None, told: str
) -> None:
    relay.built = f"{FIT}Mlocal, P=[IPC], F=lsz, A=FILE /run/lmtp.sock\n"
    options = {"content": CONTENT, "mc": str(relay.mc), "cf": str(relay.cf), "access_keys": keys}
    answer = run_module(sendmail_cf.main, capfd, options, check=check)
    assert answer.get("failed", False) is bool(told)
    assert told in answer.get("msg", "")
    assert relay.cf.exists() is not (check or bool(told))
