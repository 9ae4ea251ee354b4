# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts taken apart and put together as sendmail -bt was seen to do it."""

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.tokens import join, number, plain, scan


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("TEMP+VERIFY:128", "TEMP + VERIFY : 128"),
        ("ENCR :  128", "ENCR : 128"),
        ("/O=A/CN=b+20c", "/ O=A / CN=b + 20c"),
        ("a,b;c", "a , b ; c"),
        ("a>b", "ab"),
        ("<a", "< a >"),
        ("<<TMPF>", "< < TMPF > >"),
        ("a(b)c", "a c"),
        ("a(b", "a"),
        ("a(b(c)d)e", "a e"),
        ("a)b", "ab"),
        ("(comment)", ""),
        ("  ", ""),
        ("", ""),
    ],
)
def test_scan(text: str, tokens: str) -> None:
    assert scan(text) == tuple(tokens.split())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('"ENCR:128"', ('"ENCR:128"',)),
        ('a"b c"d', ("a", '"b c"', "d")),
        ('"a', ('"a"',)),
        ('"(a"', ('"(a"',)),
        ('<"', ("<", '""', ">")),
    ],
)
def test_quoted_text_is_one_token(text: str, tokens: tuple[str, ...]) -> None:
    assert scan(text) == tokens


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (("a", "b"), "a.b"),
        (("a", ".", "b"), "a.b"),
        (('"a b"', "c"), "a bc"),
        ((), ""),
    ],
)
def test_join(tokens: tuple[str, ...], text: str) -> None:
    assert join(tokens) == text
    assert join(tokens, " ") == text.replace("a.b", "a b" if "." not in tokens else "a.b")


@pytest.mark.parametrize(
    ("text", "value"),
    [("128", 128), ("0x80", 128), ("0200", 128), ("0128", 10), ("12x", 12), ("-5", -5), ("high", 0), ("0", 0), ("", 0)],
)
def test_number(text: str, value: int) -> None:
    assert number(text) == value


def test_plain_text_comes_out_as_it_went_in() -> None:
    for text in ("/O=Example/CN=Example+20CA", "a,b;c", "[192.0.2.7]", "mta2.example"):
        assert plain(text) and join(scan(text), " ") == text
    assert not plain("a b") and not plain('"a"') and not plain("")
