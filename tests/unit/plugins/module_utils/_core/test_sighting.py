# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Sighting, printable


def test_each_outcome_is_ok_failed_or_inconclusive() -> None:
    assert not sighting.INCONCLUSIVE & sighting.FAILED and sighting.OK not in sighting.INCONCLUSIVE | sighting.FAILED
    assert len(sighting.OUTCOMES) == 15
    # A silent or busy peer must never count as one without TLS.
    assert {"timeout", "throttled", "connect"} <= sighting.INCONCLUSIVE


def test_equal_aims_are_one() -> None:
    assert len({Aim("192.0.2.1"), Aim("192.0.2.1", 25), Aim("192.0.2.1", server_name="x")}) == 2


def test_plain_data() -> None:
    seen = Sighting(
        "192.0.2.1",
        25,
        capabilities=("STARTTLS",),
        chain=("ab",),
        ladder={"TLSv1": None},
        refusal={"clear": {"verdict": "refused", "reply": "530 x"}},
    )
    plain = seen.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert list(plain) == list(Sighting._fields)
    assert (plain["capabilities"], plain["chain"], plain["ladder"]) == (["STARTTLS"], ["ab"], {"TLSv1": None})
    assert plain["refusal"] == {"clear": {"verdict": "refused", "reply": "530 x"}}
    assert (plain["verify_code"], plain["timings"], plain["replies"]) == (-1, {}, {})


@pytest.mark.parametrize(
    "text, shown",
    [
        ("220 mta.example ESMTP", "220 mta.example ESMTP"),
        ("Grüße 日本", "Grüße 日本"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x00b\tc\nd\re", "a\\x00b\\x09c\\x0ad\\x0de"),
        ("\x7f\x80\x9b", "\\x7f\\x80\\x9b"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\u2028\u200b\ufeff\udc80", "\\u2028\\u200b\\ufeff\\udc80"),
        ("a\u180eb\U000e0041c", "a\\u180eb\\U000e0041c"),
    ],
)
def test_nothing_reaches_a_terminal_that_it_would_obey(text: str, shown: str) -> None:
    assert printable(text) == shown
