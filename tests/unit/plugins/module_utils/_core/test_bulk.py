# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import access, access_grammar, bulk, mapdata
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FILE = bulk.Source(0, "entries", "/etc/partners")
NAMES = ["", "a.example", "A-b.c_d.example", "-a.example", "a-.example", "a..example", ".a.example", "a.example.", "5"]
NAMES += ["a.5", "5.a", "x" * 63, "x" * 64, f"{'x' * 62}.example", f"{'x' * 64}.example", "a b", "a\x0bb", "ä.example"]
NAMES += ["u@a.example", "u@", "@a.example", "u@-a.example", "u@a.5", f"{'u' * 65}@a.example", "<@>", "u+v@a.example"]
NAMES += ["10", "10.1.2.3", "10.1.2.3.4", "256.1", "10.", "01.2", "10.1.2", "IPv6:2001:db8:0:0:0:0:0:7", "IPv6:2001::7"]
NAMES += ["u-.v@a.example", "127.0.0.1", "local", "LOCAL", "/O=Example/CN=a+20b", "a.example:25", "x" * 300]
VALUES = [
    "ENCR:128",
    "TEMP+ENCR:256",
    "PERM+VERIFY",
    "VERIFY:128+CN",
    "VERIFY+CN:a.example",
    "ENCR:0",
    "ENCR:257",
    "ENCR",
]
VALUES += [
    "encr:128",
    "ENCR:128 ",
    "ENCR:128+CN++CI:/O=a",
    "OK",
    "RELAY",
    "REJECT",
    "DISCARD",
    "SKIP",
    "NO",
    "0",
    "5000",
]
VALUES += [
    "00",
    "1234567890",
    "S",
    "FRIEND",
    "ERROR:550 go",
    "ENCR:128\r",
    "VERIFY:128++CN",
    "ENCR:99+CN:a/b",
    "SUBJECT",
]
VALUES += ["D", "CertFile=/a"]


def parse(text: str) -> tuple[str, ...] | str:
    try:
        return tuple(bulk.read_entries(text.encode(errors="surrogateescape"), FILE).decode().splitlines())
    except MailtlsError as error:
        return str(error)


def judge(key: str, value: str) -> tuple[str, ...] | str:
    """What the grammar itself says."""
    try:
        one = access.parse_entry({"key": key, "value": value}, "/etc/partners:1")
    except MailtlsError as error:
        return str(error)
    return (f"{one.key}\t{one.value}",)


@pytest.mark.parametrize(
    "tag", [*(tag.name for tag in access_grammar.TAGS.values()), "tls_rcpt", "TLS_Server", "AuthInfo", ""]
)
def test_in_bulk_the_same_is_taken_and_refused_in_the_same_words(tag: str) -> None:
    taken = refused = 0
    for name, value in itertools.product(NAMES, VALUES):
        key = f"{tag}:{name}" if tag else name
        # What makemap would split elsewhere is no key of a file.
        if not key or key.split() != [key]:
            continue
        expected = judge(key, value)
        assert parse(f"{key}\t{value}\n") == expected == parse(f"{key} \t {value}"), (key, value)
        taken, refused = taken + isinstance(expected, tuple), refused + isinstance(expected, str)
    assert refused and (taken or tag in ("TLS_Server", "AuthInfo"))


@pytest.mark.parametrize("tag", [tag.name for tag in access_grammar.TAGS.values()])
def test_the_common_lines_are_a_part_of_the_grammar(tag: str) -> None:
    """Whatever the one expression lets through, the grammar lets through; of most tags it knows some."""
    known = 0
    for name, value in itertools.product(NAMES, VALUES):
        line = f"{tag}:{name}\t{value}\n".encode()
        if bulk._is_common(line):
            known += 1
            assert isinstance(judge(f"{tag}:{name}", value), tuple), line
    assert known or tag.endswith("_Features") or tag in ("CERTISSUER", "CERTSUBJECT", "Spam")


