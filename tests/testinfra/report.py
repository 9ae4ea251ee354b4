# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play changed, or in check mode would change: host by host, task by task, with the diff it showed."""

from __future__ import annotations

import json
import re
import typing as t

# Read with callback ansible.posix.json, under these settings.
SETTINGS = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_DIFF_ALWAYS": "true"}


class Diff(t.NamedTuple):
    """What was there, what is there now, and what else was said, as a person sees it."""

    before: list[str]
    after: list[str]
    prepared: list[str]


class Report(t.NamedTuple):
    """Number of changes by host; (host, task) -> what the task showed."""

    counts: dict[str, int]
    changes: dict[tuple[str, str], Diff]


def parse(text: str) -> Report:
    """Reads the output of callback ansible.posix.json."""
    report = json.loads(text)
    changes = {}
    for task in (task for play in report["plays"] for task in play["tasks"]):
        for host, result in task["hosts"].items():
            if result.get("changed"):
                assert (host, task["task"]["name"]) not in changes, "two tasks of one name changed the same host"
                changes[(host, task["task"]["name"])] = read_diff(result)
    return Report({host: stats["changed"] for host, stats in report["stats"].items()}, changes)


def read_diff(result: dict[str, t.Any]) -> Diff:
    """The diffs of a result, those of a loop included, side by side."""
    diffs = [part for one in [result, *result.get("results", [])] for part in listed(one.get("diff"))]
    return Diff(*([line for diff in diffs for line in lines(diff.get(side, ""))] for side in Diff._fields))


def listed(diff: t.Any) -> list[dict[str, t.Any]]:
    return diff if isinstance(diff, list) else [diff] if diff else []


def lines(side: str | dict[str, t.Any]) -> list[str]:
    """Lines of one side, but for what makes one new certificate differ from the next: its dates and digest."""
    if isinstance(side, dict):
        # ansible.builtin.file tells the mode of a new folder only once it is there.
        return [f"{name}: {value}" for name, value in sorted(side.items()) if name != "mode"]
    return re.sub(r"^( *(?:valid|SHA-256)): .*", r"\1", side, flags=re.M).splitlines()
