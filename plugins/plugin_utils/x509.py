# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""X.509 read on the controller with ``cryptography``: DER in, plain facts out.

Facts are as the certificate has them, unprintable characters included; who shows them writes those out. Certificates
of peers may be anything: what cannot be read is left empty, and ``problem`` says so.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import typing as t
import warnings

try:
    import cryptography
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    MISSING = ""
except ImportError as error:
    # Ansible loads and documents what uses this file without that library, too.
    MISSING = str(error)

# OpenSSL's short names (X509_NAME_oneline), which sendmail writes and compares; others stand there as numbers.
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
# Facts of a certificate of which nothing could be read but its octets.
_NOTHING: dict[str, t.Any] = {
    "subject": [],
    "issuer": [],
    "dns_names": [],
    "ip_names": [],
    "other_names": [],
    "key_type": "",
    "curve": "",
    "key_size": 0,
    "signature": "",
    "serial": "",
    "not_before": None,
    "not_after": None,
}


def read_certificate(der: bytes) -> dict[str, t.Any]:
    """One certificate's facts, and ``problem``: a sentence without its full stop, empty when all could be read.

    ``subject``, ``issuer``: pairs of OpenSSL's short name and text, in their order. ``dns_names``, ``ip_names``,
    ``other_names``: the subject alternative names. ``not_before``, ``not_after``: aware datetimes, or None.
    """
    facts = {
        **_NOTHING,
        "problem": "",
        "sha256": hashlib.sha256(der).hexdigest(),
        # To recognise a certificate in older tools; nothing is trusted for it.
        "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
    }
    with warnings.catch_warnings():
        # cryptography warns of what peers do wrong; here that is data.
        warnings.simplefilter("ignore")
        read, problem = _try(x509.load_der_x509_certificate, der)
        if problem:
            return {**facts, "problem": f"this is no certificate that can be read: {problem}"}
        problems = []
        for what, look in _PARTS.items():
            found, problem = _try(look, read)
            facts.update(found or {})
            problems += [f"its {what} cannot be read: {problem}"] if problem else []
    return {**facts, "problem": "; ".join(problems)}


def read_public_half(pem: str, passphrase: str | None) -> str:
    """The public key of a private one, as PEM; the numbers of an RSA key are taken on trust.

    ValueError or TypeError for what is no key, and for a passphrase that is wrong, missing or not needed.
    """
    # cryptography before 39 always checks them.
    trusting = {"unsafe_skip_rsa_key_validation": True} if int(cryptography.__version__.split(".")[0]) >= 39 else {}
    given = None if passphrase is None else passphrase.encode()
    try:
        key = serialization.load_pem_private_key(pem.encode(), given, **trusting)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _try(look: t.Callable[[t.Any], t.Any], given: t.Any) -> tuple[t.Any, str]:
    """What ``look`` makes of foreign octets, and why it cannot. No list of what it may raise is complete.

    A panic of the library's Rust half is no Exception, and one peer must not hide the others.
    """
    try:
        return look(given), ""
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return None, f"{type(error).__name__} {error}".strip()


def _read_name(name: x509.Name) -> list[list[str]]:
    return [[_SHORT.get(part.oid.dotted_string, part.oid.dotted_string), _text(part.value)] for part in name]


def _text(value: t.Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _read_names(read: x509.Certificate) -> dict[str, t.Any]:
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    kept: dict[str, list[str]] = {"dns_names": [], "ip_names": [], "other_names": []}
    for name in names:
        if isinstance(name, x509.DNSName):
            kept["dns_names"].append(name.value)
        elif isinstance(name, x509.IPAddress):
            # A network belongs into the constraints of a CA, and names no host.
            address = isinstance(name.value, (ipaddress.IPv4Address, ipaddress.IPv6Address))
            kept["ip_names" if address else "other_names"].append(str(name.value))
        else:
            kept["other_names"].append(f"{type(name).__name__}:{_text(name.value)}")
    return kept


def _read_key(read: x509.Certificate) -> dict[str, t.Any]:
    key = read.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"key_type": "EC", "key_size": key.curve.key_size, "curve": key.curve.name}
    for kind, name in ((rsa.RSAPublicKey, "RSA"), (dsa.DSAPublicKey, "DSA")):
        if isinstance(key, kind):
            return {"key_type": name, "key_size": key.key_size}
    for edwards, name, size in ((ed25519.Ed25519PublicKey, "Ed25519", 256), (ed448.Ed448PublicKey, "Ed448", 456)):
        if isinstance(key, edwards):
            return {"key_type": name, "key_size": size}
    return {"key_type": type(key).__name__}


def _read_signature(read: x509.Certificate) -> dict[str, t.Any]:
    # The library has names for algorithms, but shows them in no other way.
    oid = read.signature_algorithm_oid
    name = getattr(oid, "_name", "Unknown OID")
    return {"signature": oid.dotted_string if name == "Unknown OID" else str(name)}


def _read_time(when: datetime.datetime) -> datetime.datetime:
    # cryptography before 42 has naive times only.
    return when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)


def _read_period(read: x509.Certificate) -> dict[str, t.Any]:
    return {
        end: _read_time(getattr(read, f"not_valid_{end[4:]}_utc", None) or getattr(read, f"not_valid_{end[4:]}"))
        for end in ("not_before", "not_after")
    }


# Each part by itself: one that is broken hides none of the others.
_PARTS: dict[str, t.Callable[[t.Any], dict[str, t.Any]]] = {
    "subject": lambda read: {"subject": _read_name(read.subject)},
    "issuer": lambda read: {"issuer": _read_name(read.issuer)},
    "alternative names": _read_names,
    "key": _read_key,
    "signature": _read_signature,
    "serial number": lambda read: {"serial": f"{read.serial_number:x}"},
    "period of validity": _read_period,
}