def test_a_text_by_hand_is_read_as_makemap_reads_it() -> None:
    text = (
        "# a comment\n\n \t\nConnect:127\t\t\tRELAY\nConnect:169.254 REJECT\n#x\ty\nA@b.example\tERROR:550 two  words"
    )
    assert parse(text) == ("Connect:127\tRELAY", "Connect:169.254\tREJECT", "A@b.example\tERROR:550 two  words")
    assert parse("") == ()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("# x\n\nkey\n", "/etc/partners:3: the key 'key' has no value."),
        ("key \n", "/etc/partners:1: the key 'key' has no value."),
        ("# a\n Connect:1 RELAY\n", "/etc/partners:2: the line begins with a blank."),
        ("Connect:1\tRELAY\nTLS_Srv:a.example OK\n", "/etc/partners:2.value: 'OK' is refused"),
        ("Connect:1\tRELAY\nTLS_Rcpt:a.example ENCR:0\n", "/etc/partners:2.value: 'ENCR:0' is refused"),
        ("Connect:1\tRELAY\nTLS_Srv:a.example ENCR:128\nNo:x y", "/etc/partners:3.key: 'No:x' has no tag"),
        ("Connect:1\tf\u00fcr\n", "/etc/partners:1.value: 'f\u00fcr' is not plain text"),
    ],
)
def test_a_bad_line_is_told_with_its_number(lines: str, told: str) -> None:
    assert str(parse(lines)).startswith(told)


def test_lines_of_a_list_are_never_comments() -> None:
    source = bulk.Source(2, "mine", "/f")
    with pytest.raises(MailtlsError, match=r"^mine\[1\]\.key: '#x' cannot be a key"):
        bulk.read_entries(b"Connect:1\tRELAY\n#x\tOK\n#comment\n", source)
    with pytest.raises(MailtlsError, match=r"^mine\[0\]\.key: '' is not plain text"):
        bulk.read_entries(b"\tRELAY\nConnect:1\tRELAY\n", source)
    with pytest.raises(MailtlsError, match=r"^/f:2: the line begins"):
        bulk.read_entries(b"Connect:1\tRELAY\nConnect:2\tRELAY\n#comment\n x\n", source)


def test_a_bad_line_far_down_is_found() -> None:
    many = "".join(f"TLS_Rcpt:u{number}@a.example\tENCR:128\n" for number in range(30000))
    assert len(parse(many)) == 30000
    assert str(parse(many + "x\n")).startswith("/etc/partners:30001: the key 'x'")
    assert parse(f"{many}# comment\nConnect:1 RELAY\n")[-1] == "Connect:1\tRELAY"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.json: is not JSON: Expecting value: line 1 column 1 (char 0). Write a list of {key, value}, or a map"),
        ("Connect:1 OK\n", "x.json: is not JSON: "),
        ("\udcff", "x.json: is not JSON: "),
        ("[" * 100000, "x.json: is not JSON: "),
        (
            "null",
            "x.json: is neither a list nor a mapping. Write a list of {key, value}, or a mapping of keys to values.",
        ),
        ('"Connect:1"', "x.json: is neither a list nor a mapping."),
        ('["Connect:1"]', "x.json[0]: this is not an entry. Write {key: ..., value: ...}, nothing else."),
        ('[{"key": "Connect:1", "value": "OK"}, {"key": "Connect:2"}]', "x.json[1]: this is not an entry"),
        ('[{"key": "Connect:1", "key": "Connect:1"}]', "x.json[0]: this is not an entry"),
        ('[{"key": "Connect:1", "value": "OK", "value": "OK"}]', "x.json[0]: this is not an entry"),
        ('[["key", "value"]]', "x.json[0]: this is not an entry"),
        ('{"Connect:1": "OK", "Try_TLS:a": false}', "x.json[1].value: YAML read it as the boolean False"),
        ('{"Connect:1": null}', "x.json[0].value: None is not plain text"),
        ('{"Connect:1": {"value": "OK"}}', "x.json[0].value: (('value', 'OK'),) is not plain text"),
        ('{"Connect:1": 1.5}', "x.json[0].value: 1.5 is not plain text"),
        ('{"Connect:1": "OK\\nConnect:2\\tOK"}', "x.json[0].value: 'OK\\nConnect:2\\tOK' is not plain text"),
        ('{"Connect:\\ud800": "OK"}', "x.json[0].key: 'Connect:"),
        ('{"Connect:1": "OK", "#x": "OK"}', "x.json[1].key: '#x' cannot be a key"),
        ('{"": "OK"}', "x.json[0].key: '' is not plain text"),
        ('{"Connect:1 x": "OK"}', "x.json[0].key: 'Connect:1 x' cannot be a key"),
        ('{"TLS_Srv:a.example": "OK"}', "x.json[0].value: 'OK' is refused"),
        ('{"Connect:1": "OK", "Connect:2": "OK", "Connect:1": "OK"}', "x.json[0] and x.json[2]: the key 'Connect:1'"),
        ('{"Connect:1": "OK", "connect:1": "REJECT"}', "x.json[0] and x.json[1]: the key 'connect:1' stands there"),
        ('[{"key": "Connect:1", "value": "OK"}, {"key": "Connect:1", "value": "OK"}]', "x.json[0] and x.json[1]: the"),
    ],
)
def test_data_of_a_json_file_is_refused_with_its_place(text: str, told: str) -> None:
    source = bulk.Source(0, "entries", "x.json")
    with pytest.raises(MailtlsError) as refused:
        lines = mapdata.render_file(text.encode(errors="surrogateescape"), "x.json")
        bulk.refuse_twins(bulk.read_entries(lines, source), lines, source)
    assert str(refused.value).startswith(told)


