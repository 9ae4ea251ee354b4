# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as peers may have them, real ones and broken ones."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.plugin_utils import x509 as reader
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

UTC = datetime.timezone.utc


def name(**parts: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(getattr(NameOID, oid), value) for oid, value in parts.items()])


def make(
    subject: x509.Name | None = None, sans: t.Sequence[x509.GeneralName] = (), key: t.Any = None, serial: int = 10
) -> bytes:
    own = key or pki.key("peer")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(ORGANIZATION_NAME="Example", COMMON_NAME="mta2.example") if subject is None else subject)
        .issuer_name(name(COMMON_NAME="Example CA"))
        .public_key(own.public_key())
        .serial_number(serial)
        .not_valid_before(datetime.datetime(2026, 11, 1))
        .not_valid_after(datetime.datetime(2027, 2, 1, 12))
    )
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    edwards = isinstance(own, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(own, None if edwards else hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_a_certificate_is_read_whole() -> None:
    sans = [
        x509.DNSName("mta2.example"),
        x509.DNSName("*.example.org"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
        x509.IPAddress(ipaddress.ip_network("192.0.2.0/24")),
        x509.RFC822Name("a@b.example"),
        x509.UniformResourceIdentifier("https://b.example/"),
    ]
    der = make(sans=sans)
    assert reader.read_certificate(der) == {
        "problem": "",
        "sha256": hashlib.sha256(der).hexdigest(),
        "sha1": hashlib.sha1(der).hexdigest(),
        "subject": [["O", "Example"], ["CN", "mta2.example"]],
        "issuer": [["CN", "Example CA"]],
        "dns_names": ["mta2.example", "*.example.org"],
        "ip_names": ["192.0.2.7", "2001:db8::7"],
        "other_names": ["192.0.2.0/24", "RFC822Name:a@b.example", "UniformResourceIdentifier:https://b.example/"],
        "key_type": "EC",
        "key_size": 256,
        "curve": "secp256r1",
        "signature": "ecdsa-with-SHA256",
        "serial": "a",
        "not_before": datetime.datetime(2026, 11, 1, tzinfo=UTC),
        "not_after": datetime.datetime(2027, 2, 1, 12, tzinfo=UTC),
    }


def test_without_alternative_names_there_are_none() -> None:
    read = reader.read_certificate(make())
    assert (read["dns_names"], read["ip_names"], read["other_names"]) == ([], [], []) and not read["problem"]


@pytest.mark.parametrize(
    ("key", "kind", "size", "curve"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA", 1024, ""),
        (ec.generate_private_key(ec.SECP384R1()), "EC", 384, "secp384r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256, ""),
        (ed448.Ed448PrivateKey.generate(), "Ed448", 456, ""),
    ],
    ids=["rsa", "ec", "ed25519", "ed448"],
)
def test_keys(key: t.Any, kind: str, size: int, curve: str) -> None:
    read = reader.read_certificate(make(key=key))
    assert (read["key_type"], read["key_size"], read["curve"], read["problem"]) == (kind, size, curve, "")


def test_names_are_handed_on_as_they_are_and_in_openssls_short_form() -> None:
    odd = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "a\x1b[31m\n"),
            x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4"), "x"),
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "org"),
            x509.NameAttribute(NameOID.COMMON_NAME, "second"),
        ]
    )
    assert reader.read_certificate(make(odd))["subject"] == [
        ["CN", "a\x1b[31m\n"],
        ["1.2.3.4", "x"],
        ["DC", "org"],
        ["CN", "second"],
    ]


def test_ten_thousand_names_are_read() -> None:
    read = reader.read_certificate(make(sans=[x509.DNSName(f"n{number}.example") for number in range(10_000)]))
    assert len(read["dns_names"]) == 10_000 and not read["problem"]


def swapped(der: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new) and old in der
    return der.replace(old, new)


@pytest.mark.parametrize(
    ("der", "problem", "kept"),
    [
        (b"", "this is no certificate that can be read: ", {"subject": [], "not_after": None}),
        (b"no certificate", "this is no certificate that can be read: ", {"dns_names": []}),
        (make()[:-9], "this is no certificate that can be read: ", {"key_type": ""}),
        # One part is broken, all the others are read.
        (
            swapped(make(), b"mta2.example", b"mta2\xff\xfe\xfdample"),
            "its subject cannot be read: ",
            {"key_type": "EC"},
        ),
        (
            swapped(make(sans=[x509.DNSName("other.example")]), b"other.example", b"other\xff\xfe\xfdample"),
            "its alternative names cannot be read: ",
            {"subject": [["O", "Example"], ["CN", "mta2.example"]]},
        ),
    ],
    ids=["empty", "text", "cut", "subject", "names"],
)
def test_what_cannot_be_read_is_said(der: bytes, problem: str, kept: dict[str, t.Any]) -> None:
    read = reader.read_certificate(der)
    assert read["problem"].startswith(problem) and kept.items() <= read.items()
    assert read["sha256"] == hashlib.sha256(der).hexdigest()


FIELDS = set(reader.read_certificate(make()))


def test_every_octet_of_a_certificate_may_be_wrong() -> None:
    whole = make(sans=[x509.DNSName("other.example")])
    for at in range(len(whole)):
        for octet in (0x00, 0xFF, whole[at] ^ 0x01):
            read = reader.read_certificate(whole[:at] + bytes([octet]) + whole[at + 1 :])
            assert set(read) == FIELDS and isinstance(read["problem"], str)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_play_stops_it(monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]) -> None:
    def stop(der: bytes) -> t.Any:
        raise raised

    monkeypatch.setattr(reader.x509, "load_der_x509_certificate", stop)
    with pytest.raises(raised):
        reader.read_certificate(b"x")


def test_a_panic_of_the_library_is_a_problem_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(der: bytes) -> t.Any:
        raise PanicException("index out of range")

    monkeypatch.setattr(reader.x509, "load_der_x509_certificate", panic)
    assert reader.read_certificate(b"x")["problem"].endswith("PanicException index out of range")


def test_other_keys_are_called_by_their_class() -> None:
    class Strange:
        def public_key(self) -> t.Any:
            return self

    assert reader._read_key(t.cast(t.Any, Strange())) == {"key_type": "Strange"}


def test_older_libraries_have_naive_times() -> None:
    class Old:
        not_valid_before = datetime.datetime(2026, 1, 1)
        not_valid_after = datetime.datetime(2027, 1, 1)

    assert reader._read_period(t.cast(t.Any, Old())) == {
        "not_before": datetime.datetime(2026, 1, 1, tzinfo=UTC),
        "not_after": datetime.datetime(2027, 1, 1, tzinfo=UTC),
    }
