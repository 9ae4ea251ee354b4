# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.daemon import Answer
from ansible_collections.mailtls.relay.plugins.module_utils._core.listener import Endpoint, Host, Listener
from ansible_collections.mailtls.relay.plugins.module_utils._host import proof
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import EhloAnswer

V4 = Listener("inet")
OPEN = Host(frozenset({Endpoint("0.0.0.0", 25)}), ("192.0.2.1", "127.0.0.1"))
SHUT = Host(frozenset(), ("192.0.2.1", "127.0.0.1"))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + sum(sleeps))
    return sleeps


@pytest.fixture()
def asked(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., list[tuple[str, str | None]]]:
    """Let the addresses answer as told, the last answer for ever; returns what is asked, and from where."""

    def prepare(*outcomes: str) -> list[tuple[str, str | None]]:
        calls: list[tuple[str, str | None]] = []

        def ask_ehlo(address: str, port: int, *, source: str | None, timeout: float, handshake: bool) -> EhloAnswer:
            outcome = outcomes[min(len(calls), len(outcomes) - 1)]
            calls.append((address, source))
            words = ("PIPELINING", "STARTTLS") if outcome == "tls" else ("PIPELINING",)
            assert handshake
            if outcome in ("tls", "clear"):
                return EhloAnswer(address, port, "ok", words, "why", "ab")
            return EhloAnswer(address, port, outcome, detail="why")

        monkeypatch.setattr(proof, "ask_ehlo", ask_ehlo)
        return calls

    return prepare


@pytest.mark.parametrize(("outcome", "offered"), [("tls", True), ("clear", False)])
def test_a_listener_is_asked_from_loopback(
    monkeypatch: pytest.MonkeyPatch, asked: t.Callable[..., list[t.Any]], outcome: str, offered: bool
) -> None:
    calls = asked(outcome)
    monkeypatch.setattr(proof, "read_host", lambda: OPEN)
    assert proof.prove([V4], 60) == ((), [Answer("192.0.2.1:25", True, offered, "why", "ab")])
    assert calls == [("192.0.2.1", "127.0.0.1")]


def test_a_socket_may_open_late(monkeypatch: pytest.MonkeyPatch, asked: t.Callable[..., list[t.Any]]) -> None:
    asked("tls")
    states = iter([SHUT, SHUT, OPEN])
    monkeypatch.setattr(proof, "read_host", lambda: next(states))
    assert proof.prove([V4], 60)[1][0].offered


def test_a_socket_that_stays_shut_is_missed(
    monkeypatch: pytest.MonkeyPatch, asked: t.Callable[..., list[t.Any]], clock: list[float]
) -> None:
    calls = asked("tls")
    monkeypatch.setattr(proof, "read_host", lambda: SHUT)
    assert proof.prove([V4], 60) == ((V4,), [])
    assert calls == [] and sum(clock) <= 30.5


@pytest.mark.parametrize("outcome", ["throttled", "timeout", "greeting", "protocol"])
def test_an_open_answer_is_asked_again(asked: t.Callable[..., list[t.Any]], outcome: str) -> None:
    calls = asked(outcome, outcome, "tls")
    assert proof.ask(Endpoint("fd77::1", 25), 1060.0) == Answer("[fd77::1]:25", True, True, "why", "ab")
    assert [source for _address, source in calls] == ["::1"] * 3


def test_without_a_loopback_of_its_family_the_kernel_chooses(asked: t.Callable[..., list[t.Any]]) -> None:
    calls = asked("connect", "tls")
    assert proof.ask(Endpoint("fd77::1", 25), 1060.0).offered
    assert [source for _address, source in calls] == ["::1", None]


def test_what_stays_open_is_not_known(asked: t.Callable[..., list[t.Any]], clock: list[float]) -> None:
    asked("throttled")
    assert proof.ask(Endpoint("192.0.2.1", 25), 1010.0) == Answer("192.0.2.1:25", False, detail="throttled: why")
    assert 5 < sum(clock) <= 10
