# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Level verify: a certificate of the right CA for another name holds the mail, the right name lets it go."""

from __future__ import annotations

import pytest
from lab import Lab, Message
from story import Story, check

HELD = "Deferred: 403 4.7.0 CN mta9.example.test does not match mta2.example.test"


@pytest.fixture(scope="module")
def held(lab: Lab) -> tuple[Message, str]:
    """A message that MTA1 has tried to deliver."""
    sent, queue_id = lab.send_marked("name")
    lab.fate("mta1", queue_id)
    return sent, queue_id


def test_the_mail_waits_and_says_why(lab: Lab, held: tuple[Message, str]) -> None:
    assert lab.waits(held[1]) == HELD


def test_mta2_heard_nothing_of_it(lab: Lab, held: tuple[Message, str]) -> None:
    assert held
    assert lab.log("mta2", r"mta1\.example\.test .* did not issue MAIL/EXPN/VRFY/ETRN")
    assert not lab.log("mta2", "from=<bob@")


def test_with_the_right_name_it_arrives(lab: Lab, held: tuple[Message, str]) -> None:
    play = lab.converge("molecule/shared/change.yml", limit="mta2", tls_identity_fqdn="mta2.example.test")
    assert play.code == 0 and play.changed["mta2"] > 0, play.output
    lab.try_again(held[1])
    check(Story(lab).arrival_rows(1, "name", *held))


def test_who_mta2_is_was_proven(lab: Lab) -> None:
    sessions = lab.log("mta1", "STARTTLS=client, relay=mta2.example.test.,")
    assert sessions and all(", verify=OK, " in line for line in sessions)
