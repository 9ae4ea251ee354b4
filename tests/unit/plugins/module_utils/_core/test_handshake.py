# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import ssl
import typing as t

import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core.handshake import (
    is_smtp,
    read_certificates,
    read_group,
)


def octets(number: int, size: int) -> bytes:
    return number.to_bytes(size, "big")


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + b"\x03\x03" + octets(len(body), 2) + body


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + octets(len(body), 3) + body


def hello(*extensions: tuple[int, bytes], session: bytes = b"s" * 32) -> bytes:
    tail = b"".join(octets(kind, 2) + octets(len(value), 2) + value for kind, value in extensions)
    fixed = b"\x03\x03" + b"r" * 32 + octets(len(session), 1) + session + b"\x13\x02" + b"\x00"
    return message(2, fixed + octets(len(tail), 2) + tail)


VERSION, SHARE = (43, b"\x03\x04"), (51, b"\x00\x1d" + octets(32, 2) + b"k" * 32)
ECDHE, DHE, RSA = "ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256"
CERTIFICATE = message(11, b"\x00\x00\x00")
CURVE = message(12, b"\x03\x00\x17" + b"\x41" + b"p" * 65 + b"signature")
PRIME = message(12, octets(256, 2) + b"\x80" + b"\x01" * 255 + b"\x00\x01\x02")
TLS12 = hello((65281, b"\x00"))

GROUPS: list[tuple[str, bytes, str, str]] = [
    ("1.3", record(22, hello(VERSION, SHARE)) + record(20, b"\x01") + record(23, b"x" * 99), "TLS_AES_128", "x25519"),
    ("1.3, first try again", record(22, hello(VERSION, (51, b"\x00\x18"))) + record(20, b"\x01"), "", "secp384r1"),
    ("no session to resume", record(22, hello(SHARE, VERSION, session=b"")), "", "x25519"),
    ("hybrid", record(22, hello((51, b"\x11\xec\x00\x00"))), "", "X25519MLKEM768"),
    ("a group of the future", record(22, hello((51, b"\xfe\xdc\x00\x00"))), "", "0xfedc"),
    ("1.2, curve", record(22, TLS12) + record(22, CERTIFICATE) + record(22, CURVE), ECDHE, "secp256r1"),
    ("1.2, one record", record(22, TLS12 + CERTIFICATE + CURVE), ECDHE, "secp256r1"),
    ("1.2, in pieces", b"".join(record(22, bytes([o])) for o in TLS12 + CERTIFICATE + CURVE), ECDHE, "secp256r1"),
    ("1.2, prime", record(22, TLS12 + CERTIFICATE + PRIME), DHE, "dh2048"),
    ("1.2, RSA", record(22, TLS12 + CERTIFICATE + message(14, b"")), RSA, ""),
    ("curve by its numbers", record(22, TLS12 + message(12, b"\x01\x00\x17")), ECDHE, ""),
    ("curve that is cut off", record(22, TLS12 + message(12, b"\x03\x00")), ECDHE, ""),
    ("prime for RSA", record(22, TLS12 + PRIME), RSA, ""),
    ("prime of nothing", record(22, TLS12 + message(12, b"\x00\x00")), DHE, ""),
    ("share that is cut off", record(22, hello((51, b"\x00"))), "", ""),
    ("hello that is cut off", record(22, message(2, b"\x03\x03")), "", ""),
    ("alert", record(21, b"\x02\x28") + record(22, hello(SHARE)), "", ""),
    ("message without end", record(22, message(2, b"x" * 99)[:50]), "", ""),
    ("record without end", record(22, hello(SHARE))[:60], "", ""),
    ("nothing", b"", "", ""),
    ("text", b"220 mta.example ESMTP\r\n", "", ""),
]


@pytest.mark.parametrize("data, cipher, group", [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS])
def test_group(data: bytes, cipher: str, group: str) -> None:
    assert read_group(data, cipher) == group
    # However much of it there is, it can be read or not; only what is there is told.
    for end in range(min(len(data), 200)):
        assert read_group(data[:end], cipher) in ("", group)


LEAF = scripted.certificate("leaf")
DER = [ssl.PEM_cert_to_DER_cert(LEAF), ssl.PEM_cert_to_DER_cert(scripted.authority())]


def shake_hands(**server: t.Any) -> tuple[ssl.SSLObject, bytes]:
    """A handshake in memory: the client, and all that the server wrote before it was done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server)
    peer = scripted.tls(LEAF + scripted.authority(), **server).wrap_bio(to_server, answers := ssl.MemoryBIO(), True)
    heard = b""
    for _turn in range(4):
        for side in (client, peer):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            data = answers.read()
            to_client.write(data)
            heard += data
    return client, heard


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_openssls_own_octets(version: str) -> None:
    client, heard = shake_hands(versions=(version, version))
    cipher = client.cipher()
    assert cipher and read_group(heard, cipher[0]) in ("x25519", "X25519MLKEM768")


def certificates(version: str, *chain: bytes) -> bytes:
    extensions = b"\x00\x00" if version == "TLSv1.3" else b""
    entries = b"".join(octets(len(one), 3) + one + extensions for one in chain)
    return message(11, (b"\x00" if extensions else b"") + octets(len(entries), 3) + entries)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_certificates(version: str) -> None:
    whole = certificates(version, *DER)
    assert read_certificates(whole, version) == DER
    assert read_certificates(whole[:-10], version) == DER[:1]
    assert read_certificates(certificates(version), version) == []
    assert read_certificates(certificates(version, b"", DER[0]), version) == []
    assert read_certificates(message(12, whole[4:]), version) == []
    assert read_certificates(b"", version) == [] and read_certificates(whole[:4], version) == []


@pytest.mark.parametrize(
    "opening, smtp",
    [
        (b"250 x", True),
        (b"220-x", True),
        (b"554 ", True),
        (b"250", False),
        (b"junk", False),
        (b"650 x", False),
        (b"\x16\x03\x03\x00", False),
    ],
)
def test_what_comes_instead_of_tls(opening: bytes, smtp: bool) -> None:
    assert is_smtp(opening) is smtp
