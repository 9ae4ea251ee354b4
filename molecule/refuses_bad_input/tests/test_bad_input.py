# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input stops the play before anything on the relay is touched, and says what, where and what to do."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import re
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lab import Lab, Play

NOW = dt.datetime.now(dt.timezone.utc)
FQDN = "mta1.example.test"

# Everything a play could touch, with the moment it was touched; and the daemon itself.
LOOK = (
    "find /etc/mail /etc/aliases* -printf '%p %T@ %C@ %m %u:%g %s\\n' | sort; "
    "head -1 /run/sendmail/mta/sendmail.pid; dpkg --list | sha256sum"
)

POLICY: dict[str, t.Any] = {"outbound": {"default": {"level": "encrypt", "min_bits": 128}}}


def policy(**default: t.Any) -> dict[str, t.Any]:
    return {"sendmail_tls_policy": {"outbound": {"default": {**POLICY["outbound"]["default"], **default}}}}


def entry(key: str, value: str) -> dict[str, t.Any]:
    return {"sendmail_access_entries": [{"key": key, "value": value}]}


# What is given, and the words that the answer must hold: what, where, what to do.
VARIABLES: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "misspelt variable of the role": (
        {"sendmail_smarthost": "x.example"},
        ["sendmail_smarthost", "sendmail_smart_host"],
    ),
    "misspelt variable of tls_identity": ({"tls_identity_fdqn": FQDN}, ["tls_identity_fdqn", "tls_identity_fqdn"]),
    "misspelt variable of tls_audit": ({"tls_audit_expects": "held"}, ["tls_audit_expects", "tls_audit_expect"]),
    "misspelt key in the policy": ({"sendmail_tls_policy": {"outbond": {}}}, ["outbond", "outbound"]),
    "undefined variable": ({"sendmail_smart_host": "{{ no_such_variable }}"}, ["no_such_variable", "undefined"]),
    "level sendmail has not": (
        policy(level="maximum"),
        ["sendmail_tls_policy.outbound.default.level", "maximum", "encrypt"],
    ),
    "level of a later release": (policy(level="dane"), ["sendmail_tls_policy.outbound.default.level", "dane"]),
    "bits that are no number": (policy(min_bits="high"), ["sendmail_tls_policy.outbound.default.min_bits", "high"]),
    "no bits": (policy(min_bits=0), ["sendmail_tls_policy.outbound.default.min_bits", "0"]),
    "value that means nothing": (entry("TLS_Srv:192.0.2.1", "ENCR=128"), ["sendmail_access_entries[0]", "ENCR=128"]),
    "exception by name": (entry("TLS_Srv:old.example", "OK"), ["sendmail_access_entries[0]", "old.example", "DNS"]),
    "second empty key": (entry("TLS_Srv:", "TEMP+ENCR:64"), ["sendmail_access_entries[0]", "sendmail_tls_policy"]),
    "entry that opens the relay": (
        {"sendmail_relay_clients": ["0.0.0.0/0"]},
        ["sendmail_relay_clients[0]", "0.0.0.0/0"],
    ),
    "m4 in the smart host": ({"sendmail_smart_host": "mta2'dnl"}, ["sendmail_smart_host", "m4"]),
    "unknown source of the identity": ({"tls_identity_source": "acme"}, ["tls_identity_source", "acme"]),
    "no passphrase": ({"tls_identity_ca_passphrase": ""}, ["tls_identity_ca_passphrase"]),
}


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(os.environ["MOLECULE_SCENARIO_NAME"])


def refused(lab: Lab, words: list[str], **variables: t.Any) -> None:
    """The play stops with these words, and MTA1 is as it was."""
    before = lab.read("mta1", LOOK)
    play = lab.converge(limit="mta1", **variables)
    assert play.code != 0, "the play went through"
    assert lab.read("mta1", LOOK) == before
    assert play.changed.get("mta1", 0) == 0
    said = message_of(play)
    assert not [word for word in words if word.lower() not in said.lower()], said
    assert "Traceback" not in said


