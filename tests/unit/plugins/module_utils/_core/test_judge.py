# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict: what happens to the mail of a session, why, and by which entry; and whatever was observed so far."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry, Placed
from ansible_collections.mailtls.relay.plugins.module_utils._core.judge import BELT, NO_RULE, Rules, Session, judge
from ansible_collections.mailtls.relay.plugins.module_utils._core.rulesets import may_relay, srv_features

OBSERVED = pathlib.Path(__file__).parents[4] / "fixtures/observed"
MTA2 = "mta2.r.example"
CA = "/O=Facts/CN=Facts+20Test+20CA"
# A server as it was in the tests -> verify, bits, CN.
SERVERS = {
    "notls": ("NONE", 0, ""),
    "454reply": ("TEMP", 0, ""),
    "hsfail": ("SOFTWARE", 0, ""),
    "good": ("OK", 256, MTA2),
    "aes128": ("OK", 128, MTA2),
    "wrongcn": ("OK", 256, "other.example"),
    "sanonly": ("OK", 256, "Mail+20Service"),
    "selfsigned": ("FAIL", 256, MTA2),
    "evilca": ("FAIL", 256, MTA2),
    "expired": ("FAIL", 256, MTA2),
}
CLIENTS = {
    "clear": ("", 0, ""),
    "tls": ("NO", 256, ""),
    "cert:mta1.r": ("OK", 256, "mta1.r.example"),
    "cert:wrongcn": ("OK", 256, "other.example"),
    "cert:evil": ("FAIL", 256, "attacker.evil.example"),
    "cert:expired": ("FAIL", 256, "mta1.r.example"),
}
# A next hop as it was written -> the name that sendmail came to, if not that.
NAMES = {
    "[mta2.r.example]": MTA2,
    "[alias.r.example]": MTA2,
    "relay.r.example": MTA2,
    "esmtp:mta2.r.example": MTA2,
    "relay:[10.89.1.3]": "[10.89.1.3]",
}


