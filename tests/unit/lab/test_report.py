# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
import report


def parse(*results: dict[str, t.Any]) -> report.Report:
    """A report of tasks called 0, 1, ... on one host."""
    tasks = [{"task": {"name": str(number)}, "hosts": {"mta1": result}} for number, result in enumerate(results)]
    changed = sum(bool(result.get("changed")) for result in results)
    return report.parse(json.dumps({"plays": [{"tasks": tasks}], "stats": {"mta1": {"changed": changed}}}))


def test_only_what_changed_is_there() -> None:
    found = parse({"changed": False, "diff": {"before": "a"}}, {"changed": True}, {"skipped": True, "changed": False})
    assert found == ({"mta1": 1}, {("mta1", "1"): report.Diff([], [], [])})


@pytest.mark.parametrize(
    ("result", "diff"),
    [
        ({"diff": {"before": "a\nb\n", "after": "a\n"}}, (["a", "b"], ["a"], [])),
        ({"diff": [{"before": "", "after": "a\n"}, {"prepared": "a was missing\n"}]}, ([], ["a"], ["a was missing"])),
        ({"results": [{"diff": {"after": "a\n"}}, {"diff": [{"after": "b\n"}]}, {}]}, ([], ["a", "b"], [])),
        ({"diff": {"after": {"path": "/a", "mode": "0700"}}}, ([], ["path: /a"], [])),
        ({"diff": {"after": "c:\n  valid: today\n  SHA-256: 1f\nd\n"}}, ([], ["c:", "  valid", "  SHA-256", "d"], [])),
    ],
)
def test_diffs_are_read_line_by_line(result: dict[str, t.Any], diff: tuple[list[str], list[str], list[str]]) -> None:
    assert parse({"changed": True, **result}).changes == {("mta1", "0"): diff}
