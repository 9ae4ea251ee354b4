# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import maillog
from ansible_collections.mailtls.relay.plugins.module_utils._core.maillog import Delivery, Line, Receipt, TlsSession

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures/maillog"
TAGS = ("sm-mta", "sendmail")


def read(release: str) -> tuple[maillog.Record, ...]:
    text = (FIXTURES / f"sendmail-{release}.json").read_text(encoding="utf-8")
    return maillog.parse_records(maillog.parse_journal(text))


def record(text: str) -> t.Any:
    found = maillog.parse_records([Line(7, 1.5, text)])
    return found[0] if found else None


@pytest.mark.parametrize("release, kinds", [("8.17", (9, 5, 16, 3)), ("8.18", (9, 5, 8, 0))])
def test_every_line_of_interest_is_read(release: str, kinds: tuple[int, ...]) -> None:
    found = read(release)
    classes = (Receipt, TlsSession, Delivery, maillog.Refusal)
    assert tuple(sum(isinstance(item, kind) for item in found) for kind in classes) == kinds


def test_held_message_of_8_17() -> None:
    receipt, refusal, delivery = (
        item for item in maillog.of_message(read("8.17"), queue_id="6ANIUtIe000395")
    )  # fmt: skip
    assert isinstance(receipt, Receipt) and receipt.proto == "ESMTP" and not receipt.under_tls
    assert isinstance(refusal, maillog.Refusal) and isinstance(delivery, Delivery)
    assert (refusal.ruleset, refusal.reject) == ("tls_server", "403 4.7.0 encryption too weak 0 less than 128")
    assert delivery.deferred and not delivery.sent and not delivery.refused
    assert delivery.stat == f"Deferred: {refusal.reject}"
    assert delivery.relay == "mta2.e.example. [10.89.77.3]"


def test_sent_message_of_8_17() -> None:
    session, delivery = maillog.of_message(read("8.17"), queue_id="6ANIRuZi000354")[1:]
    assert isinstance(session, TlsSession) and isinstance(delivery, Delivery)
    assert (session.role, session.version, session.bits, session.verify) == ("client", "TLSv1.3", 256, "OK")
    assert delivery.sent and not delivery.final and delivery.remote_queue_id == "6ANIRufe000241"


def test_arrived_message_of_8_18_is_found_by_its_message_id() -> None:
    text = (FIXTURES / "sendmail-8.18.json").read_text(encoding="utf-8").replace("abcdef0123@", "other@", 1)
    found = maillog.parse_records(maillog.parse_journal(text))
    session, receipt, delivery = maillog.of_message(found, message_id="<mailtls-canary.other@mta1.e.example>")
    assert isinstance(session, TlsSession) and session.role == "server" and session.pid == receipt.pid
    assert isinstance(receipt, Receipt) and receipt.under_tls and receipt.queue_id == "6ANIRtID000237"
    assert isinstance(delivery, Delivery) and delivery.sent and delivery.final and delivery.mailer == "local"


@pytest.mark.parametrize("wanted", [{}, {"message_id": "<x@y>"}, {"queue_id": "6ANIRtID999999"}])
def test_unknown_message_has_no_records(wanted: dict[str, str]) -> None:
    assert maillog.of_message(read("8.18"), **wanted) == ()


SESSION = "STARTTLS=client, relay=a.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256"
SENT = "6ANIRuZi000354: to=<x@y>, mailer=relay, relay=a.example. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)"


@pytest.mark.parametrize(
    "earlier, joined",
    [
        ((7, SESSION), True),
        ((7, SESSION.replace("a.example", "b.example")), False),
        ((7, SESSION.replace("=client", "=server")), False),
        ((8, SESSION), False),
        ((7, "ruleset=tls_server, arg1=NONE, relay=a.example, reject=403 no"), True),
        ((7, "6ANIRuZi000999: ruleset=tls_rcpt, arg1=<x@y>, relay=a.example, reject=403 no"), False),
    ],
)
def test_session_is_joined_by_process_and_host(earlier: tuple[int, str], joined: bool) -> None:
    found = maillog.parse_records([Line(earlier[0], 1.0, earlier[1]), Line(7, 2.0, SENT)])
    assert len(found) == 2
    assert len(maillog.of_message(found, queue_id="6ANIRuZi000354")) == 1 + joined


def test_session_of_an_older_process_is_not_lent_to_clear_text() -> None:
    session = "STARTTLS=server, relay=a [192.0.2.1], version=TLSv1.3, verify=NO, cipher=X, bits=256/256"
    receipt = "6ANIRuZi000354: from=<>, size=1, class=0, nrcpts=1, msgid=<m>, proto={}, daemon=D, relay=a [192.0.2.1]"
    for proto, count in (("ESMTPS", 2), ("ESMTP", 1)):
        found = maillog.parse_records([Line(7, 1.0, session), Line(7, 9.0, receipt.format(proto))])
        assert len(maillog.of_message(found, message_id="<m>")) == count


