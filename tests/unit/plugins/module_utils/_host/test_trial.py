# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pki
import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Limits, Sighting, Wishes
from ansible_collections.mailtls.relay.plugins.module_utils._host import trial
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import probe_all
from scripted import ANSWER, GOODBYE, GREETING, LINE, SECURED, TO_TLS, Server, Step

LIMITS = Limits(connect=5.0, reply=5.0, target=20.0, attempts=1)
LEAF = scripted.certificate("leaf")
GOOD = scripted.tls(LEAF)
ASKS = scripted.tls(LEAF, clients=scripted.authority())
ASKS_12 = scripted.tls(LEAF, clients=scripted.authority(), versions=("TLSv1_2", "TLSv1_2"))


@pytest.fixture(name="wishes")
def wishes_of_all(tmp_path: pathlib.Path) -> Wishes:
    def pair(owner: str, issuer: str) -> tuple[str, str]:
        certificate = scripted.certificate(owner, issuer)
        return (
            scripted.write(tmp_path, f"{owner}.pem", certificate),
            scripted.write(tmp_path, f"{owner}.key", pki.key_pem(owner)),
        )

    own, wrong = pair("own", "ca"), pair("wrong", "other")
    return Wishes(
        ca_file=scripted.write(tmp_path, "ca.pem", scripted.authority()),
        client_certificate=own[0],
        client_key=own[1],
        wrong_certificate=wrong[0],
        wrong_key=wrong[1],
    )


def look(wishes: Wishes, *scripts: t.Sequence[Step], **aim: t.Any) -> tuple[Sighting, list[bytes]]:
    server = Server(*scripts)
    target = Aim(server.address, server.port, **aim)
    seen, _certificates = probe_all([target], wishes, LIMITS)
    heard = server.end()
    assert seen[target].connections == len(server.clients) == len(scripts)
    return seen[target], heard


OPEN: list[Step] = [GREETING, LINE, ANSWER]
TRY: list[Step] = [LINE, b"250 ok\r\n", LINE, b"250 ok\r\n", LINE, GOODBYE]


def refuse(text: bytes) -> list[Step]:
    return [LINE, text, LINE, GOODBYE]


def at_rcpt(text: bytes) -> list[Step]:
    return [LINE, b"250 ok\r\n", LINE, text, LINE, GOODBYE]


def in_tls(steps: list[Step], context: t.Any = ASKS) -> list[Step]:
    return [*TO_TLS, context, LINE, SECURED, *steps]


@pytest.mark.parametrize(
    "steps, verdict, reply",
    [
        (TRY, "accepted", "250 ok"),
        (refuse(b"530 5.7.0 Must issue a STARTTLS command first\r\n"), "refused", "530 5.7.0 Must issue"),
        (refuse(b"550 Administrative prohibition\r\n"), "inconclusive", "550 Administrative"),
        (refuse(b"451-4.7.1 Greylisted\r\n451 4.7.1 come back\r\n"), "inconclusive", "451-4.7.1 Greylisted\n451 4.7.1"),
        (at_rcpt(b"454 4.7.0 encryption too weak 0 less than 128\r\n"), "refused", "454 4.7.0 encryption"),
        (at_rcpt(b"550 5.1.1 unknown user\r\n"), "inconclusive", "550 5.1.1 unknown user"),
        # Who hangs up after it has said no has said it all the same.
        (at_rcpt(b"530 5.7.0 Must issue a STARTTLS command first\r\n")[:-2], "refused", "530 5.7.0 Must issue"),
        ([LINE, b"421 busy\r\n"], "inconclusive", "the peer answered MAIL with 421 busy"),
        ([LINE], "inconclusive", "the peer closed the connection"),
    ],
)
def test_mail_in_clear(wishes: Wishes, steps: list[Step], verdict: str, reply: str) -> None:
    wishes = Wishes(ca_file=wishes.ca_file, refusal=True)
    found, heard = look(wishes, scripted.good(GOOD), [*OPEN, *steps], in_tls(TRY, GOOD))
    assert found.outcome == "ok" and list(found.refusal) == ["clear", "no_certificate"]
    assert found.refusal["clear"]["verdict"] == verdict and found.refusal["clear"]["reply"].startswith(reply)
    assert found.refusal["no_certificate"] == {"verdict": "accepted", "reply": "250 ok"}
    said = [line.strip() for line in heard]
    assert said[-5:] == [b"STARTTLS", b"EHLO [127.0.0.1]", b"MAIL FROM:<>", b"RCPT TO:<postmaster>", b"QUIT"]
    assert not [line for line in said if line.startswith((b"DATA", b"BDAT"))]


@pytest.mark.parametrize(
    "context, alert",
    [(ASKS, "tlsv13 alert certificate required"), (ASKS_12, "handshake failure")],
    ids=["1.3", "1.2"],
)
def test_no_certificate_and_a_wrong_one(wishes: Wishes, context: t.Any, alert: str) -> None:
    shut: list[Step] = [*TO_TLS, context, LINE]
    found, _heard = look(
        wishes._replace(refusal=True),
        scripted.good(context),
        [*OPEN, *refuse(b"530 no\r\n")],
        shut,
        shut,
    )
    assert found.outcome == "ok"
    assert {case: answer["verdict"] for case, answer in found.refusal.items()} == {
        "clear": "refused",
        "no_certificate": "refused",
        "wrong_certificate": "refused",
    }
    assert alert in found.refusal["no_certificate"]["reply"]
    assert "unknown ca" in found.refusal["wrong_certificate"]["reply"]


