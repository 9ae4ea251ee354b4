# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real certificates through community.crypto."""

from __future__ import annotations

import typing as t

import pki
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.certificate_facts import FilterModule
from ansible_collections.mailtls.relay.plugins.plugin_utils import community_crypto

FQDN = "mta1.example.test"
DAMAGED = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def run(text: t.Any) -> list[dict[str, t.Any]]:
    answer: list[dict[str, t.Any]] = FilterModule().filters()["certificate_facts"](text)
    return answer


@pytest.mark.parametrize(
    "pem",
    [
        pki.certificate("leaf", cn=FQDN, names=[FQDN, "other.example.test"]),
        pki.certificate("ca", authority=True),
        pki.certificate("leaf", cn="", identifiers=False),
    ],
)
def test_facts_are_those_that_the_other_tests_are_built_on(pem: str) -> None:
    (found,) = run(pem)
    assert found == {**pki.facts(pem), "key_size": found["key_size"]}


def test_a_chain_is_read_in_its_order_and_damage_is_told() -> None:
    found = run(pki.certificate("leaf") + DAMAGED + pki.key_pem("leaf") + pki.certificate("ca"))
    assert [bool(item["problem"]) for item in found] == [False, True, False]
    assert [item.get("subject_ordered") for item in found] == [[["commonName", "leaf"]], None, [["commonName", "ca"]]]


def test_a_text_without_certificates_has_no_facts() -> None:
    assert run("") == []


def test_other_input_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="wants a PEM text, not list"):
        run([])


def test_a_missing_collection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(community_crypto.importlib, "import_module", missing)
    with pytest.raises(AnsibleFilterError, match="ansible-galaxy collection install"):
        run("")
