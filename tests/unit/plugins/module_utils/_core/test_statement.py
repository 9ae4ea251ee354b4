# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.statement import Statement, parse_statements

FRAME = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"


def shown(text: str, *, framed: bool = True) -> list[str]:
    return [str(one) for one in parse_statements(text, "x", framed=framed)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("define(`confLOG_LEVEL', `9')dnl\n", ["define(confLOG_LEVEL, 9)"]),
        ("define( `a',dnl\n`b,c' )dnl remark\nFEATURE(x)", ["define(a, b,c)", "FEATURE(x)"]),
        ("FEATURE(`access_db', , `skip')", ["FEATURE(access_db, , skip)"]),
        ("define(`x', defn(`x')`,more')", ["define(x, defn(`x'),more)"]),
        ("define(`confDEF_USER_ID', ``8:12'')", ["define(confDEF_USER_ID, `8:12')"]),
        ("dnl FEATURE(`x')\n  dnl # it's (old\n", []),
        ("plain (text) of $>Somebody(\n", ["plain (text) of $>Somebody("]),
        ("a `quoted' word\n", ["a quoted word"]),
        ("it's fine\n", ["it's fine"]),
        ("# remark\n# define(`a', `b')\n", ["define(a, b)"]),
        ("divert(-1)\nnoise\ndivert(0)\nDjhost\n", ["Djhost"]),
        ("divert(-1)dnl\nnoise\ndefine(`a', `b')\n", ["define(a, b)"]),
        ("dnl", []),
    ],
)
def test_what_is_read(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


def test_a_hash_sign_is_a_comment_as_far_as_the_frame_only() -> None:
    text = "divert(-1)\n# define(`a', `b')\n# don`t\n" + FRAME + "# define(`c', `d')\nDjhost\n"
    assert shown(text, framed=False) == ["include(/usr/share/sendmail/cf/m4/cf.m4)", "define(c, d)", "Djhost"]


def test_sections_hold_plain_lines_and_layout_does_not_count() -> None:
    text = "LOCAL_CONFIG\nKa  hash /a\nLOCAL_RULESETS\nSx\nR$*\t\t$@ OK\nLOCAL_DOMAIN(`a')\n"
    found = parse_statements(text, "x", framed=True)
    assert [(one.section, str(one)) for one in found] == [
        ("LOCAL_CONFIG", "Ka  hash /a"),
        ("LOCAL_RULESETS", "Sx"),
        ("LOCAL_RULESETS", "R$*\t$@ OK"),
        ("", "LOCAL_DOMAIN(a)"),
    ]
    assert [one.line for one in found] == [2, 4, 5, 6]
    assert found[3] == Statement("LOCAL_DOMAIN", ("a",)) and found[3].source == "LOCAL_DOMAIN(`a')"


def test_a_subject_is_the_macro_and_what_it_is_about() -> None:
    (one,) = parse_statements("define(`a', `b')", "x")
    assert one.subject == ("define", "a")


@pytest.mark.parametrize(
    ("text", "what"), [("\ndefine(`a', `b'\n", "parenthesis"), ("\nDj`host\n", "quote"), ("\nFEATURE(`a)\n", "quote")]
)
def test_what_is_never_closed_is_refused_with_its_line(text: str, what: str) -> None:
    with pytest.raises(MailtlsError, match=f"the {what} that opens here") as caught:
        parse_statements(text, "sendmail_mc_extra")
    assert caught.value.where == "sendmail_mc_extra, line 2"