@pytest.mark.parametrize(
    "steps, verdict",
    [
        ([LINE, b"454 4.7.0 not authenticated\r\n", LINE, GOODBYE], "refused"),
        ([LINE, b"502 what\r\n", LINE, GOODBYE], "inconclusive"),
        ([LINE], "inconclusive"),
        ([LINE, b"250 x\r\n", *refuse(b"454 4.7.0 not authenticated\r\n")], "refused"),
    ],
)
def test_a_peer_that_tells_after_the_handshake(wishes: Wishes, steps: list[Step], verdict: str) -> None:
    found, _heard = look(
        Wishes(ca_file=wishes.ca_file, refusal=True), scripted.good(GOOD), [*OPEN, *TRY], [*TO_TLS, GOOD, *steps]
    )
    assert found.refusal["no_certificate"]["verdict"] == verdict


def test_who_asks_for_a_certificate_of_everybody(wishes: Wishes) -> None:
    """Without one the first session fails too, and that alone must not pass for a refusal."""
    wishes = Wishes(ca_file=wishes.ca_file, refusal=True)
    found, _heard = look(wishes, [*TO_TLS, ASKS], [*OPEN, *refuse(b"530 no\r\n")], [*TO_TLS, ASKS])
    assert found.outcome == "handshake"
    assert [answer["verdict"] for answer in found.refusal.values()] == ["refused", "refused"]
    shut = [*TO_TLS, ASKS_12]
    found, _heard = look(wishes, shut, shut, [*OPEN, *refuse(b"530 no\r\n")], shut)
    assert found.outcome == "handshake"
    assert [answer["verdict"] for answer in found.refusal.values()] == ["refused", "inconclusive"]


def test_without_tls_only_clear_text_is_tried(wishes: Wishes) -> None:
    plain: list[Step] = [GREETING, LINE, b"250 x\r\n"]
    found, _heard = look(wishes._replace(refusal=True), [*plain, LINE, GOODBYE], [*plain, *TRY])
    assert {case: answer["verdict"] for case, answer in found.refusal.items()} == {
        "clear": "accepted",
        "no_certificate": "inconclusive",
        "wrong_certificate": "inconclusive",
    }


def test_who_is_not_reached_refuses_nothing(wishes: Wishes) -> None:
    found, _heard = look(wishes._replace(refusal=True, ladder=True), [b"421 busy\r\n"])
    assert {answer["verdict"] for answer in found.refusal.values()} == {"inconclusive"}
    assert set(found.ladder.values()) == {None} and found.not_observed["ladder"] == "there was no whole TLS session"


def test_with_tls_on_connect_there_is_no_clear_text(wishes: Wishes) -> None:
    session: list[Step] = [GOOD, GREETING, LINE, SECURED]
    found, _heard = look(
        Wishes(ca_file=wishes.ca_file, refusal=True),
        [*session, LINE, GOODBYE],
        [*session, *refuse(b"550 5.7.0 not authenticated\r\n")],
        tls_on_connect=True,
    )
    assert found.refusal == {"no_certificate": {"verdict": "refused", "reply": "550 5.7.0 not authenticated"}}


def speaks(oldest: str, newest: str) -> t.Any:
    return scripted.tls(LEAF, versions=(oldest, newest), ciphers="ALL:@SECLEVEL=0")


@pytest.mark.parametrize(
    "oldest, newest, accepted, connections",
    [
        ("TLSv1", "TLSv1_3", [True, True, True, True], 4),
        ("TLSv1_2", "TLSv1_3", [False, False, True, True], 3),
        ("TLSv1_3", "TLSv1_3", [False, False, False, True], 2),
        ("TLSv1_2", "TLSv1_2", [False, False, True, False], 2),
        ("TLSv1", "TLSv1_2", [True, True, True, False], 3),
        ("TLSv1_1", "TLSv1_1", [False, True, False, False], 3),
    ],
)
def test_ladder(wishes: Wishes, oldest: str, newest: str, accepted: list[bool], connections: int) -> None:
    context = speaks(oldest, newest)
    wishes = Wishes(ca_file=wishes.ca_file, ladder=True)
    found, _heard = look(wishes, *[[*TO_TLS, context, LINE, SECURED, LINE, GOODBYE]] * connections)
    assert found.ladder == dict(zip(["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"], accepted))
    assert "ladder" not in found.not_observed and found.outcome == ("protocol_too_old" if newest == "TLSv1_1" else "ok")


@pytest.mark.parametrize(
    "second, why",
    [
        ([b"421 busy\r\n"], "the peer answered the connection with 421 busy"),
        (
            [*TO_TLS, 0.05, b"250 x\r\n", 0.1],
            "the TLS handshake fails: the peer writes in clear where TLS should begin",
        ),
    ],
)
def test_a_ladder_may_stay_open(wishes: Wishes, second: list[Step], why: str) -> None:
    found, _heard = look(Wishes(ca_file=wishes.ca_file, ladder=True), scripted.good(GOOD), second)
    assert found.outcome == "ok" and found.not_observed["ladder"] == why
    assert found.ladder == {"TLSv1": None, "TLSv1.1": None, "TLSv1.2": None, "TLSv1.3": True}


def test_what_this_openssl_does_not_speak_is_not_known(wishes: Wishes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SPOKEN", ("TLSv1.2", "TLSv1.3"))
    context = speaks("TLSv1_3", "TLSv1_3")
    found, _heard = look(Wishes(ca_file=wishes.ca_file, ladder=True), scripted.good(context), [*TO_TLS, context])
    assert found.ladder == {"TLSv1": None, "TLSv1.1": None, "TLSv1.2": False, "TLSv1.3": True}
