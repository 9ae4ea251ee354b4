# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter over its pure core; the cases stand in the core's own test."""

from __future__ import annotations

import typing as t

import pki
from ansible_collections.mailtls.relay.plugins.filter.identity_layout import FilterModule

LEAF = pki.certificate("leaf", "root", cn="mta1.example.test", names=["mta1.example.test"])
ROOT = pki.certificate("root", "root", authority=True)
NAMES = ("tls_identity_key_src", "tls_identity_certificate_src", "tls_identity_ca_src")
BROUGHT = {
    "paths": {name: {"given": "a", "path": "/a"} for name in NAMES},
    "key": pki.key_facts("leaf"),
    "chain": [pki.facts(LEAF)],
    "bundle": [pki.facts(ROOT)],
}


def run(fqdn: str) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = FilterModule().filters()["identity_layout"](BROUGHT, fqdn=fqdn, now=pki.STAMP)
    return answer


def test_a_layout_is_plain_data() -> None:
    assert run("MTA1.example.test.") == {"certificate": LEAF, "ca": ROOT, "refusals": []}


def test_a_refused_layout_is_empty() -> None:
    refused = run("mta2.example.test")
    assert (refused["certificate"], refused["ca"], len(refused["refusals"])) == ("", "", 1)
