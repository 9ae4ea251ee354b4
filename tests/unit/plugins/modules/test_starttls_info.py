# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's half over real loopback peers: what it hands to the controller, and what it refuses."""

from __future__ import annotations

import base64
import hashlib
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import aim
from ansible_collections.mailtls.relay.plugins.module_utils._core.aim import Addresses, Exchanges
from ansible_collections.mailtls.relay.plugins.module_utils._core.parcel import unpack
from ansible_collections.mailtls.relay.plugins.modules import starttls_info
from mailserver import Authority, MailServer
from module_runner import run_module


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    def run(*targets: t.Any, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        limits = {"timeout": 10, "connect_timeout": 3, "reply_timeout": 3, "attempts": 1, "processes": 1}
        answer = run_module(starttls_info.main, capfd, {"targets": list(targets), **limits, **options}, check=check)
        return answer if "parcel" not in answer else {**unpack(answer["parcel"]), "changed": answer["changed"]}

    return run


Ask = t.Callable[..., dict[str, t.Any]]


@pytest.mark.parametrize("check", [False, True])
def test_what_is_seen_goes_to_the_controller(ask: Ask, authority: Authority, check: bool) -> None:
    with MailServer(authority.context("mta2.example.org")) as server:
        found = ask({"host": "127.0.0.1", "port": server.port}, ca_path=authority.ca, check=check)
    assert not found["changed"]
    assert found["places"] == [
        {
            "target": 0,
            "host": "127.0.0.1",
            "address": "127.0.0.1",
            "mx_preference": None,
            "problem": "",
            "sighting": 0,
        }
    ]
    (seen,) = found["sightings"]
    assert (seen["outcome"], seen["verify_code"], seen["port"]) == ("ok", 0, server.port)
    digest = seen["chain"][0]
    assert hashlib.sha256(base64.b64decode(found["certificates"][digest])).hexdigest() == digest
    assert "QUIT" in server.heard and not [line for line in server.heard if line.startswith(("MAIL", "DATA"))]


def test_targets_that_meet_at_one_address_cost_one_probe(ask: Ask, authority: Authority) -> None:
    with MailServer(authority.context("localhost")) as server:
        same = {"port": server.port}
        found = ask(
            {"host": "127.0.0.1", **same},
            {"host": "localhost", **same},
            {"host": "127.0.0.1", "name": "a.example", **same},
            family="ipv4",
            ca_path=authority.ca,
        )
        assert server.connections == 1
    assert [(place["host"], place["sighting"]) for place in found["places"]] == [
        ("127.0.0.1", 0),
        ("localhost", 0),
        ("a.example", 0),
    ]
    assert len(found["sightings"]) == 1


def test_a_name_without_an_address_is_probed_by_nobody(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {"gone.example": Addresses(problem="DNS knows no such host")}
    monkeypatch.setattr(starttls_info.resolving, "read_addresses", lambda names, seconds, family: lost)
    found = ask("gone.example")
    assert found["sightings"] == [] and found["certificates"] == {}
    assert [(place["sighting"], place["problem"]) for place in found["places"]] == [(None, "DNS knows no such host")]


def test_dns_is_asked_for_mail_hosts_and_then_for_theirs(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Any] = []

    def read_mail_hosts(domains: t.Any, seconds: float) -> dict[str, Exchanges]:
        asked.append((list(domains), seconds))
        return {"example.org": Exchanges(((10, "mx1.example.org"),))}

    def read_addresses(names: t.Any, seconds: float, family: str) -> dict[str, Addresses]:
        asked.append((list(names), family, 0 < seconds <= 7))
        return {"mx1.example.org": Addresses("", ("127.0.0.1",))}

    monkeypatch.setattr(starttls_info.resolving, "read_mail_hosts", read_mail_hosts)
    monkeypatch.setattr(starttls_info.resolving, "read_addresses", read_addresses)
    with MailServer(greeting="554 no") as server:
        found = ask({"mx": "example.org", "port": server.port}, resolve_timeout=7)
    assert asked == [(["example.org"], 7.0), (["mx1.example.org"], "any", True)]
    (place,) = found["places"]
    assert (place["host"], place["mx_preference"]) == ("mx1.example.org", 10)
    assert found["sightings"][0]["outcome"] == "greeting"


@pytest.mark.parametrize(
    ("options", "released"),
    [
        ({}, ""),
        ({"_judged": True}, "8.17.1.9"),
        ({"_judged": True, "release": "8.18.1"}, "8.18.1"),
        ({"release": "8.18.1"}, "8.18.1"),
    ],
)
def test_the_release_is_looked_for_where_it_is_needed(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], released: str
) -> None:
    monkeypatch.setattr(starttls_info.presence, "read_release", lambda: "8.17.1.9")
    monkeypatch.setattr(starttls_info, "probe_all", lambda *_args: ({}, {}))
    monkeypatch.setattr(starttls_info.aim, "lead", lambda *_args: [])
    assert ask("192.0.2.7", **options)["release"] == released


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeout": 0}, "timeout: 0 is no limit. Write more than 0, up to 86400."),
        ({"connect_timeout": -0.5}, "connect_timeout: -0.5 is no limit"),
        ({"per_host": 0}, "per_host: 0 is no limit"),
        ({"timeout": float("inf")}, "timeout: inf is no limit"),
        ({"timeout": float("nan")}, "timeout: nan is no limit"),
        ({"ca_path": ""}, "ca_path: the path is empty. Name a file on this host, or leave the option out."),
        ({"ca_path": "/nowhere/ca.crt"}, "ca_path (/nowhere/ca.crt): there is no such file on this host."),
        ({"source": "eth0"}, "source: 'eth0' is no address"),
        ({"client_certificate": "/nowhere/a.crt", "client_key": "/nowhere/a.key"}, "client_certificate (/nowhere"),
        ({"client_certificate": "/a.crt"}, "parameters are required together: client_certificate, client_key"),
        ({"wrong_key": "/a.key"}, "parameters are required together: wrong_certificate, wrong_key"),
        ({"targets": [{"host": "a.example", "port": 0}]}, "targets[0].port: 0 is not a port"),
        ({"level": "dane"}, "value of level must be one of: none, may, encrypt, verify, secure"),
        ({"ehlo_name": "two words"}, "'two words' cannot be said as a name"),
    ],
)
def test_what_is_refused(ask: Ask, options: dict[str, t.Any], told: str) -> None:
    answer = ask("127.0.0.1", **options)
    assert answer["failed"] and told in answer["msg"]


