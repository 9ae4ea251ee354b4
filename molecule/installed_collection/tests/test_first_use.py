# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's own commands, with the built tarball installed and the example copied; check mode tells the truth."""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import subprocess
import sys
import typing as t

import pytest
import report
from lab import ROOT, Lab, environment, lab_name

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs/testing_your_relays.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
LOOK = "find /etc -printf '%p %T@ %C@ %m %u:%g %s\\n' | sort; cat /run/sendmail/mta/sendmail.pid 2> /dev/null; true"


class User:
    """Somebody with an empty home who follows the README; the lab adds only how the hosts are reached."""

    def __init__(self, lab: Lab, home: pathlib.Path) -> None:
        self.lab = lab
        self.home = home
        self.folder = home
        (home / "ansible.cfg").touch()  # nothing of the checkout's
        self.environment = {
            **environment(lab.name),
            "HOME": str(home),
            "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
            **report.SETTINGS,
        }
        # What belongs to the checkout, and to the run of its tests; and pipelining, which Ansible leaves off.
        for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_PIPELINING", "PYTEST_PLUGINS", "PYTHONPATH"):
            self.environment.pop(name, None)

    def run(self, command: str) -> str:
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def play(self, command: str, **variables: t.Any) -> report.Report:
        """Runs a play; returns what it changed and showed."""
        overlay = f" -i {shlex.quote(str(ROOT / 'molecule/inventory'))}"
        extra = f" --extra-vars {shlex.quote(json.dumps(variables))}" if variables else ""
        return report.parse(self.run(command + overlay + extra))


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(lab_name())


@pytest.fixture(scope="module")
def user(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> User:
    user = User(lab, tmp_path_factory.mktemp("home"))
    galaxy = pathlib.Path(sys.executable).with_name("ansible-galaxy")
    user.run(f"{galaxy} collection build --output-path {user.home} {ROOT}")
    (tarball,) = user.home.glob("mailtls-relay-*.tar.gz")
    install, copy, enter = commands("ansible-galaxy collection install")
    # The tarball stands for Ansible Galaxy, where the README's user gets it.
    user.run(install.replace("mailtls.relay", str(tarball)))
    user.run(copy.replace("~", str(user.home)))
    user.folder = user.home / enter.split()[1]
    return user


def commands(first: str, page: str = README) -> list[str]:
    """The commands of a page's console block that begins with these words."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.S)
    (block,) = [block for block in blocks if block.startswith(first)]
    return t.cast("list[str]", block.splitlines())


def look(lab: Lab) -> list[str]:
    return [lab.read(host, LOOK) for host in ("mta1", "mta2")]


NOTHING = ({"mta1": 0, "mta2": 0}, {})


def test_check_mode_then_the_run_then_nothing(lab: Lab, user: User) -> None:
    check, first, second = commands("ansible-playbook -i inventory.yml mailtls.relay.site --check")
    before = look(lab)
    ca = user.home / ".mailtls"
    foretold = user.play(check)
    assert look(lab) == before and not ca.exists(), "check mode changed something"

    done = user.play(first)
    assert ca.exists() and min(done.counts.values()) > 3, "the hosts were not new"
    assert sorted(foretold.changes) == sorted(done.changes), "check mode foretold other tasks than those that changed"
    assert foretold == done, "check mode showed another diff than the run"

    after = look(lab)
    assert user.play(second) == NOTHING
    assert look(lab) == after


@pytest.mark.parametrize(
    "wish",
    [
        {"sendmail_starttls_offered": False},
        {"sendmail_tls_policy": {"outbound": {"default": {"level": "encrypt", "min_bits": 256}}}},
        {"sendmail_log_level": 12},
    ],
    ids=["STARTTLS off", "256 bits", "log level"],
)
def test_check_mode_before_a_change_of_policy(lab: Lab, user: User, wish: dict[str, t.Any]) -> None:
    check, run, _again = commands("ansible-playbook -i inventory.yml mailtls.relay.site --check")
    before = look(lab)
    foretold = user.play(check, **wish)
    assert look(lab) == before and foretold.changes
    assert user.play(run, **wish) == foretold
    assert user.play(run, **wish) == NOTHING
    user.play(run)


def test_mail_is_held_as_the_tutorial_says(lab: Lab, user: User) -> None:
    off, send, show, on = commands("ansible-playbook -i inventory.yml mailtls.relay.site --limit mta2", TUTORIAL)
    message, _way, there = send.partition(" | ssh mta1.example.test ")
    _ssh, _host, _sudo, shown = show.split()
    lab.empty_queue()
    user.play(off)
    lab.read("mta1", f"{message} | {there}")
    queue = lab.wait("the message in the queue", lambda: re.findall(r"Deferred: .*", lab.read("mta1", shown)))
    assert queue == ["Deferred: 403 4.7.0 encryption too weak 0 less than 128)"]
    user.play(on)
    lab.try_again()
    assert not lab.queued("mta1")


def test_an_ansible_of_ones_own_is_new_enough(user: User) -> None:
    make, enter, install = commands("python3 -m venv")
    said = user.run(f"{make} && {enter} && {install} && ansible --version")
    assert f"{user.home}/ansible/bin/ansible" in said
    assert tuple(map(int, re.findall(r"core (\d+)\.(\d+)", said)[0])) >= (2, 17)


def test_the_users_own_tests_pass_with_nothing_but_testinfra_installed(lab: Lab, user: User) -> None:
    install, path, run = commands("pip install pytest-testinfra", GUIDE)
    venv = user.home / "venv"
    user.run(f"{sys.executable} -m venv {venv}")
    user.run(f"{venv}/bin/{install}")
    # The lab's inventory says how the hosts are reached; Testinfra takes only one on its command line.
    user.environment["ANSIBLE_INVENTORY"] = f"{user.folder / 'inventory.yml'},{ROOT / 'molecule/inventory'}"
    here = run.replace(" --ansible-inventory=inventory.yml", "")
    assert here != run
    said = user.run(f"{path} && {venv}/bin/{here}")
    lab.show(said)
    assert re.search(r"^=+ 12 passed in", said, re.M)


def test_only_what_a_user_needs_is_in_the_tarball(user: User) -> None:
    (tarball,) = user.home.glob("mailtls-relay-*.tar.gz")
    names = subprocess.run(["tar", "--list", "--file", str(tarball)], check=True, capture_output=True, text=True).stdout
    tops = {name.split("/")[0] for name in names.split()}
    assert {"roles", "plugins", "playbooks", "meta", "examples", "docs", "README.md", "LICENSE"} <= tops
    assert not tops & {"ansible.cfg", "Makefile", ".cache", ".venv"}, tops
    lab = {name.split("/")[1] for name in names.split() if name.startswith("molecule/")} - {""}
    assert lab == {"connection", "inventory", "shared"}, "of molecule, what scenarios of others may share"
    assert {name for name in names.split() if name.startswith("tests/") and name.endswith(".py")} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/testinfra/mailtls_checks").glob("*.py")
    }
