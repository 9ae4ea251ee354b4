# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import aim, peer, sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Sighting

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)
HOST = "mta2.example.org"


def facts(**changed: t.Any) -> dict[str, t.Any]:
    return {
        "subject": [["O", "Example"], ["CN", HOST]],
        "issuer": [["CN", "Example CA"]],
        "dns_names": [HOST],
        "ip_names": [],
        "other_names": [],
        "key_type": "EC",
        "key_size": 256,
        "curve": "secp256r1",
        "signature": "ecdsa-with-SHA256",
        "serial": "0a",
        "sha256": "ab" * 32,
        "sha1": "cd" * 20,
        "not_before": NOW - datetime.timedelta(days=10),
        "not_after": NOW + datetime.timedelta(days=80, hours=1),
        "problem": "",
        **changed,
    }


def named(*dns: str, cn: str = "", ips: t.Sequence[str] = (), **more: t.Any) -> dict[str, t.Any]:
    return facts(subject=[["CN", cn]] if cn else [], dns_names=list(dns), ip_names=list(ips), **more)


@pytest.mark.parametrize(
    ("host", "leaf", "verdict"),
    [
        (HOST, named(HOST), "exact"),
        (HOST, named("MTA2.Example.ORG"), "exact"),
        ("MTA2.example.org.", named(HOST), "exact"),
        (HOST, named("x.example.org", HOST, cn="x.example.org"), "exact"),
        (HOST, named("*.example.org"), "wildcard"),
        (HOST, named("*.example.org", HOST), "exact"),
        # One label, whole, and not right below a top-level domain.
        ("a.mta2.example.org", named("*.example.org"), "mismatch"),
        ("example.org", named("*.example.org"), "mismatch"),
        (HOST, named("mta*.example.org"), "mismatch"),
        (HOST, named("mta2.*.org"), "mismatch"),
        ("example.org", named("*.org"), "mismatch"),
        (HOST, named("*"), "mismatch"),
        # The CN speaks only where no DNS name does.
        (HOST, named(cn=HOST), "cn_only"),
        (HOST, named(cn="*.example.org"), "cn_only"),
        (HOST, named(cn=HOST, ips=["192.0.2.7"]), "cn_only"),
        (HOST, named("x.example.org", cn=HOST), "mismatch"),
        (HOST, named(cn="x.example.org"), "mismatch"),
        (HOST, named(), "mismatch"),
        # A name with a NUL in it is not what stands before that.
        (HOST, named(f"{HOST}\0.evil.example"), "mismatch"),
        (HOST, named(f"{HOST}."), "mismatch"),
        # An address is among the SANs as an address, or nowhere.
        ("192.0.2.7", named(ips=["192.0.2.7"]), "exact"),
        ("192.0.2.7", named("192.0.2.7", cn="192.0.2.7"), "mismatch"),
        ("192.0.2.7", named(cn="192.0.2.7"), "mismatch"),
        ("192.0.2.7", named(ips=["192.0.2.8"]), "mismatch"),
        ("2001:db8::7", named(ips=["2001:db8:0:0::7"]), "exact"),
        (HOST, {}, "not_checked"),
        (HOST, facts(problem="broken"), "not_checked"),
    ],
)
def test_whose_certificate_it_is(host: str, leaf: dict[str, t.Any], verdict: str) -> None:
    assert peer.judge_name(host, leaf)["verdict"] == verdict


@pytest.mark.parametrize(
    ("leaf", "names"),
    [
        (named("a.example", cn="b.example", ips=["192.0.2.7"]), ["a.example", "192.0.2.7"]),
        (named(cn="b.example"), ["b.example"]),
        (named("\x1b]0;evil\x07"), ["\\x1b]0;evil\\x07"]),
        ({}, []),
    ],
)
def test_the_names_that_it_is_for(leaf: dict[str, t.Any], names: list[str]) -> None:
    assert peer.judge_name("x.example", leaf)["names"] == names