def test_a_key_instead_of_its_path_is_not_shown(ask: Ask) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    answer = ask("127.0.0.1", client_certificate="/etc/hosts", client_key=key)
    assert answer["msg"] == "client_key: this is what a file holds, not its path. Name a file on the host."


def test_a_file_that_holds_no_authorities_is_refused(ask: Ask, tmp_path: pathlib.Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing", encoding="ascii")
    answer = ask("127.0.0.1", ca_path=str(tmp_path / "ca.crt"))
    assert answer["failed"] and "OpenSSL cannot read the authorities" in answer["msg"]


@pytest.mark.parametrize(
    ("item", "host", "sni", "server_name"),
    [
        ("mta2.example.org", "mta2.example.org", False, ""),
        ("mta2.example.org", "mta2.example.org", True, "mta2.example.org"),
        ("192.0.2.7", "192.0.2.7", True, ""),
    ],
)
def test_a_name_is_told_in_the_handshake_only_when_asked_to(item: str, host: str, sni: bool, server_name: str) -> None:
    (target,) = aim.read_targets([item])
    made = starttls_info.to_aim(aim.Place(0, host, "192.0.2.7"), target, sni)
    assert made is not None and made.server_name == server_name


def test_wishes_and_limits_are_handed_on() -> None:
    params: dict[str, t.Any] = {name: option.get("default") for name, option in starttls_info.OPTIONS.items()}
    params.update(ca_path="/ca.crt", client_certificate="/a.crt", client_key="/a.key", ladder=True, refusal=True)
    wishes = starttls_info.to_wishes(params)
    assert (wishes.ca_file, wishes.client_certificate, wishes.client_key) == ("/ca.crt", "/a.crt", "/a.key")
    assert (wishes.ladder, wishes.refusal, wishes.wrong_certificate, wishes.ehlo_name) == (True, True, "", "")
    limits = starttls_info.to_limits(params, 1.5)
    assert (limits.connect, limits.reply, limits.target, limits.attempts) == (10, 30, 58.5, 3)
    assert (limits.at_once, limits.per_host, limits.processes) == (512, 1, 0)
    assert starttls_info.to_limits(params, 100).target == 1.0
