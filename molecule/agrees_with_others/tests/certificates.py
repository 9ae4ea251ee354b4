# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of this lab, as PEM text for its servers."""

from __future__ import annotations

import datetime as dt
import ipaddress
import typing as t

from configurations import Kind
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
PLAIN = (PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
KEYS: dict[str, t.Callable[[], t.Any]] = {
    "EC P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 1024": lambda: rsa.generate_private_key(65537, 1024),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


class Files(t.NamedTuple):
    """What a server is given: its certificate, its key, and what it sends besides."""

    certificate: str
    key: str
    above: str


class Holder(t.NamedTuple):
    """Somebody with a key and a certificate."""

    certificate: x509.Certificate
    key: t.Any

    @property
    def text(self) -> str:
        return self.certificate.public_bytes(PEM).decode()


class Hierarchy:
    """A root that the clients trust, an intermediate below it, and a root that nobody trusts."""

    def __init__(self) -> None:
        self.root = _authority("Lab root")
        self.above = {
            "root": self.root,
            "intermediate": _authority("Lab intermediate", self.root),
            "foreign": _authority("Foreign root"),
        }

    def files(self, kind: Kind, address: str) -> Files:
        """A new certificate of this kind, and its key."""
        key = KEYS[kind.key]()
        builder = _builder(kind.cn, key, self.above.get(kind.issuer), kind.days)
        names: list[x509.GeneralName] = [
            x509.IPAddress(ipaddress.ip_address(address)) if name == "address" else x509.DNSName(name)
            for name in kind.names
        ]
        if names:
            # Critical where the subject is empty (RFC 5280, 4.1.2.6).
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not kind.cn)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        leaf = _signed(builder, key, self.above.get(kind.issuer))
        above = self.above[kind.issuer].text if kind.sent else ""
        return Files(leaf.text, key.private_bytes(*PLAIN).decode(), above)


def _authority(cn: str, issuer: Holder | None = None) -> Holder:
    key = KEYS["EC P-256"]()
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = _builder(cn, key, issuer, (-100, 100))
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    return _signed(builder, key, issuer)


def _builder(cn: str, key: t.Any, issuer: Holder | None, days: tuple[int, int]) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else [])
    signer = issuer.key if issuer else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: t.Any, issuer: Holder | None) -> Holder:
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
