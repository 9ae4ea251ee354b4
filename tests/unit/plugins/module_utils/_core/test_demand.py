# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of TLS_Srv, TLS_Clt and TLS_Rcpt: what they demand, and what sendmail says to a session."""

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.demand import (
    Extension,
    dialect,
    judge_requirement,
    parse_requirement,
    reply,
    spoken,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.judge import Session
from ansible_collections.mailtls.relay.plugins.module_utils._core.tokens import scan

OLD, MIDDLE, NEW = (8, 15, 2), (8, 17, 1, 9), (8, 18, 1)
GOOD = Session(
    peer_name="mta2.example",
    verify="OK",
    bits=256,
    cert_cn="mta2.example",
    cert_subject="/O=Example/CN=mta2.example",
    cert_issuer="/O=Example/CN=Example+20CA",
)
TAGGED = {"tag:/O=Example/CN=Example+20CA": ("OK",), "odd:/O=Example/CN=Example+20CA": ("RELAY",)}


def judged(value: str, session: Session, release: tuple[int, ...] = NEW) -> str:
    rules = dialect(release)
    return judge_requirement(parse_requirement(scan(value), rules), session, rules, TAGGED.get)


@pytest.mark.parametrize(
    ("value", "force", "least", "extensions"),
    [
        ("ENCR:128", "encr", 128, ()),
        ("TEMP+verify:0x80", "verify", 128, ()),
        ("VERIFY", "verify", 0, ()),
        ("VERIFY+CN", "verify", 0, (Extension("cn"),)),
        ("VERIFY:128+CN:A.b++CI:/O=x", "verify", 128, (Extension("cn", "a.b", "A.b"), Extension("ci", "/o=x", "/O=x"))),
        ("ENCR:128+CN:", "encr", 128, (Extension("cn", "", ""),)),
        ("ENCR:128+CN:++CI:y", "encr", 128, (Extension("cn", "", "><CI:y"), Extension("ci", "y", "y"))),
        ("ENCR:128+CITag:x", "encr", 128, (Extension("citag", "x"),)),
        ("ENCR:128+FOO:x", "encr", 128, (Extension(""),)),
        # With a ++ in front or at the end sendmail checks none of them; between two more ++ stands an empty one.
        ("VERIFY:128++CN:x", "verify", 128, (Extension(""),)),
        ("VERIFY:128+CN:x++", "verify", 128, ()),
        ("VERIFY:128++", "verify", 128, ()),
        ("VERIFY:128+a++++b", "verify", 128, (Extension(""), Extension(""), Extension(""))),
        # What follows a closing bracket is not read.
        ("<a>ENCR:128", "", 0, ()),
        ("ENCR", "", 0, ()),
        ("ENCR+CN", "", 0, ()),
        ("VERIFY+", "", 0, ()),
        ("ENCR:128+", "", 0, ()),
        ("ENCR:128,VERIFY", "", 0, ()),
        ("TEMP+PERM+ENCR:128", "", 0, ()),
        ("PERM", "", 0, ()),
        ("", "", 0, ()),
    ],
)
def test_parse(value: str, force: str, least: int, extensions: tuple[Extension, ...]) -> None:
    wanted = parse_requirement(scan(value), dialect(NEW))
    assert (wanted.force, wanted.least, wanted.extensions) == (force, least, extensions)


@pytest.mark.parametrize(
    ("value", "changed", "text"),
    [
        ("VERIFY:128+CN", {}, ""),
        ("VERIFY", {"bits": 0}, ""),
        ("VERIFY+CN", {"bits": 0}, ""),
        ("VERIFY:128+CN", {"peer_name": "mta3.example"}, "454 4.7.0 CN mta2.example does not match mta3.example"),
        ("VERIFY+cn:MTA2.example++CS:/x", {}, "454 4.7.0 Cert Subject /O=Example/CN=mta2.example does not match /x"),
        ("VERIFY+CI:/x", {}, "454 4.7.0 Cert Issuer /O=Example/CN=Example+20CA does not match /x"),
        ("VERIFY+CN:", {}, ""),
        ('VERIFY+CN:"', {}, "454 4.7.0 CN mta2.example does not match"),
        ("VERIFY+CITag:tag++CN:x", {}, "454 4.7.0 CN mta2.example does not match x"),
        ("VERIFY+CITag:odd++CN:x", {}, ""),
        ("VERIFY+CITag:none", {}, "454 4.7.0 Cert Issuer /O=Example/CN=Example+20CA not acceptable"),
        ("VERIFY+FOO++CN:x", {}, ""),
        ("TEMP+ENCR:256", {"bits": 128}, "403 4.7.0 encryption too weak 128 less than 256"),
        ("ENCR:256", {"bits": 0, "auth_ssf": 256}, ""),
        ("PERM+VERIFY:1", {"verify": "FAIL"}, "503 5.7.0 authentication failed"),
        ("VERIFY+CN:x", {"verify": "TEMP"}, "454 4.7.0 authentication failure CN:x"),
        ("VERIFY", {"verify": "TEMP"}, "454 4.7.0 authentication failure"),
        ("VERIFY", {"verify": ""}, "454 4.7.0 authentication required"),
        ("TEMP+ENCR:1", {"verify": "SOFTWARE"}, "403 4.7.0 TLS handshake failed."),
        ("OK", {"verify": "SOFTWARE"}, "454 4.7.0 TLS handshake failed."),
        ("OK", {"bits": 0}, ""),
        # A colon in a value that means nothing is taken for a reply code and a status.
        ("ENC:128", {"verify": "SOFTWARE"}, "553 5.3.0 ENC TLS handshake failed."),
        ("550:5.7.1", {"verify": "SOFTWARE"}, "550 5.7.1 TLS handshake failed."),
        ("550:x", {"verify": "SOFTWARE"}, "550 TLS handshake failed."),
    ],
)
def test_judge(value: str, changed: dict[str, object], text: str) -> None:
    assert judged(value, GOOD._replace(**changed)) == text


@pytest.mark.parametrize(
    ("value", "verify", "texts"),
    [
        ("ENCR:512", "OK", [f"{code} 4.7.0 encryption too weak 256 less than 512" for code in (403, 454, 454)]),
        ("VERIFY", "TRUSTED", ["403 4.7.0 authentication failure", "", ""]),
        ("VERIFY", "CLEAR", ["403 4.7.0 authentication failure", *["454 4.7.0 STARTTLS disabled locally"] * 2]),
        ("OK", "CONFIG", ["", *["454 4.7.0 STARTTLS temporarily not possible."] * 2]),
        ("OK", "DANE_FAIL", ["", "454 4.7.0 DANE check failed.", ""]),
        ("VERIFY+CITag:none", "OK", ["", *["454 4.7.0 Cert Issuer /O=Example/CN=Example+20CA not acceptable"] * 2]),
    ],
)
def test_the_releases_differ(value: str, verify: str, texts: list[str]) -> None:
    assert [judged(value, GOOD._replace(verify=verify), release) for release in (OLD, MIDDLE, NEW)] == texts


def test_odd_text_is_said_as_sendmail_says_it() -> None:
    assert spoken("a (b) c") == "a c"
    assert reply("403", "4.7.0", "x") == "403 4.7.0 x"
