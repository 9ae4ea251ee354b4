# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
import time
import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting, smtp
from ansible_collections.mailtls.relay.plugins.module_utils._host.keypair import in_memory
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import EhloAnswer, ask_ehlo, converse

Step = t.Union[bytes, float, None, ssl.SSLContext]
GREETING, ANSWER, GOODBYE = b"220 x ESMTP\r\n", b"250-x\r\n250-STARTTLS\r\n250 SIZE 7\r\n", b"221 bye\r\n"
# In a script of the server: wait for a line of the client.
LINE = None


class Server:
    """Plays one script to one client: bytes are written, numbers are pauses, LINE waits for the client, and with a
    context TLS begins.
    """

    def __init__(self, script: t.Sequence[Step], address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.heard: list[bytes] = []
        self.client = ""
        self.thread = threading.Thread(target=self._play, args=(script,), daemon=True)
        self.thread.start()

    def _play(self, script: t.Sequence[Step]) -> None:
        with contextlib.suppress(OSError):
            link, peer = self.listener.accept()
            self.client = peer[0]
            with link, link.makefile("rb") as lines:
                for step in script:
                    if step is None:
                        self.heard.append(lines.readline())
                    elif isinstance(step, bytes):
                        link.sendall(step)
                    elif isinstance(step, ssl.SSLContext):
                        with step.wrap_socket(link, server_side=True) as secured:
                            self.heard.append(secured.recv(100))
                    else:
                        time.sleep(step)

    def end(self) -> list[bytes]:
        self.thread.join(5)
        self.listener.close()
        return self.heard


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


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_args: t.Any, **_options: t.Any) -> None:
        raise socket.timeout

    monkeypatch.setattr(socket, "create_connection", silent)
    answer = ask_ehlo("192.0.2.1", 25, timeout=1)
    assert (answer.outcome, answer.detail) == (sighting.TIMEOUT, "no connection within 1 s")


def test_source_address_and_name() -> None:
    server = Server([GREETING, LINE, ANSWER, LINE, GOODBYE])
    answer = ask_ehlo("127.0.0.1", server.port, source="127.0.0.7", name="probe.example")
    assert answer.outcome == sighting.OK
    assert server.end()[0] == b"EHLO probe.example\r\n"
    assert server.client == "127.0.0.7"


def test_ipv6() -> None:
    try:
        server = Server([GREETING, LINE, ANSWER, LINE, GOODBYE], "::1")
    except OSError:
        pytest.skip("this host has no IPv6")
    assert ask_ehlo("::1", server.port).outcome == sighting.OK
    assert server.end()[0] == b"EHLO [IPv6:::1]\r\n"


CERTIFICATE = pki.certificate("leaf", names=["mta1.example.test"])
DIGEST = hashlib.sha256(ssl.PEM_cert_to_DER_cert(CERTIFICATE)).hexdigest()


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with in_memory(CERTIFICATE.encode()) as certificate, in_memory(pki.key_pem("leaf").encode()) as key:
        context.load_cert_chain(certificate, key)
    return context


def test_the_certificate_on_the_wire_is_seen() -> None:
    answer, heard = play([GREETING, LINE, ANSWER, LINE, b"220 go\r\n", tls()], handshake=True)
    assert (answer.outcome, answer.certificate, answer.detail) == (sighting.OK, DIGEST, "") and answer.offers("STARTTLS")
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


class Broken:
    """A socket that breaks at one of its calls."""

    def __init__(self, breaks: str, error: OSError) -> None:
        self.breaks, self.error = breaks, error

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, *_args: object) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.1", 1)

    def settimeout(self, _seconds: float) -> None:
        pass

    def sendall(self, _data: bytes) -> None:
        if self.breaks == "sendall":
            raise self.error

    def recv(self, _size: int) -> bytes:
        if self.breaks == "recv":
            raise self.error
        return GREETING


@pytest.mark.parametrize(
    "link, outcome, detail",
    [
        (Broken("recv", ConnectionResetError(104, "Connection reset by peer")), sighting.PROTOCOL, "reset by peer"),
        (Broken("sendall", BrokenPipeError(32, "Broken pipe")), sighting.PROTOCOL, "Broken pipe"),
        (Broken("sendall", socket.timeout()), sighting.TIMEOUT, "stopped reading"),
    ],
)
def test_connection_breaks(monkeypatch: pytest.MonkeyPatch, link: Broken, outcome: str, detail: str) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_args, **_options: link)
    answer = ask_ehlo("192.0.2.1", 25)
    assert answer.outcome == outcome and detail in answer.detail


def test_quit_is_said_even_if_the_script_fails() -> None:
    def script(_local: str) -> smtp.Script:
        yield smtp.Command("")
        raise RuntimeError

    server = Server([GREETING, LINE, GOODBYE])
    with pytest.raises(RuntimeError):
        converse("127.0.0.1", server.port, script, timeout=5)
    assert server.end() == [b"QUIT\r\n"]
