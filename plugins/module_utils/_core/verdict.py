# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a canary's fate means: the one sentence a person reads at 3 a.m., and whether it is what they asked for."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .errors import MailtlsError

ANY = "any"
HELD = "held"
DELIVERED = "delivered"
EXPECTATIONS = (ANY, HELD, DELIVERED)

# Rulesets that speak for the TLS policy; a refused connection also holds mail, but proves nothing about TLS.
_POLICY_RULESETS = frozenset({"tls_server", "tls_rcpt", "try_tls"})
# The states that satisfy each expectation; mail that bounces satisfies none.
_SATISFIED = {
    ANY: frozenset({"not_run", "held", "accepted", "delivered"}),
    HELD: frozenset({"held"}),
    DELIVERED: frozenset({"delivered"}),
}


@dataclass(frozen=True)
class Verdict:
    """``state`` is one of not_run, held, accepted, delivered, bounced, inconclusive; ``ok``: it is as expected."""

    state: str
    ok: bool
    text: str


def judge_canary(
    canary: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]] = (), expect: str = ANY
) -> Verdict:
    """Judge what mail_canary returned, with mail_log_info's records from the host where the canary should arrive.

    MailtlsError for an unknown expectation. Unknown is never fine: ``inconclusive`` satisfies no expectation.
    """
    if expect not in EXPECTATIONS:
        raise MailtlsError(f"{expect!r} is not one of {', '.join(EXPECTATIONS)}", where="tls_audit_expect")
    arrival = _arrival(canary, evidence)
    refusal = _refusal(canary, evidence)
    state = _state(canary, arrival, refusal)
    clear = _went_in_clear(canary, arrival)
    ok = state in _SATISFIED[expect] and not clear and not (expect == HELD and not _held_by_policy(canary))
    sentences = [_SENTENCES[state](canary, arrival, refusal), _leftover(canary)]
    if not ok:
        sentences.append(f"Expected: {expect}, under TLS. {_CLEAR_ADVICE}" if clear else _advice(state, canary, expect))
    return Verdict(state, ok, " ".join(sentence for sentence in sentences if sentence))


def _state(canary: t.Mapping[str, t.Any], arrival: t.Any, refusal: t.Any) -> str:
    state = canary.get("state") or "not_run"
    if state == "accepted":
        return "delivered" if arrival else "bounced" if refusal else "accepted"
    return "bounced" if state == "rejected" else str(state)


def _receipts(
    canary: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]]
) -> list[t.Mapping[str, t.Any]]:
    """Where the other host says that it took this very message; without its message id nothing counts."""
    wanted = canary.get("message_id")
    return [item for item in evidence if wanted and item.get("kind") == "receipt" and item["message_id"] == wanted]


def _arrival(canary: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]]) -> t.Any:
    """The receipt with the TLS session it came in, if a mailbox of that host took the message; else None."""
    for receipt in _receipts(canary, evidence):
        for item in _deliveries(receipt, evidence):
            if item["sent"] and item["final"]:
                sessions = [one for one in evidence if one.get("kind") == "tls" and one["pid"] == receipt["pid"]]
                return dict(receipt, tls=sessions[-1] if sessions else None)
    return None


def _refusal(canary: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]]) -> t.Any:
    refused = [
        item for receipt in _receipts(canary, evidence) for item in _deliveries(receipt, evidence) if item["refused"]
    ]
    return refused[0] if refused else None


def _deliveries(
    receipt: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]]
) -> list[t.Mapping[str, t.Any]]:
    mine = [item for item in evidence if item.get("kind") == "delivery"]
    return [item for item in mine if item["queue_id"] == receipt["queue_id"]]


def _went_in_clear(canary: t.Mapping[str, t.Any], arrival: t.Any) -> bool:
    """Whether the canary left this relay, or reached the receiving host, without TLS."""
    return canary.get("state") == "accepted" and not (canary["tls"] and (not arrival or arrival["under_tls"]))


def _held_by_policy(canary: t.Mapping[str, t.Any]) -> bool:
    return canary.get("ruleset") in _POLICY_RULESETS


