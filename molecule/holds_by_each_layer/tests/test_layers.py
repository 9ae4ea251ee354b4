# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps mail from leaving in clear: each protection is shown red with the others away, and green all alone.

A message is queued while everything stands. Then MTA1's mc and access map are bent by hand, as an accident or another
administrator would, and the queue is run: every queue run reads cf and map anew, so the daemon need not know.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

import capture
import pytest
from lab import SENDER, Lab, lab_name
from mailtls_checks import check_access_map

NO_BELT = "sed -i '/^LOCAL_TLS_SERVER/,$d' /tmp/bent.mc"
FEATURE = r"FEATURE(`access_db'\'', `hash -T<TMPF> -o /etc/mail/access'\'', `skip'\'')dnl"
OPTIONAL = f"sed -i 's|^FEATURE(`access_db.*|{FEATURE}|' /tmp/bent.mc"
# m4's feature file warns when -T<TMPF> is missing and puts it in; the definition is bent in the cf instead.
NO_TEMPFAIL = "sed -i 's/^Kaccess .*/Kaccess hash -o \\/etc\\/mail\\/access/' /etc/mail/sendmail.cf"

# What role sendmail asks of its proof.
CERTIFICATES = [f"/etc/mail/certs/{name}" for name in ("host.crt", "host.key", "ca.crt")]
DAEMON = {
    "files": ["/etc/mail/sendmail.cf", *CERTIFICATES],
    "listeners": [{"family": "inet"}, {"family": "inet6"}],
    "starttls_offered": True,
    "service": "sendmail",
    "pid_file": "/run/sendmail/mta/sendmail.pid",
}

MISSING = "rm /etc/mail/access.db"
CUT = "truncate --size -2048 /etc/mail/access.db"
# Cut between two pages, the database looks whole, and what stood behind is simply not found.
CUT_AT_A_PAGE = "truncate --size 4096 /etc/mail/access.db"
FOREIGN = "makemap hash /etc/mail/access < /usr/share/sendmail/examples/db/access"
NO_EMPTY_KEY = "printf 'TLS_Srv:other.example\\tTEMP+ENCR:128\\n' | makemap hash /etc/mail/access"
MEANS_NOTHING = "printf 'TLS_Srv:\\tENCR=128\\n' | makemap hash /etc/mail/access"
OURS = "true"


class Bent(t.NamedTuple):
    """One way to bend MTA1: what happens to the mc, to the cf made from it, and to the map.

    ``tells_sender``: the sender's address is known to leave, before the layer that is left holds the message.
    """

    name: str
    mc: tuple[str, ...]
    cf: str
    access: str
    tells_sender: bool = False


# Each row is an accident that goes out in clear once the layers that would have caught it are away too.
CLEAR = [
    Bent("map missing, without belt, with -o", (NO_BELT, OPTIONAL), "true", MISSING),
    Bent("map missing, without belt, without -T<TMPF>", (NO_BELT,), NO_TEMPFAIL, MISSING),
    Bent("foreign map, without belt", (NO_BELT,), "true", FOREIGN),
    Bent("empty key removed, without belt", (NO_BELT,), "true", NO_EMPTY_KEY),
    Bent("value that means nothing, without belt", (NO_BELT,), "true", MEANS_NOTHING),
    Bent("map cut at a page, without belt", (NO_BELT,), "true", CUT_AT_A_PAGE),
    Bent("map cut within a page, without belt, without -T<TMPF>", (NO_BELT,), NO_TEMPFAIL, CUT),
]

# Each row has one layer left.
HELD = [
    Bent("only the map: no belt, -o, no -T<TMPF>", (NO_BELT,), NO_TEMPFAIL, OURS),
    # sendmail notices the failed look-up only at the recipient: what this layer alone holds is recipient and body.
    Bent("only -T<TMPF> without -o: no belt, no map", (NO_BELT,), "true", MISSING, tells_sender=True),
    Bent("only -T<TMPF> without -o: no belt, cut map", (NO_BELT,), "true", CUT, tells_sender=True),
    Bent("the belt before -T<TMPF>: no map", (), "true", MISSING),
    Bent("the belt before -T<TMPF>: cut map", (), "true", CUT),
    Bent("only the belt: no map, -o", (OPTIONAL,), NO_TEMPFAIL, MISSING),
    Bent("only the belt: foreign map", (), NO_TEMPFAIL, FOREIGN),
    Bent("only the belt: empty key removed", (), NO_TEMPFAIL, NO_EMPTY_KEY),
    Bent("only the belt: value that means nothing", (), NO_TEMPFAIL, MEANS_NOTHING),
    Bent("only the belt: cut map", (OPTIONAL,), NO_TEMPFAIL, CUT),
    Bent("only the belt: map cut at a page", (OPTIONAL,), NO_TEMPFAIL, CUT_AT_A_PAGE),
]


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(lab_name())


@pytest.fixture(scope="module")
def starttls_off(lab: Lab) -> None:
    assert lab.converge(limit="mta2", sendmail_starttls_offered=False).code == 0


