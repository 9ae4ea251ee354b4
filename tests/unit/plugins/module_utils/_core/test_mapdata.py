# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mapdata
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

PAIRS = {"Connect:1": "OK", "#": "", "": "a, b: {c} [d]"}
LINES = b"Connect:1\tOK\n#\t\n\ta, b: {c} [d]\n"
# As Python, Ansible (to_nice_json) and jq write it, and with tabs.
STYLES: list[dict[str, t.Any]] = [{}, {"separators": (",", ":")}, {"indent": 4}, {"indent": 2}, {"indent": "\t"}]


@pytest.fixture
def no_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON that is not read as text fails."""
    monkeypatch.delattr(mapdata.json, "loads")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "x: {} is not a list"),
        ("text", "x: 'text' is not a list"),
        (["text"], "x[0]: this is not an entry"),
        ([{"key": "Connect:1"}], "x[0]: this is not an entry"),
        ([{"key": "Connect:1", "value": "OK", "more": 1}], "x[0]: this is not an entry"),
        ([{"key": "Try_TLS:a", "value": False}], "x[0].value: YAML read it as the boolean False"),
        ([{"key": None, "value": "OK"}], "x[0].key: None is not plain text"),
        ([{"key": "Connect:1\n#", "value": "OK"}], "x[0].key: 'Connect:1\\n#' is not plain text"),
        ([{"key": "Connect:1", "value": "OK\tx"}], "x[0].value: 'OK\\tx' is not plain text"),
    ],
)
def test_what_is_no_line_is_refused(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        mapdata.render_listed(raw, "x")
    assert str(refused.value).startswith(told)


def test_a_list_becomes_a_line_for_each() -> None:
    raw = [
        {"key": "Connect:1", "value": "OK"},
        {"value": 0, "key": "ClientRate:"},
        {"key": "Connect:\u00fc", "value": ""},
    ]
    assert mapdata.render_listed(raw, "x") == "Connect:1\tOK\nClientRate:\t0\nConnect:\u00fc\t\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        '[{"key": "Connect:1", "value": "OK"}, {"value": 0, "key": "ClientRate:"}]',
        '\ufeff{"Connect:1": "OK", "ClientRate:": 0}',
    ],
)
def test_a_json_file_becomes_a_line_for_each_entry(text: str) -> None:
    assert mapdata.render_file(text.encode(), "x.json") == b"Connect:1\tOK\nClientRate:\t0\n"
    assert mapdata.render_file(text.encode(), "json") == text.encode()
    assert mapdata.render_file(b"[]", "x.JSON") == mapdata.render_file(b"{}", "x.JSON") == b""


@pytest.mark.usefixtures("no_objects")
@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("mapping", [False, True])
def test_what_a_program_wrote_is_read_as_text(style: dict[str, t.Any], mapping: bool) -> None:
    data = PAIRS if mapping else [{"key": key, "value": value} for key, value in PAIRS.items()]
    assert mapdata.render_file(json.dumps(data, **style).encode() + b"\n", "x.json") == LINES


@pytest.mark.usefixtures("no_objects")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"a": "b"}',
        '[{"key": "a", "value": "b"}]',
        '{"a": "b", "c":"d"}',
        '{"a": "b", "c": 1}',
        '{"a": ", ", "b": "c"}',
        '{"a": "b", "c": "d", }',
        '{"a": "b", "c": "d"',
        '{"a": "b", "c": "d"}}',
        '{"a": "b", "c": "d\\n"}',
        '{"a": "b", "c": "\u00fc"}',
        '{"a": "b\x7f", "c": "d"}',
        '{"a": "b\x01", "c": "d"}',
        # No JSON: an end of line or a tab in a string, in the place of what is missing.
        '{"a": "b\nc", "d", "e": "f"}',
        '[{"key": "a\tb"}, {"key": "c", "value": "d"}, {"key": "e", "value": "f"}]',
        '[{"key": "c", "value": "d"}, {"key": "a\tb"}, {"key": "e", "value": "f"}]',
        '[{"key": "c", "value": "d"}, {"key": "e", "value": "f\ng\th"}]',
        '[{"key": "c", "value": "d"}, {"value": "f", "key": "e"}]',
        '[{"key": "c", "value": "d"}, {"key": "e", "value": "f", "more": "g"}]',
        '[{"key":\n"a",\n"value":\n"b"},\n{"key":\n"c",\n"value":\n"d"},\n{"key":\n"value":\n"e"}]',
    ],
)
def test_any_other_json_is_read_object_by_object(text: str) -> None:
    with pytest.raises(AttributeError):
        mapdata.render_file(text.encode(), "x.json")


@pytest.mark.parametrize("surrogate", ["\udc80", "\ud800"])
def test_half_a_pair_is_kept_until_the_line_is_read(surrogate: str) -> None:
    line = f"Connect:1\t{surrogate}\n".encode(errors="surrogatepass")
    assert mapdata.render_listed([{"key": "Connect:1", "value": surrogate}], "x") == line


def test_a_shape_takes_white_space_and_strings_without_anything_special() -> None:
    shape = mapdata._shape(r'_\[_"TEXT"', r"_\]_\Z")
    begins = [rb'["a b"', b' \t\r\n[\n"[_TEXT]"', b'["a\\"', b'["a"b"', b'[\v"a"', b'_["a"', b'["']
    assert [bool(shape.begin.fullmatch(text)) for text in begins] == [True, True, False, False, False, False, False]
    assert [bool(shape.end.fullmatch(text)) for text in (b"]", b" \n]\r\t", b"]]", b"_]")] == [True, True, False, False]
