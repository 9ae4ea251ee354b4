# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast a long policy is read and compiled, beside the plainest thing that could be done with the same data.

``make bench-policy`` prints a table; each row is the best of BENCH_ROUNDS rounds, and all rows stand in each round, so
that a ratio does not depend on what else the machine does. ``BENCH_PEERS`` is the number of peers.
"""

from __future__ import annotations

import datetime
import os
import time
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core.access import compile_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

PEERS = int(os.environ.get("BENCH_PEERS", "100000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
GOAL = 200_000
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
    return [{"next_hop": f"[IPv6:2001:db8::{n >> 16:x}:{n & 65535:x}]", "level": "verify"} for n in range(PEERS)]


def seconds(action: t.Callable[[], t.Any]) -> float:
    """Seconds of the processor, so that a busy machine counts less."""
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> None:
    print(
        f"{PEERS} peers, best of {ROUNDS} rounds; ratio: time beside a plain loop that writes two strings for each peer"
    )
    print(f"{'next hops':<11} {'step':<16} {'seconds':>8} {'entries/s':>10} {'ratio':>6}")
    for kind in ("names", "addresses", "ipv6"):
        raw = {"sendmail_tls_policy": {"outbound": {"peers": peers(kind)}}}
        items = raw["sendmail_tls_policy"]["outbound"]["peers"]
        policy = parse_policy(raw, today=TODAY)
        steps: dict[str, t.Callable[[], t.Any]] = {
            "plain loop": lambda items=items: [(f"TLS_Srv:{one['next_hop']}", f"TEMP+ENCR:{128}") for one in items],
            "compile": lambda policy=policy: compile_policy(policy, (8, 18, 1)),
            "read": lambda raw=raw: parse_policy(raw, today=TODAY),
            "read and compile": lambda raw=raw: compile_policy(parse_policy(raw, today=TODAY), (8, 18, 1)),
        }
        best = dict.fromkeys(steps, float("inf"))
        for _round in range(ROUNDS):
            best = {name: min(best[name], seconds(action)) for name, action in steps.items()}
        for name, took in best.items():
            goal = f"  goal {GOAL}: {'met' if PEERS / took >= GOAL else 'missed'}" if name == "compile" else ""
            print(f"{kind:<11} {name:<16} {took:>8.3f} {PEERS / took:>10.0f} {took / best['plain loop']:>6.1f}{goal}")


if __name__ == "__main__":
    main()
