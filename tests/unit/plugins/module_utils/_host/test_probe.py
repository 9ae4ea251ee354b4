# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import socket
import ssl
import time
import typing as t

import pki
import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting, smtp
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Limits, Wishes
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import (
    EhloAnswer,
    ask_ehlo,
    converse,
    probe_all,
)
from scripted import ANSWER, GOODBYE, GREETING, LINE, RESET, Server, Step


def play(script: t.Sequence[Step], timeout: float = 5.0, **options: t.Any) -> tuple[EhloAnswer, list[bytes]]:
    server = Server(script)
    answer = ask_ehlo("127.0.0.1", server.port, timeout=timeout, **options)
    assert (answer.address, answer.port) == ("127.0.0.1", server.port)
    return answer, server.end()


GOOD: list[tuple[str, list[Step]]] = [
    ("whole replies", [GREETING, LINE, ANSWER, LINE, GOODBYE]),
    ("split replies", [b"22", 0.05, b"0 x\r", 0.05, b"\n", LINE, ANSWER[:9], 0.05, ANSWER[9:], LINE, GOODBYE]),
    ("no goodbye", [GREETING, LINE, ANSWER, LINE]),
    ("a rude goodbye", [GREETING, LINE, ANSWER, LINE, b"junk\r\n"]),
]


@pytest.mark.parametrize("script", [script for _name, script in GOOD], ids=[name for name, _script in GOOD])
def test_capabilities_are_read_and_quit_is_said(script: list[Step]) -> None:
    answer, heard = play(script)
    assert (answer.outcome, answer.capabilities, answer.detail) == (sighting.OK, ("STARTTLS", "SIZE 7"), "")
    assert answer.offers("starttls") and answer.offers("SIZE") and not answer.offers("SIZE 7")
    assert heard == [b"EHLO [127.0.0.1]\r\n", b"QUIT\r\n"]


def test_no_starttls() -> None:
    answer, _heard = play([GREETING, LINE, b"250-x\r\n250 XSTARTTLS\r\n", LINE, GOODBYE])
    assert answer.outcome == sighting.OK and not answer.offers("STARTTLS")


BAD: list[tuple[str, list[Step], str, str, list[bytes]]] = [
    ("greeting 421", [b"421 busy\r\n", LINE], sighting.THROTTLED, "421 busy", [b""]),
    ("greeting 451", [b"451 later\r\n", LINE, GOODBYE], sighting.THROTTLED, "451 later", [b"QUIT\r\n"]),
    ("greeting 554", [b"554 no\r\n", LINE, GOODBYE], sighting.GREETING, "554 no", [b"QUIT\r\n"]),
    ("closed at once", [], sighting.GREETING, "closed the connection", []),
    ("silence", [1.0], sighting.TIMEOUT, "no answer in time (state connected)", []),
    ("silence after EHLO", [GREETING, LINE, 1.0], sighting.TIMEOUT, "(state greeted)", [b"EHLO [127.0.0.1]\r\n"]),
    ("one byte at a time", [b"2", 0.2, b"2", 0.2, b"0", 0.2, b" ", 0.6], sighting.TIMEOUT, "no answer in time", []),
    ("another protocol", [b"SSH-2.0-x\r\n", LINE], sighting.PROTOCOL, "not an SMTP reply", [b""]),
    ("EHLO 421", [GREETING, LINE, b"421 busy\r\n"], sighting.THROTTLED, "421 busy", [b"EHLO [127.0.0.1]\r\n"]),
    (
        "EHLO 502", [GREETING, LINE, b"502 what\r\n", LINE, GOODBYE], sighting.PROTOCOL, "EHLO with 502",
        [b"EHLO [127.0.0.1]\r\n", b"QUIT\r\n"],
    ),
    ("closed after EHLO", [GREETING, LINE], sighting.PROTOCOL, "closed the connection", [b"EHLO [127.0.0.1]\r\n"]),
]  # fmt: skip


