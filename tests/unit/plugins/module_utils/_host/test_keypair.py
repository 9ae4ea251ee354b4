# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSL's opinion, through the standard library."""

from __future__ import annotations

import os
import pathlib
import ssl

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._host import keypair as subject

LEAF = pki.certificate("leaf", names=["mta1.example.test"])
CA = pki.certificate("ca", authority=True)


@pytest.mark.parametrize(
    ("certificate", "key", "expected"),
    [
        (LEAF, pki.key_pem("leaf"), ""),
        (LEAF, pki.key_pem("other"), "the key does not belong to the certificate"),
        (LEAF, pki.key_pem("leaf", "secret"), "OpenSSL cannot read it"),
        (LEAF, "", "OpenSSL cannot read it"),
        (LEAF, "garbage", "OpenSSL cannot read it"),
        ("garbage", pki.key_pem("leaf"), "OpenSSL cannot read it"),
    ],
)
def test_key_and_certificate_together(certificate: str, key: str, expected: str) -> None:
    with subject.in_memory(certificate.encode()) as one, subject.in_memory(key.encode()) as other:
        problem = subject.keypair_problem(one, other)
    # OpenSSL's own words follow in parentheses; they differ from one release to the next.
    assert problem.partition(" (")[0] == expected


def test_a_missing_file_is_a_problem(tmp_path: pathlib.Path) -> None:
    assert subject.keypair_problem(str(tmp_path / "a"), str(tmp_path / "b")) == "no such file or directory"


@pytest.mark.parametrize(("text", "fine"), [(CA, True), (CA + LEAF, True), ("garbage", False), ("", False)])
def test_ca_files(text: str, fine: bool) -> None:
    with subject.in_memory(text.encode()) as path:
        assert (subject.ca_problem(path) == "") is fine


def test_memory_is_given_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with subject.in_memory(b"secret") as path:
        assert pathlib.Path(path).read_bytes() == b"secret"
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_certificate_is_described() -> None:
    assert subject.describe(LEAF)[:4] == [
        "subject: commonName=leaf",
        "names: DNS:mta1.example.test",
        "issuer: commonName=ca",
        "valid: Nov 22 18:00:00 2026 GMT to Nov 23 18:00:00 2027 GMT",
    ]
    assert [line for line in subject.describe(CA) if line.startswith("names")] == ["names: none"]


@pytest.mark.parametrize("text", ["", "garbage", pki.key_pem("leaf")])
def test_other_texts_have_no_description(text: str) -> None:
    assert subject.describe(text) == []


def test_a_damaged_certificate_is_said_to_be_so() -> None:
    damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert subject.describe(damaged) == ["unreadable certificate"]


def test_finger_prints_remain_when_python_cannot_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ssl._ssl, "_test_decode_cert")  # type: ignore[attr-defined]
    (line,) = subject.describe(LEAF)
    assert line.startswith("SHA-256: ") and len(line) == 73


def test_the_period_of_the_first_certificate() -> None:
    assert subject.period(LEAF + CA) == (1795370400, 1826992800)


@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_period_that_cannot_be_read_is_unknown(text: str) -> None:
    assert subject.period(text) is None
