# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import imported
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

# As Debian 12 has it, without its comments.
STOCK = """Connect:127				RELAY
GreetPause:127			0
ClientRate:127			0
ClientConn:127			0
Connect:IPv6:::1		RELAY
GreetPause:IPv6:::1		0
ClientRate:IPv6:::1		0
ClientConn:IPv6:::1		0
GreetPause:				5000
ClientRate:				10
ClientConn:				10
Spam:postmaster@	FRIEND
Spam:abuse@		FRIEND
Spam:spam@		FRIEND
reject@			REJECT
Connect:169.254 REJECT
Connect:192.0.2 REJECT
Connect:224		REJECT
Connect:255		REJECT
"""


def test_the_package_wrote_nothing_foreign() -> None:
    assert len(imported.parse_rows(STOCK)) == len(imported.STOCK) == 19
    assert imported.foreign_rows(STOCK) == ()


def test_rows_are_read_as_makemap_reads_them() -> None:
    # Seen with makemap 8.17: blanks before a key, keys without a value and second rows are skipped.
    text = (
        'From:a.example\tREJECT  \nTo:b.example\tERROR:"550 x"\r\n\tblank RELAY\nnovalue\nFROM:a.example\tOK\n#c d\n\n'
    )
    assert imported.parse_rows(text) == (Entry("From:a.example", "REJECT"), Entry("To:b.example", 'ERROR:"550 x"'))


FLOOR = Entry("TLS_Srv:", "TEMP+ENCR:128")


def test_a_variable_wins_over_an_imported_row_and_that_over_the_package() -> None:
    ours = (Entry("GreetPause:", "5000"), Entry("Connect:10.1", "RELAY"), Entry("Connect:10.2", "RELAY"), FLOOR)
    text = STOCK.replace("5000", "100") + "connect:10.1 REJECT\nConnect:10.2 RELAY\nFrom:x@ REJECT\nTLS_Srv: OK\n"
    merged = imported.merge(ours, text, "/x")
    assert merged.entries == (*ours[1:], Entry("GreetPause:", "100"), Entry("From:x@", "REJECT"))
    assert merged.imported == ("GreetPause:", "From:x@")
    assert merged.overruled == ("connect:10.1", "TLS_Srv:")


def test_a_map_of_lines_is_merged_likewise() -> None:
    rows = b"GreetPause:\t5000\nConnect:10.1\tRELAY\nTLS_Srv:\tTEMP+ENCR:128\n"
    merged = imported.merge_rows(rows, "GreetPause: 100\nconnect:10.1 REJECT\nFrom:x@ REJECT\n", "/x")
    kept = b"Connect:10.1\tRELAY\nTLS_Srv:\tTEMP+ENCR:128\n"
    assert merged == imported.Rows(
        kept + b"GreetPause:\t100\nFrom:x@\tREJECT\n", ("GreetPause:", "From:x@"), ("connect:10.1",)
    )


@pytest.mark.parametrize(
    "row",
    [
        "TLS_Srv:old.example OK",
        "TLS_Clt: VERIFY:",
        "TLS_Rcpt:x@y.example OK",
        "tls_srv:a.example ENCR=128",
        "Try_TLS:a.example maybe",
        "Srv_Features: Q Q1",
        "CERTISSUER:x RELAY",
    ],
)
def test_a_row_about_tls_that_means_nothing_is_refused_by_name(row: str) -> None:
    with pytest.raises(MailtlsError, match="is refused") as caught:
        imported.merge((FLOOR,), f"{row}\n", "/etc/mail/access")
    assert row in str(caught.value) and "sendmail_access_entries" in caught.value.remedy
    assert caught.value.where == "/etc/mail/access"


def test_a_row_of_other_characters_is_refused() -> None:
    with pytest.raises(MailtlsError, match="other characters than ASCII"):
        imported.merge((FLOOR,), "From:m\udcfcller@ REJECT\n", "/x")


@pytest.mark.parametrize(
    "row", ["TLS_Srv:192.0.2.7 OK", "TLS_Srv:a.example VERIFY", "QGRP:a slow", "cyberspammer.com 550 We don't"]
)
def test_all_others_are_imported_as_they_are(row: str) -> None:
    assert [imported.render_row(one) for one in imported.merge((FLOOR,), row, "/x").entries[1:]] == [row]


def test_a_password_is_never_shown() -> None:
    (row,) = imported.merge((), 'AuthInfo:hub.example "U:me" "P:secret"\n', "/x").entries
    assert row.value == '"U:me" "P:secret"' and imported.render_row(row) == "AuthInfo:hub.example (hidden)"
