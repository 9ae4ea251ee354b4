# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The own CA: settings, the folder's contents, and the hosts that know another one."""

from __future__ import annotations

import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import authority as subject

SETTINGS: dict[str, t.Any] = {
    "source": "own_ca",
    "fqdn": "mta1.example.test",
    "directory": "/etc/mail/certs",
    "ca_passphrase": "secret",
    "ca_name": "Example CA",
    "valid_days": 365,
    "renew_days": 30,
    "folder": "/home/me/.mailtls/ca",
    "places": ["/home/me/infra/playbooks", "/home/me/infra", "/opt/c/mailtls/relay/roles/tls_identity"],
    "git": ["/home/me/infra/.git", "/home/.git"],
}
CA = pki.certificate("ca", authority=True)
LEAF = pki.certificate("leaf")
FOREIGN = pki.certificate("leaf", "other")


def test_good_settings_pass() -> None:
    assert subject.judge_settings(SETTINGS) == []


@pytest.mark.parametrize(
    ("changed", "beginnings"),
    [
        ({"fqdn": "mta1"}, ["tls_identity_fqdn: 'mta1' is not a fully"]),
        ({"source": "acme"}, ["tls_identity_source: acme comes later"]),
        ({"source": "acme", "fqdn": ""}, ["tls_identity_source: acme", "tls_identity_fqdn: ''"]),
        ({"directory": "certs"}, ["tls_identity_directory: 'certs' is not"]),
        ({"directory": "//"}, ["tls_identity_directory: '//' is not"]),
        ({"ca_passphrase": ""}, ["tls_identity_ca_passphrase is not set"]),
        ({"fqdn": "x" * 60 + ".example"}, ["tls_identity_fqdn: "]),
        ({"ca_name": ""}, ["tls_identity_ca_name: the name has 0"]),
        ({"ca_name": "x" * 65}, ["tls_identity_ca_name: the name has 65"]),
        ({"renew_days": 365}, ["tls_identity_renew_days: 365 days"]),
        ({"renew_days": -1}, ["tls_identity_renew_days: -1 days"]),
        ({"folder": "/home/me/infra/ca"}, ["tls_identity_ca_directory: /home/me/infra/ca lies inside /home/me/infra,"]),
        ({"source": "files", "ca_passphrase": "", "ca_name": "", "folder": "/home/me/infra"}, []),
    ],
)
def test_settings_that_cannot_work(changed: dict[str, t.Any], beginnings: list[str]) -> None:
    refusals = subject.judge_settings({**SETTINGS, **changed})
    assert len(refusals) == len(beginnings)
    for refusal, beginning in zip(refusals, beginnings):
        assert refusal.startswith(beginning)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/home/me/infra", "/home/me/infra"),
        ("/home/me/infra/secret/ca", "/home/me/infra"),
        ("/home/me/infra2", ""),
        ("/home/me/ca", ""),  # /home is a checkout, too, but not the innermost one around the playbook
        ("/opt/c/mailtls/relay/ca", "/opt/c/mailtls/relay"),
        ("/opt/c/mailtls", ""),
    ],
)
def test_the_ca_stays_out_of_checkouts(folder: str, expected: str) -> None:
    assert subject.enclosing_checkout(folder, SETTINGS["places"], SETTINGS["git"]) == expected


def test_a_checkout_may_be_the_root() -> None:
    assert subject.enclosing_checkout("/ca", ["/srv/play", "/c/relay/roles/x"], ["/.git"]) == "/"


def authority(**changed: t.Any) -> dict[str, t.Any]:
    there = {"folder": "/ca", "key": pki.key_facts("ca"), "certificate_present": True, "certificate": [pki.facts(CA)]}
    return {**there, **changed}


ABSENT = {"present": False, "encrypted": False, "problem": "there is no key", "public_key": ""}


@pytest.mark.parametrize(
    ("given", "beginnings"),
    [
        (authority(), []),
        (authority(key=ABSENT, certificate_present=False, certificate=[]), []),
        (authority(key=ABSENT), ["/ca: half of the CA is missing: ca.crt is there, ca.key is not"]),
        (
            authority(certificate_present=False, certificate=[]),
            ["/ca: half of the CA is missing: ca.key is there, ca.crt is not"],
        ),
        (authority(key=pki.key_facts("ca", problem="wrong", public_key="")), ["/ca/ca.key: the CA's key: wrong"]),
        (authority(key=pki.key_facts("ca", encrypted=False)), ["/ca/ca.key: the CA's key has no passphrase"]),
        (authority(key=pki.key_facts("other")), ["/ca/ca.crt: the CA's key does not belong"]),
        (authority(certificate=[]), ["/ca/ca.crt: it holds 0 certificates"]),
        (authority(certificate=[{"problem": "bad"}]), ["/ca/ca.crt: a certificate cannot be read: bad"]),
        (authority(certificate=[pki.facts(LEAF)]), ["/ca/ca.crt: commonName=leaf is no certificate of a CA"]),
        (
            authority(certificate=[pki.facts(pki.certificate("ca", authority=True, days=(-9, -1)))]),
            ["/ca/ca.crt: the certificate expired"],
        ),
    ],
)
def test_a_ca_that_cannot_issue(given: dict[str, t.Any], beginnings: list[str]) -> None:
    refusals = subject.judge_authority(given, pki.NOW)
    assert len(refusals) == len(beginnings)
    for refusal, beginning in zip(refusals, beginnings):
        assert refusal.startswith(beginning)


def host(name: str, *pems: str, seen: bool = True) -> dict[str, t.Any]:
    return {"name": name, "seen": seen, "certificate": [pki.facts(pem) for pem in pems]}


BROKEN = {"name": "mta5", "seen": True, "certificate": [{"problem": "bad"}]}
UNSEEN = host("mta4", seen=False)


@pytest.mark.parametrize(
    ("hosts", "there", "words"),
    [
        ([host("mta1", LEAF), host("mta2")], True, []),
        ([host("mta1"), BROKEN], False, []),
        ([host("mta1", LEAF), UNSEEN], True, []),
        ([host("mta1", FOREIGN), host("mta2", LEAF)], True, ["did not issue: mta1 (issued by commonName=other)."]),
        (
            [host("mta1", LEAF), host("mta2", FOREIGN)],
            False,
            ["there is no CA: mta1 (issued by commonName=ca); mta2 (issued by commonName=other)."],
        ),
        ([host("mta1"), UNSEEN], False, ["no CA is made while hosts cannot be asked what they carry: mta4."]),
        ([host("mta1", LEAF), UNSEEN], False, ["there is no CA: mta1", "no CA is made while"]),
    ],
)
def test_no_ca_takes_the_place_of_another_silently(hosts: list[t.Any], there: bool, words: list[str]) -> None:
    refusals = subject.judge_carriers(hosts, [pki.facts(CA)] if there else [], "/ca")
    assert len(refusals) == len(words)
    for refusal, expected in zip(refusals, words):
        assert expected in refusal and "tls_identity_accept_other_ca: true" in refusal