def _tls(session: t.Mapping[str, t.Any] | None) -> str:
    if not session:
        return "IN CLEAR TEXT (the log shows no TLS session)"
    return "under {version}, {cipher}, {bits} bits, verify={verify}".format(**session)


def _reason(canary: t.Mapping[str, t.Any]) -> str:
    return str(canary["reason"]).rstrip(".")


def _say_not_run(canary: t.Mapping[str, t.Any], _arrival: t.Any, _refusal: t.Any) -> str:
    return f"Canary NOT RUN: {canary.get('reason') or 'no recipient is set'}. Nothing is proven."


def _say_held(canary: t.Mapping[str, t.Any], _arrival: t.Any, _refusal: t.Any) -> str:
    by = "by the TLS policy" if _held_by_policy(canary) else "but the log does NOT show that the TLS policy did it"
    return f"Canary HELD in this relay's queue, {by}: {_reason(canary)}."


def _say_accepted(canary: t.Mapping[str, t.Any], _arrival: t.Any, _refusal: t.Any) -> str:
    return f"Canary ACCEPTED by the next hop {canary['relay']} {_tls(canary['tls'])}: {_reason(canary)}."


def _say_delivered(canary: t.Mapping[str, t.Any], arrival: t.Any, _refusal: t.Any) -> str:
    # The receiver's own word counts: it may have been reached through further hops.
    way = _tls(arrival["tls"]) if arrival["under_tls"] else "IN CLEAR TEXT"
    return (
        f"Canary DELIVERED: this relay handed it to {canary['relay']} {_tls(canary['tls'])}, and the receiving host "
        f"got it from {arrival['relay']} {way} and put it into the mailbox (queue id {arrival['queue_id']} there)."
    )


def _say_bounced(canary: t.Mapping[str, t.Any], _arrival: t.Any, refusal: t.Any) -> str:
    if refusal:
        return f"Canary REFUSED by the receiving host after it took it: {refusal['reply'] or refusal['stat']}."
    if canary["state"] == "rejected":
        return f"Canary REFUSED by this relay itself: {_reason(canary)}."
    return f"Canary REFUSED for good by the next hop {canary['relay']}: {_reason(canary)}."


def _say_inconclusive(canary: t.Mapping[str, t.Any], _arrival: t.Any, _refusal: t.Any) -> str:
    return f"Canary INCONCLUSIVE: {canary['reason']}. This proves nothing, in neither direction."


_SENTENCES: dict[str, t.Callable[[t.Mapping[str, t.Any], t.Any, t.Any], str]] = {
    "not_run": _say_not_run,
    "held": _say_held,
    "accepted": _say_accepted,
    "delivered": _say_delivered,
    "bounced": _say_bounced,
    "inconclusive": _say_inconclusive,
}


_CLEAR_ADVICE = (
    "A canary in clear text is never as expected. Look for an exception for this next hop in sendmail_access_entries, "
    "and for clear text behind it; if that is meant, send the canary to another recipient."
)


def _leftover(canary: t.Mapping[str, t.Any]) -> str:
    if canary.get("removed"):
        return "The canary was removed from the queue."
    if canary.get("left_in_queue"):
        return f"The canary is still in the queue as {canary['queue_id']}; it asks for no bounce and expires there."
    return ""


def _advice(state: str, canary: t.Mapping[str, t.Any], expect: str) -> str:
    expected = f"Expected: {expect}."
    if state == "accepted" and expect == DELIVERED:
        return (
            f"{expected} What happened behind the next hop is not known: set tls_audit_evidence_host to the inventory "
            f"host where the mailbox is; if it is set, its log does not show {canary['message_id']} in a mailbox."
        )
    if state == "held" and expect == HELD:
        return f"{expected} Mail that waits for another reason does not prove the policy; remove that reason first."
    if state == "not_run" and not canary.get("reason"):
        return f"{expected} Set tls_audit_canary_recipient to an address behind the next hop."
    if state == "bounced":
        return f"{expected} Other mail would bounce too: correct the next hop (sendmail_smart_host) or the recipient."
    if state == "inconclusive":
        return f"{expected} Look at this relay's mail log (journalctl -t sm-mta) and run the audit again."
    return expected