def test_ten_thousand_names_are_judged_whole_and_shown_in_part() -> None:
    leaf = named(*(f"n{number}.example.org" for number in range(10_000)))
    found = peer.judge_name("n9999.example.org", leaf)
    assert found["verdict"] == "exact" and len(found["names"]) == peer.MOST_NAMES_SHOWN
    shown = peer.show_certificate(leaf, NOW)
    assert len(shown["sans"]) == peer.MOST_NAMES_SHOWN and shown["sans_total"] == 10_000


def test_a_certificate_is_shown_whole() -> None:
    assert peer.show_certificate(facts(ip_names=["192.0.2.7"], other_names=["RFC822Name:a@b.example"]), NOW) == {
        "subject": f"O=Example, CN={HOST}",
        "issuer": "CN=Example CA",
        "sans": [f"DNS:{HOST}", "IP:192.0.2.7", "RFC822Name:a@b.example"],
        "sans_total": 3,
        "key_type": "EC",
        "key_size": 256,
        "curve": "secp256r1",
        "signature": "ecdsa-with-SHA256",
        "serial": "0a",
        "sha256": "ab" * 32,
        "sha1": "cd" * 20,
        "not_before": "2026-11-15T12:00:00Z",
        "not_after": "2027-02-13T13:00:00Z",
        "days_left": 80,
        "problem": "",
    }


@pytest.mark.parametrize(
    ("changed", "field", "shown"),
    [
        ({"not_after": NOW - datetime.timedelta(seconds=1)}, "days_left", -1),
        ({"not_after": NOW}, "days_left", 0),
        ({"not_after": None}, "days_left", None),
        ({"not_after": None}, "not_after", ""),
        ({"subject": [["CN", "a\r\nb\x9b"]]}, "subject", "CN=a\\x0d\\x0ab\\x9b"),
        ({"subject": [["CN", "x" * 99_999]]}, "subject", "CN=" + "x" * 249 + "..."),
        ({"problem": "bad \x1b"}, "problem", "bad \\x1b"),
        ({"serial": "f" * 9999}, "serial", "f" * 252 + "..."),
    ],
)
def test_what_is_odd_is_shown_safely(changed: dict[str, t.Any], field: str, shown: t.Any) -> None:
    assert peer.show_certificate(facts(**changed), NOW)[field] == shown


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "trusted"), (9, "not_yet_valid"), (10, "expired"), (18, "untrusted"), (20, "untrusted"), (-1, "not_checked")],
)
def test_the_chain(code: int, verdict: str) -> None:
    seen = Sighting("192.0.2.7", 25, verify_code=code, verify_message="said").to_dict()
    assert peer.judge_chain(seen) == {"verdict": verdict, "code": code, "message": "said"}


@pytest.mark.parametrize(
    ("outcome", "verdict", "settled"),
    [
        ("ok", "exact", ("ok", "seen")),
        ("ok", "not_checked", ("ok", "seen")),
        ("ok", "mismatch", ("name_mismatch", f"the certificate is not for {HOST}, but for a.example, b.example")),
        # What was wrong before stays what was wrong.
        *((one, "mismatch", (one, "seen")) for one in sorted(sighting.OUTCOMES - {"ok"})),
    ],
)
def test_the_last_outcome(outcome: str, verdict: str, settled: tuple[str, str]) -> None:
    seen = Sighting("192.0.2.7", 25, outcome=outcome, detail="seen").to_dict()
    assert peer.settle(seen, {"verdict": verdict, "names": ["a.example", "b.example"]}, HOST) == settled


def test_a_certificate_without_names_says_so() -> None:
    seen = Sighting("192.0.2.7", 25).to_dict()
    assert peer.settle(seen, {"verdict": "mismatch", "names": []}, HOST)[1].endswith("but for no name")


def record(outcome: str = "ok", **changed: t.Any) -> dict[str, t.Any]:
    good = outcome in ("ok", "untrusted", "expired", "name_mismatch")
    return {
        "host": HOST,
        "address": "192.0.2.7",
        "outcome": outcome,
        "detail": "told",
        "protocol": "TLSv1.3" if good else "",
        "bits": 256 if good else 0,
        "certificates": [{"days_left": 80, "problem": ""}] if good else [],
        "chain": {"verdict": "trusted" if good else "not_checked"},
        "name": {"verdict": "exact" if good else "not_checked"},
        "refusal": {},
        "not_observed": {},
        "judgement": {},
        **changed,
    }


