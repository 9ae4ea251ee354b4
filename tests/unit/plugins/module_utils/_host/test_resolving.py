# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's resolver is made of paper here: what it says, how long it takes, and what is then known."""

from __future__ import annotations

import itertools
import socket
import sys
import threading
import time
import types
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.aim import Addresses, Exchanges
from ansible_collections.mailtls.relay.plugins.module_utils._host import resolving

SECONDS = 5.0


def info(address: str, canonical: str = "") -> tuple[t.Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, canonical, (address, 0))


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """Name -> what getaddrinfo returns for it, or raises."""
    known: dict[str, t.Any] = {}

    def look_up(name: str, *_rest: t.Any) -> t.Any:
        found = known[name]
        if isinstance(found, Exception):
            raise found
        return found() if callable(found) else found

    monkeypatch.setattr(resolving.socket, "getaddrinfo", look_up)
    return known


def test_addresses_come_once_and_in_their_order(dns: dict[str, t.Any]) -> None:
    dns["a.example"] = [info("192.0.2.2", "MTA2.example."), info("192.0.2.1"), info("192.0.2.2")]
    assert resolving.read_addresses(["a.example"], SECONDS) == {
        "a.example": Addresses("mta2.example", ("192.0.2.2", "192.0.2.1"))
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no"), "DNS knows no such host"),
        (socket.gaierror(socket.EAI_NODATA, "no"), "DNS knows no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "the name servers do not tell its IPv4 addresses: later"),
        (UnicodeError("label too long"), "the name cannot be looked up: label too long"),
        (OSError("no"), "the name cannot be looked up: no"),
    ],
)
def test_why_there_are_none(dns: dict[str, t.Any], error: Exception, told: str) -> None:
    dns["a.example"] = error
    assert resolving.read_addresses(["a.example"], SECONDS)["a.example"] == Addresses(problem=told)


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> dict[int, t.Any]:
    """Family -> what getaddrinfo returns for it, or raises."""
    known: dict[int, t.Any] = {}

    def look_up(name: str, port: t.Any, wanted: int, *_rest: t.Any) -> t.Any:
        if isinstance(known[wanted], Exception):
            raise known[wanted]
        return known[wanted]

    monkeypatch.setattr(resolving.socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    ("family", "addresses"),
    [("any", ("2001:db8::1", "192.0.2.1")), ("ipv4", ("192.0.2.1",)), ("ipv6", ("2001:db8::1",))],
)
def test_the_family_is_asked_for(families: dict[int, t.Any], family: str, addresses: tuple[str, ...]) -> None:
    families.update({socket.AF_INET: [info("192.0.2.1")], socket.AF_INET6: [info("2001:db8::1")]})
    assert resolving.read_addresses(["a.example"], SECONDS, family)["a.example"] == Addresses("", addresses)


def test_a_host_of_one_family_lacks_nothing(families: dict[int, t.Any]) -> None:
    families.update({socket.AF_INET: [info("192.0.2.1")], socket.AF_INET6: socket.gaierror(socket.EAI_ADDRFAMILY, "")})
    assert resolving.read_addresses(["a.example"], SECONDS)["a.example"] == Addresses("", ("192.0.2.1",))


def test_addresses_that_dns_does_not_tell_are_missed(families: dict[int, t.Any]) -> None:
    families.update(
        {socket.AF_INET: [info("192.0.2.1")], socket.AF_INET6: socket.gaierror(socket.EAI_AGAIN, "Temporary failure")}
    )
    problem = "the name servers do not tell its IPv6 addresses: Temporary failure"
    assert resolving.read_addresses(["a.example"], SECONDS)["a.example"] == Addresses("", ("192.0.2.1",), problem)


def test_a_family_that_comes_late_does_not_cost_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def look_up(name: str, port: t.Any, wanted: int, *_rest: t.Any) -> t.Any:
        if wanted == socket.AF_INET6:
            release.wait(30)
        return [info("192.0.2.1", "a.example")]

    monkeypatch.setattr(resolving.socket, "getaddrinfo", look_up)
    found = resolving.read_addresses(["a.example"], 0.3)["a.example"]
    release.set()
    assert found == Addresses("a.example", ("192.0.2.1",), "the name servers did not answer within 0.3 s")


def test_real_names_of_this_host_are_found() -> None:
    found = resolving.read_addresses(["localhost"], SECONDS, "ipv4")["localhost"]
    assert found.addresses == ("127.0.0.1",) and not found.problem


