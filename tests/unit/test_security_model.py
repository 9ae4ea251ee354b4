# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A promise of ``docs/security_model.md`` names the test that proves it; words that guides quote are really said."""

from __future__ import annotations

import pathlib
import re

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.filter.authority_refusals import authority_refusals

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = (ROOT / "docs/security_model.md").read_text(encoding="utf-8")
PROMISES = [row for row in re.findall(r"^\| (.*) \|$", MODEL, re.M) if not row.endswith("| Proved by")]
PLACES = {"unit": "tests/unit", "zoo": "tests/zoo"}


def test_there_are_promises_against_everybody() -> None:
    assert len(PROMISES) >= 25
    assert re.findall(r"^### (.*)$", MODEL, re.M) == [
        "Somebody who listens",
        "Somebody on the way who changes what is said",
        "Somebody who forges DNS",
        "A next hop without TLS, or with a broken one",
        "A broken map, a broken file",
        "A crash",
        "The administrator's slip",
    ]


@pytest.mark.parametrize("row", PROMISES)
def test_a_promise_has_a_test(row: str) -> None:
    _against, _promise, proofs = row.split(" | ")
    assert re.fullmatch(r"`\w+::test_\w+`(, `\w+::test_\w+`)*", proofs)
    assert not [proof for proof in re.findall(r"`(\w+::test_\w+)`", proofs) if not exists(proof)]


def test_tests_named_beside_the_tables_exist() -> None:
    named = re.findall(r"`(\w+::test_\w+)`", MODEL.partition("## What is not promised")[2])
    assert named and all(map(exists, named))


def test_a_test_that_is_gone_is_missed() -> None:
    assert not exists("default::test_of_yesterday") and not exists("yesterday::test_outcome")


def exists(proof: str) -> bool:
    """Whether there is this test: ``scenario::test``, or in a folder below tests."""
    place, _colons, name = proof.partition("::")
    folder = ROOT / PLACES.get(place, f"molecule/{place}/tests")
    return any(re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.M) for path in folder.rglob("*.py"))


def words_of_sendmail() -> list[str]:
    table = (ROOT / "docs/faq.md").read_text(encoding="utf-8").partition("| In `mailq` |")[2].split("\n\n")[0]
    return re.findall(r"^\| `403 4\.7\.0 (.*?)` \|", table, re.M)


def test_there_are_words_of_sendmail() -> None:
    assert len(words_of_sendmail()) >= 8


@pytest.mark.parametrize("words", words_of_sendmail())
def test_the_words_of_sendmail_are_those_that_we_know(words: str) -> None:
    """Names and numbers aside."""
    fixed = max(re.split(r"\b\d+\b|\b[\w-]+\.\w+\b", words), key=len).strip()
    assert len(fixed.split()) >= 2
    texts = [*(ROOT / "plugins/module_utils/_core").glob("*.py"), ROOT / "roles/sendmail/files/belt.m4"]
    assert any(fixed in path.read_text(encoding="utf-8") for path in texts), fixed


def test_what_is_said_of_a_lost_ca() -> None:
    guide = (ROOT / "docs/certificates.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(.*)\n```$", guide, re.M)
    authority = {"folder": "~/.mailtls/ca", "key": {"present": False}, "certificate_present": False, "certificate": []}
    hosts = {"mta1": {"certificate": pki.certificate("mta1", issuer_cn="mailtls.relay CA")}}
    assert authority_refusals(authority, "20261130000000Z", hosts) == [shown]
