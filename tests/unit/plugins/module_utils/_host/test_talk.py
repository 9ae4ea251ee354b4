# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core import dialogue
from ansible_collections.mailtls.relay.plugins.module_utils._core.smtp import DialogueError, Reply
from ansible_collections.mailtls.relay.plugins.module_utils._host.link import connect
from ansible_collections.mailtls.relay.plugins.module_utils._host.loop import Steps, run_one
from ansible_collections.mailtls.relay.plugins.module_utils._host.talk import Talk, render_reply
from ansible_collections.mailtls.relay.plugins.module_utils._host.tls import UNVERIFIED, Contexts
from scripted import ANSWER, GOODBYE, GREETING, LINE, Server, Step

CONTEXT = Contexts("").get(UNVERIFIED)
SERVER = scripted.tls(scripted.certificate("leaf"))


def hold(
    script: t.Sequence[Step],
    steps: t.Callable[[Talk], Steps[t.Any]],
    seconds: float = 3.0,
    limit: float = 1.0,
    hear: t.Any = None,
) -> tuple[t.Any, list[bytes]]:
    """The value of the steps, or how they failed; and what the peer heard."""
    server = Server(script)

    def all_steps() -> Steps[t.Any]:
        deadline = time.monotonic() + seconds
        opened = yield from connect("127.0.0.1", server.port, "", deadline)
        talk = Talk(opened, deadline, limit, hear) if hear else Talk(opened, deadline, limit)
        try:
            return (yield from talk.carry_out(steps(talk)))
        except DialogueError as error:
            return error.outcome, error.what
        finally:
            assert opened.socket.fileno() == -1

    return run_one(all_steps()), server.end()


def capabilities(talk: Talk) -> Steps[t.Any]:
    return talk.say(dialogue.ask_capabilities(talk.literal()))


def test_each_reply_has_its_own_limit() -> None:
    slow: list[Step] = [0.5, GREETING, LINE, 0.5, ANSWER, LINE, GOODBYE]
    assert hold(slow, capabilities, limit=0.9)[0] == ("STARTTLS", "SIZE 7")
    assert hold(slow, capabilities, limit=0.3)[0] == ("timeout", "no answer in time (state connected)")
    assert hold(slow, capabilities, seconds=0.8, limit=0.7)[0] == ("timeout", "no answer in time (state greeted)")


def test_the_limit_is_for_the_whole_reply() -> None:
    drip: list[Step] = [step for octet in b"220 x ESMTP" for step in (bytes([octet]), 0.1)]
    began = time.monotonic()
    answer, _heard = hold(drip, capabilities, limit=0.35)
    assert answer == ("timeout", "no answer in time (state connected)")
    assert time.monotonic() - began < 2


def test_phases_are_told() -> None:
    told: list[tuple[str, int]] = []

    def steps(talk: Talk) -> Steps[None]:
        yield from capabilities(talk)
        yield from talk.say(dialogue.ask_tls())
        yield from talk.secure(CONTEXT)
        yield from talk.say(dialogue.try_mail())

    def hear(phase: str, reply: Reply, took: float) -> None:
        told.append((phase, reply.code))
        assert 0 <= took < 1

    def again(talk: Talk) -> Steps[None]:
        yield from capabilities(talk)
        yield from talk.say(dialogue.ask_tls())
        yield from talk.secure(CONTEXT)
        yield from talk.say(dialogue.say_ehlo("x"))
        yield from talk.say(dialogue.try_mail())

    tried: list[Step] = [*scripted.TO_TLS, SERVER, LINE, b"250 x\r\n", LINE, b"450 x\r\n", LINE, GOODBYE]
    _value, heard = hold(tried, again, hear=hear)
    assert told == [("greeting", 220), ("ehlo", 250), ("starttls", 220), ("ehlo_tls", 250), ("mail_tls", 450)]
    assert heard[-1] == b"QUIT\r\n"
    # After TLS began the session is new: without EHLO there is no MAIL, and that is a mistake of ours.
    with pytest.raises(ValueError, match="MAIL cannot be sent in state greeted"):
        hold([*scripted.TO_TLS, SERVER, LINE, GOODBYE], steps)


def test_a_reply_that_ends_all_is_told() -> None:
    told: list[str] = []
    answer, _heard = hold([b"421 busy\r\n"], capabilities, hear=lambda _phase, reply, _took: told.append(str(reply)))
    assert answer[0] == "throttled" and told == ["421 busy"]


@pytest.mark.parametrize(
    "script, last",
    [
        ([GREETING, LINE, ANSWER, LINE, GOODBYE], b"QUIT\r\n"),
        ([GREETING, LINE, ANSWER, LINE], b"QUIT\r\n"),
        ([GREETING, LINE, ANSWER, LINE, b"junk\r\n"], b"QUIT\r\n"),
        ([GREETING, LINE, b"502 what\r\n", LINE, GOODBYE], b"QUIT\r\n"),
        ([GREETING, LINE], b"EHLO [127.0.0.1]\r\n"),
    ],
)
def test_quit_is_said_wherever_it_can_be(script: list[Step], last: bytes) -> None:
    began = time.monotonic()
    _answer, heard = hold(script, capabilities)
    assert heard[-1] == last and time.monotonic() - began < 1


def test_a_goodbye_is_not_waited_for_long() -> None:
    began = time.monotonic()
    answer, _heard = hold([GREETING, LINE, ANSWER, LINE, 0.5], capabilities, seconds=0.3)
    assert answer == ("STARTTLS", "SIZE 7") and time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "lines, shown",
    [
        (("x",), "250 x"),
        (("",), "250"),
        (("a", "", "b"), "250-a\n250-\n250 b"),
        (("\x1b]0;x\x07", "b"), "250-\\x1b]0;x\\x07\n250 b"),
    ],
)
def test_replies_are_shown(lines: tuple[str, ...], shown: str) -> None:
    assert render_reply(Reply(250, lines)) == shown
