# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.fields import (
    Fields,
    read_boolean,
    read_choice,
    read_list,
    read_mapping,
    read_text,
    shown,
)


class Tagged(str):
    """A string of another class."""


CIRCLE: list[t.Any] = []
CIRCLE.append(CIRCLE)


HUGE: list[t.Any] = [
    *("x" * 10**6, 10**5000, -(10**5000), {"a": {"b": {"c": {"d": 1}}}}, CIRCLE, [10**5000], {10**5000: 1}, object()),
]


@pytest.mark.parametrize("number", range(len(HUGE)))
def test_no_value_makes_a_message_long(number: int) -> None:
    assert len(shown(HUGE[number])) < 200


def test_short_values_are_shown_as_they_are() -> None:
    assert [shown(one) for one in ("a", Tagged("b"), 7, None, ["x"])] == ["'a'", "'b'", "7", "None", "['x']"]


def test_places_of_single_fields() -> None:
    fields = Fields({"a": 1, "b": 2}, "here", {"a": "there.a"})
    assert (fields.at("a"), fields.at("b")) == ("there.a", "here.b")


@pytest.mark.parametrize(
    "read",
    [
        lambda: read_mapping(None, "here", ("a",)),
        lambda: read_mapping({"b": 1}, "here", ("a",)),
        lambda: read_list("a", "here", "things"),
        lambda: read_boolean("x", "here"),
        lambda: read_text("", "here", "a text"),
        lambda: read_choice("c", "here", "a letter", ("a", "b")),
    ],
)
def test_every_refusal_names_its_place(read: t.Callable[[], t.Any]) -> None:
    with pytest.raises(MailtlsError, match=r"^here"):
        read()


def test_what_is_read_is_plain() -> None:
    assert not isinstance(read_text(Tagged("a"), "", ""), Tagged)
    assert not isinstance(read_choice(Tagged("a"), "", "", ("a",)), Tagged)
    assert read_mapping({Tagged("a"): 1}, "", ("a",)) == {"a": 1} and read_list((1,), "", "") == (1,)
