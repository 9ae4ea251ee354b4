# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key and certificate of both relays are renewed while mail flows: nothing is lost, doubled, or sent in clear."""

from __future__ import annotations

import re
import time
import typing as t

import capture
import mailbox_file
import pytest
from lab import Lab, Play
from story import RECEIVED
from traffic import Traffic, arrivals

RELAYS = ["mta1", "mta2"]
# Those that are there were issued for 365 days.
RENEW = {"tls_identity_valid_days": 400, "tls_identity_renew_days": 399}


class Renewal(t.NamedTuple):
    """``before`` and ``after``: of each relay the certificate on the wire and the digest of its key."""

    began: float
    before: list[tuple[str, str]]
    play: Play
    after: list[tuple[str, str]]
    accepted: list[str]


def identities(lab: Lab) -> list[tuple[str, str]]:
    return [(lab.shown(host), lab.read(host, "sha256sum /etc/mail/certs/host.key")) for host in RELAYS]


@pytest.fixture(scope="module")
def renewal(lab: Lab) -> Renewal:
    began, before = time.time(), identities(lab)
    traffic = Traffic(lab, pause=0.3)
    traffic.start()
    lab.wait("mail to flow", lambda: len(traffic.accepted) > 3)
    play = lab.converge("molecule/shared/change.yml", **RENEW)
    after, passed = identities(lab), len(traffic.accepted)
    lab.wait("mail under the new certificates", lambda: len(traffic.accepted) > passed + 3)
    accepted = traffic.stop()
    # What came while MTA2 did not listen for a moment.
    lab.try_again()
    lab.wait("the queues to run empty", lambda: not lab.queued("mta1") + lab.queued("mta2"))
    return Renewal(began, before, play, after, accepted)


def test_the_role_renews_both(renewal: Renewal) -> None:
    assert renewal.play.code == 0, renewal.play.output
    assert renewal.play.changed == {"mta1": 2, "mta2": 2}, "the files and the daemon"


@pytest.mark.parametrize("number", [0, 1], ids=RELAYS)
def test_the_wire_shows_the_new_certificate(lab: Lab, renewal: Renewal, number: int) -> None:
    shown, key = renewal.after[number]
    assert shown == lab.stored(RELAYS[number]) != renewal.before[number][0]
    assert key != renewal.before[number][1]


def test_each_message_arrives_once(lab: Lab, renewal: Renewal) -> None:
    assert len(renewal.accepted) > 10
    assert arrivals(lab.mailbox()) == renewal.accepted


def test_each_message_came_under_tls(lab: Lab, renewal: Renewal) -> None:
    received = {mark: entry.received for mark, entry in mailbox_file.entries(lab.mailbox()).items()}
    assert not [mark for mark in renewal.accepted if not re.search(RECEIVED, received[mark])]


def test_nothing_left_in_clear(lab: Lab, renewal: Renewal) -> None:
    streams = lab.left_mta1(renewal.began)
    assert capture.leaks(streams, ["EHLO mta1.example.test"]), "MTA1 did not even say EHLO, so this proves nothing"
    assert not capture.leaks(streams, ["MAIL FROM", "RCPT TO", "flow0"])