@pytest.mark.parametrize("script, outcome, detail, heard", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_no_answer_is_never_no_starttls(script: list[Step], outcome: str, detail: str, heard: list[bytes]) -> None:
    answer, said = play(script, timeout=0.5)
    assert (answer.outcome, answer.capabilities) == (outcome, ())
    assert detail in answer.detail
    assert said == heard


def test_nobody_listens() -> None:
    # Bound but not listening: nobody else can take the port meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = ask_ehlo("127.0.0.1", taken.getsockname()[1], timeout=1)
    assert (answer.outcome, answer.detail) == (sighting.CONNECT, "no connection: Connection refused")


def test_nobody_answers() -> None:
    # The kernel drops who comes once the queue of those who wait for accept() is full.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _number in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(0.05)
        answer = ask_ehlo("127.0.0.1", full.getsockname()[1], timeout=0.3)
        for one in waiting:
            one.close()
    assert (answer.outcome, answer.detail) == (sighting.TIMEOUT, "no connection in time")


def test_source_address_and_name() -> None:
    server = Server([GREETING, LINE, ANSWER, LINE, GOODBYE])
    answer = ask_ehlo("127.0.0.1", server.port, source="127.0.0.7", name="probe.example")
    assert answer.outcome == sighting.OK
    assert server.end()[0] == b"EHLO probe.example\r\n"
    assert server.clients == ["127.0.0.7"]


def test_ipv6() -> None:
    try:
        server = Server([GREETING, LINE, ANSWER, LINE, GOODBYE], address="::1")
    except OSError:
        pytest.skip("this host has no IPv6")
    assert ask_ehlo("::1", server.port).outcome == sighting.OK
    assert server.end()[0] == b"EHLO [IPv6:::1]\r\n"


CERTIFICATE = pki.certificate("leaf", names=["mta1.example.test"])
DIGEST = hashlib.sha256(ssl.PEM_cert_to_DER_cert(CERTIFICATE)).hexdigest()


def test_the_certificate_on_the_wire_is_seen() -> None:
    answer, heard = play([GREETING, LINE, ANSWER, LINE, b"220 go\r\n", scripted.tls(CERTIFICATE), LINE], handshake=True)
    assert (answer.outcome, answer.certificate, answer.detail) == (sighting.OK, DIGEST, "") and answer.offers(
        "STARTTLS"
    )
    assert heard == [b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n", b"QUIT\r\n"]


def test_without_starttls_there_is_no_handshake() -> None:
    answer, heard = play([GREETING, LINE, b"250 x\r\n", LINE, GOODBYE], handshake=True)
    assert (answer.outcome, answer.certificate) == (sighting.OK, "") and heard[1] == b"QUIT\r\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ([b"454 4.3.3 TLS not available\r\n", LINE, GOODBYE], "answered STARTTLS with 454"),
        ([b"220 go\r\n", 0.1, b"junk\r\n" * 9], "the TLS handshake fails"),
        ([b"220 go\r\n"], "the TLS handshake fails"),
        ([b"220 go\r\n", 1.0], "the TLS handshake fails"),
    ],
)
def test_a_handshake_that_fails_leaves_the_capabilities(script: list[Step], told: str) -> None:
    answer, _heard = play([GREETING, LINE, ANSWER, LINE, *script], timeout=0.5, handshake=True)
    assert answer.outcome == sighting.OK and answer.offers("STARTTLS")
    assert answer.certificate == "" and told in answer.detail


@pytest.mark.parametrize(
    "script, outcome",
    [([0.1, RESET], sighting.GREETING), ([GREETING, LINE, RESET], sighting.PROTOCOL)],
)
def test_connection_breaks(script: list[Step], outcome: str) -> None:
    answer, _heard = play(script)
    assert answer.outcome == outcome and "closed the connection" in answer.detail


def test_a_peer_that_stops_reading() -> None:
    def script(_local: str) -> smtp.Script:
        yield smtp.Command("")
        yield smtp.Command("EHLO", "x" * 20_000_000)

    server = Server([GREETING, 1.0])
    with pytest.raises(smtp.DialogueError, match="stopped reading") as error:
        converse("127.0.0.1", server.port, script, timeout=0.3)
    assert error.value.outcome == sighting.TIMEOUT
    server.end()