def message_of(play: Play) -> str:
    """What the failed task said, without the rest of the play's output."""
    return " ".join(play.output[play.output.find("[ERROR]") :].split())


@pytest.mark.parametrize("name", VARIABLES)
def test_variables(lab: Lab, name: str) -> None:
    variables, words = VARIABLES[name]
    refused(lab, words, **variables)


class Pair(t.NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def certificate(name: str = FQDN, *, days: tuple[int, int] = (-1, 90)) -> Pair:
    """A self-signed certificate, valid from and to so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + dt.timedelta(days[0])).not_valid_after(NOW + dt.timedelta(days[1]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return Pair(key, builder.sign(key, hashes.SHA256()))


def files(folder: pathlib.Path, key: Pair, certified: Pair) -> dict[str, t.Any]:
    """The variables for files that the user brings."""
    (folder / "host.key").write_bytes(
        key.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for name in ("host.crt", "ca.crt"):
        (folder / name).write_bytes(certified.certificate.public_bytes(serialization.Encoding.PEM))
    return {
        "tls_identity_source": "files",
        "tls_identity_key_src": str(folder / "host.key"),
        "tls_identity_certificate_src": str(folder / "host.crt"),
        "tls_identity_ca_src": str(folder / "ca.crt"),
    }


def test_a_certificate_that_does_not_match_its_key(lab: Lab, tmp_path: pathlib.Path) -> None:
    refused(lab, ["key", "does not", "host.crt"], **files(tmp_path, certificate(), certificate()))


def test_an_expired_certificate(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate(days=(-90, -1))
    refused(lab, ["expired"], **files(tmp_path, pair, pair))


def test_a_certificate_of_another_host(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate("other.example.test")
    refused(lab, [FQDN, "other.example.test"], **files(tmp_path, pair, pair))


def test_a_missing_key(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate()
    variables = files(tmp_path, pair, pair)
    (tmp_path / "host.key").unlink()
    refused(lab, ["host.key"], **variables)


def test_the_key_is_never_shown(lab: Lab, tmp_path: pathlib.Path) -> None:
    variables = files(tmp_path, certificate(), certificate())
    body = re.sub(r"-----.*-----|\s", "", (tmp_path / "host.key").read_text(encoding="utf-8"))
    play = lab.converge(limit="mta1", **variables)
    assert body[:40] not in re.sub(r"\\n|\s", "", play.output)


def test_a_lost_ca_folder(lab: Lab, tmp_path: pathlib.Path) -> None:
    refused(lab, ["another CA", "mta1", "tls_identity_accept_other_ca"], tls_identity_ca_directory=str(tmp_path / "ca"))
    assert not (tmp_path / "ca").exists(), "a CA was made all the same"


def test_a_ca_folder_inside_the_checkout(lab: Lab) -> None:
    inside = pathlib.Path(__file__).resolve().parents[3] / "docs/ca"
    refused(lab, ["tls_identity_ca_directory", "outside"], tls_identity_ca_directory=str(inside))
    assert not inside.exists()


def test_an_unsupported_release(lab: Lab) -> None:
    release = "cp /usr/lib/os-release /root/os-release && sed -i 's/12/10/; s/bookworm/buster/' /usr/lib/os-release"
    version = "cp /etc/debian_version /root/ && echo 10.13 > /etc/debian_version"
    lab.read("mta1", f"{release} && {version}")
    try:
        refused(lab, ["10", "11", "12", "13"])
    finally:
        lab.read("mta1", "cp /root/os-release /usr/lib/os-release && cp /root/debian_version /etc/debian_version")


def test_a_host_without_a_qualified_name(lab: Lab) -> None:
    lab.read("mta1", "hostname shorty")
    try:
        refused(lab, ["shorty", "qualified"])
    finally:
        lab.read("mta1", f"hostname {FQDN}")
