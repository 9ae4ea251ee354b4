# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter over its pure core; the cases stand in the core's own test."""

from __future__ import annotations

import typing as t

import pki
from ansible_collections.mailtls.relay.plugins.filter.authority_refusals import FilterModule

CA = pki.facts(pki.certificate("ca", authority=True))
AUTHORITY = {"folder": "/ca", "key": pki.key_facts("ca"), "certificate_present": True, "certificate": [CA]}
LOST = {**AUTHORITY, "certificate_present": False, "certificate": []}


def run(authority: dict[str, t.Any], **options: t.Any) -> list[str]:
    answer: list[str] = FilterModule().filters()["authority_refusals"](authority, now=pki.STAMP, **options)
    return answer


def test_the_ca_itself() -> None:
    assert run(AUTHORITY) == []
    assert len(run(LOST)) == 1


def test_the_hosts_that_carry_certificates() -> None:
    hosts = {
        "mta1": {"certificate": pki.certificate("leaf")},
        "mta2": {"unreachable": True},
        "mta3": {"certificate": ""},
    }
    assert run(AUTHORITY, hosts=hosts) == []
    carried, unseen = run(LOST, hosts=hosts)
    assert "mta1 (issued by commonName=ca)" in carried
    assert "cannot be asked what they carry: mta2." in unseen
