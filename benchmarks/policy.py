# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast a long policy is read and compiled, and sessions judged, beside the plainest thing that could be done.

``make bench-policy`` prints two tables; each row is the median of BENCH_ROUNDS rounds, and all rows stand in each
round, so that a ratio does not depend on what else the machine does. ``BENCH_PEERS`` is the number of peers.
"""

from __future__ import annotations

import datetime
import os
import statistics
import time
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core.access import compile_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.judge import Rules, Session, judge
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

PEERS = int(os.environ.get("BENCH_PEERS", "100000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
GOAL = 200_000
RELEASE = (8, 18, 1)
RULES, SESSIONS = 10_000, 20_000
TODAY = datetime.date(2026, 11, 25)
EXCEPTION = {"owner": "mail team", "reason": "no TLS", "until": "2027-03-31"}


def peers(kind: str) -> list[dict[str, t.Any]]:
    if kind == "names":
        return [
            {"next_hop": f"mx{n}.domain{n % 997}.example", "level": "encrypt", "min_bits": 128} for n in range(PEERS)
        ]
    if kind == "addresses":
        return [
            {"next_hop": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "level": "may", "exception": EXCEPTION}
            for n in range(PEERS)
        ]
    return [
        {"next_hop": f"[IPv6:2001:db8::{n >> 16:x}:{n & 65535:x}]", "level": "secure", "name": "mta2.example"}
        for n in range(PEERS)
    ]


def seconds(action: t.Callable[[], t.Any]) -> float:
    """Seconds of the processor, so that a busy machine counts less."""
    start = time.process_time()
    action()
    return time.process_time() - start


def medians(steps: t.Mapping[str, t.Callable[[], t.Any]]) -> dict[str, float]:
    rounds = [{name: seconds(action) for name, action in steps.items()} for _round in range(ROUNDS)]
    return {name: statistics.median(one[name] for one in rounds) for name in steps}


def verdict(number: int, took: float) -> str:
    return f"  goal {GOAL}: {'held' if number / took >= GOAL else 'MISSED'}"


def compile_all() -> None:
    print(f"{PEERS} peers, median of {ROUNDS} rounds; ratio: time beside a plain loop that writes two strings for each")
    print(f"{'next hops':<11} {'step':<16} {'seconds':>8} {'entries/s':>10} {'ratio':>6}")
    for kind in ("names", "addresses", "ipv6"):
        raw = {"sendmail_tls_policy": {"outbound": {"peers": peers(kind)}}}
        items = raw["sendmail_tls_policy"]["outbound"]["peers"]
        policy = parse_policy(raw, today=TODAY)
        steps: dict[str, t.Callable[[], t.Any]] = {
            "plain loop": lambda items=items: [(f"TLS_Srv:{one['next_hop']}", f"TEMP+ENCR:{128}") for one in items],
            "compile": lambda policy=policy: compile_policy(policy, RELEASE),
            "read": lambda raw=raw: parse_policy(raw, today=TODAY),
            "read and compile": lambda raw=raw: compile_policy(parse_policy(raw, today=TODAY), RELEASE),
        }
        taken = medians(steps)
        for name, took in taken.items():
            goal = verdict(PEERS, took) if name == "compile" else ""
            print(f"{kind:<11} {name:<16} {took:>8.3f} {PEERS / took:>10.0f} {took / taken['plain loop']:>6.1f}{goal}")


def sessions() -> list[Session]:
    """Half of them with hosts that have a rule, half of them not as demanded."""
    return [
        Session(
            peer_name=f"mx{n}.domain{n % 997}.example" if n % 2 else f"mx{n}.elsewhere.example",
            peer_address=f"192.0.2.{n % 250}",
            verify="OK" if n % 4 else "NONE",
            bits=256 if n % 4 else 0,
            cert_cn=f"mx{n}.elsewhere.example",
        )
        for n in range(SESSIONS)
    ]


def judge_all() -> None:
    asked = sessions()
    items = peers("names")[:RULES]
    few, many = (
        Rules(compile_policy(parse_policy({"sendmail_tls_policy": policy}, today=TODAY), RELEASE), RELEASE)
        for policy in ({"outbound": {"peers": items[:10]}}, {"outbound": {"peers": items}})
    )
    table = {f"tls_srv:{one['next_hop']}": 128 for one in items}
    steps: dict[str, t.Callable[[], t.Any]] = {
        "one look-up": lambda: [one.bits >= table.get(f"tls_srv:{one.peer_name}", 128) for one in asked],
        "10 rules": lambda: [judge(few, one) for one in asked],
        f"{RULES} rules": lambda: [judge(many, one) for one in asked],
    }
    taken = medians(steps)
    print(f"{SESSIONS} sessions judged, median of {ROUNDS} rounds; ratio: time beside one look-up of the host's name")
    print(f"{'judge':<28} {'seconds':>8} {'verdicts/s':>10} {'ratio':>6}")
    for name, took in taken.items():
        goal = verdict(SESSIONS, took) if name == f"{RULES} rules" else ""
        print(f"{name:<28} {took:>8.3f} {SESSIONS / took:>10.0f} {took / taken['one look-up']:>6.1f}{goal}")


if __name__ == "__main__":
    compile_all()
    judge_all()
