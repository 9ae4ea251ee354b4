# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.dn import quote, quote_cn, show_cn, show_subject
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

# Each pair was seen on sendmail 8.15.2, 8.17.1.9 and 8.18.1: a certificate of this name met the pin.
SEEN = [
    ("/O=Example/CN=Example CA", "/O=Example/CN=Example+20CA"),
    ("/O=x!&'*,-.:;=?@[]^_`{|}~y", "/O=x!&'*,-.:;=?@[]^_`{|}~y"),
    ('/O=A (b) <c> "d" \\e', "/O=A+20+28b+29+20+3Cc+3E+20+22d+22+20+5Ce"),
    ("/O=a  b/CN=tilde~ ", "/O=a+20+20b/CN=tilde~+20"),
    ("/O=Größe", "/O=Gr+5CxC3+5CxB6+5CxC3+5Cx9Fe"),
    ("/O=Gr\\xC3\\xB6\\xC3\\x9Fe", "/O=Gr+5CxC3+5CxB6+5CxC3+5Cx9Fe"),
    ("/O=A/B + C", "/O=A/B+20+2B+20C"),
]


@pytest.mark.parametrize(("plain", "quoted"), SEEN)
def test_names_are_quoted_as_sendmail_does(plain: str, quoted: str) -> None:
    assert quote(plain, "here") == quoted


@pytest.mark.parametrize(
    ("plain", "quoted"), [("mta2.example", "mta2.example"), ("Mail Service", "Mail+20Service"), ("mailü", "mail+C3+BC")]
)
def test_a_cn_alone_is_not_written_by_openssl(plain: str, quoted: str) -> None:
    assert quote_cn(plain, "here") == quoted


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ("/O=Example+20CA", "is quoted already"),
        ("/O=Example+28CA+29", "is quoted already"),
        *((f"/O=a{character}b", "which sendmail cannot compare") for character in "#$%\n\x00\x7f"),
        ("/O=" + "a" * 253, "is too long"),
        ("/O=" + "ü" * 32, "is too long"),
        ("/O=\ud800", "is not text"),
    ],
)
def test_what_sendmail_cannot_compare_is_refused(plain: str, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        quote(plain, "here")
    assert str(refused.value).startswith("here: ") and told in str(refused.value)


def test_a_name_of_full_length_is_taken() -> None:
    assert quote("/O=" + "a" * 252, "") and quote("/O=" + "ü" * 31, "")


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([["O", "Example"], ["CN", "Example CA"]], "/O=Example/CN=Example+20CA"),
        ([["O", "Größe"]], "/O=Gr+5CxC3+5CxB6+5CxC3+5Cx9Fe"),
        # Unlike in a pin, anything may stand in a peer's certificate.
        ([["O", "a#b$c%d"], ["CN", "x\ny\x1b"]], "/O=a#b$c%d/CN=x+5Cx0Ay+5Cx1B"),
        ([["1.2.3", "Example+20CA"]], "/1.2.3=Example+2B20CA"),
        ([["O", "x" * 300], ["CN", "y"]], ""),
        ([["O", "x"], ["OU", "y" * 300], ["CN", "z"]], "/O=x"),
        ([], ""),
    ],
)
def test_the_name_of_a_peer(parts: t.Any, shown: str) -> None:
    assert show_subject(parts) == shown


@pytest.mark.parametrize(("plain", "quoted"), [one for one in SEEN if "\\x" not in one[0]])
def test_a_pin_meets_the_name_that_it_was_made_for(plain: str, quoted: str) -> None:
    assert show_subject([["O", plain.removeprefix("/O=")]]) == quoted


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([["O", "x"], ["CN", "mta2.example"]], "mta2.example"),
        ([["CN", "Mail Service"]], "Mail+20Service"),
        ([["CN", "mailü\n"]], "mail+C3+BC+0A"),
        ([["CN", "first"], ["CN", "second"]], "first"),
        ([["O", "x"]], "BadCertificateUnknown"),
        ([], "BadCertificateUnknown"),
        ([["CN", "x" * 254]], "x" * 254),
        ([["CN", "x" * 255]], "BadCertificateTooLong"),
        ([["CN", "mta2.example\0.evil.example"]], "BadCertificateContainsNUL"),
    ],
)
def test_the_cn_of_a_peer(parts: t.Any, shown: str) -> None:
    assert show_cn(parts) == shown


@pytest.mark.parametrize("code", range(1, 128))
def test_every_character_is_written_alike_alone_and_among_others(code: int) -> None:
    alone, among = show_cn([["CN", chr(code)]]), show_cn([["CN", f"{chr(code)} "]])
    assert among == f"{alone}+20" and (alone == chr(code)) == (chr(code).isprintable() and chr(code) not in ' +\\()<>"')
