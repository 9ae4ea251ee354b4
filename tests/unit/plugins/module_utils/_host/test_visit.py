# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import socket
import ssl
import time
import typing as t

import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Limits, Sighting, Wishes
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import probe_all
from scripted import ANSWER, GO, GOODBYE, GREETING, LINE, RESET, SECURED, TO_TLS, Server, Step

LEAF = scripted.certificate("leaf", names=["leaf.test"])
GOOD = scripted.tls(LEAF)
EHLO, STARTTLS, QUIT = b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n", b"QUIT\r\n"
ONCE = Limits(connect=2.0, reply=1.0, target=6.0, attempts=1)


@pytest.fixture(name="trusting")
def trusting_wishes(tmp_path: pathlib.Path) -> Wishes:
    return Wishes(ca_file=scripted.write(tmp_path, "ca.pem", scripted.authority()))


def look(
    wishes: Wishes, *scripts: t.Sequence[Step], limits: Limits = ONCE, **aim: t.Any
) -> tuple[Sighting, list[bytes]]:
    server = Server(*scripts)
    target = Aim(server.address, server.port, **aim)
    seen, certificates = probe_all([target], wishes, limits)
    found = seen[target]
    assert set(found.chain) == set(certificates)
    assert found.connections == len(server.clients) or found.outcome == sighting.TIMEOUT
    return found, server.end()


def test_all_that_a_good_peer_shows(trusting: Wishes) -> None:
    found, heard = look(trusting, scripted.good(scripted.tls(LEAF + scripted.authority())))
    assert heard == [EHLO, STARTTLS, EHLO, QUIT]
    plain = found.to_dict()
    timings = plain.pop("timings")
    assert list(timings) == ["connect", "greeting", "ehlo", "starttls", "handshake", "ehlo_tls", "total"]
    assert all(0 <= seconds < 1 for seconds in timings.values())
    assert sum(timings.values()) <= 2 * timings["total"]
    assert plain == {
        "address": "127.0.0.1",
        "port": found.port,
        "tls_on_connect": False,
        "outcome": "ok",
        "detail": "",
        "greeting": "220 x ESMTP",
        "replies": {
            "ehlo": "250-x\n250-STARTTLS\n250 SIZE 7",
            "starttls": "220 go",
            "ehlo_tls": "250-x\n250 AUTH PLAIN",
        },
        "capabilities": ["STARTTLS", "SIZE 7"],
        "capabilities_tls": ["AUTH PLAIN"],
        "protocol": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "bits": 256,
        "group": plain["group"],
        "chain": [digest(LEAF), digest(scripted.authority())],
        "chain_source": plain["chain_source"],
        "verify_code": 0,
        "verify_message": "ok",
        "ladder": {},
        "refusal": {},
        "attempts": 1,
        "connections": 1,
        "not_observed": {},
    }
    # What OpenSSL prefers changes with its versions.
    assert plain["group"] in ("x25519", "X25519MLKEM768") and plain["chain_source"] in ("python", "handshake")


