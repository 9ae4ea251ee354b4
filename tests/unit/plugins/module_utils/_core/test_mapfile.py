# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mapfile
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.mapfile import MapState

ENTRIES = (Entry("Connect:127", "RELAY"), Entry("From:a@b.example", "550 not you"), Entry("TLS_Srv:", "TEMP+ENCR:128"))
TEXT = f"{mapfile.HEADER}\nConnect:127\tRELAY\nFrom:a@b.example\t550 not you\nTLS_Srv:\tTEMP+ENCR:128\n"
# makemap -u of the text above, Debian 12: keys folded, in the order of the hash.
DUMP = "from:a@b.example\t550 not you\ntls_srv:\tTEMP+ENCR:128\nconnect:127\tRELAY\n"
PATH = "/etc/mail/access"
WISH = MapState(TEXT, mapfile.folded_rows(ENTRIES), "root:root 0600", "smmta:smmsp 0640")


def test_text_and_back() -> None:
    assert mapfile.render_text(ENTRIES) == TEXT
    assert mapfile.parse_text(TEXT) == ENTRIES
    assert mapfile.is_managed(TEXT) and not mapfile.is_managed("# /etc/mail/access\n")


def test_dump_equals_the_folded_rows() -> None:
    assert mapfile.parse_dump(DUMP) == WISH.rows
    assert mapfile.parse_dump("") == {}


def test_a_text_by_hand_is_read_as_makemap_reads_it() -> None:
    text = "# a comment\n\n \t\nConnect:127\t\t\tRELAY\nConnect:169.254 REJECT\n#x\ty\nA@b\t550  two  blanks \n"
    assert mapfile.parse_text(text) == (
        Entry("Connect:127", "RELAY"),
        Entry("Connect:169.254", "REJECT"),
        Entry("A@b", "550  two  blanks "),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# x\n\nkey\n", "line 3: the key 'key' has no value."),
        ("key \n", "line 1: the key 'key' has no value."),
        ("a b\n key value\n", "line 2: the line begins with a blank."),
        ("Key a\nother b\nkEY c\n", "line 3: the key 'kEY' stands on line 1 already."),
    ],
)
def test_a_bad_line_is_told(text: str, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        mapfile.parse_text(text)
    assert str(refused.value).startswith(told)


def test_nothing_to_do() -> None:
    assert mapfile.plan(WISH, WISH, PATH) is None


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        ({"text": "other"}, [f"{PATH} differs"]),
        ({"text": None, "text_access": "None"}, [f"{PATH} is missing"]),
        ({"rows": None, "database_access": "None"}, [f"{PATH}.db is missing or unreadable"]),
        ({"rows": {}}, [f"{PATH}.db differs in connect:127, from:a@b.example, tls_srv:"]),
        ({"rows": {**(WISH.rows or {}), "tls_srv:a": "OK"}}, [f"{PATH}.db differs in tls_srv:a"]),
        ({"rows": {**(WISH.rows or {}), "tls_srv:": "OK"}}, [f"{PATH}.db differs in tls_srv:"]),
        ({"text_access": "root:smmsp 0644"}, [f"{PATH} is root:smmsp 0644, not root:root 0600"]),
        ({"database_access": "root:root 0600"}, [f"{PATH}.db is root:root 0600, not smmta:smmsp 0640"]),
        ({"database_is_newer": False}, [f"{PATH}.db is older than {PATH}, so Debian's make would rebuild it"]),
        ({"has_remnants": True}, [f"files of a run that was cut short lie beside {PATH}"]),
        (
            {"text": "", "has_remnants": True},
            [f"{PATH} differs", f"files of a run that was cut short lie beside {PATH}"],
        ),
    ],
)
def test_every_drift_is_a_reason(found: dict[str, t.Any], reasons: list[str]) -> None:
    change = mapfile.plan(WISH, replace(WISH, **found), PATH)
    assert change is not None and list(change.reasons) == reasons


def test_many_differing_keys_are_cut() -> None:
    change = mapfile.plan(WISH, replace(WISH, rows={**(WISH.rows or {}), **{f"k{n}": "x" for n in range(12)}}), PATH)
    assert change is not None and change.reasons[0].endswith("k8, k9 and 2 more")


def test_the_diff_shows_the_text_and_the_reasons() -> None:
    actual = replace(WISH, text="old\n", has_remnants=True)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None
    first, second = mapfile.render_diff(WISH, actual, change, PATH)
    assert first == {"before_header": PATH, "after_header": PATH, "before": "old\n", "after": TEXT}
    assert second == {"prepared": "".join(f"{reason}\n" for reason in change.reasons)}


def test_the_diff_of_the_database_alone_says_so() -> None:
    actual = replace(WISH, rows=None)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None
    assert mapfile.render_diff(WISH, actual, change, PATH) == [{"prepared": f"{PATH}.db is missing or unreadable\n"}]


def test_the_diff_of_no_text_begins_empty() -> None:
    actual = replace(WISH, text=None)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None and mapfile.render_diff(WISH, actual, change, PATH)[0]["before"] == ""


def test_passwords_of_an_old_text_stay_hidden() -> None:
    old = 'authinfo:a.example\t"U:me" "P:geheim1"\n# AuthInfo: "P:geheim2"\nConnect:1\tOK\n AuthInfo:b "P:geheim3"\n'
    actual = replace(WISH, text=old)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None
    shown = mapfile.render_diff(WISH, actual, change, PATH)[0]["before"]
    assert "geheim" not in shown and shown.count("(hidden)") == 3 and "Connect:1\tOK\n" in shown
