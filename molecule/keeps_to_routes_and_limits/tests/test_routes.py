# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes, limits and times on real sendmail, in this order; each test leaves the lab as the next one needs it."""

from __future__ import annotations

import json
import pathlib
import re
import time
import typing as t

import capture
import pytest
from lab import Lab, lab_name, message

WEAK = "stat=Deferred: 403 4.7.0 encryption too weak 0 less than 128"
CHANGE = "molecule/shared/change.yml"
ELSEWHERE = "carol@elsewhere.example"
SENDER = "bob@mta1.example.test"
# So short that a test can wait for it.
TIMES = {
    "sendmail_queue_return": "40s",
    "sendmail_queue_warning": "15s",
    "sendmail_retry_interval": "5s",
    "sendmail_connect_timeout": "4s",
    "sendmail_starttls_timeout": "3s",
    "sendmail_quit_timeout": "2s",
}


@pytest.fixture(scope="module")
def lab() -> Lab:
    found = Lab(lab_name())
    found.inventories.append(pathlib.Path(__file__).resolve().parents[1] / "inventory.yml")
    return found


def send(lab: Lab, recipient: str, mark: str) -> tuple[list[str], str]:
    """Send one message; returns what must not leave in clear, and its queue id or the refusal."""
    sent = message(mark)
    (reply,) = lab.send({recipient: sent.text}).values()
    return [*sent.secrets, recipient], reply


def heard(lab: Lab) -> set[str]:
    """The commands MTA3 has heard since this was asked last."""
    verbs = {record["text"].split()[0] for record in lab.sink() if record["kind"] == "line" and record["text"]}
    (lab.state / "sink.jsonl").write_text("", encoding="utf-8")
    return verbs


def stop(lab: Lab, host: str) -> None:
    lab.read(host, "kill $(head -1 /run/sendmail/mta/sendmail.pid) && sleep 1")


class Seen(t.NamedTuple):
    """What a host sees of MTA1: seconds until the greeting, the reply to RCPT, greetings of twelve more connections."""

    seconds: float
    reply: str
    greeted: int


def look(lab: Lab, host: str, recipient: str = ELSEWHERE) -> Seen:
    output = lab.read(host, f"python3 /lab/files/stranger.py mta1.example.test {recipient} 12")
    lab.show(f"{host}: {output}")
    return Seen(**json.loads(output))


# Routes


def test_the_first_host_of_the_list_takes_the_mail_under_tls(lab: Lab) -> None:
    heard(lab)
    _secrets, queue_id = send(lab, "alice@mta2.example.test", "first")
    line = lab.fate("mta1", queue_id)
    assert "relay=mta2.example.test. " in line and "stat=Sent (" in line
    assert not heard(lab)


@pytest.mark.parametrize("first", ["is down", "offers no STARTTLS"])
def test_the_second_host_without_tls_never_gets_it(lab: Lab, first: str) -> None:
    if first == "is down":
        stop(lab, "mta2")
    else:
        assert lab.converge(limit="mta2", sendmail_starttls_offered=False).code == 0
    moment = time.time()
    secrets, queue_id = send(lab, "alice@mta2.example.test", f"second{time.time_ns()}")
    assert "stat=Deferred" in lab.fate("mta1", queue_id)
    assert heard(lab) and not capture.leaks(lab.left_mta1(moment), secrets)
    assert queue_id in lab.queued("mta1")


def test_without_the_protection_the_second_host_gets_it_in_clear(lab: Lab) -> None:
    """Red: a stock map and a cf without the belt; what was held above reaches MTA3."""
    stop(lab, "mta2")
    lab.empty_queue()
    moment = time.time()
    secrets, queue_id = send(lab, "alice@mta2.example.test", "unprotected")
    lab.read("mta1", "mkdir -p /root/kept && cp --archive /etc/mail/sendmail.cf /etc/mail/access.db /root/kept/")
    lab.read("mta1", "makemap hash /etc/mail/access < /usr/share/sendmail/examples/db/access")
    lab.read("mta1", "cd /etc/mail && sed '/^LOCAL_TLS_SERVER/,$d' sendmail.mc | m4 > sendmail.cf")
    try:
        lab.try_again(queue_id)
        assert "relay=mta3.example.test. " in lab.fate("mta1", queue_id, r"stat=Sent \(")
    finally:
        lab.read("mta1", "cp --archive /root/kept/* /etc/mail/")
    assert {"MAIL", "RCPT", "DATA"} <= heard(lab)
    assert any("line 5" in leak for leak in capture.leaks(lab.left_mta1(moment), secrets))
    lab.empty_queue()


