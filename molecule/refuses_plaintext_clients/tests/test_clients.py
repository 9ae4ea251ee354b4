# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MTA2 takes mail under TLS only: whoever comes without keeps his mail, and is told why."""

from __future__ import annotations

import time
import typing as t

import capture
import mailbox_file
import pytest
from lab import RECIPIENT, SENDER, Lab, message
from story import Story, check

REFUSAL = "403 4.7.0 encryption too weak 0 less than 128"
KEEP = "mkdir /root/kept && cp --archive /etc/mail/sendmail.cf /etc/mail/access.db /root/kept/"
# Neither belt nor map, and no word of STARTTLS.
FORGET_TLS = [
    "sed '/^LOCAL_TLS_SERVER/,$d' /etc/mail/sendmail.mc | m4 > /etc/mail/sendmail.cf",
    "printf 'Try_TLS:mta2.example.test\\tNO\\n' | makemap hash /etc/mail/access",
]


@pytest.fixture
def forgetful(lab: Lab) -> t.Iterator[None]:
    """MTA1 has lost all that it knew of TLS."""
    lab.read("mta1", " && ".join([KEEP, *FORGET_TLS]))
    yield
    lab.read("mta1", "cp --archive /root/kept/* /etc/mail/")


def arrived(lab: Lab, mark: str) -> bool:
    return mark in mailbox_file.entries(lab.mailbox())


def test_a_relay_with_tls_is_served(lab: Lab) -> None:
    check(Story(lab).arrival_rows(1, "relayed", *lab.send_marked("relayed")))


def test_a_client_without_tls_is_refused(lab: Lab) -> None:
    assert lab.send({RECIPIENT: message("in-clear").text}, to="mta2") == {RECIPIENT: REFUSAL}
    assert not lab.queued("mta2") and not arrived(lab, "in-clear")


def test_the_same_client_is_served_under_tls(lab: Lab) -> None:
    (reply,) = lab.send({RECIPIENT: message("under-tls").text}, to="mta2", verb="send_tls").values()
    lab.fate("mta2", reply, "stat=Sent")
    assert arrived(lab, "under-tls")


def test_the_host_itself_is_served_without(lab: Lab) -> None:
    (lab.state / "own").write_bytes(message("own").text)
    send = f"python3 /lab/files/client.py send 127.0.0.1 {SENDER} {RECIPIENT} /lab/state/own"
    assert "Message accepted for delivery" in lab.read("mta2", send)


@pytest.fixture
def kept_mail(lab: Lab, forgetful: None) -> tuple[str, list[capture.Stream]]:
    """A message that MTA1 could not hand over, and what left MTA1 when it tried."""
    (lab.state / "kept-mail").write_bytes(message("kept-mail").text)
    lab.read("mta1", f"sendmail -Am -odq -f {SENDER} {RECIPIENT} < /lab/state/kept-mail")
    (queue_id,) = lab.queued("mta1")
    moment = time.time()
    lab.try_again(queue_id)
    return queue_id, lab.left_mta1(moment)


def test_a_relay_that_forgot_tls_keeps_the_mail(lab: Lab, kept_mail: tuple[str, list[capture.Stream]]) -> None:
    queue_id, streams = kept_mail
    assert lab.waits(queue_id) == f"Deferred: {REFUSAL}"
    assert capture.leaks(streams, [f"RCPT TO:<{RECIPIENT}>"]), "MTA1 did not come without TLS, so this proves nothing"
    assert not capture.leaks(streams, ["kept-mail line"])
    assert not arrived(lab, "kept-mail")


def test_once_it_knows_tls_again_the_mail_arrives(lab: Lab) -> None:
    (queue_id,) = lab.queued("mta1")
    lab.try_again(queue_id)
    check(Story(lab).arrival_rows(1, "kept-mail", message("kept-mail"), queue_id))
