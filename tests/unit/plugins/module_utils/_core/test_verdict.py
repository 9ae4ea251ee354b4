# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.verdict import judge_canary

TLS = {"version": "TLSv1.3", "cipher": "X", "bits": 256, "verify": "OK"}
BASE = {
    "message_id": "<m@a>", "queue_id": "6ANIRuZi000354", "relay": "b.example. [192.0.2.2]", "tls": None,
    "ruleset": "", "removed": False, "left_in_queue": False,
}  # fmt: skip
HELD = dict(BASE, state="held", reason="Deferred: 403 4.7.0 too weak", ruleset="tls_server", removed=True)
REFUSED_CONNECTION = dict(BASE, state="held", reason="Deferred: Connection refused by b.", left_in_queue=True)
ACCEPTED = dict(BASE, state="accepted", reason="Sent (x)", tls=TLS)
CLEAR = dict(ACCEPTED, tls=None)
BOUNCED = dict(BASE, state="bounced", reason="550 no")
REJECTED = dict(BASE, state="rejected", reason="550 no")
UNKNOWN = dict(BASE, state="inconclusive", reason="no answer")
CHECK_MODE = dict(BASE, state="not_run", reason="nothing is sent in check mode")
SKIPPED = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}

RECEIPT = {
    "kind": "receipt", "pid": 3, "queue_id": "6ANIRtID000237", "message_id": "<m@a>", "under_tls": True,
    "relay": "a.example [192.0.2.1]",
}  # fmt: skip
SESSION = dict(TLS, kind="tls", pid=3)
MAILBOX = {"kind": "delivery", "queue_id": "6ANIRtID000237", "sent": True, "refused": False, "final": True, "pid": 4}
ONWARD = dict(MAILBOX, final=False)
WAITING = dict(MAILBOX, sent=False)
NO_MAILBOX = dict(MAILBOX, sent=False, refused=True, reply="550 5.1.1 User unknown", stat="User unknown")
ARRIVED = [SESSION, RECEIPT, MAILBOX]

Records = t.Sequence[t.Mapping[str, t.Any]]

TABLE: list[tuple[t.Mapping[str, t.Any], Records, str, tuple[bool, bool, bool], str]] = [
    # canary, evidence -> state, ok for (any, held, delivered), words
    ({}, [], "not_run", (True, False, False), "Canary NOT RUN: no recipient is set"),
    (SKIPPED, [], "not_run", (True, False, False), "Canary NOT RUN: no recipient is set"),
    (CHECK_MODE, ARRIVED, "not_run", (True, False, False), "Canary NOT RUN: nothing is sent in check mode"),
    (HELD, [], "held", (True, True, False), "by the TLS policy: Deferred: 403 4.7.0 too weak. The canary was removed"),
    (dict(HELD, ruleset="tls_rcpt"), [], "held", (True, True, False), "by the TLS policy"),
    (dict(HELD, ruleset="check_mail"), [], "held", (True, False, False), "does NOT show"),
    (REFUSED_CONNECTION, [], "held", (True, False, False), "does NOT show that the TLS policy did it: Deferred: Conn"),
    (ACCEPTED, [], "accepted", (True, False, False), "ACCEPTED by the next hop b.example. [192.0.2.2] under TLSv1.3"),
    (CLEAR, [], "accepted", (False, False, False), "IN CLEAR TEXT (the log shows no TLS session)"),
    (ACCEPTED, ARRIVED, "delivered", (True, False, True), "got it from a.example [192.0.2.1] under TLSv1.3, X, 256"),
    (CLEAR, [dict(RECEIPT, under_tls=False), MAILBOX], "delivered", (False, False, False), "clear text is never as"),
    (CLEAR, [dict(RECEIPT, under_tls=True), MAILBOX], "delivered", (False, False, False), "clear text is never as"),
    (ACCEPTED, [dict(RECEIPT, under_tls=False), MAILBOX], "delivered", (False, False, False), "IN CLEAR TEXT"),
    (ACCEPTED, [RECEIPT, MAILBOX], "delivered", (True, False, True), "IN CLEAR TEXT (the log shows no TLS session)"),
    (ACCEPTED, [SESSION, RECEIPT], "accepted", (True, False, False), "ACCEPTED"),
    (ACCEPTED, [RECEIPT, ONWARD], "accepted", (True, False, False), "ACCEPTED"),
    (ACCEPTED, [RECEIPT, WAITING], "accepted", (True, False, False), "ACCEPTED"),
    (ACCEPTED, [RECEIPT, WAITING, MAILBOX], "delivered", (True, False, True), "DELIVERED"),
    (ACCEPTED, [dict(RECEIPT, message_id="<n@a>"), MAILBOX], "accepted", (True, False, False), "ACCEPTED"),
    (ACCEPTED, [RECEIPT, dict(MAILBOX, queue_id="6ANIRtID000999")], "accepted", (True, False, False), "ACCEPTED"),
    (dict(ACCEPTED, message_id=""), [dict(RECEIPT, message_id=""), MAILBOX], "accepted", (True, False, False), "ACC"),
    (ACCEPTED, [RECEIPT, NO_MAILBOX], "bounced", (False, False, False), "receiving host after it took it: 550 5.1.1"),
    (BOUNCED, [], "bounced", (False, False, False), "REFUSED for good by the next hop b.example. [192.0.2.2]: 550 no."),
    (REJECTED, [], "bounced", (False, False, False), "REFUSED by this relay itself: 550 no."),
    (UNKNOWN, [], "inconclusive", (False, False, False), "INCONCLUSIVE: no answer. This proves nothing"),
    # The receiver's word helps only a canary that the relay says it sent.
    (UNKNOWN, ARRIVED, "inconclusive", (False, False, False), "INCONCLUSIVE"),
    (HELD, ARRIVED, "held", (True, True, False), "HELD"),
]


@pytest.mark.parametrize("canary, evidence, state, oks, words", TABLE)
def test_verdict(
    canary: t.Mapping[str, t.Any], evidence: Records, state: str, oks: tuple[bool, bool, bool], words: str
) -> None:
    for expect, ok in zip(("any", "held", "delivered"), oks):
        verdict = judge_canary(canary, evidence, expect)
        assert (verdict.state, verdict.ok) == (state, ok)
        assert words in verdict.text
        assert (f"Expected: {expect}" in verdict.text) is not ok
        assert ".." not in verdict.text.replace("...", "")


@pytest.mark.parametrize(
    "canary, expect, advice",
    [
        (ACCEPTED, "delivered", "set tls_audit_evidence_host"),
        (ACCEPTED, "held", "Expected: held."),
        (REFUSED_CONNECTION, "held", "does not prove the policy"),
        (REFUSED_CONNECTION, "delivered", "still in the queue as 6ANIRuZi000354"),
        ({}, "held", "Set tls_audit_canary_recipient"),
        (UNKNOWN, "any", "run the audit again"),
    ],
)
def test_advice(canary: t.Mapping[str, t.Any], expect: str, advice: str) -> None:
    assert advice in judge_canary(canary, (), expect).text


def test_unknown_expectation_is_refused() -> None:
    with pytest.raises(MailtlsError, match=r"tls_audit_expect: 'sent' is not one of any, held, delivered"):
        judge_canary(HELD, (), "sent")