def test_quit_is_said_even_if_the_script_fails() -> None:
    def script(_local: str) -> smtp.Script:
        yield smtp.Command("")
        raise RuntimeError

    server = Server([GREETING, LINE, GOODBYE])
    with pytest.raises(RuntimeError):
        converse("127.0.0.1", server.port, script, timeout=5)
    assert server.end() == [b"QUIT\r\n"]


LEAF = scripted.certificate("leaf", names=["leaf.test"])


def test_many_at_once(tmp_path: t.Any) -> None:
    peers = [Server(scripted.good(scripted.tls(LEAF)), address=f"127.0.0.{number}") for number in range(2, 12)]
    aims = [Aim(peer.address, peer.port) for peer in peers]
    wishes = Wishes(ca_file=scripted.write(tmp_path, "ca.pem", scripted.authority()), ehlo_name="probe.test")
    began = time.monotonic()
    # Equal aims are one: each peer plays its script once.
    seen, certificates = probe_all([*aims, *aims], wishes, Limits(processes=2, at_once=3))
    assert time.monotonic() - began < 5
    assert list(seen) == aims and {one.outcome for one in seen.values()} == {sighting.OK}
    der = ssl.PEM_cert_to_DER_cert(LEAF)
    assert certificates == {hashlib.sha256(der).hexdigest(): der}
    assert {one.chain for one in seen.values()} == {(hashlib.sha256(der).hexdigest(),)}
    for peer in peers:
        assert peer.end() == [b"EHLO probe.test\r\n", b"STARTTLS\r\n", b"EHLO probe.test\r\n", b"QUIT\r\n"]


def test_one_connection_at_a_time_for_a_host() -> None:
    slow: list[Step] = [0.5, GREETING, LINE, b"250 x\r\n", LINE, GOODBYE]
    for per_host, least, most in ((1, 1.5, 4.0), (3, 0.5, 1.3)):
        peers = [Server(slow) for _number in range(3)]
        aims = [Aim(peer.address, peer.port) for peer in peers]
        began = time.monotonic()
        seen, _certificates = probe_all(aims, Wishes(), Limits(per_host=per_host))
        assert {one.outcome for one in seen.values()} == {sighting.NO_STARTTLS}
        assert least <= time.monotonic() - began < most
        for peer in peers:
            peer.end()


def test_the_limit_is_for_all_processes_together() -> None:
    slow: list[Step] = [0.5, GREETING, LINE, b"250 x\r\n", LINE, GOODBYE]
    peers = [Server(slow, address=f"127.0.0.{number}") for number in (2, 3)]
    began = time.monotonic()
    probe_all([Aim(peer.address, peer.port) for peer in peers], Wishes(), Limits(processes=2, at_once=1))
    assert time.monotonic() - began > 1
    for peer in peers:
        peer.end()


def test_nothing_to_probe() -> None:
    assert probe_all([], Wishes(), Limits()) == ({}, {})


@pytest.mark.parametrize(
    "wishes, told",
    [
        (Wishes(ehlo_name="a\r\nDATA"), "cannot be said as a name"),
        (Wishes(ehlo_name="gr\xfc\xdfe"), "cannot be said as a name"),
        (Wishes(ca_file="/nowhere"), "/nowhere: OpenSSL cannot read the authorities (No such file or directory)"),
        (Wishes(client_certificate="/nowhere"), "/nowhere: OpenSSL cannot use the client certificate"),
        (Wishes(refusal=True, wrong_certificate="/nowhere"), "/nowhere: OpenSSL cannot use the client certificate"),
    ],
)
def test_what_is_wrong_here_is_told_before_anybody_is_asked(wishes: Wishes, told: str) -> None:
    with pytest.raises(MailtlsError) as error:
        probe_all([Aim("127.0.0.1", 1)], wishes, Limits())
    assert told in str(error.value)