def test_data_behind_a_list_has_places_of_its_own() -> None:
    source = bulk.Source(2, "mine", "x.json")
    assert (source.place(1), source.place(2)) == ("mine[1]", "x.json[0]")
    with pytest.raises(MailtlsError, match=r"^mine\[1\] and x\.json\[1\]: "):
        bulk.refuse_twins(b"a\tx\nb\ty\nc\tz\nb\ty\n", b"a\tx\nb\ty\nc\tz\nb\ty\n", source)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Connect:1\tOK\nconnect:1\tOK\n", "/f:1 and /f:2: the key 'connect:1' stands there twice"),
        ("# c\n\nConnect:1\tOK\nA@b.example\tOK\n#\na@B.example REJECT\n", "/f:4 and /f:6: the key 'a@B.example'"),
    ],
)
def test_twins_are_told_with_both_places(text: str, told: str) -> None:
    source = bulk.Source(0, "mine", "/f")
    with pytest.raises(MailtlsError) as refused:
        bulk.refuse_twins(bulk.read_entries(text.encode(), source), text.encode(), source)
    assert str(refused.value).startswith(told)
    with pytest.raises(MailtlsError, match=r"^mine\[0\] and /f:2: "):
        bulk.refuse_twins(b"A\tx\na\ty\n", b"A\tx\n# c\na y\n", bulk.Source(1, "mine", "/f"))
    bulk.refuse_twins(b"a\tx\nb\ty\n", b"", source)
    # Two keys of one hash, which happens once in a long life.
    bulk._find_twins(b"a\tx\nb\ty\n", source)


def test_the_floor_is_needed() -> None:
    for text in (
        b"TLS_Srv:\tENCR:128\n",
        b"Connect:1\tOK\ntls_srv:\tENCR:128\n",
        b"Connect:1\tOK\n" * 30000 + b"TLS_SRV:\tx\n",
    ):
        bulk.require_floor(text, "x")
    for text in (b"", b"TLS_Srv:a\tENCR:128\n", b"XTLS_Srv:\tENCR:128\n"):
        with pytest.raises(MailtlsError, match=r"^x: no entry has the key 'TLS_Srv:'"):
            bulk.require_floor(text, "x")


def test_a_tally_counts_every_row_in_any_order() -> None:
    rows = [b"Key%d\tValue\n" % number for number in range(20000)]
    whole = bulk.tally(b"".join(rows))
    assert whole[0] == 20000 and bulk.tally(b"".join(reversed(rows)).replace(b"Key", b"kEY")) == whole
    assert bulk.tally(b"".join(rows[1:])) != whole
    assert bulk.tally(b"".join(rows).replace(b"Key7\tValue", b"Key7\tvalue")) != whole
    assert bulk.tally(b"".join(rows[1:]) + rows[1]) != whole
    assert bulk.tally(b"") == (0, 0)