TARGET = aim.read_targets([HOST])[0]


@pytest.mark.parametrize("level", ["none", "may", "encrypt"])
def test_a_session_that_was_not_seen_is_not_judged(level: str) -> None:
    """The second connection, without verification, was turned away."""
    found = peer.summarise(record("untrusted", bits=0, protocol=""), TARGET, peer.Demands(level, 0))
    assert found == ("inconclusive", "untrusted: told; the TLS session itself was not seen")


def test_the_age_of_every_certificate_counts() -> None:
    chain = [{"days_left": 80, "problem": ""}, {"days_left": 2, "problem": "", "subject": "CN=between"}]
    found = peer.summarise(record(certificates=chain), TARGET, peer.Demands("verify", 14))
    assert found == ("fail", "certificate 2 of the chain, CN=between, has 2 days left, fewer than 14")


LEVELS = ("none", "may", "encrypt", "verify", "secure")
P, F, I = "pass", "fail", "inconclusive"  # noqa: E741


@pytest.mark.parametrize(
    ("outcome", "verdicts"),
    [
        ("ok", (P, P, P, P, P)),
        ("untrusted", (P, P, P, F, F)),
        ("expired", (P, P, P, F, F)),
        ("name_mismatch", (P, P, P, F, F)),
        ("no_starttls", (P, P, F, F, F)),
        ("starttls_refused", (P, P, F, F, F)),
        ("early_plaintext", (P, F, F, F, F)),
        ("handshake", (P, F, F, F, F)),
        ("protocol_too_old", (P, F, F, F, F)),
        *((one, (I, I, I, I, I)) for one in sorted(sighting.INCONCLUSIVE)),
    ],
)
def test_every_outcome_at_every_level(outcome: str, verdicts: tuple[str, ...]) -> None:
    found = [peer.summarise(record(outcome), TARGET, peer.Demands(level))[0] for level in LEVELS]
    assert tuple(found) == verdicts


def test_a_new_outcome_wants_a_row_above() -> None:
    assert len(sighting.OUTCOMES) == 15


CLEAR = {"action": "deliver", "text": "", "under_tls": False}


@pytest.mark.parametrize(
    ("seen", "demands", "summary", "text"),
    [
        (record(), {}, P, "under TLSv1.3 with 256 bits, certificate trusted, name exact, 80 days left"),
        (record(certificates=[{"days_left": None, "problem": ""}]), {}, P, "under TLSv1.3 with 256 bits"),
        (record("timeout"), {}, I, "timeout: told"),
        (record("no_starttls"), {}, F, "no_starttls: told"),
        (record("no_starttls"), {"level": "may"}, P, "no_starttls: told, so mail goes out in CLEAR TEXT"),
        (record(bits=56), {"level": "encrypt"}, F, "encryption too weak 56 less than 128"),
        (record(bits=56), {"level": "may"}, P, "under TLSv1.3 with 56 bits, "),
        (record(name={"verdict": "not_checked"}), {}, I, "the certificate was not checked: none was seen"),
        (record(name={"verdict": "wildcard"}), {}, P, "name wildcard"),
        (record(name={"verdict": "cn_only"}), {}, P, "name cn_only"),
        (
            record(chain={"verdict": "not_checked"}, not_observed={"chain": "too old"}),
            {},
            I,
            "the certificate was not checked: too old",
        ),
        (
            record(name={"verdict": "not_checked"}, certificates=[{"days_left": 1, "problem": "broken"}]),
            {},
            I,
            "the certificate was not checked: broken",
        ),
        (record(), {"minimum_days": 80}, P, "80 days left"),
        (record(), {"minimum_days": 81}, F, "the certificate has 80 days left, fewer than 81"),
        (record("untrusted"), {"minimum_days": 81, "level": "encrypt"}, F, "the certificate has 80 days left"),
        (
            record("untrusted"),
            {"minimum_days": 81},
            F,
            "untrusted: told; the certificate has 80 days left, fewer than 81",
        ),
        (record("timeout"), {"minimum_days": 81}, I, "timeout: told"),
        (
            record(certificates=[{"days_left": None, "problem": ""}]),
            {"minimum_days": 1},
            I,
            "how long the certificate lasts was not observed",
        ),
        # With a policy the level does not matter.
        (record(judgement={"action": "deliver", "text": "", "under_tls": True}), {}, P, "mail goes out under TLSv1.3"),
        (record("no_starttls", judgement=CLEAR), {"level": "secure"}, P, "mail goes out in CLEAR TEXT"),
        (record(judgement={"action": "defer", "text": "403 x"}), {"level": "none"}, F, "mail waits: 403 x"),
        (record(judgement={"action": "reject", "text": "503 x"}), {}, F, "mail goes back to its sender: 503 x"),
        (record(judgement={"action": "inconclusive", "text": "timeout: told"}), {}, I, "timeout: told"),
        # The refusal proof.
        (record(refusal={"clear": {"verdict": "refused", "reply": "530"}}), {}, P, "under TLSv1.3"),
        (
            record(refusal={"clear": {"verdict": "accepted", "reply": "250 Ok"}}),
            {},
            F,
            "it takes mail in clear text: 250 Ok",
        ),
        (
            record("timeout", refusal={"wrong_certificate": {"verdict": "accepted", "reply": "250"}}),
            {},
            F,
            "it takes mail with a wrong client certificate: 250",
        ),
        (
            record(refusal={"no_certificate": {"verdict": "inconclusive", "reply": "gone"}}),
            {},
            I,
            "whether it takes mail without a client certificate is not known: gone",
        ),
    ],
)
def test_what_is_asked_of_a_peer(seen: dict[str, t.Any], demands: dict[str, t.Any], summary: str, text: str) -> None:
    found = peer.summarise(seen, TARGET, peer.Demands(**demands))
    assert found[0] == summary and text in found[1]