def test_refusal_with_a_queue_id_belongs_to_its_message() -> None:
    text = "6ANIRuZi000354: ruleset=tls_rcpt, arg1=<x@y>, relay=a.example, reject=403 4.7.0 no"
    assert len(maillog.of_message([record(text)], queue_id="6ANIRuZi000354")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "STARTTLS=client, SSL_shutdown failed: -1",
        "STARTTLS=client, error: connect failed=-1, reason=wrong version number, SSL_error=1, errno=0, retry=-1",
        "STARTTLS=client, cert-subject=/CN=x, cert-issuer=/CN=y, verifymsg=ok",
        "STARTTLS=client, relay=a, version=TLSv1.3, verify=OK, cipher=X, bits=high",
        "starting daemon (8.18.1): SMTP+queueing@00:10:00",
        "6ANIRujf000240: <nobodyhere@mta2.e.example>... User unknown",
        "",
    ],
)
def test_other_lines_are_left_out(text: str) -> None:
    assert record(text) is None


@pytest.mark.parametrize(
    "stat, dsn, sent, refused, deferred",
    [
        ("Sent (ok, stat=Deferred: no)", "2.0.0", True, False, False),
        ("Deferred: 403 x, dsn=2.0.0, stat=Sent (6ANIRufe000241 Message accepted)", "4.7.0", False, False, True),
        ("Service unavailable", "5.0.0", False, True, False),
        ("queued", "", False, False, False),
    ],
)
def test_words_of_the_peer_cannot_forge_a_verdict(
    stat: str, dsn: str, sent: bool, refused: bool, deferred: bool
) -> None:
    found = record(f"6ANIRuZi000354: to=<x@y>, mailer=relay, relay=a., dsn={dsn}, stat={stat}")
    assert (found.stat, found.sent, found.refused, found.deferred) == (stat, sent, refused, deferred)


def test_reply_of_the_peer_cannot_forge_a_verdict() -> None:
    forged = "550 5.1.1 no, stat=Sent (6ANIRufe000241 Message accepted for delivery)"
    found = record(f"6ANIRuZi000354: to=<x@y>, mailer=relay, relay=a., dsn=5.1.1, reply={forged}, stat=User unknown")
    assert found.refused and not found.sent


@pytest.mark.parametrize(
    "stat, remote",
    [
        ("Sent (6ANIRufe000241 Message accepted for delivery)", "6ANIRufe000241"),
        ("Sent (Ok: queued as 4F1B2C3D4E)", "4F1B2C3D4E"),
        ("Sent (2.0.0 Ok: queued as 4F1B2C3D4E)", "4F1B2C3D4E"),
        ("Sent (OK id=1abcde-000001-AB)", ""),
        ("Sent", ""),
        ("Deferred: 403 x", ""),
    ],
)
def test_remote_queue_id(stat: str, remote: str) -> None:
    assert record(f"6ANIRuZi000354: to=<x@y>, mailer=relay, relay=a., dsn=2.0.0, stat={stat}").remote_queue_id == remote


@pytest.mark.parametrize(
    "text, expected",
    [
        ('{"MESSAGE":"x","SYSLOG_PID":"7","__REALTIME_TIMESTAMP":"1500000"}', (Line(7, 1.5, "x"),)),
        ('{"MESSAGE":"x","_PID":"7","__REALTIME_TIMESTAMP":"1500000"}', (Line(7, 1.5, "x"),)),
        ('{"MESSAGE":[228,120],"_PID":"7","__REALTIME_TIMESTAMP":"1500000"}', (Line(7, 1.5, "\ufffdx"),)),
        ('{"MESSAGE":"x","__REALTIME_TIMESTAMP":"1500000"}', ()),
        ('{"MESSAGE":"x","_PID":"7"}', ()),
        ('{"MESSAGE":"x', ()),
        ("[]", ()),
        ("-- No entries --", ()),
        ("", ()),
    ],
)
def test_journal(text: str, expected: tuple[Line, ...]) -> None:
    assert maillog.parse_journal(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Nov 23 18:27:33 mta1 sm-mta[305]: x: y", (Line(305, None, "x: y"),)),
        ("Nov  3 18:27:33 mta1 sendmail[305]: x", (Line(305, None, "x"),)),
        ("2026-11-23T18:27:33.098392+00:00 mta1 sm-mta[305]: x", (Line(305, None, "x"),)),
        ("Nov 23 18:27:33 mta1 postfix/smtp[305]: x", ()),
        ("Nov 23 18:27:33 mta1 sm-mta: x", ()),
        ("junk", ()),
    ],
)
def test_syslog(text: str, expected: tuple[Line, ...]) -> None:
    assert maillog.parse_syslog(text, TAGS) == expected


def test_records_as_plain_data() -> None:
    plain = [maillog.render_record(item) for item in read("8.17")]
    assert {item["kind"] for item in plain} == {"receipt", "delivery", "tls", "refusal"}
    sent = next(item for item in plain if item["kind"] == "delivery" and item["sent"])
    assert sent["remote_queue_id"] == "6ANIRtID000237" and sent["final"] is False and sent["pid"] == 326