def test_a_value_with_a_tab_is_one_row_in_any_order() -> None:
    assert bulk.tally(b"a\tb\tc\nd\te\n") == bulk.tally(b"d\te\na\tb\tc\n") != bulk.tally(b"a\tb\nd\te\n")


@pytest.mark.parametrize(
    ("wished", "found", "count", "keys"),
    [
        (b"a\t1\nb\t2\n", b"b\t2\na\t1\n", 0, ()),
        (b"a\t1\nB\t2\n", b"a\t2\nc\t3\n", 3, ("a", "b")),
        (b"", b"a\t1\nb\t1\nc\t1\n", 3, ("a", "b")),
    ],
)
def test_differing_keys_are_counted_and_the_first_are_named(
    wished: bytes, found: bytes, count: int, keys: tuple[str, ...]
) -> None:
    assert bulk.compare(wished, found, 2) == (count, keys)


def test_a_foreign_text_is_compared_as_it_is() -> None:
    assert bulk.compare(b"# h\na\t1\n", b"# other\n\nA   1\nAuthInfo:x secret\ty\n", 9, loose=True) == (
        1,
        ("authinfo:x",),
    )


def test_entries_are_picked_and_dropped_by_folded_key() -> None:
    rows = b"A\t1\nb\t2\nC\t3\n"
    assert bulk.pick(rows, ["a", "c", "z"]) == (access.Entry("a", "1"), access.Entry("c", "3"))
    assert bulk.drop(rows, []) == rows and bulk.drop(rows, ["a", "z"]) == b"b\t2\nC\t3\n"


def test_the_rules_digest_follows_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bulk.rules_digest()
    assert before == bulk.rules_digest()
    monkeypatch.delitem(access_grammar.TAGS, "spam")
    assert bulk.rules_digest() != before


def test_keys_that_matter_before_are_found_in_any_spelling() -> None:
    text = b"# c\nconnect:127 RELAY\nTLS_Srv:127.0.0.1\tOK\ntls_srv:LOCAL OK\nTLS_Srv:IPv6:0:0:0:0:0:0:0:1 OK\n"
    text += b"TLS_Srv:127.example OK\nXConnect:127 a\nTLS_Srv:local.example OK\n#TLS_Srv:127 OK\nConnect:1277 RELAY\n"
    expected = ["Connect:127", "TLS_Srv:127.0.0.1", "tls_srv:LOCAL", "TLS_Srv:IPv6:0:0:0:0:0:0:0:1"]
    assert bulk.find_keys(text, ["Connect:127", "Connect:1"]) == expected
    assert bulk.find_keys(b"", []) == []


@pytest.mark.parametrize(
    ("line", "accepted", "taken"),
    [
        ("TLS_Srv:Old.example\tOK\n", {"tls_srv:old.example"}, True),
        ("TLS_Clt:old.example\tOK\n", {"tls_clt:old.example"}, True),
        ("TLS_Srv:old.example\tOK\n", {"tls_clt:old.example"}, False),
        ("TLS_Srv:old.example\tOK\n", set(), False),
        ("TLS_Rcpt:old.example\tOK\n", {"tls_rcpt:old.example"}, False),
        ("TLS_Srv:\tOK\n", {"tls_srv:"}, False),
        ("TLS_Srv:1\tOK\n", {"tls_srv:1"}, False),
        ("TLS_Srv:IPv6:2001\tOK\n", {"tls_srv:ipv6:2001"}, False),
    ],
)
@pytest.mark.parametrize("listed", [1, 0], ids=["a list", "a file"])
def test_only_a_name_of_a_list_can_be_accepted(line: str, accepted: set[str], taken: bool, listed: int) -> None:
    source = bulk.Source(listed, "entries", "further", frozenset(accepted))
    if taken and listed:
        assert bulk.read_entries(line.encode(), source) == line.encode()
    else:
        with pytest.raises(MailtlsError, match="'OK' is refused as the value of"):
            bulk.read_entries(line.encode(), source)
