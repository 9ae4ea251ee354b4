# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``docs/probing.md`` shows is what is done. The tables that an audit prints are compared in molecule/default."""

from __future__ import annotations

import datetime
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.peertable import render_table
from ansible_collections.mailtls.relay.plugins.module_utils._core.probelist import list_targets
from ansible_collections.mailtls.relay.plugins.module_utils._core.probeverdict import MODES
from ansible_collections.mailtls.relay.plugins.modules import starttls_info

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/probing.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.M | re.S)
DEFAULTS = yaml.safe_load((ROOT / "roles/tls_audit/defaults/main.yml").read_text(encoding="utf-8"))


def texts(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def first_cells(head: str) -> list[str]:
    """The words in code in the first column of the table with this head."""
    rows = GUIDE.partition(head)[2].split("\n\n")[0].splitlines()
    return [row.split("`")[1] for row in rows if row.startswith("| `")]


def test_every_block_is_looked_at() -> None:
    assert [language for language, _text in BLOCKS] == [
        *["console"] * 2,  # test_docs.py
        *["text"] * 2,
        *["yaml", "targets"],
        *["yaml"] * 2,
    ]


def test_the_variables_name_the_targets_that_are_shown() -> None:
    variables, shown = yaml.safe_load(texts("yaml")[0]), texts("targets")[0].splitlines()
    listing = list_targets(variables, datetime.date(2026, 11, 26))
    assert [yaml.safe_load(line) for line in shown if line.startswith("{")] == list(listing.targets)
    assert [line for line in shown if not line.startswith("{")] == [f"not probed: {note}" for note in listing.unprobed]


@pytest.mark.parametrize("text", texts("yaml")[1:])
def test_a_task_is_an_example_of_the_module(text: str) -> None:
    """Those are run by test_probe_examples.py."""
    (task,) = yaml.safe_load(text)
    assert task in yaml.safe_load(starttls_info.EXAMPLES)


@pytest.mark.parametrize("text", texts("text"))
def test_a_table_is_drawn_as_the_module_draws_it(text: str) -> None:
    """The columns; the words are those of a real audit."""
    _head, *rows, _rest = text.splitlines()
    cells = [re.split(r" {2,}", row.strip()) for row in rows]
    records: list[dict[str, t.Any]] = [
        {
            "target": target,
            "address": address.strip("[]"),
            "outcome": outcome,
            "protocol": protocol.strip("-"),
            "bits": int(bits) if bits.isdigit() else 0,
            "host": host.strip("-"),
            "name": {"verdict": "exact" if host != "-" else "not_checked", "names": []},
            "certificates": [{"days_left": int(days)}] if days.isdigit() else [],
            "summary": summary,
            "text": why,
        }
        for target, address, outcome, protocol, bits, host, days, summary, why in cells[1:]
    ]
    assert [f"  {line}" for line in render_table(records).splitlines()] == rows


def test_every_outcome_has_its_advice() -> None:
    assert sorted(first_cells("| Outcome | It means | What to do |")) == sorted(sighting.OUTCOMES)


def test_every_mode_is_explained() -> None:
    assert sorted(first_cells("| `tls_audit_probe` | |")) == sorted(MODES)


def test_numbers_and_names_are_the_roles() -> None:
    assert f"at most {DEFAULTS['tls_audit_probe_at_most']} next hops" in GUIDE
    assert f"within {DEFAULTS['tls_audit_probe_timeout']} seconds" in GUIDE
    assert starttls_info.OPTIONS["attempts"]["default"] == 3 and "tried three times" in GUIDE
    assert set(re.findall(r"`(tls_audit_\w+)", GUIDE)) <= set(DEFAULTS)