def test_a_domain_keeps_to_its_route_and_is_held_there(lab: Lab) -> None:
    """MTA2 would take it under TLS, but the route of this domain leads to MTA3."""
    assert lab.converge(limit="mta2").code == 0
    heard(lab)
    moment = time.time()
    secrets, queue_id = send(lab, "carol@partner.example", "routed")
    line = lab.fate("mta1", queue_id)
    assert "relay=mta3.example.test. " in line and line.endswith(WEAK)
    assert heard(lab) <= {"EHLO", "QUIT", "RSET"} and not capture.leaks(lab.left_mta1(moment), secrets)
    _secrets, queue_id = send(lab, "carol@sub.partner.example", "below")
    assert "relay=mta2.example.test. " in lab.fate("mta1", queue_id) and not heard(lab)
    assert "550 5.7.1" in look(lab, "client", "carol@refused.example").reply
    lab.empty_queue()


def test_mail_is_held_while_the_mailertable_is_missing(lab: Lab) -> None:
    lab.read("mta1", "mv /etc/mail/mailertable.db /root/")
    (reply,) = lab.send({"carol@partner.example": message("no-table").text}).values()
    lab.read("mta1", "mv /root/mailertable.db /etc/mail/")
    assert not heard(lab)
    assert reply in lab.queued("mta1")
    lab.empty_queue()


@pytest.mark.parametrize("domain", ["unknown.example", "unknown-mx.example"])
def test_mail_is_held_while_dns_does_not_know_the_next_hop(lab: Lab, domain: str) -> None:
    _secrets, queue_id = send(lab, f"carol@{domain}", "unknown")
    assert lab.fate("mta1", queue_id).endswith("stat=Deferred")
    assert queue_id in lab.queued("mta1")
    # Red: as sendmail is used to be told, the same mail bounces.
    table = "sed 's/\\[255.255.255.255\\]://' /etc/mail/mailertable | makemap hash /root/plain"
    lab.read(
        "mta1", f"{table} && cp --archive /etc/mail/mailertable.db /root/ && cp /root/plain.db /etc/mail/mailertable.db"
    )
    try:
        lab.try_again(queue_id)
        assert "stat=Host unknown" in lab.fate("mta1", queue_id, "stat=Host")
    finally:
        lab.read("mta1", "cp --archive /root/mailertable.db /etc/mail/")
    lab.empty_queue()


@pytest.mark.parametrize("fallback", ["confFALLBACK_MX", "confFALLBACK_SMARTHOST"])
def test_routes_that_no_variable_says_are_held_without_tls_too(lab: Lab, fallback: str) -> None:
    lines = [f"define(`{macro}', `mta3.example.test')dnl\n" for macro in ("MAIL_HUB", "LUSER_RELAY", fallback)]
    assert lab.converge(CHANGE, limit="mta1", sendmail_mc_extra="".join(lines)).code == 0
    for recipient in ("bob@mta1.example.test", "nosuchuser@mta1.example.test", "carol@silent.example"):
        heard(lab)
        moment = time.time()
        secrets, queue_id = send(lab, recipient, f"beside{time.time_ns()}")
        line = lab.fate("mta1", queue_id)
        assert re.search(r"relay=mta3\.example\.test[. ,]", line) and line.endswith(WEAK)
        words = heard(lab)
        assert "EHLO" in words and words <= {"EHLO", "QUIT", "RSET"}
        assert not capture.leaks(lab.left_mta1(moment), secrets)
    lab.empty_queue()
    assert lab.converge(CHANGE, limit="mta1").code == 0


