# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.probe_report import FilterModule

report = FilterModule().filters()["probe_report"]
RECORD = {
    "target": "a.example",
    "address": "192.0.2.1",
    "outcome": "timeout",
    "summary": "inconclusive",
    "text": "late",
}
ANSWER = {
    "peers": [RECORD],
    "targets": [],
    "summary": {"targets": 1, "pass": 0, "fail": 0, "inconclusive": 1},
    "changed": False,
}


def test_a_whole_answer_has_its_counts() -> None:
    assert report(ANSWER).splitlines()[1:] == [
        "a.example  192.0.2.1  timeout  -    -     -            -     inconclusive  late",
        "1 targets: 0 pass, 0 fail, 1 inconclusive",
    ]


@pytest.mark.parametrize("given", [[RECORD], iter([RECORD])])
def test_records_alone(given: t.Any) -> None:
    assert report(given) == "\n".join(report(ANSWER).splitlines()[:2])


@pytest.mark.parametrize("given", [7, {"peers": []}, [{}]])
def test_what_is_refused(given: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^probe_report"):
        report(given)
