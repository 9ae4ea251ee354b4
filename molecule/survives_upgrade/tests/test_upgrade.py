# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian 12 becomes 13 under held mail: it stays held, the policy in force, and it drains under TLS when it may."""

from __future__ import annotations

import re
import socket
import subprocess
import time
import typing as t

import capture
import pytest
from debian import work_for_make
from lab import Lab, lab_name
from mailtls_checks import check_access_map, check_closed_default, check_service
from story import TLS_LINE, Story

HELD = {"tls_audit_expect": "held", "tls_audit_evidence_host": ""}
SOURCES = "$(find /etc/apt -name '*.list' -o -name '*.sources')"
UPGRADE = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get --quiet update && "
    "apt-get --quiet --yes -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold dist-upgrade"
)
WEAK = r"stat=Deferred: 403 4\.7\.0 encryption too weak 0 less than 128"


class Upgraded(t.NamedTuple):
    """What was held before, and when the upgrade began."""

    story: Story
    queue: list[str]
    moment: float


@pytest.fixture(scope="module")
def lab() -> Lab:
    found = Lab(lab_name())
    assert found.converge(limit="mta2", sendmail_starttls_offered=False).code == 0
    return found


@pytest.fixture(scope="module")
def upgraded(lab: Lab) -> Upgraded:
    story = Story(lab)
    for mark in ("upgrade1", "upgrade2", "upgrade3"):
        story.held[mark] = lab.send_marked(mark)
        lab.fate("mta1", story.held[mark][1], WEAK)
    queue, moment = sorted(lab.queued("mta1")), time.time()
    assert len(queue) == 3 and "8.17" in release(lab)
    upgrade(lab)
    return Upgraded(story, queue, moment)


def release(lab: Lab) -> str:
    return lab.read("mta1", "sendmail -d0.1 -bv root | head -1")


def upgrade(lab: Lab) -> None:
    """The lab's DNS knows nothing of the world and sendmail must go on asking it, so the mirror goes to /etc/hosts."""
    names = set(re.findall(r"https?://([^/\s]+)", lab.read("mta1", f"cat {SOURCES}")))
    hosts = lab.state / "hosts-mta1"
    before = hosts.read_text(encoding="utf-8")
    way_out = ["podman", "network", "%s", "podman", lab.container("mta1")]
    subprocess.run([word.replace("%s", "connect") for word in way_out], check=True)
    try:
        hosts.write_text(before + "".join(f"{socket.gethostbyname(name)} {name}\n" for name in names), encoding="utf-8")
        lab.read("mta1", f"sed -i s/bookworm/trixie/g {SOURCES}")
        lab.read("mta1", UPGRADE)
    finally:
        hosts.write_text(before, encoding="utf-8")
        subprocess.run([word.replace("%s", "disconnect") for word in way_out], check=True)


def test_the_mail_is_still_held(lab: Lab, upgraded: Upgraded) -> None:
    assert "8.18" in release(lab) and lab.read("mta1", "cat /etc/debian_version").startswith("13")
    assert sorted(lab.queued("mta1")) == upgraded.queue
    before = len(lab.log("mta1", WEAK))
    lab.run_queue()
    # Of one queue run, only the first message for a host is logged with the reason.
    lab.wait("MTA1 to log the reason", lambda: len(lab.log("mta1", WEAK)) > before)
    assert sorted(lab.queued("mta1")) == upgraded.queue
    for _message, queue_id in upgraded.story.held.values():
        assert "stat=Deferred" in lab.fate("mta1", queue_id)
    streams = lab.left_mta1(upgraded.moment)
    assert capture.leaks(streams, ["EHLO mta1.example.test"]), "MTA1 did not even try: this proves nothing"
    assert not capture.leaks(streams, [word for sent, _id in upgraded.story.held.values() for word in sent.secrets])


def test_the_policy_is_in_force_before_the_next_run(lab: Lab, upgraded: Upgraded) -> None:
    check_access_map(lab.on("mta1"), {"TLS_Srv:": "TEMP+ENCR:128"})
    check_closed_default(lab.on("mta1"))


def test_the_next_run_converges(lab: Lab, upgraded: Upgraded) -> None:
    play = lab.converge(limit="mta1", **HELD)
    assert play.code == 0, play.output[-3000:]
    assert not work_for_make(lab, "mta1")
    assert lab.converge(limit="mta1", **HELD).changed == {"mta1": 0}
    check_service(lab.on("mta1"))


def test_the_held_mail_arrives_under_tls(lab: Lab, upgraded: Upgraded) -> None:
    assert lab.converge(limit="mta2", sendmail_starttls_offered=True).code == 0
    rows = upgraded.story.held_mail_arrives()
    assert len(rows) == 12 and not [row for row in rows if not row.holds]
    assert all(re.search(TLS_LINE, row.seen) for row in rows if "sent by MTA1" in row.expected)
    assert lab.queued("mta1") == []
