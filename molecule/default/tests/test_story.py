# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story, in its order: each test leaves the lab as the next one finds it."""

from __future__ import annotations

import random
import re
import time

import capture
import mailbox_file
import pytest
from lab import ROOT, Lab, Message, lab_name
from mailtls_checks import check_files, check_service
from story import HELD, Story, check

DATA = "/usr/lib/python3.11/test/test_email/data"
NO_HEADER = "a line in the header is no header line: sendmail ends the header there and begins the body"
MAILBOX = "an empty line at the end doubles as the separator of the mailbox"
# All that is not listed arrives byte-identical in the body.
CHANGED = {
    **{f"msg_{number}": [MAILBOX] for number in ["02", "04", "05", "06", "15", "16", "22", "25", "36", "43", "44"]},
    "msg_19": [NO_HEADER, MAILBOX],
    "msg_35": [NO_HEADER],
}
MEGABYTES = 20
AUDIT = "playbooks/audit.yml"
# What the guide shows of an audit before STARTTLS is switched on, and after.
BEFORE, AFTER = re.findall(r"^```text\n(.*?)^```", (ROOT / "docs/probing.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Without the scenario's inventory, which says only how the story begins."""
    return Lab(lab_name())


@pytest.fixture(scope="module")
def story(lab: Lab) -> Story:
    return Story(lab)


@pytest.mark.parametrize("host", ["mta1", "mta2"])
def test_the_relays_are_an_ordinary_debian(lab: Lab, host: str) -> None:
    relay = lab.on(host)
    check_service(relay)
    check_files(relay)
    assert sorted(relay.check_output("ls /sys/class/net").split()) == ["eth0", "lo"], "the capture sees every way out"


def test_1_mta2_relays_without_starttls(story: Story) -> None:
    check(story.mta2_relays_without_starttls())


def test_2_mta1_demands_encryption(story: Story) -> None:
    check(story.mta1_demands_encryption())


def test_3_mail_is_held_and_nothing_leaves(story: Story) -> None:
    check(story.mail_is_held(3, "first"))


def plain(text: str) -> list[str]:
    """A table of the audit without what differs from day to day: the width of columns, and days left."""
    return [" ".join(re.sub(r"\b36[34]\b", "364", line).split()) for line in text.splitlines()]


def table(lab: Lab, output: str) -> list[str]:
    """The table that the audit printed, with the guide's addresses."""
    printed = output.partition("TASK [Show what the next hops of all relays offer]")[2].partition("msg: |-\n")[2]
    for address, other in zip(lab.addresses("mta2"), ["192.0.2.12", "2001:db8::12"]):
        printed = printed.replace(address, other)
    lab.show(printed.split("\n\n")[0])
    return plain(printed.split("\n\n")[0])


def test_3_the_probe_foretells_it_and_changes_nothing(lab: Lab) -> None:
    play = lab.converge(AUDIT)
    assert play.code == 0 and play.changed == {"mta1": 0, "mta2": 0}
    assert table(lab, play.output) == plain(BEFORE)


@pytest.mark.parametrize("options", [[], ["--check"]], ids=["run", "check mode"])
def test_3_the_probe_fails_who_asked_for_that(lab: Lab, options: list[str]) -> None:
    play = lab.converge(AUDIT, options=options, tls_audit_probe="fail")
    assert play.code == 2 and play.changed == {"mta1": 0, "mta2": 0}
    assert re.findall(r"^fatal: \[(\w+)\]", play.output, re.M) == ["mta1"]
    assert table(lab, play.output) == plain(BEFORE)


def test_3_the_audit_finds_it_held(lab: Lab) -> None:
    play = lab.converge(limit="mta1", tls_audit_expect="held")
    assert play.code == 0
    assert f"mail waits: {HELD.partition(': ')[2]}\n" in play.output, "the probe says so before"
    assert HELD in " ".join(play.output.split())
    assert play.changed == {"mta1": 0}


def test_3_the_audit_fails_who_expects_delivery(lab: Lab) -> None:
    play = lab.converge(limit="mta1", tls_audit_expect="delivered")
    assert play.code == 2
    assert HELD in " ".join(play.output.split())


def test_3_a_forged_mx_is_held_too(story: Story, lab: Lab) -> None:
    lab.forge_mx("mta3.example.test")
    try:
        message, queue_id = lab.send_marked("forged")
        assert lab.fate("mta1", queue_id).endswith(f"stat={HELD}")
        assert "relay=mta3.example.test." in lab.fate("mta1", queue_id)
    finally:
        lab.forge_mx("mta2.example.test")
    story.held["forged"] = (message, queue_id)
    heard = [record["text"] for record in lab.sink() if record["kind"] == "line"]
    assert heard, "MTA1 must have been lured, else this proves nothing"
    assert {line.split()[0] for line in heard} <= {"EHLO", "QUIT", "RSET"}
    (lab.state / "sink.jsonl").write_text("", encoding="utf-8")


def test_4_starttls_is_switched_on(story: Story) -> None:
    check(story.starttls_is_switched_on())


def test_4_the_held_mail_arrives_under_tls(story: Story) -> None:
    check(story.held_mail_arrives())


def test_4_new_mail_arrives_under_tls(story: Story) -> None:
    check(story.new_mail_arrives("second"))


def test_4_the_probe_foretells_it(lab: Lab) -> None:
    play = lab.converge(AUDIT, tls_audit_probe="fail")
    assert play.code == 0 and play.changed == {"mta1": 0, "mta2": 0}
    assert table(lab, play.output) == plain(AFTER)


def test_4_the_audit_proves_delivery_with_the_log_of_mta2(lab: Lab) -> None:
    play = lab.converge(limit="mta1", tls_audit_expect="delivered", tls_audit_probe="fail")
    assert play.code == 0
    assert "mta1: next hops probed: 1; 1 pass, 0 fail, 0 inconclusive." in play.output
    assert "DELIVERED" in play.output
    assert play.changed == {"mta1": 0}


def test_4_real_messages_arrive(lab: Lab) -> None:
    names = lab.read("client", f"cd {DATA} && ls msg_*.txt").split()
    assert len(names) > 40
    sent = {name[:-4]: lab.read_bytes("client", f"{DATA}/{name}") for name in names}
    assert accepted(lab, sent)
    lab.wait("the queues to run empty", lambda: not lab.queued("mta1") + lab.queued("mta2"), 180)
    arrived = mailbox_file.entries(lab.mailbox())
    assert not sent.keys() - arrived.keys(), "lost"
    found = {name: mailbox_file.changes(sent[name], arrived[name].content) for name in sent}
    for name, reasons in found.items():
        lab.show(f"{name}: {'; '.join(reasons) or 'identical'}")
    assert {name: reasons for name, reasons in found.items() if reasons} == CHANGED


def test_4_large_messages_arrive(lab: Lab) -> None:
    random_bytes = random.Random(2026)
    line = b"%08d 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefgh\n"
    text = b"".join(line % number for number in range(MEGABYTES * 1_000_000 // len(line % 0) + 1))
    attachment = mailbox_file.with_attachment(random_bytes.randbytes(MEGABYTES * 1_000_000))
    sent = {"large-body": b"Subject: large\n\n" + text, "large-attachment": attachment}
    assert accepted(lab, sent)
    lab.wait("the queues to run empty", lambda: not lab.queued("mta1") + lab.queued("mta2"), 180)
    arrived = mailbox_file.entries(lab.mailbox())
    assert not [name for name in sent if mailbox_file.changes(sent[name], arrived[name].content)]
    lab.read("mta2", "rm /var/mail/alice")


def accepted(lab: Lab, messages: dict[str, bytes]) -> bool:
    """Sends each to an address of its own, so that it can be told in the mailbox; whether MTA1 took them all."""
    replies = lab.send({f"alice+{name}@mta2.example.test": content for name, content in messages.items()})
    return all(reply.isalnum() for reply in replies.values())


def test_5_starttls_is_switched_off(story: Story) -> None:
    check(story.starttls_is_switched_off())


def test_5_mail_is_held_again(story: Story) -> None:
    check(story.mail_is_held(5, "third"))


def test_5_nobody_talked_to_mta3(story: Story) -> None:
    check(story.nobody_talked_to_mta3())


def test_the_capture_sees_what_leaves_without_protection(story: Story, lab: Lab) -> None:
    message, queue_id = story.held["third"]
    moment = time.time()
    unprotect(lab)
    lab.run_queue()
    lab.fate("mta1", queue_id, r"stat=Sent \(")
    seen = seen_on_the_wire(lab, message, moment)
    assert set(message.secrets) - seen == set()


def unprotect(lab: Lab) -> None:
    """Debian's stock map instead of ours, and a cf without the belt: what the next queue run reads."""
    lab.read("mta1", "makemap hash /etc/mail/access < /usr/share/sendmail/examples/db/access")
    lab.read("mta1", "cd /etc/mail && sed '/^LOCAL_TLS_SERVER/,$d' sendmail.mc | m4 > sendmail.cf")


def seen_on_the_wire(lab: Lab, message: Message, moment: float) -> set[str]:
    streams = lab.left_mta1(moment)
    return {secret for secret in message.secrets if capture.leaks(streams, [secret])}


def test_the_playbook_restores_the_protection(story: Story, lab: Lab) -> None:
    play = lab.converge(limit="mta1", tls_audit_expect="held")
    assert play.code == 0
    assert play.changed["mta1"] > 0
    check(story.mail_is_held(5, "fourth"))
