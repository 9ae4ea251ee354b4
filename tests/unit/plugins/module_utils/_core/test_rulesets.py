# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's rule sets and the belt over a map. The scenario judges_as_sendmail_does asks sendmail itself the same."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import rulesets
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry, Placed
from ansible_collections.mailtls.relay.plugins.module_utils._core.judge import Session
from ansible_collections.mailtls.relay.plugins.module_utils._core.rulesets import BELT, NO_RULE, Rules

OLD, NEW = (8, 15, 2), (8, 18, 1)
CLEAR = Session(peer_name="mta2.example", peer_address="192.0.2.9", recipient="bob@example")
GOOD = CLEAR._replace(verify="OK", bits=256, cert_cn="mta2.example", cert_issuer="/O=x/CN=CA", cert_subject="/O=x/CN=a")
MTA2 = "TLS_Srv:mta2.example"
IPV6 = "TLS_Srv:IPv6:2001:db8"
HANDSHAKE = "403 4.7.0 TLS handshake failed."
WRITTEN = CLEAR._replace(peer_name="[192.0.2.9]", next_hop="[255.255.255.255]:[192.0.2.9]")
HERE = CLEAR._replace(peer_name="[127.0.0.1]", peer_address="127.0.0.1")
SILENT = "403 4.7.0 the access map says nothing of TLS"
WEAK = "403 4.7.0 encryption too weak 0 less than 128"
LATER = "451 4.3.0 Temporary system failure. Please try again later."
LOCAL = {"peer_name": "mta2.local"}
FLOOR = ("TLS_Srv:", "TEMP+ENCR:128")


def rules(*rows: tuple[str, str], release: tuple[int, ...] = NEW) -> Rules:
    return Rules([Placed(f"place of {key}", Entry(key, value)) for key, value in rows], release)


