# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rows of the map sendmail asks for a host, an address and a mailbox, and in which order."""

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.demand import dialect
from ansible_collections.mailtls.relay.plugins.module_utils._core.lookup import (
    Row,
    find_address,
    find_host,
    find_name,
    find_recipient,
    mailbox_keys,
    read_row,
    spell,
)

RULES = dialect((8, 18, 1))


class Asked(dict[str, Row]):
    """An empty table that remembers what it was asked for."""

    def __init__(self) -> None:
        self.keys_asked: list[str] = []

    def get(self, key: str, default: object = None) -> None:  # type: ignore[override]
        self.keys_asked.append(key)

    def __contains__(self, key: object) -> bool:
        self.keys_asked.append(str(key))
        return False


def row(value: str, key: str = "TLS_Srv:x") -> Row:
    found = read_row(key, value, "place", RULES)
    assert found
    return found


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("a.b.example", "a.b.example b.example example"),
        ("[192.0.2.7]", "[192.0.2.7] [192.0.2] [192.0] [192]"),
        ("[ipv6:2001:db8:0:0:0:0:0:7]", None),
        ("[ipv6:1::2]", "[ipv6:1::2] [ipv6:1] [ipv6]"),
        ("a..b", "a..b .b"),
        (".example", ".example"),
        ("a.b.", "a.b. b."),
        ("", ""),
    ],
)
def test_names(name: str, keys: str | None) -> None:
    asked = Asked()
    find_name(asked, name)
    if keys is None:
        assert asked.keys_asked[0] == name and asked.keys_asked[-1] == "[ipv6]" and len(asked.keys_asked) == 9
    else:
        assert asked.keys_asked == keys.split() or asked.keys_asked == [keys]


@pytest.mark.parametrize(
    ("address", "keys"),
    [
        ("192.0.2.7", "192.0.2.7 192.0.2 192.0 192"),
        ("local", "local"),
        ("ipv6:2001:db8:7", "ipv6:2001:db8:7 ipv6:2001:db8 ipv6:2001 ipv6"),
        ("ipv6:1::2", "ipv6:1::2 ipv6:1 ipv6"),
        ("ipv6:0:ffff:10.1", "ipv6:0:ffff:10.1 ipv6:0:ffff:10 ipv6:0:ffff ipv6:0 ipv6"),
    ],
)
def test_addresses(address: str, keys: str) -> None:
    asked = Asked()
    find_address(asked, address)
    assert asked.keys_asked == keys.split()


@pytest.mark.parametrize(
    ("recipient", "keys"),
    [
        ("bob@A.example", "bob@a.example bob@ a.example example"),
        ("bob+x@b", "bob+x@b bob+*@b bob@b bob+x@ bob+*@ bob@ b"),
        ("+x@b", "+x@b +x@ b"),
        ("bob", "bob@"),
    ],
)
def test_recipients(recipient: str, keys: str) -> None:
    asked = Asked()
    find_recipient(asked, recipient)
    assert asked.keys_asked == [*keys.split(), ""]


def test_the_first_row_that_speaks_is_taken() -> None:
    table = {"b.example": row("ENCR:1"), "example": row("ENCR:2"), "192.0": row("ENCR:3"), "": row("ENCR:4")}
    assert find_host(table, "A.B.Example", "192.0.2.7") == table["b.example"]
    assert find_host(table, "c.org", "192.0.2.7") == table["192.0"]
    assert find_host(table, "c.org", "IPv6:0:0:0:0:0:0:0:1") == table[""]
    assert find_recipient(table, "bob@b.example") == table["b.example"]
    assert find_recipient({"bob@": row("OK")}, "bob@b.example") == row("OK")
    assert list(mailbox_keys("bob", "b")) == ["bob@b", "bob@"]


def test_skip_ends_the_search_by_name_or_address() -> None:
    table = {
        "b.example": row("SKIP"),
        "example": row("OK"),
        "192.0.2": row("skip"),
        "192": row("OK"),
        "[a": row("SKIP"),
    }
    assert find_name(table, "a.b.example") is None
    assert find_address(table, "192.0.2.7") is None
    assert find_name(table, "[a") is None
    assert find_name({"a..b": row("OK")}, "a..b") == row("OK")


def test_a_question_mark_is_no_row() -> None:
    assert read_row("TLS_Srv:x", "?", "place", RULES) is None


@pytest.mark.parametrize(
    ("value", "answer"),
    [("NO", ("NO",)), ("S <a> V", ("S", "<", "a")), ("(comment)", ("mta2", ".", "example"))],
)
def test_what_the_rules_go_on_with(value: str, answer: tuple[str, ...]) -> None:
    assert row(value, "Try_TLS:mta2.example").answer == answer


def test_a_map_that_fails() -> None:
    assert row("TLS_Srv:x<TMPF>").fails and not row("x<TMPF> y").fails


@pytest.mark.parametrize(
    ("value", "demands"),
    [
        ("TEMP+ENCR:128", True),
        ("perm+verify", True),
        ("VERIFY+CN", True),
        ("VERIFY:1+CN:x", True),
        ("ENCR:1", True),
        ("VERIFY+", False),
        ("VERIFY:", False),
        ("VERIFY:0", False),
        ("ENCR", False),
        ("ENCR:128+", False),
        ("ENCR:128,VERIFY", False),
        ("TEMP+PERM+ENCR:128", False),
        ("TEMP+", False),
        ("OK", False),
        ("(comment)", False),
    ],
)
def test_what_the_belt_takes_for_a_demand(value: str, demands: bool) -> None:
    assert row(value).demands is demands


@pytest.mark.parametrize(
    ("key", "spelt"),
    [
        ("TLS_Srv:mta2.example", "MTA2.Example"),
        ("TLS_Srv:example", "Example"),
        ("TLS_Srv:IPv6:2001:DB8", "IPv6:2001:db8"),
        ("TLS_Srv:MTA2", "mta2"),
        ("TLS_Srv:Other", "other"),
    ],
)
def test_a_key_in_the_letters_of_the_session(key: str, spelt: str) -> None:
    assert spell(key, "MTA2.Example", "IPv6:2001:db8:0:0:0:0:0:7") == spelt


def test_a_key_in_brackets_in_the_letters_of_the_session() -> None:
    assert spell("Srv_Features:[ipv6:2001:DB8]", "[IPv6:2001:db8:0:0:0:0:0:7]", "") == "[IPv6:2001:db8]"
