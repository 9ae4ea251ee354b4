# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sendmail was seen to do with a value (tests/fixtures/rhs.txt) judges what the grammar lets through."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import access_grammar
from ansible_collections.mailtls.relay.plugins.module_utils._core.access_grammar import TAGS, explain_requirement

FIXTURE = pathlib.Path(__file__).parents[4] / "fixtures" / "rhs.txt"
ROWS = [line.split("\t") for line in FIXTURE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
UNTRUSTED = {"selfsigned", "evilca", "expired"}
WRONG_NAME = {"wrongcn", "sanonly"}


def test_the_fixture_is_whole() -> None:
    assert len(ROWS) == 50 and {row[1] for row in ROWS} == {"written", "refused"}


@pytest.mark.parametrize(("value", "ours", "seen"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_written_was_seen_to_be_enforced(value: str, ours: str, seen: str) -> None:
    outcome = dict(part.split("=") for part in seen.split())
    written = TAGS["tls_srv"].values.fits(value)
    assert written == (ours == "written")
    if not written:
        return
    assert outcome["notls"] == "held" and "clear" not in seen and "/" not in seen
    if "VERIFY" in value:
        assert {outcome[server] for server in UNTRUSTED} == {"held"}
    if re.search(r"(?i)VERIFY.*\+CN(?!:other)", value):
        assert {outcome[server] for server in WRONG_NAME} == {"held"}
    if re.search(r"(?i)\+CN:other", value):
        assert outcome["good"] == "held"


@pytest.mark.parametrize("value", ["ENCR:128", "VERIFY", "VERIFY:128+CN:x.example++CI:/O=ca"])
@pytest.mark.parametrize("junk", [*' \t\n"#$%()<>\\+', "++", "+CN:", "+CS:x", "+CI:", "+CITag:x", "+FOO", "é"])
def test_junk_at_the_end_is_never_written(value: str, junk: str) -> None:
    assert not TAGS["tls_srv"].values.fits(value + junk)


# sendmail 8.17.1.9 and 8.18.1 compared these literally; the others they quoted, dropped, cut or expanded.
LITERAL = "!&'*,-./:;=?@[]^_`{|}~"


@pytest.mark.parametrize("character", [chr(code) for code in range(32, 127) if not chr(code).isalnum()])
def test_a_name_holds_only_what_sendmail_compares(character: str) -> None:
    assert TAGS["tls_srv"].values.fits(f"VERIFY+CN:ab{character}xy") == (character in LITERAL)


@pytest.mark.parametrize("bits", [1, 9, 10, 40, 99, 100, 128, 199, 200, 249, 250, 256])
def test_bits_that_are_written(bits: int) -> None:
    assert TAGS["tls_srv"].values.fits(f"ENCR:{bits}") and TAGS["tls_srv"].values.fits(f"VERIFY:{bits}")


@pytest.mark.parametrize("bits", ["0", "00", "0128", "257", "260", "300", "1280", "-1", "1.5", "1e2", ""])
def test_bits_that_are_refused(bits: str) -> None:
    assert not TAGS["tls_srv"].values.fits(f"ENCR:{bits}") and not TAGS["tls_srv"].values.fits(f"VERIFY:{bits}")


@pytest.mark.parametrize(
    ("tag", "subject", "value", "told"),
    [
        ("tls_srv", "mta2.example", "OK", "OK lifts the requirement for whatever host DNS calls mta2.example"),
        ("tls_srv", "", "ok", "OK lifts it for all hosts"),
        (
            "tls_clt",
            "11",
            "OK",
            "OK lifts the requirement for every host whose address begins with 11, or for none",
        ),
        ("tls_rcpt", "example", "OK", "TLS_Rcpt has no exceptions: it only adds to what TLS_Srv demands"),
        *(
            (
                "tls_srv",
                "a.example",
                value,
                "sendmail 8.15 ignores CITag, so the issuer would not be checked there; name the issuer with CI:",
            )
            for value in ("VERIFY:128+CITag:MyCA", "VERIFY+CN++CITag:MyCA", "verify+citag : MyCA")
        ),
        *(
            (
                "tls_srv",
                "a.example",
                value,
                "sendmail skips a first extension that is joined by ++; join it by one +",
            )
            for value in ("VERIFY:128++CN:x", "encr:128++cn", "TEMP+ENCR++CN")
        ),
        *(
            ("tls_srv", "a.example", value, "0 bits are no requirement")
            for value in ("TEMP+ENCR:0", "verify : 00", "ENCR:0+CN")
        ),
        *(
            (
                "tls_srv",
                "a.example",
                value,
                "only what sendmail was seen to enforce is written; it takes what it does not know as no requirement",
            )
            for value in ("ENCR:high", "VERIFY:128+CN++CNx:y", "ENCR:0128")
        ),
    ],
)
def test_the_reason_is_told(tag: str, subject: str, value: str, told: str) -> None:
    assert explain_requirement(TAGS[tag], subject, value) == told


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *((text, True) for text in ("10", "10.1", "10.1.2", "10.1.2.3", "0.0.0.0", "255.255.255.255")),
        *((text, False) for text in ("", "10.", "10.1.2.3.4", "256", "010", "10.1.2.0/24", "a", "[10.1.2.3]")),
        *((text, True) for text in ("IPv6:2001:db8", "ipv6:fd00", "IPv6:2001:DB8:0:0:0:0:0:7")),
        *(
            (text, False)
            for text in ("IPv6:", "IPv6:::1", "IPv6:2001:db8::7", "IPv6:0db8", "2001:db8", "IPv6:1:2:3:4:5:6:7:8:9")
        ),
    ],
)
def test_addresses_are_written_as_sendmail_looks_them_up(text: str, fits: bool) -> None:
    assert access_grammar.ADDRESS.fits(text) is fits


def test_a_shape_is_the_whole_of_one_of_its_patterns() -> None:
    shape = access_grammar._shape("a, or two letters", "a", "bc|cb")
    assert shape.words == "a, or two letters"
    fitting = [text for text in ("", "a", "bc", "cb", "aa", "abc", "a|bc", "bccb", "A") if shape.fits(text)]
    assert fitting == ["a", "bc", "cb"]