# Limits


def test_a_stranger_may_not_relay_and_is_counted(lab: Lab) -> None:
    seen = look(lab, "dns")
    assert "550 5.7.1" in seen.reply and "Relaying denied" in seen.reply
    assert 0.9 < seen.seconds < 5, "greet_pause"
    assert seen.greeted < 12, "ClientRate"


def test_an_unthrottled_client_is_not_counted_and_may_not_relay_either(lab: Lab) -> None:
    seen = look(lab, "mta3")
    assert "550 5.7.1" in seen.reply and "Relaying denied" in seen.reply
    assert seen.seconds < 0.9 and seen.greeted == 12


# Times


@pytest.fixture
def silent(lab: Lab, request: pytest.FixtureRequest) -> t.Iterator[pathlib.Path]:
    """A silent server on the client; yields its record."""
    record = lab.state / "silent"
    record.write_text("", encoding="utf-8")
    command = f"python3 /lab/files/silent.py {request.param} /lab/state/silent & echo $! > /tmp/silent.pid"
    lab.read("client", f"nohup sh -c '{command}' > /dev/null 2>&1; sleep 1")
    yield record
    lab.read("client", "kill $(cat /tmp/silent.pid)")


def test_short_times_are_in_force(lab: Lab) -> None:
    play = lab.converge(limit="mta1", tls_audit_canary_recipient="", **TIMES)
    assert play.code == 0, play.output
    assert lab.read("mta1", "tail -1 /run/sendmail/mta/sendmail.pid").endswith("-q5s\n")
    assert lab.converge(limit="mta1", tls_audit_canary_recipient="", **TIMES).changed == {"mta1": 0}
    assert lab.on("mta1").run("cd /etc/mail && make -q /etc/cron.d/sendmail").rc == 0, "make has something to do"


# After STARTTLS has failed sendmail says QUIT, and waits for the answer to that too.
@pytest.mark.parametrize(("silent", "seconds"), [("starttls", 3 + 2), ("connect", 4)], indirect=["silent"])
def test_a_silent_peer_is_waited_for_as_long_as_stated(lab: Lab, silent: pathlib.Path, seconds: int) -> None:
    began = time.monotonic()
    _secrets, queue_id = send(lab, "carol@silent.example", f"silent{time.time_ns()}")
    waited = time.monotonic() - began
    assert "stat=Deferred" in lab.fate("mta1", queue_id)
    assert seconds - 0.5 < waited < seconds + 3, "how long the client waits"
    lab.wait("a second try", lambda: len(lab.log("mta1", f"{queue_id}: to=.*stat=Deferred")) > 1)
    tries = lab.log("mta1", f"{queue_id}: to=.*stat=Deferred")
    assert all(f"xdelay=00:00:0{seconds}" in line or f"xdelay=00:00:0{seconds + 1}" in line for line in tries), tries
    for line in silent.read_text(encoding="utf-8").splitlines():
        assert seconds - 0.5 < float(line) < seconds + 1.5
    lab.empty_queue()


def test_the_sender_is_warned_and_gets_held_mail_back(lab: Lab) -> None:
    stop(lab, "mta2")
    lab.read("mta1", "rm -f /var/mail/bob")
    began = time.monotonic()
    (queue_id,) = lab.send({"alice@mta2.example.test": message("returned").text}, sender=SENDER).values()

    def mailbox() -> str:
        return lab.on("mta1").run("cat /var/mail/bob").stdout

    lab.wait("the warning", lambda: "Warning: could not send message for past" in mailbox())
    warned = time.monotonic() - began
    assert queue_id in lab.queued("mta1")
    lab.wait("the return", lambda: "Returned mail: see transcript for details" in mailbox())
    returned = time.monotonic() - began
    assert 15 <= warned < 30 and 40 <= returned < 55, (warned, returned)
    assert "Action: delayed" in mailbox() and "Action: failed" in mailbox() and "alice@mta2.example.test" in mailbox()
    lab.wait("the queue to be empty", lambda: not lab.queued("mta1"))