@contextlib.contextmanager
def kept(lab: Lab) -> t.Iterator[None]:
    """Puts MTA1 back as it was."""
    lab.read("mta1", "mkdir -p /root/kept && cp --archive /etc/mail/sendmail.cf /etc/mail/access.db /root/kept/")
    yield
    lab.read("mta1", "cp --archive /root/kept/* /etc/mail/ && rm -f /var/spool/mqueue/*")


@pytest.fixture
def restored(lab: Lab) -> t.Iterator[None]:
    with kept(lab):
        yield


def bend(lab: Lab, bent: Bent) -> None:
    steps = ["cp /etc/mail/sendmail.mc /tmp/bent.mc", *bent.mc, "m4 /tmp/bent.mc > /etc/mail/sendmail.cf 2> /dev/null"]
    steps += [bent.cf, bent.access, "test ! -e /etc/mail/access.db || chown smmta:smmsp /etc/mail/access.db"]
    for step in steps:
        # makemap complains of the stock file's comments on some releases; what counts is the map.
        lab.on("mta1").run(step) if "makemap" in step else lab.read("mta1", step)


def went_in_clear(lab: Lab, bent: Bent) -> tuple[list[str], str]:
    """What of the message left in clear, and what the queue says of it."""
    sent, queue_id = lab.send_marked(f"layer{time.time_ns()}")
    lab.fate("mta1", queue_id)
    moment = time.time()
    bend(lab, bent)
    # In the foreground: what has not been tried yet has not leaked.
    lab.on("mta1").run(f"sendmail -Am -qf -qI{queue_id}")
    secrets = [word for word in sent.secrets if not bent.tells_sender or word not in ("MAIL FROM", SENDER)]
    leaks = capture.leaks(lab.left_mta1(moment), secrets)
    return leaks, lab.on("mta1").run(f"grep -a ^M /var/spool/mqueue/qf{queue_id}").stdout


@pytest.mark.usefixtures("starttls_off", "restored")
@pytest.mark.parametrize("bent", CLEAR, ids=lambda bent: bent.name)
def test_without_its_layers_the_mail_leaves_in_clear(lab: Lab, bent: Bent) -> None:
    clear, status = went_in_clear(lab, bent)
    assert any("line 5" in leak for leak in clear), f"held although the protection was away: {status}"


@pytest.mark.usefixtures("starttls_off", "restored")
@pytest.mark.parametrize("bent", HELD, ids=lambda bent: bent.name)
def test_one_layer_alone_holds_the_mail(lab: Lab, bent: Bent) -> None:
    clear, status = went_in_clear(lab, bent)
    assert not clear
    assert status, "neither sent nor in the queue: the message is lost"


@pytest.mark.usefixtures("starttls_off")
def test_a_truncated_or_foreign_map_is_repaired_by_the_next_run(lab: Lab) -> None:
    lab.read("mta1", FOREIGN + " 2>&1 || true")
    play = lab.converge(limit="mta1", tls_audit_expect="held", tls_audit_evidence_host="")
    assert play.code == 0 and play.changed["mta1"] > 0, play.output
    check_access_map(lab.on("mta1"), {"TLS_Srv:": "TEMP+ENCR:128"})


def starttls_lines(lab: Lab) -> list[bool]:
    return ["S: 250-STARTTLS" in lab.ehlo(address) for address in lab.addresses("mta2")]


def test_a_group_readable_key_is_named_repaired_and_harmless_meanwhile(lab: Lab) -> None:
    """Red: sendmail stays active, TLS is silently off. Green: the proof names it, MTA1 holds, the next run repairs."""
    assert lab.converge(limit="mta2", sendmail_starttls_offered=True).code == 0
    assert starttls_lines(lab) == [True, True]
    lab.read("mta2", "chmod 0640 /etc/mail/certs/host.key")
    lab.read("mta2", "kill -HUP $(head -1 /run/sendmail/mta/sendmail.pid) && sleep 3")
    assert lab.on("mta2").service("sendmail").is_running
    assert starttls_lines(lab) == [False, False]
    with kept(lab):
        assert went_in_clear(lab, Bent("nothing left", (NO_BELT,), "true", FOREIGN))[0]

    _message, queue_id = lab.send_marked("group-readable")
    assert lab.fate("mta1", queue_id).endswith("stat=Deferred: 403 4.7.0 encryption too weak 0 less than 128")

    refusal = lab.converge("molecule/holds_by_each_layer/only_sendmail.yml", limit="mta2")
    assert refusal.code != 0 and "host.key: mode 0640 lets others read the key" in refusal.output
    proof = lab.module("mta2", "sendmail_daemon", DAEMON)
    assert proof.returncode != 0 and "Group readable file" in proof.stdout, proof.stdout

    repair = lab.converge(limit="mta2")
    assert repair.code == 0 and repair.changed["mta2"] > 0, repair.output
    assert starttls_lines(lab) == [True, True]
    lab.run_queue()
    lab.fate("mta1", queue_id, r"stat=Sent \(")