@pytest.mark.parametrize(
    ("rows", "session", "answer"),
    [
        ([FLOOR], CLEAR, (WEAK, "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        ([FLOOR], GOOD, ("", "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        ([FLOOR, ("TLS_Srv:192.0", "OK")], WRITTEN, ("", "tls_server", "TLS_Srv:192.0", "place of TLS_Srv:192.0")),
        ([FLOOR, ("TLS_Srv:192", "x<TMPF>")], WRITTEN, ("", "tls_server", "TLS_Srv:192", "place of TLS_Srv:192")),
        # To an excepted address by a name: DNS said so, and the default holds.
        ([FLOOR, ("TLS_Srv:192.0", "OK")], CLEAR, (WEAK, "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        (
            [FLOOR, ("TLS_Srv:192.0", "OK")],
            WRITTEN._replace(next_hop="x"),
            (WEAK, "tls_server", "TLS_Srv:", "place of TLS_Srv:"),
        ),
        ([FLOOR, ("TLS_Srv:192.0", "OK")], GOOD, ("", "tls_server", "TLS_Srv:192.0", "place of TLS_Srv:192.0")),
        (
            [FLOOR, ("TLS_Srv:192.0", "TEMP+ENCR:300")],
            GOOD,
            ("256 less than 300", "tls_server", "TLS_Srv:192.0", "place of TLS_Srv:192.0"),
        ),
        ([FLOOR, ("TLS_Srv:127", "OK")], HERE, ("", "tls_server", "TLS_Srv:127", "place of TLS_Srv:127")),
        ([FLOOR, (MTA2, "OK")], CLEAR, ("", "tls_server", MTA2, f"place of {MTA2}")),
        # The belt.
        ([], CLEAR, (WEAK, "tls_server", "", BELT)),
        ([("TLS_Srv:", "OK")], CLEAR, (WEAK, "tls_server", "", BELT)),
        ([("TLS_Srv:", "(x)")], CLEAR, (WEAK, "tls_server", "", BELT)),
        ([("TLS_Srv:", "(x)")], GOOD, (SILENT, "tls_server", "", BELT)),
        ([("TLS_Srv:", "<TMPF>")], GOOD, (SILENT, "tls_server", "", BELT)),
        ([], GOOD, (SILENT, "tls_server", "", BELT)),
        ([], CLEAR._replace(verify="SOFTWARE"), ("454 4.7.0 TLS handshake failed.", "tls_server", "", NO_RULE)),
        ([FLOOR], GOOD._replace(peer_name="evil.192"), ("the next hop evil.192", "tls_server", "", BELT)),
        ([FLOOR], GOOD._replace(peer_name="IPv6:1"), ("the next hop IPv6:1", "tls_server", "", BELT)),
        ([FLOOR], GOOD._replace(peer_name="a10"), ("", "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        ([FLOOR], GOOD._replace(peer_name="[10.1.2.3]"), ("", "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        # A value that sendmail cannot read: it takes what it asked for in its place, here for a reply code.
        (
            [FLOOR, (IPV6, "(x)")],
            GOOD._replace(peer_address="IPv6:2001:DB8:0:0:0:0:0:7", verify="SOFTWARE", next_hop="x"),
            (HANDSHAKE, "tls_server", "TLS_Srv:", "place of TLS_Srv:"),
        ),
        (
            [FLOOR, (IPV6, "(x)")],
            GOOD._replace(
                peer_name="[IPv6:2001:DB8:0:0:0:0:0:7]",
                peer_address="IPv6:2001:DB8:0:0:0:0:0:7",
                next_hop="[ipv6:2001:db8:0:0:0:0:0:7]",
                verify="SOFTWARE",
            ),
            ("553 5.3.0 IPv6 TLS handshake failed.", "tls_server", IPV6, f"place of {IPV6}"),
        ),
        # A host below .local, and LMTP on this host.
        (
            [FLOOR, ("TLS_Srv:local", "OK")],
            CLEAR._replace(**LOCAL),
            (WEAK, "tls_server", "TLS_Srv:", "place of TLS_Srv:"),
        ),
        ([FLOOR], GOOD._replace(**LOCAL), ("", "tls_server", "TLS_Srv:", "place of TLS_Srv:")),
        ([], CLEAR._replace(verify="SOFTWARE", **LOCAL), ("454 4.7.0 TLS", "tls_server", "", NO_RULE)),
        ([("TLS_Srv:", "(x)")], CLEAR._replace(verify="SOFTWARE", **LOCAL), (WEAK, "tls_server", "", BELT)),
        (
            [("TLS_Srv:", "TEMP+VERIFY+CN"), ("TLS_Srv:local", "OK")],
            GOOD._replace(**LOCAL),
            ("403 4.7.0 CN mta2.example does not match mta2.local", "tls_server", "TLS_Srv:", "place of TLS_Srv:"),
        ),
        (
            [FLOOR, ("TLS_Srv:local", "OK")],
            CLEAR._replace(peer_name="local", peer_address="local"),
            ("", "tls_server", "TLS_Srv:local", "place of TLS_Srv:local"),
        ),
    ],
)
def test_tls_server(rows: list[tuple[str, str]], session: Session, answer: tuple[str, ...]) -> None:
    text, *rest = rulesets.tls_server(rules(*rows), session)
    assert answer[0] in text and bool(text) == bool(answer[0]) and rest == list(answer[1:])


@pytest.mark.parametrize(
    ("name", "rows", "session", "text"),
    [
        ("tls_client", [("TLS_Clt:", "ENCR:128")], CLEAR, "454 4.7.0 encryption too weak 0 less than 128"),
        ("tls_client", [("TLS_Clt:", "<TMPF>")], CLEAR, LATER),
        ("tls_client", [("TLS_Clt:", "(x)")], CLEAR, ""),
        ("tls_client", [], CLEAR, ""),
        ("tls_client", [], CLEAR._replace(peer_name="x.10"), "403 4.7.0 the client x.10 has an address for a name"),
        ("tls_rcpt", [("TLS_Rcpt:example", "TEMP+ENCR:128")], CLEAR, WEAK),
        ("tls_rcpt", [("TLS_Rcpt:example", "x<TMPF>")], CLEAR, LATER),
        ("tls_rcpt", [], GOOD, ""),
        ("tls_rcpt", [], GOOD._replace(verify="DANE_FAIL"), "454 4.7.0 DANE check failed."),
        ("try_tls", [("Try_TLS:192", "NO")], CLEAR, "550 5.7.1 do not try TLS with mta2.example [192.0.2.9]"),
        ("try_tls", [("Try_TLS:", "REJECT")], CLEAR, ""),
        ("try_tls", [("Try_TLS:", "<TMPF>")], CLEAR, LATER),
        ("try_tls", [("Try_TLS:mta2.example", "<:<TMPF>>)SKIP>SKIP")], CLEAR, LATER),
        ("try_tls", [], CLEAR, ""),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "RELAY")], GOOD, "RELAY"),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "RELAY")], GOOD._replace(verify="FAIL"), ""),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "OK")], GOOD, ""),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "SUBJECT")], GOOD, ""),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "SUBJECT"), ("CERTSubject:/O=x/CN=a", "RELAY")], GOOD, "RELAY"),
        ("may_relay", [("CERTIssuer:/O=x/CN=CA", "SUBJECT"), ("CERTSubject:/O=x/CN=a", "SUBJECT")], GOOD, ""),
        ("may_relay", [("CERTIssuer:", "RELAY")], GOOD._replace(cert_issuer=""), ""),
        ("may_relay", [], GOOD, ""),
    ],
)
def test_the_other_rule_sets(name: str, rows: list[tuple[str, str]], session: Session, text: str) -> None:
    assert getattr(rulesets, name)(rules(*rows), session)[0] == text


