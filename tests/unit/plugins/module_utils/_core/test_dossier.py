# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core import aim, forecast, peer
from ansible_collections.mailtls.relay.plugins.module_utils._core.dossier import Dossier
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Sighting

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)
HOST, DIGEST = "mta2.example.org", "ab" * 32
FACTS: dict[str, t.Any] = {
    "subject": [["CN", HOST]],
    "issuer": [["CN", "Example CA"]],
    "dns_names": [HOST],
    "ip_names": [],
    "other_names": [],
    "key_type": "RSA",
    "key_size": 2048,
    "curve": "",
    "signature": "sha256WithRSAEncryption",
    "serial": "a",
    "sha256": DIGEST,
    "sha1": "cd" * 20,
    "not_before": NOW - datetime.timedelta(days=1),
    "not_after": NOW + datetime.timedelta(days=80),
    "problem": "",
}
GOOD = Sighting(
    "192.0.2.7",
    25,
    greeting="220 x",
    replies={"starttls": "220 go"},
    protocol="TLSv1.3",
    bits=256,
    chain=(DIGEST,),
    chain_source="python",
    verify_code=0,
    verify_message="ok",
)


def place(**changed: t.Any) -> dict[str, t.Any]:
    at = {"target": 0, "host": HOST, "address": "192.0.2.7", "mx_preference": None, "problem": "", "sighting": 0}
    return {**at, **changed}


def compile_all(
    targets: list[t.Any], places: list[t.Any], seen: t.Sequence[Sighting] = (GOOD,), **more: t.Any
) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {"certificates": {DIGEST: FACTS}, "now": NOW, "demands": peer.Demands(), **more}
    return Dossier(aim.read_targets(targets), **options).compile(places, [one.to_dict() for one in seen])


def test_a_record_is_whole() -> None:
    found = compile_all([HOST], [place()])
    (record,) = found["peers"]
    assert record == {
        "target": HOST,
        "host": HOST,
        "mx_preference": None,
        **{
            key: value
            for key, value in GOOD.to_dict().items()
            if key not in ("chain", "chain_source", "verify_code", "verify_message")
        },
        "chain": {"verdict": "trusted", "code": 0, "message": "ok", "source": "python"},
        "name": {"verdict": "exact", "names": [HOST]},
        "certificates": [peer.show_certificate(FACTS, NOW)],
        "judgement": {},
        "summary": "pass",
        "text": "under TLSv1.3 with 256 bits, certificate trusted, name exact, 80 days left",
    }
    assert found["targets"] == [{"target": HOST, "summary": "pass", "text": record["text"]}]
    assert found["summary"] == {
        "targets": 1,
        "pass": 1,
        "inconclusive": 0,
        "fail": 0,
        "peers": 1,
        "outcomes": {"ok": 1},
    }


def test_a_name_without_an_address_has_a_record_too() -> None:
    lost = place(target=1, address="", sighting=None, problem="DNS knows no such host \x1b")
    found = compile_all([HOST, {"host": "gone.example", "port": 587}], [place(), lost])
    record = found["peers"][1]
    assert (record["outcome"], record["detail"], record["port"]) == ("resolve", "DNS knows no such host \\x1b", 587)
    assert (record["summary"], record["text"]) == ("inconclusive", "resolve: DNS knows no such host \\x1b")
    assert [one["summary"] for one in found["targets"]] == ["pass", "inconclusive"]


def test_peers_that_share_an_address_share_what_was_seen_and_nothing_else() -> None:
    found = compile_all([{"mx": "a.example"}, {"mx": "b.example"}], [place(), place(target=1, host="x.example")])
    assert [one["outcome"] for one in found["peers"]] == ["ok", "name_mismatch"]
    assert [one["summary"] for one in found["targets"]] == ["pass", "fail"]
    first, second = (one["certificates"][0] for one in found["peers"])
    assert first is second


def test_a_certificate_that_was_too_large_to_keep_is_said_to_be() -> None:
    (record,) = compile_all([HOST], [place()], certificates={})["peers"]
    assert record["certificates"][0]["sha256"] == DIGEST
    assert record["certificates"][0]["problem"].startswith("it was not kept: what a peer shows is kept up to 131072")
    assert (record["name"]["verdict"], record["summary"]) == ("not_checked", "inconclusive")


def test_with_rules_each_record_has_a_verdict() -> None:
    rules = forecast.read_rules({"outbound": {"default": {"level": "verify"}}}, "", NOW.date())
    clear = GOOD._replace(outcome="no_starttls", replies={}, bits=0, chain=(), verify_code=-1)
    found = compile_all([HOST], [place(), place(sighting=1)], (GOOD, clear), rules=rules)
    assert [one["judgement"]["action"] for one in found["peers"]] == ["deliver", "defer"]
    assert found["targets"][0]["text"] == (
        f"1 of 2 fail, such as {HOST} [192.0.2.7]: mail waits: 403 4.7.0 other side does not support STARTTLS"
    )


def test_a_target_that_led_nowhere_at_all_is_not_counted_as_good() -> None:
    assert compile_all([HOST], [])["summary"]["pass"] == 0
