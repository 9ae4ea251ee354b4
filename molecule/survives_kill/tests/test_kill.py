# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 at any moment of a change: nothing leaves in clear, nothing is lost, a whole map stays in force, the next run
converges.
"""

from __future__ import annotations

import collections
import json
import os
import random
import re
import subprocess
import time
import typing as t

import capture
import pytest
from debian import work_for_make
from lab import Lab, Play, lab_name
from traffic import Traffic, arrivals

KILLS = int(os.environ.get("MAILTLS_KILLS", "100"))
SEED = int(os.environ.get("MAILTLS_SEED", "20261123"))
MANY = 300_000
# Waits for the n-th module of a play: facts and looks come first, then what changes the relay. Each is one process.
WATCH = (
    "n=0; while [ $n -lt %d ]; do p=$(pgrep -nx python3); "
    'if [ -n "$p" ] && [ "$p" != "$last" ]; then n=$((n+1)); last=$p; fi; sleep 0.01; done'
)
STRIKE = (
    "until pkill -9 -x python3; do sleep 0.01; done; for name in make m4 makemap perl; do pkill -9 -x $name; done; true"
)
CHANGE = "molecule/shared/change.yml"
# MTA1 as the package leaves it, for a first run. What is held is set aside: a stock sendmail would send it in clear.
MAKE_STOCK = """
kill $(head -1 /run/sendmail/mta/sendmail.pid); timeout 60 sh -c 'while pgrep -x sendmail-mta; do sleep 0.1; done'
find /var/spool/mqueue -name '[dq]f*' -exec mv -t /root/held {} +
rm -rf /etc/mail && tar --extract --file=/lab/state/stock.tar --directory=/etc && systemctl restart sendmail
"""
# The body first: a queue file without its body is one that sendmail sets aside as lost.
TAKE_BACK = "for kind in d q; do find /root/held -name ${kind}f* -exec mv -t /var/spool/mqueue {} +; done"
KINDS = ["first run", "policy", "configuration", "certificate"]
HELD = {"tls_audit_expect": "any", "tls_audit_evidence_host": ""}


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(lab_name())
    assert lab.converge(limit="mta2", sendmail_starttls_offered=False).code == 0
    return lab


def map_rows(lab: Lab) -> list[str]:
    return lab.read("mta1", "makemap -u hash /etc/mail/access").splitlines()


def in_force(lab: Lab) -> None:
    """What must be true at every moment: a map with the default, mandatory for sendmail, and the belt behind it."""
    assert [row for row in map_rows(lab) if row.split() == ["tls_srv:", "TEMP+ENCR:128"]]
    cf = lab.read("mta1", "grep -E '^(Kaccess|SLocal_tls_server)' /etc/mail/sendmail.cf")
    assert "-T<TMPF>" in cf and " -o" not in cf and "SLocal_tls_server" in cf


def test_makemap_killed_half_way(lab: Lab) -> None:
    rows_before = map_rows(lab)
    digest = lab.read("mta1", "sha256sum /etc/mail/access.db")
    entries = [{"key": "TLS_Srv:", "value": "TEMP+ENCR:128"}]
    entries += [{"key": f"Connect:host{number}.example", "value": "REJECT"} for number in range(MANY)]
    given = lab.state / "entries.json"
    given.write_text(json.dumps(entries), encoding="utf-8")
    hunter = "while ! pkill -9 -x makemap; do sleep 0.01; done; sleep 0.1"
    # makemap is let live for a moment, so that the database it leaves behind is half written.
    hunter = f"until pgrep -x makemap; do sleep 0.01; done; sleep 0.3; {hunter}"
    killer = subprocess.Popen(["podman", "exec", lab.container("mta1"), "sh", "-c", hunter])
    play = lab.converge("molecule/survives_kill/one_map.yml", limit="mta1", entries_file=str(given))
    killer.kill()
    assert play.code != 0 and "makemap" in play.output, play.output[-2000:]
    assert "Traceback" not in play.output
    assert lab.read("mta1", "sha256sum /etc/mail/access.db") == digest
    assert map_rows(lab) == rows_before

    moment = time.time()
    sent, queue_id = lab.send_marked("halfway")
    assert "encryption too weak" in lab.fate("mta1", queue_id)
    assert not capture.leaks(lab.left_mta1(moment), sent.secrets)

    again = lab.converge(limit="mta1", **HELD)
    assert again.code == 0, again.output
    assert lab.converge(limit="mta1", **HELD).changed["mta1"] == 0
    assert not lab.read("mta1", "find /etc/mail -name '*aside*'")


def stopped_at(play: Play) -> list[str]:
    """The task in which the play ended, if it did not come to its end."""
    tasks = re.findall(r"^TASK \[(.*?)\]", play.output, re.M)
    return tasks[-1:] if play.code else []


def keep_stock(lab: Lab) -> None:
    """/etc/mail as the image has it, beside the lab's state."""
    image = f"localhost/mailtls-debian-{os.environ.get('MAILTLS_MTA1_SUITE', 'bookworm')}"
    made = subprocess.run(
        ["podman", "create", image, "true"], check=True, capture_output=True, text=True
    ).stdout.strip()
    with (lab.state / "stock.tar").open("wb") as archive:
        subprocess.run(["podman", "cp", f"{made}:/etc/mail", "-"], check=True, stdout=archive)
    subprocess.run(["podman", "rm", made], check=True, capture_output=True)


