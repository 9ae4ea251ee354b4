# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mapfile
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry
from ansible_collections.mailtls.relay.plugins.module_utils._core.mapfile import MapState

ENTRIES = (Entry("Connect:127", "RELAY"), Entry("From:a@b.example", "550 not you"), Entry("TLS_Srv:", "TEMP+ENCR:128"))
ROWS = b"Connect:127\tRELAY\nFrom:a@b.example\t550 not you\nTLS_Srv:\tTEMP+ENCR:128\n"
TEXT = mapfile.HEADER.encode() + b"\n" + ROWS
# makemap -u of the text above, Debian 12: keys folded, in the order of the hash.
DUMP = b"from:a@b.example\t550 not you\ntls_srv:\tTEMP+ENCR:128\nconnect:127\tRELAY\n"
PATH = "/etc/mail/access"
WISH = MapState(TEXT, ROWS, "root:root 0600", "smmta:smmsp 0640")


def test_text_and_rows() -> None:
    assert mapfile.render_rows(ENTRIES) == ROWS and mapfile.render_text(ROWS) == TEXT
    assert mapfile.is_managed(TEXT.decode()) and not mapfile.is_managed("# /etc/mail/access\n")


def test_a_dump_has_the_rows_in_another_order_and_folded() -> None:
    assert mapfile.plan(WISH, replace(WISH, rows=DUMP), PATH) is None


def test_nothing_to_do() -> None:
    assert mapfile.plan(WISH, WISH, PATH) is None


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        ({"text": b"other"}, [f"{PATH} differs"]),
        ({"text": None, "text_access": "None"}, [f"{PATH} is missing"]),
        ({"rows": None, "database_access": "None"}, [f"{PATH}.db is missing or unreadable"]),
        ({"rows": b""}, [f"{PATH}.db differs in connect:127, from:a@b.example, tls_srv:"]),
        ({"rows": DUMP + b"tls_srv:a\tOK\n"}, [f"{PATH}.db differs in tls_srv:a"]),
        ({"rows": DUMP.replace(b"TEMP+ENCR:128", b"OK")}, [f"{PATH}.db differs in tls_srv:"]),
        ({"text_access": "root:smmsp 0644"}, [f"{PATH} is root:smmsp 0644, not root:root 0600"]),
        ({"database_access": "root:root 0600"}, [f"{PATH}.db is root:root 0600, not smmta:smmsp 0640"]),
        ({"database_is_newer": False}, [f"{PATH}.db is older than {PATH}, so Debian's make would rebuild it"]),
        ({"has_remnants": True}, [f"files of a run that was cut short lie beside {PATH}"]),
        (
            {"text": b"", "has_remnants": True},
            [f"{PATH} differs", f"files of a run that was cut short lie beside {PATH}"],
        ),
    ],
)
def test_every_drift_is_a_reason(found: dict[str, t.Any], reasons: list[str]) -> None:
    change = mapfile.plan(WISH, replace(WISH, **found), PATH)
    assert change is not None and list(change.reasons) == reasons


def test_many_differing_keys_are_cut() -> None:
    change = mapfile.plan(WISH, replace(WISH, rows=DUMP + b"".join(b"k%d\tx\n" % n for n in range(12))), PATH)
    assert change is not None and change.reasons[0].endswith("k8, k9 and 2 more")
    change = mapfile.plan(WISH, replace(WISH, rows=DUMP + b"".join(b"k%d\tx\n" % n for n in range(10))), PATH)
    assert change is not None and change.reasons == (f"{PATH}.db differs in {', '.join(f'k{n}' for n in range(10))}",)


def test_the_diff_shows_the_text_and_the_reasons() -> None:
    actual = replace(WISH, text=b"old\n", has_remnants=True)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None
    first, second = mapfile.render_diff(WISH, actual, change, PATH)
    assert first == {"before_header": PATH, "after_header": PATH, "before": "old\n", "after": TEXT.decode()}
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
    old = b'authinfo:a.example\t"U:me" "P:geheim1"\n# AuthInfo: "P:geheim2"\nConnect:1\tOK\n AuthInfo:b "P:geheim3"\n'
    actual = replace(WISH, text=old)
    change = mapfile.plan(WISH, actual, PATH)
    assert change is not None
    shown = mapfile.render_diff(WISH, actual, change, PATH)[0]["before"]
    assert "geheim" not in shown and shown.count("(hidden)") == 3 and "Connect:1\tOK\n" in shown


def test_of_a_large_text_the_diff_shows_the_first_keys_and_no_value() -> None:
    many = b"".join(b"From:user%d@a.example\tREJECT\n" % number for number in range(20000))
    wish = replace(WISH, text=mapfile.render_text(many), rows=many)
    actual = replace(
        WISH, text=b'# old\nAuthInfo:h "P:geheim"\n' + many.replace(b"user7@", b"User8@").replace(b"\t", b" ")
    )
    change = mapfile.plan(wish, actual, PATH)
    assert change is not None and change.reasons == (f"{PATH} differs", f"{PATH}.db differs")
    shown = mapfile.render_diff(wish, actual, change, PATH)
    assert shown[0] == {"prepared": f"{PATH} differs in from:user7@a.example, authinfo:h\n"} and len(shown) == 2


def test_of_a_large_database_alone_the_keys_are_named() -> None:
    many = b"".join(b"From:user%d@a.example\tREJECT\n" % number for number in range(20000))
    wish = replace(WISH, text=mapfile.render_text(many), rows=many)
    change = mapfile.plan(wish, replace(wish, rows=many.replace(b"user7@", b"Other@")), PATH)
    assert change is not None and change.reasons == (
        f"{PATH}.db differs in from:user7@a.example, from:other@a.example",
    )


def test_the_diff_of_a_foreign_text_shows_what_can_be_read() -> None:
    actual = replace(WISH, text=b"a\xff\n")
    assert mapfile.render_diff(WISH, actual, mapfile.Change(()), PATH)[0]["before"] == "a\ufffd\n"
    gone = mapfile.render_diff(replace(WISH, text=None), actual, mapfile.Change(()), PATH)
    assert gone[0]["after"] == "" and gone[1] == {"prepared": ""}


def test_a_comment_in_a_large_foreign_text_is_no_key() -> None:
    many = b"".join(b"From:user%d@a.example\tREJECT\n" % number for number in range(20000))
    wish, actual = replace(WISH, text=many), replace(WISH, text=b"# note\tof old\nConnect:1\tOK\n" + many)
    shown = mapfile.render_diff(wish, actual, mapfile.Change(()), PATH)
    assert shown[0] == {"prepared": f"{PATH} differs in connect:1\n"}
