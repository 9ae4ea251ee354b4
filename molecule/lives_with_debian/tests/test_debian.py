# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian writes below /etc/mail too, and does not always do what it says: the mail is held, the next run converges."""

from __future__ import annotations

import os
import re
import subprocess
import time
import typing as t

import capture
import pytest
from debian import work_for_make
from lab import ROOT, Lab, Message, Play, lab_name

CHANGE = "molecule/shared/change.yml"
RESTART = "systemctl restart sendmail"
NO_BELT = "sed -i '/^LOCAL_CONFIG/,$d' /etc/mail/sendmail.mc"
HUP = "kill -HUP $(head -1 /run/sendmail/mta/sendmail.pid)"
REINSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --reinstall /lab/state/debs/*.deb"
LINKS = "/etc/mail/links"


class Accident(t.NamedTuple):
    """What somebody or something does to a relay.

    ``leaves_work``: the next run must change something.
    """

    name: str
    command: str
    leaves_work: bool = True


ACCIDENTS = [
    Accident("the access text is deleted", f"rm /etc/mail/access && {RESTART}"),
    Accident("the access text and its database are deleted", f"rm /etc/mail/access /etc/mail/access.db && {RESTART}"),
    Accident("the access text is touched", f"touch /etc/mail/access && {RESTART}", leaves_work=False),
    Accident("sendmail.mc is touched", "touch /etc/mail/sendmail.mc"),
    Accident("sendmail.mc is touched, the service restarted", f"touch /etc/mail/sendmail.mc && {RESTART}", False),
    Accident("the belt is cut off sendmail.mc", f"{NO_BELT} && {RESTART}"),
    Accident("the belt is cut off sendmail.cf", f"sed -i '/Local_tls_server. /d' /etc/mail/sendmail.cf && {HUP}"),
    Accident("sendmail.cf is cut short", f"truncate --size 20000 /etc/mail/sendmail.cf && {HUP}"),
    Accident("sendmail.cf is deleted", f"rm /etc/mail/sendmail.cf && {RESTART}", leaves_work=False),
    Accident("HUP", HUP, leaves_work=False),
    Accident("the init script's reload", "/etc/init.d/sendmail reload", leaves_work=False),
    Accident("make", "make -C /etc/mail", leaves_work=False),
    Accident("sendmailconfig", "yes | timeout 120 sendmailconfig"),
    Accident("the packages are installed again", REINSTALL),
]  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Lab:
    found = Lab(lab_name())
    assert found.converge(CHANGE, limit="mta2", sendmail_starttls_offered=False).code == 0
    return found


@pytest.fixture(scope="module")
def debs(lab: Lab) -> None:
    """The packages, from Debian's mirror; the lab itself has no way out."""
    folder = lab.state / "debs"
    folder.mkdir(exist_ok=True)
    image = f"localhost/mailtls-debian-{os.environ.get('MAILTLS_MTA1_SUITE', 'bookworm')}"
    limits = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=10000:10000"]
    find = [str(ROOT / "molecule/shared/files/find_runtime.sh"), image, *limits]
    runtime = subprocess.run(find, check=True, capture_output=True, text=True).stdout.strip()
    fetch = "apt-get update && cd /debs && apt-get download sendmail-bin sendmail-base"
    argv = ["podman", runtime, "run", "--rm", *limits, f"--volume={folder}:/debs", image, "sh", "-c", fetch]
    subprocess.run(argv, check=True, capture_output=True)
    assert len(list(folder.glob("*.deb"))) == 2


def converges(lab: Lab, host: str, **variables: t.Any) -> Play:
    """The next run succeeds, the one after it finds nothing to do, and neither does make."""
    play = lab.converge(CHANGE, limit=host, **variables)
    assert play.code == 0, play.output[-3000:]
    assert not work_for_make(lab, host)
    assert lab.converge(CHANGE, limit=host, **variables).changed == {host: 0}
    assert not work_for_make(lab, host)
    return play


def hold(lab: Lab, mark: str) -> tuple[Message, str]:
    """A message that MTA1 took, tried to deliver, and keeps."""
    sent, queue_id = lab.send_marked(mark)
    assert re.fullmatch(r"\w{14}", queue_id), f"the client was told {queue_id}"
    lab.fate("mta1", queue_id)
    return sent, queue_id


def stays_held(lab: Lab, held: tuple[Message, str], since: float) -> None:
    """A queue run leaves it in the queue, and nothing of it on the wire, although MTA1 tried."""
    # In the foreground: what has not been tried yet has not leaked.
    lab.on("mta1").run("sendmail -Am -qf")
    streams = lab.left_mta1(since)
    assert capture.leaks(streams, ["EHLO mta1.example.test"]), "without a try this proves nothing"
    assert not capture.leaks(streams, held[0].secrets)
    assert held[1] in lab.queued("mta1"), "neither sent nor held: lost"


def daemon(lab: Lab, host: str) -> str:
    return lab.read(host, "head -1 /run/sendmail/mta/sendmail.pid").strip()


def is_the_services_own(lab: Lab, host: str) -> bool:
    pid = daemon(lab, host)
    title = lab.read(host, f"tr '\\0' ' ' < /proc/{pid}/cmdline")
    return "sendmail.service" in lab.read(host, f"cat /proc/{pid}/cgroup") and "accepting connections" in title


def test_make_has_work_when_it_has(lab: Lab) -> None:
    """The look itself, seen red: a younger mc is work for make, and so is a younger cf for its advice."""
    lab.read("mta1", "touch /etc/mail/sendmail.mc /etc/mail/sendmail.cf /etc/mail/access")
    found = work_for_make(lab, "mta1")
    assert {
        "Updating databases ...",
        "Updating Makefile ...",
        "Updating access_db ...",
        "/etc/mail/sendmail.cf",
    } <= found
    converges(lab, "mta1")


@pytest.mark.parametrize("host", ["mta1", "mta2"])
@pytest.mark.parametrize(
    ("before", "variables"),
    [
        ("true", {}),
        ("true", {"sendmail_access_entries": [{"key": "From:mallory@example.test", "value": "REJECT"}]}),
        ("true", {"sendmail_log_level": 11}),
        ("rm /etc/mail/certs/host.crt", {}),
    ],
    ids=["first run", "policy", "cf", "certificate"],
)
def test_after_a_run_make_has_nothing_to_do(lab: Lab, host: str, before: str, variables: dict[str, t.Any]) -> None:
    lab.read(host, before)
    converges(lab, host, **({"sendmail_starttls_offered": False} if host == "mta2" else {}), **variables)


@pytest.mark.usefixtures("debs")
@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.name)
def test_the_mail_is_held_and_the_next_run_converges(lab: Lab, accident: Accident) -> None:
    converges(lab, "mta1")
    # Sent before: with Debian's stock map, strangers may not relay at all.
    moment, held = time.time(), hold(lab, f"accident{time.time_ns()}")
    lab.show(f"mta1# {accident.command}")
    lab.read("mta1", accident.command)
    lab.read("mta1", "sleep 3")
    stays_held(lab, held, moment)
    play = converges(lab, "mta1")
    assert (play.changed["mta1"] > 0) is accident.leaves_work
    after = time.time()
    stays_held(lab, hold(lab, f"after{time.time_ns()}"), after)
    stays_held(lab, held, moment)
    lab.empty_queue()


def test_without_the_belt_a_deleted_access_text_opens_the_relay(lab: Lab) -> None:
    """What the rows above would look like if nothing held."""
    converges(lab, "mta1")
    sent, queue_id = hold(lab, "opened")
    moment = time.time()
    lab.read("mta1", f"{NO_BELT} && rm /etc/mail/access && {RESTART}")
    lab.run_queue()
    lab.fate("mta1", queue_id, r"stat=Sent \(")
    assert capture.leaks(lab.left_mta1(moment), sent.secrets)
    converges(lab, "mta1")


@pytest.mark.parametrize("host", ["mta1", "mta2"])
@pytest.mark.parametrize(
    "pid_file", ["", "-O PidFile=/run/elsewhere.pid"], ids=["Debian's pid file", "another pid file"]
)
def test_a_daemon_outside_of_the_service_is_replaced(lab: Lab, host: str, pid_file: str) -> None:
    offered = {"sendmail_starttls_offered": host == "mta1"}
    converges(lab, host, **offered)
    lab.read(host, "kill $(head -1 /run/sendmail/mta/sendmail.pid); systemctl stop sendmail; sleep 3")
    lab.read(host, f"cd / && setsid systemd-run --scope --quiet sendmail -bd -q1h {pid_file} && sleep 3")
    assert lab.read(host, "cat /proc/$(pgrep -o sendmail)/cgroup | grep -c scope").strip() != "0"
    assert converges(lab, host, **offered).changed[host] == 1
    assert is_the_services_own(lab, host)
    assert lab.read(host, "pgrep -c sendmail").strip() == "1"


def test_a_restart_that_did_nothing_is_completed(lab: Lab) -> None:
    old = daemon(lab, "mta2")
    assert lab.on("mta2").run(RESTART).rc == 0
    assert lab.on("mta2").run(f"test -e /proc/{old} && ! test -e /run/sendmail/mta/sendmail.pid").rc == 0, (
        "the restart did something, so this proves nothing"
    )
    assert converges(lab, "mta2", sendmail_starttls_offered=False).changed["mta2"] == 1
    assert daemon(lab, "mta2") != old and is_the_services_own(lab, "mta2")
    assert lab.read("mta2", "pgrep -c sendmail").strip() == "1"


def test_a_run_killed_between_swap_and_reload_is_completed(lab: Lab) -> None:
    converges(lab, "mta1")
    old = daemon(lab, "mta1")
    text = lab.read("mta1", "cat /etc/mail/sendmail.mc")
    changed = text.replace("define(`confLOG_LEVEL', `9')", "define(`confLOG_LEVEL', `12')")
    assert changed != text
    # The module alone is such a run: it has swapped, and nothing came after it.
    swapped = lab.module("mta1", "sendmail_cf", {"content": changed})
    assert swapped.returncode == 0 and "CHANGED" in swapped.stdout, swapped.stdout
    assert not work_for_make(lab, "mta1") - {"/etc/mail/sendmail.cf"}, "make may still ask for the reload"
    assert daemon(lab, "mta1") == old
    assert converges(lab, "mta1", sendmail_log_level=12).changed["mta1"] == 1
    assert daemon(lab, "mta1") != old


def shown(lab: Lab, host: str) -> str:
    """The SHA-256 of the certificate on the wire, as openssl sees it."""
    talk = "openssl s_client -starttls smtp -connect 127.0.0.1:25 < /dev/null 2>/dev/null"
    return lab.read(host, f"{talk} | openssl x509 -noout -fingerprint -sha256")


def of_file(lab: Lab, host: str, path: str) -> str:
    return lab.read(host, f"openssl x509 -noout -fingerprint -sha256 -in {path}")


def test_an_old_certificate_on_the_wire_is_found_although_the_times_say_nothing(lab: Lab) -> None:
    """A link that leads to an older pair of files, as tools leave it that keep every renewal in a folder of its own."""
    links = {
        f"sendmail_{name}_file": f"{LINKS}/now/host.{end}" for name, end in (("certificate", "crt"), ("key", "key"))
    }
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=mta1.example.test"
    make += f" -keyout {LINKS}/b/host.key -out {LINKS}/b/host.crt 2>/dev/null && chmod 600 {LINKS}/b/host.key"
    lab.read("mta1", f"install -d {LINKS}/a {LINKS}/b && cp -p /etc/mail/certs/host.* {LINKS}/a/ && {make}")
    lab.read("mta1", f"ln -sfn a {LINKS}/now")
    converges(lab, "mta1", **links)
    assert shown(lab, "mta1") == of_file(lab, "mta1", f"{LINKS}/a/host.crt")

    lab.read("mta1", f"ln -sfn b {LINKS}/now")
    assert shown(lab, "mta1") != of_file(lab, "mta1", f"{LINKS}/now/host.crt")
    assert converges(lab, "mta1", **links).changed["mta1"] == 1
    assert shown(lab, "mta1") == of_file(lab, "mta1", f"{LINKS}/now/host.crt")
    converges(lab, "mta1")


def test_a_daemon_with_another_cf_is_ended_and_named_if_it_comes_back(lab: Lab) -> None:
    """Where the unit itself says so; in sendmail.conf it is refused before anything is touched."""
    folder = "/etc/systemd/system/sendmail.service.d"
    start = "/usr/sbin/sendmail-mta -Am -L sm-mta -C /etc/mail/other.cf -bd -q10m"
    lab.read("mta1", "cp /etc/mail/sendmail.cf /etc/mail/other.cf")
    lab.read("mta1", f"mkdir {folder} && printf '[Service]\\nExecStart=\\nExecStart={start}\\n' > {folder}/other.conf")
    lab.read("mta1", f"systemctl daemon-reload && {RESTART}")
    play = lab.converge(CHANGE, limit="mta1")
    said = " ".join(play.output.split())
    assert play.code != 0 and "restarted with -C /etc/mail/other.cf again" in said, said[-2000:]
    # Without the cause, the daemon that still has it is replaced.
    lab.read("mta1", f"rm -r {folder} && systemctl daemon-reload")
    assert converges(lab, "mta1").changed["mta1"] == 1
    assert "-C" not in lab.read("mta1", "tail -1 /run/sendmail/mta/sendmail.pid")


def test_a_daemon_that_hup_would_end_is_restarted(lab: Lab) -> None:
    converges(lab, "mta1")
    folder = "/etc/systemd/system/sendmail.service.d"
    start = '/bin/sh -c "cd /usr/sbin && exec ./sendmail-mta -Am -L sm-mta -bd -q10m"'
    lab.read("mta1", f"mkdir {folder} && printf '[Service]\\nExecStart=\\nExecStart={start}\\n' > {folder}/other.conf")
    lab.read("mta1", f"systemctl daemon-reload && {RESTART}; rm -r {folder} && systemctl daemon-reload")
    assert "\n./sendmail-mta" in lab.read("mta1", "cat /run/sendmail/mta/sendmail.pid")
    lab.read("mta1", "touch /etc/mail/certs/ca.crt")
    assert converges(lab, "mta1").changed["mta1"] == 1
    assert is_the_services_own(lab, "mta1")
