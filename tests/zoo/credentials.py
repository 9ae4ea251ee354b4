# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys and certificates of the zoo.

``python credentials.py FOLDER`` writes NAME.pem (chain, leaf first) and NAME.key for each of them.
The zoo's CA is ca.pem; client.pem and wrong-client.pem are for the client's side. They are made around the present
time, for those who check them look at the clock.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import ipaddress
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "mta.zoo.test"
PEM = serialization.Encoding.PEM
PLAIN = (PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
ESCAPES = "\x1b[2J\x1b]0;owned\x07"
PRIVATE_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.55555.1")


class Credential(t.NamedTuple):
    """A certificate, its key, and what is presented after it."""

    certificate: x509.Certificate
    key: t.Any
    rest: tuple[x509.Certificate, ...] = ()


@functools.cache
def _key(kind: str, _owner: str) -> t.Any:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[4:]))  # type: ignore[arg-type]
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP384R1() if kind == "p384" else ec.SECP256R1())


def _name(common_name: str, organization: str = "") -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])


def issue(
    cn: str,
    by: Credential | None,
    *,
    organization: str = "",
    names: t.Sequence[x509.GeneralName] | None = None,
    days: tuple[int, int] = (-10, 300),
    kind: str = "p256",
    authority: bool = False,
    usage: t.Any = None,
    padding: int = 0,
) -> Credential:
    """A certificate of ``cn`` by an authority, or by itself; without ``names`` the CN is its only SAN."""
    key, subject, now = _key(kind, cn), _name(cn, organization), dt.datetime.now(dt.timezone.utc)
    issuer, issuer_key = (by.certificate.subject, by.key) if by else (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    shown = names if names is not None else () if authority else (x509.DNSName(cn),)
    if shown:
        # A certificate without a subject must mark its names as critical (RFC 5280 section 4.2.1.6).
        builder = builder.add_extension(x509.SubjectAlternativeName(shown), critical=not list(subject))
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if padding:
        builder = builder.add_extension(x509.UnrecognizedExtension(PRIVATE_EXTENSION, bytes(padding)), critical=False)
    signing = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Credential(builder.sign(issuer_key, signing), key)


def with_rest(credential: Credential, *rest: Credential) -> Credential:
    """The same, presenting the certificates of ``rest`` after its own."""
    return credential._replace(rest=tuple(other.certificate for other in rest))


def _dns(*names: str) -> list[x509.GeneralName]:
    # Names that no CA would sign are not refused here.
    return [x509.DNSName._init_without_validation(name) for name in names]


def _of_every_name(ca: Credential) -> dict[str, Credential]:
    return {
        "wildcard": issue("*.zoo.test", ca),
        "ip-san": issue("Mail Service", ca, names=[x509.IPAddress(ipaddress.ip_address("192.0.2.7"))]),
        "wrong-name": issue("other.zoo.test", ca),
        "cn-only": issue(NAME, ca, names=()),
        "san-only": issue("Mail Service", ca, names=_dns(NAME)),
        "no-cn": issue("", ca, organization="Zoo", names=_dns(NAME)),
        "empty-subject": issue("", ca, names=_dns(NAME)),
        "control-in-cn": issue(NAME + ESCAPES, ca, organization=ESCAPES, names=_dns(NAME)),
        "newline-in-cn": issue(f"{NAME}\nmalicious: yes\r\n", ca, names=_dns(NAME)),
        "bidi-in-subject": issue("\u202e" + NAME + "\u2028\u0085", ca, names=_dns(NAME)),
        "control-in-san": issue(NAME, ca, names=_dns(NAME, "a" + ESCAPES + ".zoo.test", "b\n\r\t.zoo.test")),
        "nul-in-san": issue("Mail Service", ca, names=_dns(f"{NAME}\0.evil.test")),
        "90-kb": issue(NAME, ca, padding=90_000),
        "110-kb": issue(NAME, ca, padding=110_000),
        "10000-sans": issue(NAME, ca, names=_dns(NAME, *(f"{number:x}.z" for number in range(10_000)))),
        "10000-long-sans": issue(NAME, ca, names=_dns(NAME, *(f"mta{number}.zoo.test" for number in range(10_000)))),
    }


def _of_every_chain(ca: Credential) -> dict[str, Credential]:
    foreign, middle = issue("Foreign CA", None, authority=True), issue("Zoo Middle", ca, authority=True)
    expired_middle = issue("Zoo Old Middle", ca, authority=True, days=(-300, -10))
    leaf, middle_leaf, foreign_leaf = issue(NAME, ca), issue(NAME, middle), issue(NAME, foreign)
    return {
        "good": leaf,
        "client": issue("relay.zoo.test", ca),
        "wrong-client": issue("stranger.zoo.test", foreign),
        "intermediate": with_rest(middle_leaf, middle),
        "missing-intermediate": middle_leaf,
        "wrong-order": with_rest(middle_leaf, ca, foreign, middle),
        "twice": with_rest(leaf, leaf, leaf, ca, ca),
        "expired-intermediate": with_rest(issue(NAME, expired_middle), expired_middle),
        "leaf-signs": with_rest(issue("sub.zoo.test", leaf), leaf),
        "self-signed": issue(NAME, None),
        "self-signed-control": issue(NAME + ESCAPES, None, names=_dns(NAME)),
        "foreign": foreign_leaf,
        "foreign-with-root": with_rest(foreign_leaf, foreign),
        "expired": issue(NAME, ca, days=(-300, -10)),
        "not-yet-valid": issue(NAME, ca, days=(10, 300)),
        "client-only": issue(NAME, ca, usage=ExtendedKeyUsageOID.CLIENT_AUTH),
        **{kind: issue(NAME, ca, kind=kind) for kind in ("rsa-1024", "rsa-2048", "p384", "ed25519")},
    }


def make(folder: pathlib.Path) -> None:
    """Write the zoo's CA and every credential into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    ca = issue("Zoo CA", None, authority=True)
    (folder / "ca.pem").write_bytes(ca.certificate.public_bytes(PEM))
    for name, credential in {**_of_every_chain(ca), **_of_every_name(ca)}.items():
        chain = (credential.certificate, *credential.rest)
        (folder / f"{name}.pem").write_bytes(b"".join(one.public_bytes(PEM) for one in chain))
        (folder / f"{name}.key").write_bytes(credential.key.private_bytes(*PLAIN))


def split(chain: str) -> list[str]:
    """The certificates of a file, one by one, as they stand there."""
    end = "-----END CERTIFICATE-----\n"
    return [part + end for part in chain.split(end)[:-1]]


def fingerprint(certificate: str) -> str:
    """SHA-256 of one certificate, in hex."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the keys and certificates of the zoo into a folder.")
    parser.add_argument("folder", type=pathlib.Path)
    make(parser.parse_args().folder)


if __name__ == "__main__":
    main()
