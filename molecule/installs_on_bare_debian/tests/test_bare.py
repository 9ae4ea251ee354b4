# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Debian or Ubuntu host without mail becomes a relay, on every release; check mode foretells all of it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import report
import testinfra
from lab import ROOT, environment
from mailtls_checks import check_closed_default, check_service

HOSTS = {"bare11": "8.15.2", "bare12": "8.17.1", "bare13": "8.18.1", "bare22": "8.15.2", "bare24": "8.18.1"}
# All that a play could touch; systemd keeps its own time stamps in /var/lib/systemd.
LOOK = (
    "find /etc /usr /var/lib /var/spool -path /var/lib/systemd -prune -o -printf '%p %T@ %C@ %m %u:%g %s\\n' | sort; "
    "pgrep --list-full sendmail"
)
CA = pathlib.Path("~/.mailtls/lab/installs_on_bare_debian").expanduser()
UNKNOWN_PEER = ".D{server_name}unlisted.example\n.D{server_addr}192.0.2.1\n.D{cipher_bits}256\ntls_server NONE\n"
# Of these check mode cannot know what was there before, because the package brings it: stock files, a stock daemon.
FROM_THE_PACKAGE = [
    "Ensure the packages are there",
    "Ensure sendmail.mc and sendmail.cf say what the variables say",
    "Ensure the access map says what the variables say",
    "Ensure the daemon runs what is on disk and STARTTLS is as asked",
]


class Told(t.NamedTuple):
    """What the three plays said that a user runs, and what check mode left behind."""

    foretold: report.Report
    done: report.Report
    again: report.Report
    left_behind: list[str]


@pytest.fixture(scope="module")
def told() -> Told:
    before = look()
    foretold = play("--check", "--diff")
    left_behind = sorted(before ^ look())
    return Told(foretold, play(), play(), left_behind)


def look() -> set[str]:
    lines = {str(path) for path in [CA] if path.exists()}
    for host in HOSTS:
        seen = testinfra.get_host(f"podman://mailtls-bare-{host}").run(LOOK).stdout.splitlines()
        assert len(seen) > 1000
        lines |= {f"{host}: {line}" for line in seen}
    return lines


def play(*options: str) -> report.Report:
    ansible = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
    inventory = str(ROOT / "molecule/installs_on_bare_debian/inventory.yml")
    argv = [ansible, "--inventory", inventory, "playbooks/site.yml", *options]
    settings = {**environment(os.environ["MOLECULE_SCENARIO_NAME"]), **report.SETTINGS}
    done = subprocess.run(argv, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return report.parse(done.stdout)


@pytest.fixture(params=HOSTS)
def relay(request: pytest.FixtureRequest, told: Told) -> t.Any:
    """A host on which the plays have run, and the release of sendmail it must have."""
    return testinfra.get_host(f"podman://mailtls-bare-{request.param}"), HOSTS[request.param]


def test_check_mode_changes_nothing(told: Told) -> None:
    assert told.left_behind == []


def test_check_mode_foretells_every_task_that_changes(told: Told) -> None:
    assert len(told.done.changes) > 3 * len(FROM_THE_PACKAGE)
    assert sorted(told.foretold.changes) == sorted(told.done.changes)
    assert told.foretold.counts == told.done.counts


def test_check_mode_shows_what_will_be_there(told: Told) -> None:
    for (host, task), diff in told.foretold.changes.items():
        done = told.done.changes[(host, task)]
        assert diff.after == done.after, (host, task)
        if not task.endswith(tuple(FROM_THE_PACKAGE)):
            assert diff == done, (host, task)


def test_the_second_run_changes_nothing(told: Told) -> None:
    assert told.again == (dict.fromkeys(HOSTS, 0), {})


def test_the_release_of_sendmail(relay: t.Any) -> None:
    host, version = relay
    assert f"Version {version}" in host.check_output("sendmail -d0.1 -bv root | head -1")


def test_it_runs_now_and_after_a_reboot(relay: t.Any) -> None:
    host, _version = relay
    check_service(host)


def test_clear_text_is_held_in_sendmails_words(relay: t.Any) -> None:
    host, _version = relay
    assert set(check_closed_default(host).values()) == {"refused: 403 encryption too weak 0 less than 128"}
    assert "returns: OK" in host.check_output(f"printf '%s' '{UNKNOWN_PEER}' | sendmail -bt -Am").splitlines()[-2]


def test_starttls_is_offered_on_its_address(relay: t.Any) -> None:
    host, _version = relay
    talk = "import smtplib, sys; s = smtplib.SMTP(sys.argv[1], timeout=30); s.ehlo()"
    talk += "; print(s.has_extn('starttls')); print(s.starttls())"
    address = host.check_output("hostname -I || ip -4 -o addr show scope global").split()[0]
    assert host.check_output(f'python3 -c "{talk}" {address}').splitlines()[0] == "True"


def test_the_key_is_nobody_elses(relay: t.Any) -> None:
    host, _version = relay
    key = host.file("/etc/mail/certs/host.key")
    assert (key.user, key.group, key.mode) == ("root", "root", 0o600)