def rows(name: str) -> list[list[str]]:
    lines = (OBSERVED / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def rules(release: str, *entries: tuple[str, str]) -> Rules:
    return Rules((Placed(key, Entry(key, value)) for key, value in entries), tuple(map(int, release.split("."))))


def held(release: str, value: str, session: Session) -> str:
    """What is said to a server that has an entry of its own; the default keeps the belt quiet."""
    return judge(rules(release, ("TLS_Srv:", "ENCR:1"), (f"TLS_Srv:{MTA2}", value)), session).text


def certificate(verify: str, bits: int, name: str) -> dict[str, object]:
    subject = f"/O=Facts/CN={name}" if name else ""
    return {"verify": verify, "bits": bits, "cert_cn": name, "cert_subject": subject, "cert_issuer": CA if name else ""}


def test_the_observations_are_whole() -> None:
    counts = {name: len(rows(name)) for name in ("values.txt", "keys.txt", "client_files.txt", "clients.txt")}
    assert counts == {"values.txt": 873, "keys.txt": 297, "client_files.txt": 28, "clients.txt": 192}


def test_each_value_does_what_was_observed() -> None:
    for release, value, server, outcome in rows("values.txt"):
        facts = certificate(*SERVERS[server])
        verdict = held(release, value, Session(peer_name=MTA2, peer_address="10.89.1.3", **facts))  # type: ignore[arg-type]
        word, _blank, text = outcome.partition(" ")
        if word == "bounced":
            assert verdict.startswith("5"), (release, value, server)
        else:
            assert verdict == text, (release, value, server)
            assert word in {"held", "clear" if server in {"notls", "454reply"} else "tls"}


def test_each_key_is_asked_as_was_observed() -> None:
    for release, hop, key, outcome in rows("keys.txt"):
        # More bits than the default demands, so that the belt is content, and fewer than the key does.
        session = Session(peer_name=NAMES.get(hop, hop), peer_address="10.89.1.3", bits=64)
        verdict = judge(rules(release, ("TLS_Srv:", "ENCR:1"), (key, "ENCR:128")), session)
        assert (verdict.key == key) == (outcome == "asked"), (release, hop, key)


def test_a_sender_with_damaged_files_meets_what_was_observed() -> None:
    for release, state, *outcomes in rows("client_files.txt"):
        verify = "FAIL" if state in {"cafilemissing", "cagarbage", "dirmissing"} else "OK"
        session = Session(peer_name=MTA2, peer_address="10.89.1.3", verify=verify, bits=256)
        for value, outcome in zip(("OK", "ENCR:128", "VERIFY:128"), outcomes):
            assert held(release, value, session) == outcome.removeprefix("held ").replace("tls", ""), (release, state)


def test_each_client_meets_what_was_observed() -> None:
    for release, written, client, offered, outcome in rows("clients.txt"):
        entries = [line.rsplit(" ", 1) for line in written.split("\\n") if ":" in line]
        if "Srv_Features" in written and written.endswith("S s"):
            entries = [["Srv_Features:mta1.r.example", "S s"]]
        known = rules(release, *((key, value) for key, value in entries))
        session = Session(
            inbound=True,
            peer_name="mta1.r.example",
            peer_address="10.89.1.2",
            **certificate(*CLIENTS[client]),  # type: ignore[arg-type]
        )
        assert ("S" not in srv_features(known, session)[-1:]) == (offered == "yes"), written
        expected = outcome if outcome[0] in "45" else ""
        assert judge(known, session).text == expected, (release, written, client)
        assert bool(may_relay(known, session)[0]) == (outcome == "relays"), (release, written, client)


@pytest.mark.parametrize(
    ("session", "verdict"),
    [
        ({}, ("defer", "403 4.7.0 encryption too weak 0 less than 128", "tls_server", "TLS_Srv:", "TLS_Srv:")),
        (
            {"peer_name": "x.10", "bits": 256},
            ("defer", "403 4.7.0 the next hop x.10 has an address for a name", "tls_server", "", BELT),
        ),
        ({"peer_name": "old.example"}, ("deliver", "", "tls_server", "TLS_Srv:old.example", "TLS_Srv:old.example")),
        ({"bits": 256}, ("deliver", "", "tls_server", "TLS_Srv:", "TLS_Srv:")),
        ({"bits": 256, "recipient": "bob@other"}, ("deliver", "", "tls_server", "TLS_Srv:", "TLS_Srv:")),
        (
            {"bits": 256, "recipient": "bob@bank"},
            ("reject", "503 5.7.0 other side does not support STARTTLS", "tls_rcpt", "TLS_Rcpt:bank", "TLS_Rcpt:bank"),
        ),
        (
            {"bits": 256, "verify": "OK", "recipient": "bob@bank"},
            ("deliver", "", "tls_rcpt", "TLS_Rcpt:bank", "TLS_Rcpt:bank"),
        ),
        (
            {"bits": 256, "verify": "DANE_FAIL", "recipient": "bob@other"},
            ("defer", "454 4.7.0 DANE check failed.", "tls_rcpt", "", NO_RULE),
        ),
        ({"inbound": True}, ("deliver", "", "tls_client", "", NO_RULE)),
    ],
)
def test_judge(session: dict[str, object], verdict: tuple[str, ...]) -> None:
    entries = [("TLS_Srv:", "TEMP+ENCR:128"), ("TLS_Srv:old.example", "OK"), ("TLS_Rcpt:bank", "PERM+VERIFY")]
    facts = Session(peer_name="mta2.example", peer_address="192.0.2.9")._replace(**session)
    assert judge(rules("8.18.1", *entries), facts) == verdict


def test_a_reply_of_no_kind_holds_the_mail() -> None:
    broken = rules("8.18.1", ("TLS_Srv:", "TEMP+ENCR:128"), ("TLS_Srv:odd.example", "128:x"))
    verdict = judge(broken, Session(peer_name="odd.example", peer_address="192.0.2.9", verify="SOFTWARE", bits=256))
    assert verdict.action == "defer" and verdict.text.startswith("128 ") and verdict.key == "TLS_Srv:odd.example"
