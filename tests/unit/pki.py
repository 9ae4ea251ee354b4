# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real keys and certificates for tests, made with ``cryptography``; keys are kept by name, for they cost time."""

from __future__ import annotations

import functools
import typing as t
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Around this moment the certificates are made; only OpenSSL's own checks, which do not look at the time, see them.
NOW = datetime(2026, 11, 23, 18, 0, 0)
STAMP = NOW.strftime("%Y%m%d%H%M%SZ")


@functools.cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """The private key of this name, on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(name: str, passphrase: str = "") -> str:
    """The key as PEM text, encrypted when there is a passphrase."""
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase.encode())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key(name).private_bytes(*form, protection).decode()


def public_pem(name: str) -> str:
    """The public half as PEM text."""
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key(name).public_key().public_bytes(*form).decode()


def key_facts(name: str, **changed: t.Any) -> dict[str, t.Any]:
    """What the filter private_key_facts says of a key."""
    return {"present": True, "encrypted": True, "problem": "", "public_key": public_pem(name), **changed}


def certificate(
    owner: str,
    issuer: str = "ca",
    *,
    cn: str | None = None,
    issuer_cn: str | None = None,
    names: t.Sequence[str] = (),
    days: tuple[int, int] = (-1, 365),
    authority: bool = False,
    identifiers: bool = True,
) -> str:
    """A certificate of key ``owner`` signed by key ``issuer``, as PEM text; ``days`` are around NOW."""
    common_name, issuer_name = owner if cn is None else cn, issuer if issuer_cn is None else issuer_cn
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(issuer_name))
        .public_key(key(owner).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    if identifiers:
        own = x509.SubjectKeyIdentifier.from_public_key(key(owner).public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer).public_key())  # type: ignore[arg-type]
        builder = builder.add_extension(own, False).add_extension(above, False)
    signed = builder.sign(key(issuer), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def facts(pem: str, **changed: t.Any) -> dict[str, t.Any]:
    """What the filter certificate_facts says of one certificate (its own test proves that it does)."""
    read = x509.load_pem_x509_certificate(pem.encode())
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "pem": pem,
        "problem": "",
        "subject_ordered": [["commonName", str(item.value)] for item in read.subject],
        "issuer_ordered": [["commonName", str(item.value)] for item in read.issuer],
        "subject_alt_name": [f"DNS:{name}" for name in _names(read)] or None,
        "not_before": read.not_valid_before_utc.strftime("%Y%m%d%H%M%SZ"),
        "not_after": read.not_valid_after_utc.strftime("%Y%m%d%H%M%SZ"),
        "public_key": read.public_key().public_bytes(*form).decode(),
        "key_size": 256,
        "basic_constraints": [f"CA:{str(_extension(read, x509.BasicConstraints).ca).upper()}"],
        "subject_key_identifier": _identifier(read, x509.SubjectKeyIdentifier, "digest"),
        "authority_key_identifier": _identifier(read, x509.AuthorityKeyIdentifier, "key_identifier"),
        **changed,
    }


def _extension(read: x509.Certificate, kind: t.Any) -> t.Any:
    try:
        return read.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _names(read: x509.Certificate) -> list[str]:
    names = _extension(read, x509.SubjectAlternativeName)
    return names.get_values_for_type(x509.DNSName) if names else []


def _identifier(read: x509.Certificate, kind: t.Any, attribute: str) -> str | None:
    found = _extension(read, kind)
    return ":".join(f"{byte:02x}" for byte in getattr(found, attribute)) if found else None
