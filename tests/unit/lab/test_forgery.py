# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import forgery
import pki
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from forgery import Forged

ZONE = """local=/#/
host-record=mta2.example.test,192.0.2.12,2001:db8::12
host-record=mta20example.test,192.0.2.13
mx-host=example.test,mta2.example.test,10
mx-host=mta2.example.test,mta2.example.test,10
"""
HOST, MX = "host-record=mta2.example.test,192.0.2.12,2001:db8::12\n", "mx-host=mta2.example.test,mta2.example.test,10\n"


@pytest.mark.parametrize(
    ("forged", "gone", "added"),
    [
        (Forged("mta2.example.test"), [], ""),
        (
            Forged("mta2.example.test", addresses=("192.0.2.66", "2001:db8::66")),
            [HOST],
            "host-record=mta2.example.test,192.0.2.66,2001:db8::66\n",
        ),
        (Forged("mta2.example.test", mx="evil.example"), [MX], "mx-host=mta2.example.test,evil.example,10\n"),
        (Forged("mta2.example.test", cname="evil.example"), [HOST, MX], "cname=mta2.example.test,evil.example\n"),
        (
            Forged("mta2.example.test", mx="evil.10", more=(("evil.10", "192.0.2.66"),)),
            [MX],
            "mx-host=mta2.example.test,evil.10,10\nhost-record=evil.10,192.0.2.66\n",
        ),
    ],
    ids=["nothing", "addresses", "MX", "CNAME", "a further name"],
)
def test_forged_records_replace_the_true_ones_of_this_name_only(forged: Forged, gone: list[str], added: str) -> None:
    expected = ZONE
    for line in gone:
        expected = expected.replace(line, "")
    assert forged.applied_to(ZONE) == forged.applied_to(ZONE.rstrip("\n")) == expected + added


def read(pem: str) -> x509.Certificate:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert key.public_key() == certificate.public_key(), "a server could not use them together"
    return certificate


def test_a_certificate_of_nobody_is_its_own_issuer() -> None:
    certificate = read(forgery.forged_certificate("mta2.example.test"))
    assert certificate.subject.rfc4514_string() == "CN=mta2.example.test"
    certificate.verify_directly_issued_by(certificate)


def test_a_foreign_authority_has_the_same_name_and_another_key(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ca.crt").write_text(pki.certificate("ca", cn="x CA", issuer_cn="x CA", authority=True))
    (tmp_path / "ca.key").write_text(pki.key_pem("ca", "secret"))
    own, foreign = forgery.read_authority(tmp_path, "secret"), forgery.new_authority("x CA")
    ours, theirs = (read(forgery.forged_certificate("a.example", one)) for one in (own, foreign))
    assert ours.issuer == theirs.issuer == own.certificate.subject
    ours.verify_directly_issued_by(own.certificate)
    with pytest.raises(InvalidSignature):
        theirs.verify_directly_issued_by(own.certificate)