def digest(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


NO_TLS = [*TO_TLS[:-1], b"454 no\r\n", LINE, GOODBYE]
BAD: list[tuple[str, list[Step], str, str, list[bytes]]] = [
    ("greeting 421", [b"421 busy\r\n", LINE], "throttled", "answered the connection with 421 busy", [b""]),
    ("greeting 450", [b"450 later\r\n", LINE, GOODBYE], "throttled", "greets with 450 later", [QUIT]),
    ("greeting 554", [b"554 no\r\n", LINE, GOODBYE], "greeting", "greets with 554 no", [QUIT]),
    ("closed at once", [], "greeting", "closed the connection", []),
    ("silence", [1.2], "timeout", "no answer in time (state connected)", []),
    ("drip", [b"2", 0.4, b"2", 0.4, b"0", 0.4, b" ", 0.3], "timeout", "no answer in time", []),
    ("another protocol", [b"SSH-2.0-x\r\n", LINE], "protocol", "not an SMTP reply", [b""]),
    ("EHLO 421", [GREETING, LINE, b"421 busy\r\n"], "throttled", "421 busy", [EHLO]),
    ("EHLO 452", [GREETING, LINE, b"452 later\r\n", LINE, GOODBYE], "throttled", "452 later", [EHLO, QUIT]),
    (
        "only HELO", [GREETING, LINE, b"502 what\r\n", LINE, b"250 x\r\n", LINE, GOODBYE], "no_starttls",
        "knows only HELO; it answered EHLO with 502 what", [EHLO, b"HELO [127.0.0.1]\r\n", QUIT],
    ),
    (
        "nothing", [GREETING, LINE, b"502 what\r\n", LINE, b"502 what\r\n", LINE, GOODBYE], "protocol",
        "answered EHLO with 502 what", [EHLO, b"HELO [127.0.0.1]\r\n", QUIT],
    ),
    ("no STARTTLS", [GREETING, LINE, b"250-x\r\n250 XTLS\r\n", LINE, GOODBYE], "no_starttls", "offer", [EHLO, QUIT]),
    ("closed after EHLO", [GREETING, LINE], "protocol", "closed the connection", [EHLO]),
    ("reset after EHLO", [GREETING, LINE, RESET], "protocol", "closed the connection", [EHLO]),
    ("STARTTLS 454", NO_TLS, "starttls_refused", "454 no", [EHLO, STARTTLS, QUIT]),
    ("STARTTLS 502", [*TO_TLS[:-1], b"502 no\r\n", LINE], "starttls_refused", "502 no", [EHLO, STARTTLS, QUIT]),
    ("STARTTLS 250", [*TO_TLS[:-1], b"250 ok\r\n", LINE], "starttls_refused", "250 ok", [EHLO, STARTTLS, b""]),
    ("STARTTLS 421", [*TO_TLS[:-1], b"421 busy\r\n"], "throttled", "421 busy", [EHLO, STARTTLS]),
    ("STARTTLS closes", TO_TLS[:-1], "protocol", "closed the connection", [EHLO, STARTTLS]),
    ("injected", [*TO_TLS[:-1], GO + b"250 x\r\n", 0.1], "early_plaintext", "wrote on in clear", [EHLO, STARTTLS]),
    ("injected later", [*TO_TLS, 0.05, b"2", 0.05, b"50 x\r\n", 0.1], "early_plaintext", "in clear", [EHLO, STARTTLS]),
    ("garbage", [*TO_TLS, 0.05, b"junk\r\n", 0.1], "handshake", "in clear", [EHLO, STARTTLS]),
    ("two octets of garbage", [*TO_TLS, 0.05, b"25"], "handshake", "in clear", [EHLO, STARTTLS]),
    ("closed for a handshake", TO_TLS, "handshake", "the peer closed the connection", [EHLO, STARTTLS]),
    ("silent for a handshake", [*TO_TLS, 1.2], "timeout", "handshake fails: no answer in time", [EHLO, STARTTLS]),
    ("no EHLO in TLS", [*TO_TLS, GOOD, LINE, b"454 no\r\n", LINE], "throttled", "454 no", [EHLO, STARTTLS, EHLO, QUIT]),
    ("closed in TLS", [*TO_TLS, GOOD, LINE], "protocol", "closed the connection", [EHLO, STARTTLS, EHLO]),
    ("escapes", [b"554 \x1b[31mred\x00\r\n", LINE, GOODBYE], "greeting", "554 \\x1b[31mred\\x00", [QUIT]),
]  # fmt: skip


@pytest.mark.parametrize("script, outcome, detail, heard", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_how_a_session_can_end(
    trusting: Wishes, script: list[Step], outcome: str, detail: str, heard: list[bytes]
) -> None:
    found, said = look(trusting, script)
    assert (found.outcome, found.attempts) == (outcome, 1)
    assert detail in found.detail
    # Of a ClientHello no line is expected.
    assert said[: len(heard)] == heard
    if not found.protocol:
        assert set(found.not_observed) == {"protocol", "cipher", "group", "chain", "capabilities_tls"}


def test_a_reply_that_throttles_is_shown(trusting: Wishes) -> None:
    found, _heard = look(trusting, [b"421-too\r\n421 many \x9b\r\n"])
    assert found.greeting == "421-too\n421 many \ufffd" and found.replies == {}


SELF_SIGNED = scripted.certificate("leaf", "leaf")
EXPIRED = scripted.certificate("leaf", days=(-30, -1))
FUTURE = scripted.certificate("leaf", days=(1, 30))
UNKNOWN = scripted.certificate("leaf", "other")


@pytest.mark.parametrize(
    "chain, outcome, code, message",
    [
        (SELF_SIGNED, "untrusted", 18, "self"),
        (EXPIRED, "expired", 10, "certificate has expired"),
        (FUTURE, "untrusted", 9, "certificate is not yet valid"),
        (UNKNOWN, "untrusted", 20, "unable to get local issuer certificate"),
    ],
)
def test_a_chain_that_does_not_verify_is_seen_all_the_same(
    trusting: Wishes, chain: str, outcome: str, code: int, message: str
) -> None:
    context = scripted.tls(chain)
    found, heard = look(trusting, [*TO_TLS, context], scripted.good(context))
    assert (found.outcome, found.verify_code, found.connections) == (outcome, code, 2)
    assert message in found.verify_message and message in found.detail
    assert (found.protocol, found.capabilities_tls, found.chain) == ("TLSv1.3", ("AUTH PLAIN",), (digest(chain),))
    assert heard[-2:] == [EHLO, QUIT] and not found.not_observed


def test_a_second_connection_may_fail(trusting: Wishes) -> None:
    found, _heard = look(trusting, [*TO_TLS, scripted.tls(UNKNOWN)], [b"421 busy\r\n"])
    assert (found.outcome, found.verify_code, found.protocol) == ("untrusted", 20, "")
    assert found.not_observed["chain"] == "the second connection failed: the peer answered the connection with 421 busy"


OLD = scripted.tls(LEAF, versions=("TLSv1", "TLSv1"), ciphers="ALL:@SECLEVEL=0")


def test_too_old(trusting: Wishes) -> None:
    found, _heard = look(trusting, [*TO_TLS, OLD], scripted.good(OLD))
    assert (found.outcome, found.protocol, found.verify_code) == ("protocol_too_old", "TLSv1", -1)
    assert found.chain == (digest(LEAF),) and found.connections == 2
    # The words are OpenSSL's: of the version, or of the signatures that only old versions have.
    assert found.detail.removeprefix("the TLS handshake fails: ") in (
        "tlsv1 alert protocol version",
        "unsupported protocol",
        "legacy sigalg disallowed or unsupported",
    )


def test_nothing_in_common(trusting: Wishes) -> None:
    context = scripted.tls(LEAF, versions=("TLSv1_2", "TLSv1_2"), ciphers="AECDH-AES128-SHA:@SECLEVEL=0")
    found, _heard = look(trusting, [*TO_TLS, context], [*TO_TLS, context])
    assert (found.outcome, found.connections) == ("handshake", 2)
    assert "the TLS handshake fails: ssl" in found.detail and found.not_observed["chain"].startswith("the second")


@pytest.mark.parametrize(
    "ciphers, group, why",
    [("ECDHE-RSA-AES128-GCM-SHA256", "x25519", None), ("AES128-GCM-SHA256", "", "the key exchange has no group")],
)
def test_groups_of_tls_12(trusting: Wishes, ciphers: str, group: str, why: str | None) -> None:
    chain, key = scripted.rsa_pair()
    context = scripted.tls(chain, key, versions=("TLSv1_2", "TLSv1_2"), ciphers=ciphers)
    found, _heard = look(trusting, scripted.good(context))
    assert (found.protocol, found.cipher, found.bits) == ("TLSv1.2", ciphers, 128)
    assert (found.outcome, found.group, found.not_observed.get("group")) == ("ok", group, why)


@pytest.mark.parametrize(
    "script, outcome, detail",
    [
        ([GOOD, GREETING, LINE, SECURED, LINE, GOODBYE], "ok", ""),
        ([GREETING, 0.1], "handshake", "in clear"),
        ([], "greeting", "closed the connection"),
        ([b"\x16\x03", 0.05], "handshake", "closed the connection"),
        ([GOOD, b"421 busy\r\n"], "throttled", "421 busy"),
        ([1.2], "timeout", "no answer in time"),
    ],
)
def test_tls_on_connect(trusting: Wishes, script: list[Step], outcome: str, detail: str) -> None:
    found, _heard = look(trusting, script, tls_on_connect=True)
    assert found.tls_on_connect and found.outcome == outcome and detail in found.detail
    assert found.capabilities == ()
    if outcome == "ok":
        assert found.capabilities_tls == ("AUTH PLAIN",) and list(found.replies) == ["ehlo_tls"]
        assert found.greeting == "220 x ESMTP" and list(found.timings)[:3] == ["connect", "handshake", "greeting"]


@pytest.mark.parametrize("name, sent", [("", None), ("mta2.example.test", "mta2.example.test")])
def test_a_name_is_sent_only_where_it_is_wished(trusting: Wishes, name: str, sent: str | None) -> None:
    names: list[str | None] = []
    context = scripted.tls(LEAF)
    context.sni_callback = lambda _link, named, _context: names.append(named)
    found, _heard = look(trusting, scripted.good(context), server_name=name)
    assert found.outcome == "ok" and names == [sent]


def test_a_name_that_cannot_be_sent(trusting: Wishes) -> None:
    found, _heard = look(trusting, TO_TLS, server_name=".x")
    assert found.outcome == "handshake" and "'.x' cannot be sent as a name" in found.detail


def test_a_client_certificate_is_shown(trusting: Wishes, tmp_path: pathlib.Path) -> None:
    asks = scripted.tls(LEAF, clients=scripted.authority())
    own = trusting._replace(
        client_certificate=scripted.write(tmp_path, "own.pem", scripted.certificate("client")),
        client_key=scripted.write(tmp_path, "own.key", scripted.pki.key_pem("client")),
    )
    found, _heard = look(own, scripted.good(asks))
    assert found.outcome == "ok"
    found, _heard = look(trusting, [*TO_TLS, asks])
    # The alert comes when the handshake is over for the client.
    assert found.outcome == "handshake" and "the peer broke TLS: tlsv13 alert certificate required" in found.detail
    assert found.protocol == "TLSv1.3" and found.connections == 1


TRIES = Limits(connect=2.0, reply=1.0, target=9.0, attempts=2)


@pytest.mark.parametrize("first", [[b"421 busy\r\n"], [1.2], [GREETING, LINE, b"451 x\r\n", LINE, GOODBYE]])
def test_what_may_pass_is_tried_again(trusting: Wishes, first: list[Step]) -> None:
    began = time.monotonic()
    found, _heard = look(trusting, first, scripted.good(GOOD), limits=TRIES)
    assert (found.outcome, found.attempts, found.connections) == ("ok", 2, 2)
    assert time.monotonic() - began > 1 and found.timings["total"] > 1


@pytest.mark.parametrize("attempts, least, most", [(1, 0, 0.9), (2, 1, 2.0), (9, 3, 3.5)])
def test_attempts_end(trusting: Wishes, attempts: int, least: float, most: float) -> None:
    server = Server()
    server.end()
    aim = Aim("127.0.0.1", server.port)
    began = time.monotonic()
    seen, _certificates = probe_all([aim], trusting, Limits(target=3.5, attempts=attempts))
    assert least <= time.monotonic() - began < most
    assert seen[aim].outcome == "connect" and seen[aim].attempts == min(attempts, 3)


def test_the_time_of_the_target_is_kept_and_the_better_answer_too(trusting: Wishes) -> None:
    found, _heard = look(trusting, [b"421 busy\r\n"], [2.0], limits=Limits(target=1.5, reply=5.0))
    # The time for all began a little before.
    assert 1.4 < found.timings["total"] < 1.65
    assert (found.outcome, found.attempts) == ("throttled", 2)


def test_the_time_is_for_all_together(trusting: Wishes) -> None:
    """Who is not asked any more is not known; three silent peers do not take three times as long."""
    with contextlib.ExitStack() as open_sockets:
        silent = [open_sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _number in range(3)]
        aims = [Aim("127.0.0.1", one.getsockname()[1]) for one in silent]
        began = time.monotonic()
        seen, _certificates = probe_all(aims, trusting, Limits(target=1.0, reply=5.0))
        assert time.monotonic() - began < 2.0
    assert [seen[aim].outcome for aim in aims] == ["timeout"] * 3
    assert [seen[aim].connections for aim in aims] == [1, 0, 0]
    assert "before this one's turn" in seen[aims[1]].detail


@pytest.mark.parametrize(
    "address, port, detail",
    [
        ("mta.example.test", 25, "illegal IP address"),
        ("127.0.0.1", 70000, "port"),
        ("fe80::1%nowhere", 25, "no connection"),
    ],
)
def test_what_is_no_address_is_not_reached(address: str, port: int, detail: str) -> None:
    aim = Aim(address, port)
    seen, _certificates = probe_all([aim], Wishes(), ONCE)
    assert seen[aim].outcome == "connect" and detail in seen[aim].detail


def test_chains_are_kept_up_to_a_limit(trusting: Wishes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.mailtls.relay.plugins.module_utils._host.visit.MAX_CHAIN", 500)
    found, _heard = look(trusting, scripted.good(scripted.tls(LEAF + scripted.authority())))
    assert found.chain == (digest(LEAF),) and "1 of 2 certificates are kept" in found.not_observed["chain"]


def test_a_source_address(trusting: Wishes) -> None:
    server = Server([GREETING, LINE, ANSWER, LINE, b"454 x\r\n", LINE, GOODBYE])
    aim = Aim("127.0.0.1", server.port)
    seen, _certificates = probe_all([aim], trusting._replace(source="127.0.0.9"), ONCE)
    assert seen[aim].outcome == "starttls_refused" and server.end() and server.clients == ["127.0.0.9"]


def test_clear_text_along_with_the_consent_is_told_and_passed_over(trusting: Wishes) -> None:
    """sendmail does not see it and goes on, so the rest must be known; a certificate that fails changes nothing."""
    for pem, code in ((LEAF, 0), (UNKNOWN, 20)):
        context = scripted.tls(pem)
        session = [*TO_TLS[:-1], GO + b"250 x\r\n", context, LINE, SECURED, LINE, GOODBYE]
        broken = [*TO_TLS[:-1], GO + b"250 x\r\n", context]
        found, heard = look(trusting, *([broken] if code else []), session)
        assert (found.outcome, found.detail[:23]) == ("early_plaintext", "the peer wrote on in cl")
        assert (found.protocol, found.verify_code, found.capabilities_tls) == ("TLSv1.3", code, ("AUTH PLAIN",))
        assert heard[-2:] == [EHLO, QUIT]


def test_an_old_protocol_is_too_old_where_this_host_would_take_it(
    trusting: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL of Debian 11 can be set up so; what is old is exchanged here, because this one may not speak it."""
    place = "ansible_collections.mailtls.relay.plugins.module_utils._host.visit._OLD"
    monkeypatch.setattr(place, frozenset({"TLSv1.3"}))
    found, _heard = look(trusting, scripted.good(GOOD))
    assert (found.outcome, found.detail) == ("protocol_too_old", "the peer speaks only TLSv1.3")
    assert (found.verify_code, found.bits) == (0, 256)