class Rounds:
    """One play after the other that is struck down at a random moment, and the next run after each."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.chance = random.Random(SEED)
        self.number = 0
        self.struck: collections.Counter[tuple[str, str]] = collections.Counter()

    def prepare(self, kind: str) -> dict[str, t.Any]:
        """What makes the next play a run of this kind: its variables, and what is done to MTA1."""
        if kind == "first run":
            self.lab.read("mta1", MAKE_STOCK)
        if kind == "certificate":
            self.lab.read("mta1", "rm -f /etc/mail/certs/host.crt")  # a new key and certificate must be installed
        entry = {"key": f"From:round{self.number}@example.test", "value": "REJECT"}
        self.entries = [entry] if kind == "policy" else getattr(self, "entries", [entry])
        self.level = 9 + self.number % 3 if kind == "configuration" else getattr(self, "level", 9)
        return {"sendmail_log_level": self.level, "sendmail_access_entries": self.entries}

    def strike(self, kind: str) -> None:
        variables = self.prepare(kind)
        # Facts and looks come first, then what changes the relay; a first run has the most of it.
        (module,) = self.chance.choices(range(2, 9), weights=(1, 3, 2, 5, 5, 1, 4))
        strike = f"{WATCH % module}; sleep {self.chance.uniform(0, 0.9):.3f}; {STRIKE}"
        argv = ["podman", "exec", self.lab.container("mta1"), "sh", "-c", strike]
        killer = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        play = self.lab.converge(CHANGE, limit="mta1", **variables)
        # A striker that met nothing must not wait for the next play.
        self.lab.on("mta1").run("pkill -f 'pgrep -nx python3'")
        killer.wait()
        self.struck.update((kind, task) for task in stopped_at(play))
        if kind != "first run":
            in_force(self.lab)
        assert not work_for_make(self.lab, "mta1") - {"/etc/mail/sendmail.cf"}, "make may ask for the reload, no more"
        self.converge(variables)

    def converge(self, variables: dict[str, t.Any]) -> None:
        """The next run: it converges, whatever the last one left."""
        play = self.lab.converge(CHANGE, limit="mta1", **variables)
        assert play.code == 0, play.output[-3000:]
        self.lab.read("mta1", TAKE_BACK)
        in_force(self.lab)
        assert not work_for_make(self.lab, "mta1")
        if self.number % 10 == 0:
            assert self.lab.converge(CHANGE, limit="mta1", **variables).changed == {"mta1": 0}
            self.lab.run_queue()


def test_plays_killed_at_random_moments(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    keep_stock(lab)
    lab.empty_queue()
    lab.read("mta1", "install -d /root/held")
    lab.read("mta2", "truncate --size 0 /var/mail/alice || true")
    moment = time.time()
    traffic = Traffic(lab, pause=3)
    traffic.start()
    rounds = Rounds(lab)
    while rounds.struck.total() < KILLS:
        rounds.strike(KINDS[rounds.number % len(KINDS)])
        rounds.number += 1
        assert rounds.number <= 2 * KILLS, "most kills hit nothing: the test proves too little"
    assert {kind for kind, _task in rounds.struck} == set(KINDS)

    assert lab.converge(limit="mta1", **HELD).code == 0
    second = lab.converge(limit="mta1", **HELD)
    assert (second.code, second.changed["mta1"]) == (0, 0), second.output
    accepted = traffic.stop()
    assert len(accepted) > KILLS
    assert not capture.leaks(lab.left_mta1(moment), ["MAIL FROM", "RCPT TO", "flow0"])
    assert len(lab.queued("mta1")) == len(accepted)

    assert lab.converge(limit="mta2", sendmail_starttls_offered=True).code == 0
    lab.run_queue()
    with capsys.disabled():  # what was proven is shown, not only that it passed
        for (kind, task), count in sorted(rounds.struck.items()):
            print(f"\n{count:3d} plays struck down, {kind}, at: {task}", end="")
        print(f"\n{len(accepted)} messages accepted, {len(traffic.refused)} refused for the moment")
    lab.wait("MTA1 to hand over all it holds", lambda: not lab.queued("mta1"), 1200)
    lab.wait("MTA2 to deliver it", lambda: not lab.queued("mta2"), 300)
    assert arrivals(lab.mailbox()) == sorted(accepted), "lost or doubled"
