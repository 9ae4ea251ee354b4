# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import forecast, sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Sighting

TODAY = datetime.date(2026, 11, 25)
HOST = "mta2.example.org"
LEAF: dict[str, t.Any] = {
    "subject": [["O", "Example"], ["CN", HOST]],
    "issuer": [["O", "Example"], ["CN", "Example CA"]],
    "problem": "",
}
OUTBOUND = "sendmail_tls_policy.outbound"


def policy(level: str, **more: t.Any) -> dict[str, t.Any]:
    return {"outbound": {"default": {"level": level, **more}}}


def foresee(given: t.Any, seen: Sighting, leaf: t.Any = None, release: str = "8.17.1.9", **more: t.Any) -> t.Any:
    rules = forecast.read_rules(given, release, TODAY)
    asked = {"host": HOST, "next_hop": f"[{HOST}]", "recipient": "", **more}
    return forecast.foresee(rules, seen.to_dict(), LEAF if leaf is None else leaf, **asked)


def seen(outcome: str = "ok", starttls: str = "220 2.0.0 Ready", **changed: t.Any) -> Sighting:
    held = outcome in ("ok", "untrusted", "expired")
    facts: dict[str, t.Any] = {
        "tls_on_connect": False,
        "outcome": outcome,
        "detail": "told",
        "replies": {"starttls": starttls} if starttls else {},
        "bits": 256 if held else 0,
        "protocol": "TLSv1.3" if held else "",
        "verify_code": {"ok": 0, "untrusted": 18, "expired": 10}.get(outcome, -1),
        **changed,
    }
    return Sighting("192.0.2.7", 25, **facts)


WEAK = "403 4.7.0 encryption too weak 0 less than 128"
NONE = "403 4.7.0 other side does not support STARTTLS"
HANDSHAKE = "403 4.7.0 TLS handshake failed."


# (what was seen, the text at level encrypt, the text at level verify); an empty text: the mail goes out.
@pytest.mark.parametrize(
    ("what", "encrypt", "verify"),
    [
        (seen(), "", ""),
        (seen(starttls=""), "", ""),
        (seen("untrusted"), "", "403 4.7.0 authentication failed"),
        (seen("expired"), "", "403 4.7.0 authentication failed"),
        (
            seen(bits=56),
            "403 4.7.0 encryption too weak 56 less than 128",
            "403 4.7.0 encryption too weak 56 less than 128",
        ),
        (seen("no_starttls", ""), WEAK, NONE),
        (seen("starttls_refused", "454 4.3.3 TLS not available"), WEAK, "403 4.7.0 authentication failure CN"),
        (seen("starttls_refused", "502 5.5.1 no"), WEAK, NONE),
        # Seen on 8.17: as if it were not offered.
        (seen("starttls_refused", "501 5.5.4 no"), WEAK, NONE),
        (seen("starttls_refused", "354 go on"), "403 4.7.0 STARTTLS failed.", "403 4.7.0 STARTTLS failed."),
        # A consent that sendmail does not take for one.
        (seen(starttls="250 2.0.0 Ok"), "403 4.7.0 STARTTLS failed.", "403 4.7.0 STARTTLS failed."),
        (seen("handshake"), HANDSHAKE, HANDSHAKE),
        (seen("protocol_too_old"), HANDSHAKE, HANDSHAKE),
        # Seen with all that OpenSSL can be made to speak, which sendmail is not.
        (seen("protocol_too_old", bits=256, protocol="TLSv1"), HANDSHAKE, HANDSHAKE),
        (seen("handshake", bits=128, protocol="TLSv1.2"), HANDSHAKE, HANDSHAKE),
    ],
)
def test_sendmails_words(what: Sighting, encrypt: str, verify: str) -> None:
    for level, text in (("encrypt", encrypt), ("verify", verify)):
        found = foresee(policy(level), what)
        assert found["text"] == text
        assert found["action"] == ("defer" if text else "deliver")
        assert (found["ruleset"], found["key"], found["place"]) == ("tls_server", "TLS_Srv:", f"{OUTBOUND}.default")


