# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brought files: laid out as sendmail reads them, or refused with all reasons."""

from __future__ import annotations

import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.chain import judge_brought

FQDN = "mta1.example.test"
ROOT = pki.certificate("root", "root", authority=True)
INTERMEDIATE = pki.certificate("intermediate", "root", authority=True)
OLD_INTERMEDIATE = pki.certificate("intermediate", "root", authority=True, days=(-9, -1))
PEERS = pki.certificate("peers", "peers", authority=True, days=(-9, -1))
LEAF = pki.certificate("leaf", "intermediate", cn=FQDN, names=[FQDN])
SELF_SIGNED = pki.certificate("leaf", "leaf", cn=FQDN, issuer_cn=FQDN, names=[FQDN])

VARIABLES = ("tls_identity_key_src", "tls_identity_certificate_src", "tls_identity_ca_src")
PATHS = {name: {"given": f"{name}.pem", "path": f"/files/{name}.pem"} for name in VARIABLES}


def brought(chain: t.Sequence[str] = (LEAF,), bundle: t.Sequence[str] = (ROOT,), **changed: t.Any) -> dict[str, t.Any]:
    given = {"chain": [pki.facts(pem) for pem in chain], "bundle": [pki.facts(pem) for pem in bundle]}
    return {"paths": PATHS, "key": pki.key_facts("leaf"), **given, **changed}


@pytest.mark.parametrize(
    ("chain", "bundle", "ca"),
    [
        ([LEAF, INTERMEDIATE], [ROOT], INTERMEDIATE + ROOT),
        ([LEAF], [INTERMEDIATE, ROOT], INTERMEDIATE + ROOT),
        ([INTERMEDIATE, LEAF], [ROOT], INTERMEDIATE + ROOT),  # the wrong order is put right
        ([LEAF, INTERMEDIATE, ROOT], [ROOT, INTERMEDIATE], INTERMEDIATE + ROOT),
        ([LEAF], [ROOT], ROOT),
        ([LEAF], [LEAF, ROOT], ROOT),
        ([LEAF, INTERMEDIATE], [ROOT, PEERS], INTERMEDIATE + ROOT + PEERS),  # expired, but not above the leaf
        ([LEAF, INTERMEDIATE, OLD_INTERMEDIATE], [ROOT], INTERMEDIATE + OLD_INTERMEDIATE + ROOT),
    ],
)
def test_the_leaf_stands_alone_and_the_rest_once(chain: list[str], bundle: list[str], ca: str) -> None:
    layout, refusals = judge_brought(brought(chain, bundle), FQDN, pki.NOW)
    assert (refusals, layout.certificate, layout.ca) == ([], LEAF, ca)


def test_a_self_signed_certificate_is_a_chain_of_one() -> None:
    layout, refusals = judge_brought(brought([SELF_SIGNED], [ROOT]), FQDN, pki.NOW)
    assert (refusals, layout.certificate, layout.ca) == ([], SELF_SIGNED, ROOT)


REFUSED: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "nothing set": (
        brought(paths={name: {"given": "", "path": ""} for name in VARIABLES}),
        [f"{name} is not set" for name in VARIABLES],
    ),
    "no such file": (
        brought(paths={**PATHS, VARIABLES[0]: {"given": "gone.key", "path": ""}}),
        ["tls_identity_key_src (gone.key): there is no such file"],
    ),
    "encrypted key": (
        brought(key=pki.key_facts("leaf", problem="the key has a passphrase")),
        ["tls_identity_key_src (/files/tls_identity_key_src.pem): the key has a passphrase"],
    ),
    "no certificates": (brought([], []), [f"{name} (/files/{name}.pem): it holds no cert" for name in VARIABLES[1:]]),
    "garbage": (
        {**brought(), "chain": [{"pem": "", "problem": "bad"}]},
        ["tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): certificate 1: a certificate cannot"],
    ),
    "foreign key": (
        brought(key=pki.key_facts("other")),
        ["tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): no certificate in it belongs to"],
    ),
    "expired": (
        brought([pki.certificate("leaf", cn=FQDN, names=[FQDN], days=(-9, -1))]),
        ["tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): the certificate expired on"],
    ),
    "future and wrong name": (
        brought([pki.certificate("leaf", cn="www.example.test", days=(1, 9))]),
        [
            "tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): the certificate is not valid bef",
            "tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): it is for www.example.test, not",
        ],
    ),
    "nameless": (
        brought([pki.certificate("leaf", cn="")]),
        ["tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): it is for no name, not for mta1"],
    ),
    "expired intermediate": (
        brought([LEAF, OLD_INTERMEDIATE]),
        ["tls_identity_certificate_src (/files/tls_identity_certificate_src.pem): commonName=intermediate, which"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_with_all_reasons(name: str) -> None:
    given, expected = REFUSED[name]
    layout, refusals = judge_brought(given, FQDN, pki.NOW)
    assert (layout.certificate, layout.ca) == ("", "")
    assert len(refusals) == len(expected)
    for refusal, beginning in zip(refusals, expected):
        assert refusal.startswith(beginning)
