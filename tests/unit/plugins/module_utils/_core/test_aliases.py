# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import aliases
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

MARK = aliases.MARK


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("# a: b\n\n", {}),
        ("Root: ops@example.test\n", {"root": "ops@example.test"}),
        ("a:\n  b,\n\tc\n", {"a": "b, c"}),
        ('"odd: name" : x\n', {"odd: name": "x"}),
        ("  lost\na: b", {"a": "b"}),
        ("list: :include:/etc/list", {"list": ":include:/etc/list"}),
    ],
)
def test_aliases_are_read(text: str, found: dict[str, str]) -> None:
    assert aliases.parse_aliases(text) == found


OURS = f"{MARK}\npostmaster: root\n{MARK}\nmailer-daemon: postmaster\n"
ROOT = f"{MARK}\nroot: ops@example.test\n"


@pytest.mark.parametrize(
    ("text", "root_alias", "mailboxes", "wished"),
    [
        ("", "", (), OURS),
        (OURS, "", (), OURS),
        ("a: b", "", (), f"a: b\n{OURS}"),
        ("Postmaster: ops\nMAILER-DAEMON: ops\n", "", (), "Postmaster: ops\nMAILER-DAEMON: ops\n"),
        ("", "", ("root", "postmaster"), f"{MARK}\nmailer-daemon: postmaster\n"),
        ("", "ops@example.test", ("root",), OURS + ROOT),
        (OURS + ROOT, "ops@example.test", (), OURS + ROOT),
        (OURS + ROOT, "", (), OURS),
        (OURS + ROOT, "bob, eve@example.test", (), f"{OURS}{MARK}\nroot: bob, eve@example.test\n"),
        (f"{OURS}root: bob\n", "bob", (), f"root: bob\n{OURS}"),
        (f"{MARK}\nroot: bob", "", ("postmaster",), f"{MARK}\nmailer-daemon: postmaster\n"),
    ],
)
def test_names_without_a_reader_get_one(text: str, root_alias: str, mailboxes: tuple[str, ...], wished: str) -> None:
    assert aliases.render_aliases(text, root_alias, mailboxes) == wished
    assert aliases.render_aliases(wished, root_alias, mailboxes) == wished


def test_a_line_of_somebody_else_is_never_changed() -> None:
    with pytest.raises(MailtlsError, match="root's mail goes to 'bob' there, and sendmail_root_alias says 'ops'"):
        aliases.render_aliases("root: bob\n", "ops")


@pytest.mark.parametrize(
    "value", ["root", "a, Root", "postmaster", "|/bin/sh", "/dev/null", "a\nb: c", ":include:/x", "a b", ","]
)
def test_what_cannot_read_mail_is_refused(value: str) -> None:
    with pytest.raises(MailtlsError, match="cannot be root's reader"):
        aliases.render_aliases("", value)


def test_a_database_that_lacks_a_name() -> None:
    assert aliases.find_missing("@\t@\npostmaster\troot\n", OURS) == ["mailer-daemon"]
    assert aliases.find_missing("@\t@\npostmaster\troot\nmailer-daemon\tpostmaster\n", OURS) == []
