# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Python's ``ssl`` does not tell of a TLS handshake, read from the server's own bytes.

ServerHello and, up to TLS 1.2, ServerKeyExchange go over the wire in clear (RFC 8446 section 4, RFC 8422 section 5.4).
All functions take any bytes: what cannot be read is not there.
"""

from __future__ import annotations

import re
import typing as t

# Content types of records (RFC 8446 section 5.1): change_cipher_spec, alert, handshake, application_data.
_CHANGE_CIPHER_SPEC, _HANDSHAKE = 20, 22
RECORD_TYPES = (20, 21, 22, 23)
# Messages (RFC 8446 section 4), and the one that only older versions have.
_SERVER_HELLO, _CERTIFICATE, _SERVER_KEY_EXCHANGE = 2, 11, 12
_KEY_SHARE = 51
_NAMED_CURVE = 3

# IANA's names, https://www.iana.org/assignments/tls-parameters (supported groups).
GROUPS = {
    0x0013: "secp192r1",
    0x0015: "secp224r1",
    0x0016: "secp256k1",
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001A: "brainpoolP256r1",
    0x001B: "brainpoolP384r1",
    0x001C: "brainpoolP512r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x001F: "brainpoolP256r1tls13",
    0x0020: "brainpoolP384r1tls13",
    0x0021: "brainpoolP512r1tls13",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x0200: "MLKEM512",
    0x0201: "MLKEM768",
    0x0202: "MLKEM1024",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
    0x6399: "X25519Kyber768Draft00",
}
_REPLY = re.compile(rb"[2-5][0-9][0-9][ -]")


def is_smtp(opening: bytes) -> bool:
    """Whether what came instead of TLS is an SMTP reply in clear; four octets decide."""
    return _REPLY.match(opening) is not None


def read_group(data: bytes, cipher: str) -> str:
    """The group of the key exchange, from the first bytes of the server; ``cipher`` is OpenSSL's name for the suite.

    Empty where the exchange has none (RSA) or it was not found. Groups of the client's own making are named by size.
    """
    for kind, body in _messages(data):
        if kind == _SERVER_HELLO:
            share = _key_share(body)
            if share:
                return share
        elif kind == _SERVER_KEY_EXCHANGE:
            return _exchanged(body, cipher)
    return ""


def read_certificates(message: bytes, version: str) -> list[bytes]:
    """The certificates (DER) of a Certificate message with its header, the leaf first; what is cut off is left out."""
    body = message[4:] if message[:1] == bytes([_CERTIFICATE]) else b""
    tls13 = version == "TLSv1.3"
    # RFC 8446 section 4.4.2 puts a context before the list and extensions after each certificate.
    position = (1 + body[0] if tls13 and body else 0) + 3
    found = []
    while position + 3 <= len(body):
        size = int.from_bytes(body[position : position + 3], "big")
        certificate = body[position + 3 : position + 3 + size]
        if len(certificate) < size or not size:
            break
        found.append(certificate)
        position += 3 + size
        if tls13:
            position += 2 + int.from_bytes(body[position : position + 2], "big")
    return found


def _messages(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """The whole handshake messages at the beginning, up to the first record that is encrypted."""
    stream = b"".join(_fragments(data))
    position = 0
    while position + 4 <= len(stream):
        end = position + 4 + int.from_bytes(stream[position + 1 : position + 4], "big")
        if end > len(stream):
            return
        yield stream[position], stream[position + 4 : end]
        position = end


def _fragments(data: bytes) -> t.Iterator[bytes]:
    position = 0
    while position + 5 <= len(data) and data[position] in (_HANDSHAKE, _CHANGE_CIPHER_SPEC):
        end = position + 5 + int.from_bytes(data[position + 3 : position + 5], "big")
        if data[position] == _HANDSHAKE:
            yield data[position + 5 : end]
        position = end


def _key_share(hello: bytes) -> str:
    """The group that a TLS 1.3 ServerHello chooses, also one that asks to try again (RFC 8446 section 4.2.8)."""
    # Version, random, session identifier with its length, cipher suite, compression; then the extensions.
    position = 34 + 1 + (hello[34] if len(hello) > 34 else 0) + 2 + 1 + 2
    while position + 4 <= len(hello):
        kind = int.from_bytes(hello[position : position + 2], "big")
        size = int.from_bytes(hello[position + 2 : position + 4], "big")
        value = hello[position + 4 : position + 4 + size]
        if kind == _KEY_SHARE and len(value) >= 2:
            return _named(value)
        position += 4 + size
    return ""


def _exchanged(body: bytes, cipher: str) -> str:
    """The group of a ServerKeyExchange: a named curve, or the size of the prime (RFC 8422, 5.4; RFC 5246, 7.4.3)."""
    if "ECDH" in cipher:
        return _named(body[1:3]) if body[:1] == bytes([_NAMED_CURVE]) and len(body) >= 3 else ""
    prime = int.from_bytes(body[2 : 2 + int.from_bytes(body[:2], "big")], "big")
    return f"dh{prime.bit_length()}" if "DH" in cipher and prime else ""


def _named(octets: bytes) -> str:
    number = int.from_bytes(octets[:2], "big")
    return GROUPS.get(number, f"0x{number:04x}")
