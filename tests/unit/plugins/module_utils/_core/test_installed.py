# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay carries against what it ought to carry."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.identity import LAYOUT, Identity, desired_entry
from ansible_collections.mailtls.relay.plugins.module_utils._core.installed import judge_identity

FQDN = "mta1.example.test"
FOLDER = "/etc/mail/certs"
CA = pki.certificate("ca", authority=True)
LEAF = pki.certificate("leaf", cn=FQDN, names=[FQDN])
GOOD = Identity(FOLDER, {name: desired_entry(FOLDER, name) for name in LAYOUT}, certificate=LEAF, ca=CA)
WISH = {"ca": CA, "fqdn": FQDN, "authority": [pki.facts(CA)], "key_size": 256, "renew_days": 30}
OPEN_KEY = {**GOOD.entries, "host.key": replace(GOOD.entries["host.key"], mode="0640")}


def codes(installed: Identity, wish: t.Mapping[str, t.Any], *carried: t.Mapping[str, t.Any]) -> dict[str, bool]:
    return {item.code: item.needs_new for item in judge_identity(installed, carried, wish, pki.NOW)}


@pytest.mark.parametrize(
    ("pem", "wish", "expected"),
    [
        (LEAF, {}, []),
        (LEAF, {"fqdn": "mta2.example.test"}, ["wrong_name"]),
        (LEAF, {"key_size": 3072}, ["key_size"]),
        (LEAF, {"renew_days": 366}, ["expires_soon"]),
        (LEAF, {"authority": []}, ["other_ca"]),
        (pki.certificate("leaf", "other", cn=FQDN, names=[FQDN]), {}, ["other_ca"]),
        (pki.certificate("leaf", "new", issuer_cn="ca", cn=FQDN, names=[FQDN]), {}, ["other_ca"]),
        (pki.certificate("leaf", cn=FQDN, names=[FQDN], days=(-9, -1)), {}, ["expired"]),
        (pki.certificate("leaf", cn="", days=(1, 9)), {}, ["not_yet_valid", "wrong_name"]),
    ],
)
def test_certificates_of_the_own_ca(pem: str, wish: dict[str, t.Any], expected: list[str]) -> None:
    assert codes(GOOD, {**WISH, **wish}, pki.facts(pem)) == dict.fromkeys(expected, True)


@pytest.mark.parametrize(
    ("changed", "carried", "expected"),
    [
        ({"certificate": ""}, [], {"absent": True}),
        ({"keypair_problem": "key values mismatch"}, [pki.facts(LEAF)], {"keypair": True}),
        ({"certificate": "garbage"}, [], {"unreadable": True}),
        ({}, [{"problem": "bad"}], {"unreadable": True}),
        ({}, [pki.facts(LEAF), pki.facts(CA)], {"unreadable": True}),
        ({"ca": ""}, [pki.facts(LEAF)], {"ca_differs": False}),
        ({"ca_problem": "bad"}, [pki.facts(LEAF)], {"ca_unreadable": False}),
        ({"entries": OPEN_KEY}, [pki.facts(LEAF)], {"access": False}),
    ],
)
def test_what_else_can_be_wrong(changed: dict[str, t.Any], carried: list[t.Any], expected: dict[str, bool]) -> None:
    assert codes(replace(GOOD, **changed), WISH, *carried) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        ({"certificate": "other"}, {"certificate_differs": True}),
        ({"certificate": ""}, {"absent": True}),
        ({"keypair_problem": "there is no key"}, {"keypair": True}),
        ({"ca": "other", "entries": OPEN_KEY}, {"ca_differs": False, "access": False}),
    ],
)
def test_brought_files(changed: dict[str, t.Any], expected: dict[str, bool]) -> None:
    assert codes(replace(GOOD, **changed), {"certificate": LEAF, "ca": CA}) == expected
