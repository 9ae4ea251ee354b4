# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in a JSON file with entries: read as text, it means what it means to a JSON parser."""

from __future__ import annotations

import json
import typing as t
from unittest import mock

from ansible_collections.mailtls.relay.plugins.module_utils._core import mapdata
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = st.one_of(st.text("ab, :{}[]#", max_size=4), st.text('a"\\\t\n', max_size=3), st.sampled_from(["key", "value"]))
ITEMS = st.lists(st.tuples(WORDS, WORDS), max_size=4)
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}, {"indent": "\t"}])
# What is put somewhere into the text, and how much of it is taken out there.
HARM = st.lists(st.tuples(st.integers(0, 60), st.text('"\\\t\n,:{}[] a', max_size=3), st.integers(0, 3)), max_size=2)


def by_parser(raw: bytes) -> bytes | None:
    with mock.patch.object(mapdata, "_from_uniform", lambda text: None):
        try:
            return mapdata.render_file(raw, "x.json")
        except MailtlsError:
            return None


@settings(max_examples=2000, deadline=None)
@given(ITEMS, STYLES, st.booleans(), HARM)
def test_text_means_what_its_objects_mean(
    items: list[tuple[str, str]], style: dict[str, t.Any], mapping: bool, harm: list[tuple[int, str, int]]
) -> None:
    text = json.dumps(dict(items) if mapping else [{"key": key, "value": value} for key, value in items], **style)
    for place, word, length in harm:
        text = text[:place] + word + text[place + length :]
    raw = text.encode()
    assert mapdata._from_uniform(raw) in (None, by_parser(raw))