@pytest.mark.parametrize("changed", [{"bits": 256, "verify_code": 0}, {"bits": 256, "verify_code": 18}, {}])
def test_whether_clear_text_after_the_consent_is_overlooked_is_chance(changed: dict[str, t.Any]) -> None:
    for given in (policy("verify"), _may()):
        found = foresee(given, seen("early_plaintext", **changed))
        assert (found["action"], found["text"]) == ("inconclusive", forecast._EARLY)


def test_clear_text_after_a_consent_that_nobody_asks_for_does_not_count() -> None:
    given = _may()
    given["outbound"]["peers"][0]["level"] = "none"
    found = foresee(given, seen("early_plaintext", bits=256, verify_code=0))
    assert (found["action"], found["under_tls"]) == ("deliver", False)


def test_sendmail_does_not_speak_tls_at_once() -> None:
    found = foresee(policy("verify"), seen(tls_on_connect=True))
    assert (found["action"], found["text"]) == ("inconclusive", forecast._NO_IMPLICIT_TLS)


def test_a_session_that_the_peer_breaks_off_delivers_nothing() -> None:
    """With TLS 1.3 the handshake is over before the peer asks for our certificate in vain."""
    broken = {"bits": 256, "protocol": "TLSv1.3"}
    found = foresee(policy("verify"), seen("handshake", verify_code=0, **broken))
    assert (found["action"], found["text"]) == ("inconclusive", forecast._DROPPED)
    # sendmail asks its policy before it says anything more.
    found = foresee(policy("verify"), seen("handshake", verify_code=18, **broken))
    assert (found["action"], found["text"]) == ("defer", "403 4.7.0 authentication failed")


def test_a_verdict_is_whole() -> None:
    assert foresee(policy("verify"), seen("untrusted")) == {
        "action": "defer",
        "text": "403 4.7.0 authentication failed",
        "ruleset": "tls_server",
        "key": "TLS_Srv:",
        "place": f"{OUTBOUND}.default",
        "under_tls": True,
    }


@pytest.mark.parametrize(
    ("what", "leaf", "reason"),
    [
        *((seen(one), LEAF, f"{one}: told") for one in sorted(sighting.INCONCLUSIVE)),
        (seen("untrusted", bits=0), LEAF, "untrusted, and the cipher was not observed"),
        (seen(verify_code=-1), LEAF, "whether the certificate can be trusted was not observed"),
        (seen(), {**LEAF, "problem": "broken"}, "broken"),
        (seen(not_observed={"chain": "too large"}), {}, "too large"),
    ],
)
def test_what_is_not_known_is_never_delivered(what: Sighting, leaf: t.Any, reason: str) -> None:
    for level in ("may", "verify"):
        found = foresee(policy("encrypt") if level == "verify" else _may(), what, leaf)
        assert found == {
            "action": "inconclusive",
            "text": reason,
            "ruleset": "",
            "key": "",
            "place": "",
            "under_tls": False,
        }


def _may() -> dict[str, t.Any]:
    exception = {"owner": "a@example.org", "reason": "old", "until": "2026-12-31"}
    peer = {"next_hop": HOST, "level": "may", "accept_dns_risk": True, "exception": exception}
    return {"outbound": {"default": {"level": "encrypt"}, "peers": [peer]}}


@pytest.mark.parametrize(
    ("what", "action", "under_tls"),
    [
        (seen("no_starttls", ""), "deliver", False),
        (seen("starttls_refused", "454 no"), "deliver", False),
        (seen("handshake"), "defer", False),
        (seen("untrusted"), "deliver", True),
    ],
)
def test_an_exception_lets_clear_text_pass_but_no_broken_handshake(
    what: Sighting, action: str, under_tls: bool
) -> None:
    found = foresee(_may(), what)
    assert (found["action"], found["under_tls"]) == (action, under_tls)


def test_a_peer_without_a_certificate_is_not_authenticated() -> None:
    assert foresee(policy("verify"), seen(), {})["text"] == "403 4.7.0 not authenticated"


