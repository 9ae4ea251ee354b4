# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail that waits in a relay's queues: why, how long already, and when it goes back to its sender."""

from __future__ import annotations

import re
import typing as t

from .cf import parse_options
from .errors import MailtlsError
from .queuefile import QueuedMessage

_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+)([wdhms]?)")
_LIMIT = "timeout.queuereturn"
# sendmail's own, where the cf says nothing.
_DEFAULT_LIMIT = "5d"
# Below this share of the limit there is time to mend what holds the mail.
_LATE = 0.8
NOT_TRIED = "not tried yet"


def parse_limit(cf: str) -> int:
    """Timeout.queuereturn of a cf in seconds, for normal mail (sendmail's op.txt; days where it names no unit)."""
    options = parse_options(cf)
    return parse_seconds(options.get(f"{_LIMIT}.normal") or options.get(_LIMIT) or _DEFAULT_LIMIT, "d")


def parse_seconds(text: str, unit: str = "") -> int:
    """Seconds of a time as sendmail reads it, such as 5d or 1h30m; ``unit`` for numbers without one. MailtlsError."""
    parts = _PART.findall(text)
    if (
        not parts
        or "".join(number + letter for number, letter in parts) != text
        or not all(letter or unit for _number, letter in parts)
    ):
        raise MailtlsError(
            f"{text!r} is not a time as sendmail reads it",
            remedy="Write whole numbers, each with its unit: w, d, h, m or s, as in 1d or 1h30m.",
        )
    return sum(int(number) * _SECONDS[letter or unit] for number, letter in parts)


def parse_folder(cf: str) -> str:
    """The folder of the queue, or the one that holds the queue's folders, of a cf."""
    folder = parse_options(cf).get("queuedirectory", "")
    return re.sub(r"/[^/]*\*[^/]*\Z", "", folder)


def summarise(messages: t.Sequence[QueuedMessage], now: float) -> dict[str, t.Any]:
    """Count, age of the oldest in seconds, and the same for each reason, the most frequent first."""
    reasons: dict[str, list[QueuedMessage]] = {}
    for message in messages:
        reasons.setdefault(find_reason(message), []).append(message)
    rows = [{"reason": reason, **_count(those, now)} for reason, those in reasons.items()]
    return {**_count(messages, now), "reasons": sorted(rows, key=lambda row: (-row["count"], row["reason"]))}


def find_reason(message: QueuedMessage) -> str:
    """Why it waits, in sendmail's words, on one line."""
    return " ".join(message.reason.split()) or NOT_TRIED


def list_oldest(messages: t.Sequence[QueuedMessage], now: float, at_most: int) -> list[dict[str, t.Any]]:
    """The oldest messages, each with its recipients and why each of these waits; those without a date come last."""
    ordered = sorted(messages, key=lambda message: (not message.created, message.created, message.queue_id))
    return [_describe_message(message, now) for message in ordered[:at_most]]


def _describe_message(message: QueuedMessage, now: float) -> dict[str, t.Any]:
    reason = find_reason(message)
    recipients = [
        {
            "address": recipient.address.strip("<>"),
            "domain": recipient.address.strip("<>").partition("@")[2].lower(),
            "reason": " ".join(recipient.status.split()) or reason,
        }
        for recipient in message.recipients
    ]
    return {
        "queue_id": message.queue_id,
        "age": max(0, int(now - message.created)) if message.created else 0,
        "tries": message.tries,
        "reason": reason,
        "sender": message.sender.strip("<>"),
        "recipients": recipients,
    }


def _count(messages: t.Sequence[QueuedMessage], now: float) -> dict[str, t.Any]:
    dated = [message for message in messages if message.created]
    oldest = min(dated, key=lambda message: message.created, default=None)
    return {
        "count": len(messages),
        "oldest_age": max(0, int(now - oldest.created)) if oldest else 0,
        "oldest_id": oldest.queue_id if oldest else "",
    }


def judge(queues: t.Sequence[t.Mapping[str, t.Any]], oldest_held: str = "") -> tuple[bool, str]:
    """Whether no message waits longer than ``oldest_held`` (empty: any may), and what a person should know.

    ``queues`` as mail_queue_info returns them. MailtlsError for what is no time. Unknown is never fine: messages that
    could not be read fail the demand.
    """
    demand = _parse_demand(oldest_held)
    sentences, ok = [], True
    for queue in queues:
        late = bool(demand) and queue["oldest_age"] > demand
        blind = bool(demand) and queue["unread"] > 0
        ok = ok and not late and not blind
        sentences += _describe(queue)
        sentences += [f"TOO OLD: tls_audit_oldest_held is {oldest_held}."] if late else []
        sentences += ["UNKNOWN: without those, nobody can say how old the oldest is. Run again."] if blind else []
    return ok, " ".join(sentences)


def _parse_demand(text: str) -> int:
    try:
        return parse_seconds(text) if text else 0
    except MailtlsError as error:
        raise MailtlsError(error.what, where="tls_audit_oldest_held", remedy=error.remedy) from None


def _describe(queue: t.Mapping[str, t.Any]) -> list[str]:
    name = "Queue of local programs" if queue["name"] == "msp" else "Queue"
    told = [_describe_count(name, queue)]
    if queue["count"] and queue["oldest_age"] >= _LATE * queue["return_after"]:
        told.append(f"WARNING: {queue['oldest_id']} goes back to its sender {_left(queue)}; mend what holds it.")
    if queue["name"] == "msp" and queue["oldest_age"] > _SECONDS["h"]:
        told.append("WARNING: its runner should have emptied it: see /etc/cron.d/sendmail and that cron runs.")
    if queue["quarantined"]:
        told.append(f"{queue['quarantined']} quarantined: sendmail -qQ -bp shows why.")
    if queue["unread"]:
        told.append(f"{queue['unread']} could not be read just now.")
    return told


def _describe_count(name: str, queue: t.Mapping[str, t.Any]) -> str:
    if not queue["count"]:
        return f"{name}: no mail waits."
    reasons = "; ".join(
        f"{row['count']} x {row['reason'].rstrip('.')} (oldest {render_age(row['oldest_age'])})"
        for row in queue["reasons"]
    )
    return (
        f"{name}: {queue['count']} held, the oldest for {render_age(queue['oldest_age'])} of "
        f"{render_age(queue['return_after'])}: {reasons}."
    )


def _left(queue: t.Mapping[str, t.Any]) -> str:
    left = queue["return_after"] - queue["oldest_age"]
    return f"in {render_age(left)}" if left > 0 else "with the next attempt"


def render_age(seconds: int) -> str:
    """The two largest units: 2d3h, 5m, 12s."""
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])
