# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.probeverdict import judge_probe

WORDS = "mail waits: 403 4.7.0 encryption too weak 0 less than 128"


def peer(target: str, summary: str, text: str) -> dict[str, t.Any]:
    return {"target": target, "address": "192.0.2.2", "outcome": "ok", "summary": summary, "text": text}


def answer(*summaries: str) -> dict[str, t.Any]:
    peers = [peer(f"mta{number}", summary, WORDS) for number, summary in enumerate(summaries)]
    counts = {one: summaries.count(one) for one in ("pass", "fail", "inconclusive")}
    return {"peers": peers, "targets": [], "summary": {"targets": len(peers), **counts}}


def listing(targets: int, *unprobed: str, left_out: int = 0) -> dict[str, t.Any]:
    return {"targets": [{}] * targets, "unprobed": list(unprobed), "left_out": left_out}


NO_FILE = "ca_path (/etc/mail/certs/ca.crt): there is no such file on this host."
# What came back and what was asked -> state, and the line about it.
STATES: dict[str, tuple[dict[str, t.Any], dict[str, t.Any], str, str]] = {
    "all pass": (answer("pass", "pass"), listing(2), "pass", "next hops probed: 2; 2 pass, 0 fail, 0 inconclusive."),
    "one fails": (answer("pass", "fail"), listing(2), "fail", "next hops probed: 2; 1 pass, 1 fail, 0 inconclusive."),
    "one is not known": (
        answer("pass", "inconclusive"),
        listing(2),
        "inconclusive",
        "next hops probed: 2; 1 pass, 0 fail, 1 inconclusive.",
    ),
    "a failure counts most": (
        answer("inconclusive", "fail"),
        listing(2, left_out=1),
        "fail",
        "next hops probed: 2; 0 pass, 1 fail, 1 inconclusive.",
    ),
    "some were too many": (
        answer("pass"),
        listing(1, left_out=7),
        "inconclusive",
        "next hops probed: 1; 1 pass, 0 fail, 0 inconclusive.",
    ),
    "nobody to ask": ({"skipped": True}, listing(0), "nothing", "no next hop is named here, so nothing was probed."),
    "nobody asked": (
        {"msg": NO_FILE},
        listing(1),
        "not_run",
        f"the next hops were NOT PROBED: {NO_FILE}",
    ),
    "nobody asked, with a nasty reason": (
        {"msg": "\x1b[2J"},
        listing(1),
        "not_run",
        "the next hops were NOT PROBED: \\x1b[2J.",
    ),
    "the task did not run": (
        {"skipped": True},
        listing(1),
        "not_run",
        "the next hops were NOT PROBED: the module ended without a word; -vvv shows more.",
    ),
    "only what cannot be probed": (
        {"skipped": True},
        {"targets": [], "unprobed": ["10.1.0.0/16 is a network."], "left_out": 0},
        "inconclusive",
        "none of the next hops that are named here could be probed.",
    ),
    "none is allowed": (
        {"skipped": True},
        {"targets": [], "unprobed": [], "left_out": 2},
        "inconclusive",
        "none of the next hops that are named here could be probed.",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_what_a_probe_comes_to(name: str) -> None:
    given, asked, state, text = STATES[name]
    fine = state in ("pass", "nothing")
    for mode, ok in {"fail": fine, "warn": True, "none": True}.items():
        verdict = judge_probe(given, asked, mode)
        assert (verdict.ok, verdict.state, verdict.text) == (ok, state, text)
        assert verdict.lines[0] == text and bool(verdict.wrong) == (not fine)


def test_only_what_is_wrong_is_shown_to_who_must_do_something() -> None:
    verdict = judge_probe(answer("pass", "fail"), listing(2, "x: 10.1.0.0/16 is a network."), relay="mta1")
    shown = [line for line in verdict.wrong if WORDS in line]
    assert verdict.wrong[0] == verdict.text and verdict.text.startswith("mta1: next hops probed: 2;")
    assert len(shown) == 1 and shown[0].startswith("  mta1 ")
    assert verdict.wrong[-1] == "  not probed: x: 10.1.0.0/16 is a network."
    assert [WORDS in line for line in verdict.lines] == [False, False, True, True, False]


def test_what_cannot_be_probed_is_told_even_if_all_the_rest_is_fine() -> None:
    verdict = judge_probe(answer("pass"), listing(1, "x: 10.1.0.0/16 is a network."), "fail")
    assert verdict.ok
    assert verdict.wrong == [
        "next hops probed: 1; 1 pass, 0 fail, 0 inconclusive.",
        "  not probed: x: 10.1.0.0/16 is a network.",
    ]


def test_how_many_were_too_many() -> None:
    verdict = judge_probe(answer("pass"), listing(1, left_out=7))
    assert verdict.lines[-1] == "  not probed: 7 next hops more than tls_audit_probe_at_most allows."


def test_no_such_mode() -> None:
    with pytest.raises(MailtlsError, match="tls_audit_probe: 'maybe' is not a mode"):
        judge_probe({}, listing(0), "maybe")
