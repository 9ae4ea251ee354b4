# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Postfix without TLS gets nothing; as soon as it offers STARTTLS, it gets what waited."""

from __future__ import annotations

import re
import time

import mailbox_file
import pytest
from lab import Lab, Message
from story import HELD, TLS_LINE, Story, check

RECEIVED = r"using TLSv1\.[23] with cipher \S+ \((?:128|256)/(?:128|256) bits\).* with ESMTPS"


@pytest.fixture(scope="module")
def story(lab: Lab) -> Story:
    return Story(lab)


@pytest.fixture(scope="module")
def began() -> float:
    return time.time()


@pytest.fixture(scope="module")
def held(lab: Lab, began: float) -> tuple[Message, str]:
    """A message for which MTA1 has tried Postfix."""
    assert began
    sent, queue_id = lab.send_marked("held")
    lab.fate("mta1", queue_id)
    return sent, queue_id


def test_the_peer_is_postfix(lab: Lab) -> None:
    assert lab.ehlo("mta2.example.test")[0].startswith("S: 220 mta2.example.test ESMTP Postfix (Debian")


def test_without_starttls_the_mail_waits_and_says_why(lab: Lab, held: tuple[Message, str]) -> None:
    assert lab.waits(held[1]) == HELD
    assert not lab.log("mta2", "from=<bob@") and not lab.mailbox()


def test_nothing_of_it_left(story: Story, held: tuple[Message, str], began: float) -> None:
    check([story.nothing_left_row(1, held[0], began)])


@pytest.fixture(scope="module")
def starttls(lab: Lab, held: tuple[Message, str]) -> None:
    assert held
    lab.read("mta2", "postconf -e 'smtpd_tls_security_level = may' && postfix reload")
    lab.wait("Postfix to offer STARTTLS", lambda: "S: 250-STARTTLS" in lab.ehlo("mta2.example.test"))


def came_under_tls(lab: Lab, story: Story, sent: Message, queue_id: str) -> None:
    """The logs of both sides and the mailbox say so."""
    line = lab.fate("mta1", queue_id, r"stat=Sent \(")
    assert re.search(TLS_LINE, story.session_line("mta1", line))
    taken = re.findall(r"queued as (\w+)", line)[0]
    lab.fate("mta2", taken, "status=sent")
    assert lab.log(
        "mta2", r"postfix/smtpd\[\d+\]: \w+ TLS connection established from mta1\.example\.test\[.*: TLSv1\.[23]"
    )
    entry = mailbox_file.entries(lab.mailbox())[sent.mark]
    assert re.search(RECEIVED, entry.received)
    assert mailbox_file.changes(sent.text, entry.content) == []


@pytest.mark.usefixtures("starttls")
def test_with_starttls_it_arrives(lab: Lab, story: Story, held: tuple[Message, str]) -> None:
    lab.try_again(held[1])
    came_under_tls(lab, story, *held)


@pytest.mark.usefixtures("starttls")
def test_new_mail_arrives(lab: Lab, story: Story) -> None:
    came_under_tls(lab, story, *lab.send_marked("new"))


@pytest.mark.usefixtures("starttls")
def test_the_probe_knows_it(lab: Lab) -> None:
    play = lab.converge("playbooks/audit.yml", limit="mta1", tls_audit_probe="fail")
    assert play.code == 0 and play.changed == {"mta1": 0}, play.output