def test_who_is_silent_holds_nobody_up(dns: dict[str, t.Any]) -> None:
    release = threading.Event()
    dns["slow.example"] = lambda: release.wait(30) and [info("192.0.2.9")]
    dns.update({f"n{number}.example": [info("192.0.2.1")] for number in range(200)})
    began = time.monotonic()
    found = resolving.read_addresses(list(dns), 0.5)
    assert time.monotonic() - began < 1.5
    release.set()
    assert found.pop("slow.example") == Addresses(problem="the name servers did not answer within 0.5 s")
    assert len(found) == 200 and all(one.addresses == ("192.0.2.1",) for one in found.values())


def test_when_all_are_silent_the_rest_is_not_asked_later() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        time.sleep(0.3)
        return question

    assert resolving.ask_all(ask, [str(number) for number in range(100)], 0.1) == {}
    time.sleep(0.5)
    # As many as there are threads, or fewer where the machine was too busy to start them all in time.
    assert 0 < len(asked) <= 32


def test_nothing_is_asked_about_nothing() -> None:
    assert resolving.read_mail_hosts([], SECONDS) == {} and resolving.read_addresses([], SECONDS) == {}


ANSWERS = """> getmxrr(two.example) returns 2 value(s):
\tMX1.two.example.
\tmx2.two.example.
> getmxrr(none.example) returns 0 value(s):
> getmxrr(null.example) returns null MX (See RFC7505)
> """


@pytest.fixture
def sendmail(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    asked: list[list[str]] = []

    def ask(names: t.Sequence[str], timeout: float) -> str:
        assert 0 < timeout <= SECONDS
        asked.append(list(names))
        return ANSWERS

    monkeypatch.setattr(resolving, "is_there", lambda: True)
    monkeypatch.setattr(resolving, "ask_exchanges", ask)
    return asked


def test_where_sendmail_is_it_says_where_mail_goes(sendmail: list[list[str]]) -> None:
    names = ["two.example", "none.example", "null.example", "unheard.example"]
    assert resolving.read_mail_hosts(names, SECONDS) == {
        "two.example": Exchanges(((None, "mx1.two.example"), (None, "mx2.two.example"))),
        "none.example": Exchanges(problem="sendmail finds no host for it: DNS knows none, or does not tell"),
        "null.example": Exchanges(
            problem="the domain takes no mail: its only MX record names no host (null MX, RFC 7505)"
        ),
        "unheard.example": Exchanges(problem="the name servers did not answer within 5 s"),
    }
    assert sendmail == [names]


def test_many_domains_are_asked_in_groups(sendmail: list[list[str]]) -> None:
    names = [f"d{number}.example" for number in range(40)]
    resolving.read_mail_hosts(names, SECONDS)
    assert sorted(map(len, sendmail)) == [8, 16, 16] and sorted(itertools.chain(*sendmail)) == sorted(names)


class Library(types.ModuleType):
    """What is used of dnspython, with answers of paper."""

    class DNSException(Exception):
        pass

    class NoAnswer(DNSException):
        pass

    class NXDOMAIN(DNSException):
        pass

    answers: t.ClassVar[dict[str, t.Any]] = {
        "two.example": [(20, "mx2.two.example."), (10, "MX1.two.example.")],
        "null.example": [(0, ".")],
        "bare.example": NoAnswer(),
        "none.example": NXDOMAIN(),
        "lame.example": DNSException("all servers failed"),
    }

    def resolve(self, domain: str, kind: str, lifetime: float) -> list[types.SimpleNamespace]:
        assert (kind, lifetime) == ("MX", SECONDS)
        found = self.answers[domain]
        if isinstance(found, Exception):
            raise found
        return [types.SimpleNamespace(preference=preference, exchange=host) for preference, host in found]


@pytest.fixture
def dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "is_there", lambda: False)
    library = Library("dns")
    library.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    for name in ("dns", "dns.resolver", "dns.exception"):
        monkeypatch.setitem(sys.modules, name, library)


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("two.example", Exchanges(((10, "mx1.two.example"), (20, "mx2.two.example")))),
        ("bare.example", Exchanges(((None, "bare.example"),))),
        (
            "null.example",
            Exchanges(problem="the domain takes no mail: its only MX record names no host (null MX, RFC 7505)"),
        ),
        ("none.example", Exchanges(problem="DNS knows no such domain")),
        ("lame.example", Exchanges(problem="DNS does not tell its MX records: all servers failed")),
    ],
)
def test_without_sendmail_dnspython_is_asked(dnspython: None, domain: str, found: Exchanges) -> None:
    assert resolving.read_mail_hosts([domain], SECONDS) == {domain: found}


def test_without_either_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "is_there", lambda: False)
    monkeypatch.setattr(resolving.importlib.util, "find_spec", lambda name: None)
    told = resolving.read_mail_hosts(["a.example"], SECONDS)["a.example"].problem
    assert told.startswith("MX records cannot be looked up on this host: there is neither sendmail with its")
