# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.peertable import WIDEST, render_counts, render_table

GOOD: dict[str, t.Any] = {
    "target": "mx:example.org",
    "host": "mta2.example.org",
    "address": "192.0.2.25",
    "port": 25,
    "outcome": "ok",
    "protocol": "TLSv1.3",
    "bits": 256,
    "certificates": [{"subject": "CN=mta2.example.org", "days_left": 80}],
    "name": {"verdict": "exact", "names": ["x.example.org", "mta2.example.org"]},
    "summary": "pass",
    "text": "under TLSv1.3",
}
BARE = {"target": "b.example", "address": "", "outcome": "resolve", "summary": "inconclusive", "text": "resolve: gone"}


def cells(**changed: t.Any) -> list[str]:
    return [cell.strip() for cell in render_table([{**GOOD, **changed}]).splitlines()[1].split("  ") if cell]


def test_a_table_is_aligned() -> None:
    assert render_table([GOOD, BARE]).splitlines() == [
        "TARGET          ADDRESS     OUTCOME  TLS      BITS  CERTIFICATE       DAYS  RESULT        WHY",
        "mx:example.org  192.0.2.25  ok       TLSv1.3  256   mta2.example.org  80    pass          under TLSv1.3",
        "b.example       -           resolve  -        -     -                 -     inconclusive  resolve: gone",
    ]


def test_no_records_make_no_table() -> None:
    assert render_table([]) == ""


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"port": 587}, "192.0.2.25:587"),
        ({"address": "2001:db8::1"}, "[2001:db8::1]"),
        ({"address": "2001:db8::1", "port": 465}, "[2001:db8::1]:465"),
        ({"name": {"verdict": "mismatch", "names": ["x.example.org"]}}, "x.example.org"),
        ({"name": {"verdict": "not_checked", "names": []}}, "CN=mta2.example.org"),
        ({"name": {"verdict": "cn_only", "names": []}}, "mta2.example.org"),
        ({"name": None, "certificates": None}, "-"),
        ({"certificates": [{"subject": "CN=a", "days_left": None}]}, "-"),
        ({"certificates": [{"subject": "CN=a", "days_left": 0}]}, "0"),
        ({"text": "evil \x1b[31m\u202e"}, "evil \\x1b[31m\\u202e"),
        ({"target": "x" * 50}, "x" * (WIDEST - 3) + "..."),
        ({"text": "y" * 500}, "y" * 500),
    ],
)
def test_cells(changed: dict[str, t.Any], shown: str) -> None:
    assert shown in cells(**changed)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ({"peers": []}, "probe_report: {'peers': []} is not a list of records"),
        ([GOOD, {"target": "x"}], "probe_report[1]: this is no record of starttls_info, address is not in it"),
        (["x"], "probe_report[0]: this is no record of starttls_info, target is not in it"),
    ],
)
def test_what_is_no_record_is_refused(records: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        render_table(records)
    assert str(refused.value).startswith(told)


def test_counts_stand_in_one_line() -> None:
    summary = {"targets": 3, "pass": 1, "fail": 2, "inconclusive": 0, "peers": 4, "outcomes": {}}
    assert render_counts(summary) == "3 targets: 1 pass, 2 fail, 0 inconclusive"