def test_a_peer_that_shall_not_be_asked_for_tls_gets_clear_text() -> None:
    given = _may()
    given["outbound"]["peers"][0]["level"] = "none"
    found = foresee(given, seen())
    assert (found["action"], found["under_tls"]) == ("deliver", False)


def _settled(**session: str) -> dict[str, t.Any]:
    """The relay's other next hops have settings of their own as well."""
    peers: list[dict[str, t.Any]] = [
        {"next_hop": "192.0.2.0/24", "session": {"cipher_list": "ECDHE"}, "accept_dns_risk": True},
        {"next_hop": HOST, "accept_dns_risk": True},
    ]
    if session:
        peers[1]["session"] = session
    return {"outbound": {"default": {"level": "encrypt"}, "peers": peers}}


@pytest.mark.parametrize(
    ("session", "what", "action", "text"),
    [
        ({}, seen(protocol="TLSv1.2"), "deliver", ""),
        ({"min_protocol": "TLSv1.2"}, seen(protocol="TLSv1.2"), "deliver", ""),
        ({"min_protocol": "TLSv1.3"}, seen(), "deliver", ""),
        ({"min_protocol": "TLSv1.3"}, seen(protocol="TLSv1.2"), "defer", HANDSHAKE),
        ({"min_protocol": "TLSv1.3"}, seen("untrusted", protocol="TLSv1.2"), "defer", HANDSHAKE),
        ({"min_protocol": "TLSv1.3"}, seen("handshake"), "defer", HANDSHAKE),
        ({"cipher_list": "ECDHE"}, seen(), "inconclusive", forecast._SET_UP),
        ({"cipher_suites": "TLS_AES_256_GCM_SHA384"}, seen("untrusted"), "inconclusive", forecast._SET_UP),
        # With the certificate that it wants, it may be content.
        ({"certificate_file": "/a.pem", "key_file": "/b.pem"}, seen("handshake"), "inconclusive", forecast._SET_UP),
        # Whatever the settings are, there is no handshake.
        ({"cipher_list": "ECDHE"}, seen("no_starttls", ""), "defer", WEAK),
    ],
)
def test_settings_of_tls_for_one_peer(session: dict[str, str], what: Sighting, action: str, text: str) -> None:
    found = foresee(_settled(**session), what)
    assert (found["action"], found["text"]) == (action, text)


@pytest.mark.parametrize(
    ("level", "what", "action"),
    [
        # sendmail reads the settings before it says STARTTLS; where it cannot heed them, the mail waits at any level.
        ("may", seen("starttls_refused", "454 no"), "inconclusive"),
        ("may", seen("starttls_refused", "502 no"), "inconclusive"),
        ("encrypt", seen("starttls_refused", "454 no"), "defer"),
        # It does not come to that.
        ("may", seen("no_starttls", ""), "deliver"),
    ],
)
def test_settings_that_may_be_none_of_sendmails(level: str, what: Sighting, action: str) -> None:
    given = _may()
    given["outbound"]["peers"][0].update(level=level, session={"cipher_list": "NOSUCH"})
    if level == "encrypt":
        del given["outbound"]["peers"][0]["exception"]
    assert foresee(given, what)["action"] == action
    untried = {"sendmail_tls_policy": given, "sendmail_access_entries": [{"key": f"Try_TLS:{HOST}", "value": "NO"}]}
    assert foresee(untried, what)["action"] == ("deliver" if level == "may" else "defer"), "it is not said then"


def test_settings_for_a_network_are_those_of_its_hosts() -> None:
    given = _settled()
    del given["outbound"]["peers"][1]
    assert foresee(given, seen())["action"] == "inconclusive"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ([["CN", "other.example"]], "403 4.7.0 CN other.example does not match mta2.example.org"),
        ([["O", "x"]], "403 4.7.0 CN BadCertificateUnknown does not match mta2.example.org"),
        ([["CN", HOST]], ""),
        # sendmail takes the first of several.
        ([["CN", HOST], ["CN", "other.example"]], ""),
    ],
)
def test_the_cn_is_compared(subject: t.Any, text: str) -> None:
    assert foresee(policy("verify"), seen(), {**LEAF, "subject": subject})["text"] == text