@pytest.mark.parametrize(
    ("name", "rows", "release", "letters"),
    [
        ("srv_features", [("Srv_Features:", "S V")], OLD, ("S", "V")),
        ("srv_features", [("Srv_Features:", "<TMPF>")], NEW, ("temp",)),
        ("srv_features", [], NEW, ()),
        ("clt_features", [("Clt_Features:mta2.example", "D M")], NEW, ("D", "M")),
        ("clt_features", [("Clt_Features:", "M")], NEW, ("M",)),
        # A value that sendmail cannot read: it goes on with the key, as the database has it.
        ("clt_features", [("Clt_Features:MTA2.Example", "(x)")], NEW, ("mta2", ".", "example")),
        ("srv_features", [("Srv_Features:192.0", "(x)")], NEW, ("192", ".", "0")),
        ("srv_features", [("Srv_Features:", "(x)")], NEW, ()),
        # Asked with the name of the client, which a delivery does not have.
        ("clt_features", [("Clt_Features:mta2.example", "D M")], (8, 17, 1, 9), ()),
    ],
)
def test_features(name: str, rows: list[tuple[str, str]], release: tuple[int, ...], letters: tuple[str, ...]) -> None:
    assert getattr(rulesets, name)(rules(*rows, release=release), CLEAR) == letters


def test_dane_is_refused_by_recipient_in_the_newest_release_only() -> None:
    session = GOOD._replace(verify="DANE_FAIL")
    assert rulesets.tls_rcpt(rules(release=(8, 17, 1, 9)), session)[0] == ""
    assert rulesets.tls_rcpt(rules(("TLS_Rcpt:example", "OK")), session)[0] == ""


def test_a_row_of_nothing_and_rows_of_other_tags() -> None:
    known: t.Any = rules(("TLS_Srv:x", "?"), ("Connect:10", "RELAY"), ("tag:/O=x/CN=CA", "OK"))
    assert not known.tables["tls_srv"] and known.tagged("TAG:/O=x/CN=CA") == ("OK",) and known.tagged("x:y") is None


@pytest.mark.parametrize(
    ("rows", "release", "settings"),
    [
        ([("mta2.example", "a"), ("192.0.2.9", "b")], NEW, ("a",)),
        ([("example", "a"), ("192.0.2.9", "b")], NEW, ("a",)),
        ([("mta3.example", "a"), ("192.0", "b")], NEW, ("b",)),
        ([("mta2.example", "SKIP"), ("example", "a"), ("192.0.2", "b")], NEW, ("b",)),
        # Nobody asks for the empty key.
        ([("", "a")], NEW, ()),
        ([("mta2.example", "(x)")], NEW, ("mta2", ".", "example")),
        ([("mta2.example", "<TMPF>")], NEW, ("<", "TMPF")),
        # 8.15 asks for none at all.
        ([("mta2.example", "a")], (8, 15, 2), ()),
        ([("mta2.example", "a")], (8, 16), ("a",)),
    ],
)
def test_settings_of_tls_with_a_server(
    rows: list[tuple[str, str]], release: tuple[int, ...], settings: tuple[str, ...]
) -> None:
    tagged = [(f"TLS_Clt_Features:{subject}", value) for subject, value in rows]
    assert rulesets.clt_session(rules(*tagged, release=release), CLEAR) == settings
