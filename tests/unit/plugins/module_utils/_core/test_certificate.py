# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as values, judged over real ones."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import certificate as subject
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FQDN = "mta1.example.test"
LEAF = pki.certificate("leaf", cn=FQDN, names=[FQDN])
CA = pki.certificate("ca", authority=True)


def read(pem: str) -> subject.Certificate:
    return subject.parse_certificate(pki.facts(pem))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (LEAF, (LEAF,)),
        (LEAF + CA, (LEAF, CA)),
        (LEAF.replace("\n", "\r\n"), (LEAF,)),
        (f"Bag Attributes\n{pki.key_pem('leaf')}remark\n{LEAF.rstrip()}", (LEAF,)),
        ("-----BEGIN CERTIFICATE-----\ncut off", ()),
    ],
)
def test_only_certificates_are_taken_from_a_text(text: str, expected: tuple[str, ...]) -> None:
    assert subject.split_pem(text) == expected


def test_facts_become_a_value() -> None:
    found = read(LEAF)
    assert (found.common_name, found.names, found.authority) == (FQDN, (FQDN,), False)
    assert found.not_after - pki.NOW == timedelta(days=365)
    assert found.public_key == pki.public_pem("leaf")
    assert read(CA).authority


def test_a_certificate_without_any_name_is_a_value_too() -> None:
    found = read(pki.certificate("leaf", cn="", identifiers=False))
    assert (found.common_name, found.names, found.key_identifier) == ("", (), "")
    assert subject.render_name(found.subject) == "(no name)"


def test_names_that_are_no_host_names_are_left_out() -> None:
    found = subject.parse_certificate(pki.facts(LEAF, subject_alt_name=["IP:192.0.2.1", "DNS:MTA1.Example.test"]))
    assert found.names == (FQDN,)


def test_unreadable_facts_are_refused() -> None:
    with pytest.raises(MailtlsError, match="a certificate cannot be read: garbage"):
        subject.parse_certificate({"pem": "", "problem": "garbage"})


@pytest.mark.parametrize(
    ("cn", "names", "covered", "named"),
    [
        (FQDN, [FQDN], True, True),
        ("MTA1.example.test", [FQDN], True, True),
        ("other.example.test", [FQDN], True, False),
        (FQDN, [], True, False),
        (FQDN, ["other.example.test"], False, False),
        (FQDN, [FQDN, "other.example.test"], True, False),
        ("x", ["*.example.test"], True, False),
        ("x", ["*.test"], False, False),
        ("", [], False, False),
    ],
)
def test_which_host_a_certificate_is_for(cn: str, names: list[str], covered: bool, named: bool) -> None:
    found = read(pki.certificate("leaf", cn=cn, names=names))
    assert (subject.covers(found, FQDN), subject.is_named(found, FQDN)) == (covered, named)


@pytest.mark.parametrize(
    ("leaf", "authority", "expected"),
    [
        (LEAF, CA, True),
        (pki.certificate("leaf", "new", issuer_cn="ca"), CA, False),  # the old name, another key
        (pki.certificate("leaf", "other"), CA, False),
        (pki.certificate("leaf", identifiers=False), CA, True),
        (LEAF, pki.certificate("ca", authority=True, identifiers=False), True),
    ],
)
def test_who_issued_it(leaf: str, authority: str, expected: bool) -> None:
    assert subject.is_issued_by(read(leaf), read(authority)) is expected


@pytest.mark.parametrize(
    ("days", "code"),
    [((-1, 31), ""), ((-1, 30), ""), ((-1, 29), "expires_soon"), ((-9, 0), "expired"), ((1, 99), "not_yet_valid")],
)
def test_validity(days: tuple[int, int], code: str) -> None:
    findings = subject.judge_validity(read(pki.certificate("leaf", days=days)), pki.NOW, 30)
    assert [finding.code for finding in findings] == ([code] if code else [])
    assert all(finding.to_dict()["needs_new"] for finding in findings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FQDN, FQDN),
        (" MTA1.Example.TEST. ", FQDN),
        ("a_b.example.test", "a_b.example.test"),
        ("xn--e1afmkfd.example", "xn--e1afmkfd.example"),
    ],
)
def test_qualified_names(text: str, expected: str) -> None:
    assert subject.parse_fqdn(text, "here") == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a fully qualified"),
        ("mta1", "not a fully qualified"),
        ("mta1.", "not a fully qualified"),
        ("localhost.localdomain", "not a fully qualified"),
        ("1.0.0.127.in-addr.arpa", "not a fully qualified"),
        ("192.0.2.1", "not a valid host name"),
        ("mta 1.example", "not a valid host name"),
        ("-a.example", "not a valid host name"),
        ("a-.example", "not a valid host name"),
        ("a..example", "not a valid host name"),
        ("x" * 64 + ".example", "not a valid host name"),
        ("x." * 126 + "ab", "not a valid host name"),
    ],
)
def test_other_names_are_refused(text: str, reason: str) -> None:
    with pytest.raises(MailtlsError, match=f"here: .*{reason}.*tls_identity_fqdn") as refused:
        subject.parse_fqdn(text, "here")
    assert refused.value.where == "here"


def test_nothing_is_read_but_what_is_given() -> None:
    value: t.Any = subject.parse_time("20261123180000Z")
    assert value == pki.NOW
