# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab's attacker can forge: records of its DNS, and certificates."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
PLAIN = (PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Forged(t.NamedTuple):
    """What the DNS says of ``name``; what is empty stays as it is.

    ``addresses`` are those of its A and AAAA records, ``mx`` and ``cname`` the names these records lead to; ``more``
    gives further names addresses of their own.
    """

    name: str
    addresses: tuple[str, ...] = ()
    mx: str = ""
    cname: str = ""
    more: tuple[tuple[str, str], ...] = ()

    def applied_to(self, zone: str) -> str:
        """The zone (lines of dnsmasq) with these records instead of the true ones."""
        # A name with a CNAME has no other record.
        replaced = [f"host-record={self.name},"] if self.addresses or self.cname else []
        replaced += [f"mx-host={self.name},"] if self.mx or self.cname else []
        lines = [line for line in zone.splitlines() if not line.startswith(tuple(replaced))]
        lines += [f"host-record={self.name},{','.join(self.addresses)}"] if self.addresses else []
        lines += [f"mx-host={self.name},{self.mx},10"] if self.mx else []
        lines += [f"cname={self.name},{self.cname}"] if self.cname else []
        lines += [f"host-record={name},{address}" for name, address in self.more]
        return "".join(f"{line}\n" for line in lines)


class Authority(t.NamedTuple):
    """A CA: its certificate and its key."""

    certificate: x509.Certificate
    key: t.Any


def read_authority(folder: pathlib.Path, passphrase: str) -> Authority:
    """The CA that role tls_identity keeps in a folder."""
    certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    return Authority(
        certificate, serialization.load_pem_private_key((folder / "ca.key").read_bytes(), passphrase.encode())
    )


def new_authority(name: str) -> Authority:
    """A CA that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(_certificate(_name(name), key, _name(name), key, authority=True), key)


def forged_certificate(cn: str, authority: Authority | None = None) -> str:
    """A certificate of this name and its key as PEM text; self-signed when there is no ``authority``."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = (authority.certificate.subject, authority.key) if authority else (_name(cn), key)
    certificate = _certificate(_name(cn), key, issuer, issuer_key, authority=False)
    return certificate.public_bytes(PEM).decode() + key.private_bytes(*PLAIN).decode()


def _certificate(subject: x509.Name, key: t.Any, issuer: x509.Name, issuer_key: t.Any, authority: bool) -> t.Any:
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    common_name = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
