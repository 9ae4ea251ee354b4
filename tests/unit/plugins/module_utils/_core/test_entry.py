# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.entry import (
    Entry,
    Placed,
    check_compiled,
    parse_entries,
    refuse_twins,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


def placed(key: str, value: str) -> Placed:
    return Placed("here", Entry(key, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [("TLS_Srv:", "TEMP+ENCR:128"), ("TLS_Srv:old.example", "OK"), ("TLS_Clt:10.1", "OK"), ("Try_TLS:a.example", "OK")],
)
def test_what_the_compiler_writes_is_checked_once_per_value(key: str, value: str) -> None:
    check_compiled([placed(key, value), placed(f"{key.partition(':')[0]}:b.example", value)])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TLS_Srv:a..b", "TEMP+ENCR:128"),
        ("TLS_Srv:a..b", "OK"),
        ("TLS_Srv:a.example", "ENCR:high"),
        ("TLS_Rcpt:a.example", "OK"),
        ("TLS_Srv:" + "a." * 130 + "example", "OK"),
    ],
)
def test_what_sendmail_would_not_enforce_is_never_written(key: str, value: str) -> None:
    with pytest.raises(MailtlsError, match=r"^here"):
        check_compiled(
            [placed("TLS_Srv:a.example", "TEMP+ENCR:128"), placed("TLS_Srv:b.example", "OK"), placed(key, value)]
        )


def test_twins_are_told_with_both_places() -> None:
    with pytest.raises(MailtlsError, match=r"^one and two: "):
        refuse_twins(
            [Placed("one", Entry("TLS_Srv:A.example", "VERIFY")), Placed("two", Entry("tls_srv:a.example", "VERIFY"))]
        )


KEY = "TLS_Srv:" + "a." * 120 + "example1"
LONG = "VERIFY:128+CN:" + "x" * 730


def test_the_longest_key_and_the_longest_line_are_taken() -> None:
    longest = [(KEY, LONG), ("From:a@example", "550 " + "x" * 982)]
    assert [(len(key), len(key) + len(value)) for key, value in longest] == [(256, 1000), (14, 1000)]
    assert len(parse_entries([{"key": key, "value": value} for key, value in longest], "x")) == 2
    check_compiled([placed(KEY, LONG)])


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({}, "x: {} is not a list. Write a list of {key, value}."),
        ([7], "x[0]: this is not an entry. Write {key: ..., value: ...}, nothing else."),
        (
            [("Try_TLS:a.example", False)],
            "x[0].value: YAML read it as the boolean False. Put it in quotes: 'NO'.",
        ),
        (
            [("Connect:1", "OK "), ("Connect:2", "OK")],
            "x[0].value: 'OK ' is not plain text."
            " Write printable ASCII characters without tabs, line ends, or blanks at either end.",
        ),
        (
            [("#a", "OK")],
            "x[0].key: '#a' cannot be a key."
            " A key has no blanks, does not begin with #, and has at most 256 characters.",
        ),
        (
            [("Connect:1", "OK"), (f"{KEY}2", "OK")],
            f"x[1].key: '{KEY}2' cannot be a key."
            " A key has no blanks, does not begin with #, and has at most 256 characters.",
        ),
        (
            [("From:a@example", "550 " + "x" * 983)],
            "x[0]: the entry is too long for makemap. It may have 1000 characters in all.",
        ),
        (
            [("CERTISSUER:O=ca", "RELAY")],
            "x[0].key: 'CERTISSUER:O=ca' is not a key sendmail would look up. After CERTISSUER: comes"
            " a distinguished name as sendmail writes it: /O=Example/CN=Example+20CA.",
        ),
        (
            [("a@b@c", "OK")],
            "x[0].key: 'a@b@c' is not a key sendmail would look up. After no tag comes user@domain, user@, or a domain"
            " (without a leading dot), an IPv4 address or its leading octets (10.1.2), or IPv6: with the address or its"
            " leading groups in full.",
        ),
        ([("CERTSUBJECT:/O=a", "OK")], "x[0].value: 'OK' is refused as the value of CERTSUBJECT:/O=a. Allowed: RELAY."),
        (
            [("TLS_Srv:", "ENCR:0")],
            "x[0].value: 'ENCR:0' is refused as the value of TLS_Srv:: 0 bits are no requirement."
            " Allowed: [TEMP+|PERM+] then ENCR:bits or VERIFY[:bits] (bits 1 to 256), then +CN, +CN:name,"
            " +CS:subject or +CI:issuer, further ones joined by ++; no blanks, no comment; OK for an address, or a"
            " network of at least two octets (10.1; 10 and 127 may stand alone) or three groups (IPv6:2001:db8:0); a"
            " name by sendmail_tls_policy alone, with accept_dns_risk.",
        ),
        (
            [("AuthInfo:a.example", "x")],
            "x[0].key: 'AuthInfo:a.example' is refused: a password has no place in this map;"
            " use FEATURE(`authinfo') with a map of its own.",
        ),
        (
            [("TLSSrv:a.example", "x")],
            "x[0].key: 'TLSSrv:a.example' has no tag this collection knows. Did you mean TLS_Srv:?",
        ),
        (
            [("Connect:1", "OK"), ("connect:1", "OK")],
            "x[0] and x[1]: the key 'connect:1' stands there twice (letter case does not count)."
            " Remove one of the two.",
        ),
    ],
)
def test_a_refused_entry_says_what_to_write(entries: t.Any, told: str) -> None:
    raw = [{"key": one[0], "value": one[1]} if isinstance(one, tuple) else one for one in entries] or entries
    with pytest.raises(MailtlsError) as refused:
        parse_entries(raw, "x")
    assert str(refused.value) == told


def test_a_value_that_was_sound_beside_a_short_key_may_be_too_long_beside_another() -> None:
    with pytest.raises(MailtlsError, match=r"^here: the entry is too long for makemap"):
        check_compiled([placed("TLS_Srv:a.example", f"{LONG}x"), placed(KEY, f"{LONG}x")])


@pytest.mark.parametrize("key", ["TLS_Srv:a..b", "TLS_Clt:a..b"])
def test_an_excepted_key_is_checked_as_any_other(key: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        check_compiled([placed("TLS_Srv:a.example", "OK"), placed(key, "OK")])
    assert str(refused.value).startswith(f"here.key: '{key}' is not a key sendmail would look up.")
