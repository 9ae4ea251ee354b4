# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mc
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


@pytest.mark.parametrize(
    "value",
    [
        "mta2.example.test",
        "[mta2.example.test]",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "a.example.test:b.example.test",
        "esmtp:mta2.example.test",
        "/etc/mail/certs/host.crt",
        "/srv/diverted/under_score/host.key",
        "",
    ],
)
def test_what_m4_copies_is_returned(value: str) -> None:
    assert mc.refuse_unsafe(value, "x") == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a`b", "a backtick"),
        ("a'b", "an apostrophe"),
        ("a\nb", "a line break"),
        ("a\rb", "a line break"),
        ("a.dnl.b", "the word dnl"),
        ("mta2dnl", "the word dnl"),
        ("syscmd(id)", "a parenthesis"),
        ("a,b", "a comma"),
        ("a#b", "a hash sign"),
        ("$1", "a dollar sign"),
        ('"a"', "a double quote"),
        ("a\\b", "a backslash"),
        ("a b", "a blank"),
        ("a\tb", "a blank"),
        ("m\u00fcller", "a character outside ASCII"),
        ("/etc/divert/x", "the word divert"),
        ("undivert", "the word undivert"),
        ("__file__", "the word __file__"),
        ("SMART_HOST", "the word SMART_HOST"),
    ],
)
def test_what_m4_acts_on_is_refused_with_its_place(value: str, found: str) -> None:
    with pytest.raises(MailtlsError, match=found) as caught:
        mc.refuse_unsafe(value, "sendmail_smart_host")
    assert caught.value.where == "sendmail_smart_host"


@pytest.mark.parametrize(("text", "managed"), [(f"# {mc.MARK}\n", True), ("divert(0)dnl\n", False)])
def test_the_mark_tells_whose_it_is(text: str, managed: bool) -> None:
    assert mc.is_managed(text) is managed


@pytest.mark.parametrize(("text", "content"), [("a", "a\n"), ("a\n", "a\n"), ("a\n\n", "a\n\n")])
def test_content_ends_with_a_line_break(text: str, content: str) -> None:
    assert mc.parse_content(text) == content


@pytest.mark.parametrize("text", ["", " \n", "a\0b"])
def test_content_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(MailtlsError):
        mc.parse_content(text)