def test_pins_are_compared_with_subject_and_issuer() -> None:
    pins = {"issuer": "/O=Example/CN=Example CA", "subject": f"/O=Example/CN={HOST}"}
    assert foresee(policy("verify", **pins), seen())["action"] == "deliver"
    found = foresee(policy("verify", **pins), seen(), {**LEAF, "issuer": [["CN", "Evil CA"]]})
    assert found["text"].startswith("403 4.7.0 Cert Issuer /CN=Evil+20CA does not match")


@pytest.mark.parametrize(
    ("host", "address", "next_hop", "action"),
    [
        ("192.0.2.7", "192.0.2.7", "[192.0.2.7]", "deliver"),
        ("2001:db8::7", "2001:db8::7", "[IPv6:2001:db8:0:0:0:0:0:7]", "deliver"),
        # An exception by address holds for that address in brackets, not for a name that leads there.
        (HOST, "192.0.2.7", HOST, "defer"),
    ],
)
def test_addresses_are_as_sendmail_has_them(host: str, address: str, next_hop: str, action: str) -> None:
    exception = {"owner": "a@example.org", "reason": "old", "until": "2026-12-31"}
    peers = [{"next_hop": one, "level": "may", "exception": exception} for one in ("[192.0.2.7]", "[IPv6:2001:db8::7]")]
    given = {"outbound": {"default": {"level": "encrypt"}, "peers": peers}}
    what = seen("no_starttls", "")._replace(address=address)
    assert foresee(given, what, host=host, next_hop=next_hop)["action"] == action


def test_the_recipients_rule_is_asked_too() -> None:
    given = {
        "outbound": {"recipients": [{"recipient": "partner.example", "level": "secure", "name": "mx.partner.example"}]}
    }
    found = foresee(given, seen(), recipient="bob@partner.example")
    assert (found["ruleset"], found["key"]) == ("tls_rcpt", "TLS_Rcpt:partner.example")
    assert found["text"] == "403 4.7.0 CN mta2.example.org does not match mx.partner.example"


@pytest.mark.parametrize(("release", "code"), [("8.15.2", "403"), ("8.17.1.9", "454"), ("", "454")])
def test_the_release_speaks_its_own_words(release: str, code: str) -> None:
    given = {"sendmail_access_entries": [{"key": f"TLS_Srv:{HOST}", "value": "VERIFY:128"}]}
    assert foresee(given, seen("no_starttls", ""), release=release)["text"].startswith(f"{code} 4.7.0 ")


@pytest.mark.parametrize(
    "given",
    [
        policy("verify"),
        {"sendmail_tls_policy": policy("verify")},
        {"sendmail_tls_policy": policy("encrypt"), "sendmail_tls_policy_host": policy("verify")},
        {"sendmail_tls_policy_host": policy("verify"), "sendmail_smart_host": "[mta2.example.org]"},
    ],
)
def test_a_policy_is_given_alone_or_by_its_variables(given: t.Any) -> None:
    assert foresee(given, seen("no_starttls", ""))["text"] == NONE


@pytest.mark.parametrize(
    ("given", "release", "told"),
    [
        (None, "", "sendmail_tls_policy: None is not a mapping"),
        ({"outbuond": {}}, "", "sendmail_tls_policy.outbuond"),
        ({"sendmail_tls_policy": {}, "other": 1}, "", "policy.other: 'other' is not a key of the policy"),
        ({"sendmail_tls_policy": {}, "sendmail_access_entries": 7}, "", "sendmail_access_entries: "),
        (policy("verify"), "new", "release: 'new' is not a release"),
    ],
)
def test_what_is_refused(given: t.Any, release: str, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        forecast.read_rules(given, release, TODAY)
    assert str(refused.value).startswith(told)