@pytest.mark.parametrize(
    ("item", "host", "summary"),
    [
        (HOST, HOST, P),
        ("[alias.example.org]", HOST, F),
        ({"mx": "example.org"}, HOST, P),
        ({"mx": "example.org"}, "example.org", P),
        ({"mx": "example.org"}, "mx.hoster.example", F),
        ({"mx": "example.org"}, "badexample.org", F),
        ({"mx": "example.org", "name": "mx.hoster.example"}, "mx.hoster.example", P),
        ({"smart_host": "a.example:[192.0.2.7]"}, "192.0.2.7", P),
        ("example.org", HOST, F),
    ],
)
def test_at_level_secure_dns_alone_names_no_host(item: t.Any, host: str, summary: str) -> None:
    target = aim.read_targets([item])[0]
    assert peer.summarise(record(host=host), target, peer.Demands("secure"))[0] == summary
    assert peer.summarise(record(host=host), target, peer.Demands("verify"))[0] == P


def said(summary: str, text: str = "why", **more: t.Any) -> dict[str, t.Any]:
    return {"summary": summary, "text": text, "host": HOST, "address": "192.0.2.7", "outcome": "ok", **more}


@pytest.mark.parametrize(
    ("records", "summary", "text"),
    [
        ([said(P)], P, "why"),
        ([said(P), said(P)], P, f"2 of 2 pass, such as {HOST} [192.0.2.7]: why"),
        ([said(P), said(I, "late"), said(P)], I, f"1 of 3 inconclusive, such as {HOST} [192.0.2.7]: late"),
        ([said(I), said(F, "bad", address=""), said(P)], F, f"1 of 3 fail, such as {HOST}: bad"),
    ],
)
def test_a_target_is_as_good_as_its_worst_address(records: list[t.Any], summary: str, text: str) -> None:
    assert peer.sum_up("a", records) == {"target": "a", "summary": summary, "text": text}


def test_counts() -> None:
    targets = [said(P), said(F), said(F)]
    assert peer.count(targets, [said(P), said(F, outcome="timeout")]) == {
        "targets": 3,
        "pass": 1,
        "inconclusive": 0,
        "fail": 2,
        "peers": 2,
        "outcomes": {"ok": 1, "timeout": 1},
    }
