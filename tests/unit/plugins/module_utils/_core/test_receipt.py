# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import receipt

ONE = receipt.Receipt("w", "t", "d", 3, ("a",), ("b", "c"))


def test_there_and_back() -> None:
    assert receipt.parse(receipt.render(ONE)) == ONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"version": 0}',
        receipt.render(ONE).replace('"version": 1', '"version": 2'),
        receipt.render(ONE).replace('"entries": 3', '"entries": "3"'),
        receipt.render(ONE).replace('"text"', '"test"'),
        json.dumps({"version": 1, "wish": "w", "text": "t", "database": "d", "entries": 3}),
        receipt.render(ONE)[:-9],
    ],
)
def test_whatever_else_is_no_receipt(text: str) -> None:
    assert receipt.parse(text) is None


def test_every_part_of_a_wish_counts() -> None:
    digests = {receipt.wish_digest(parts) for parts in (["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["a", 1])}
    assert len(digests) == 5
