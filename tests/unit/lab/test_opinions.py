# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other tools print is understood, and what is not understood is an error: silence would pass as agreement.

The texts are those of Postfix 3.7, OpenSSL 3.0, GnuTLS 3.7 and sslyze 6.3 with the options of ``ask.py``.
"""

from __future__ import annotations

import importlib.util
import pathlib
import textwrap
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Not by its name: other scenarios have modules of the same names beside theirs.
_SPEC = importlib.util.spec_from_file_location(
    "agreement_opinions", ROOT / "molecule/agrees_with_others/tests/opinions.py"
)
assert _SPEC is not None and _SPEC.loader is not None
opinions = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(opinions)

Said = tuple[str, ...]
TLS_1_3 = ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
TLS_1_2 = ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
TLS_1_2_RSA = ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
GOOD = (*TLS_1_3, "trusted", "match")
FAILED, NOT_OFFERED = ("failed", "", "", ""), ("not offered", "", "", "")
NEVER_STARTED = "timeout: failed to run command 'tool': No such file or directory\n"


def finger(text: str) -> str:
    """Every line of posttls-finger's begins with its name."""
    return textwrap.indent(textwrap.dedent(text).lstrip("\n"), "posttls-finger: ")


PLACE = "192.0.2.21[192.0.2.21]:2501"
CONNECTED = finger(f"""
    Connected to {PLACE}
    < 220 mx.example.test ESMTP
    > EHLO asker.example.test
""")
OFFERED = CONNECTED + finger("""
    < 250-mx.example.test
    < 250-STARTTLS
    < 250 SMTPUTF8
    > STARTTLS
""")
READY = OFFERED + finger("< 220 2.0.0 Ready to start TLS\n")
BYE = finger("""
    > EHLO asker.example.test
    < 250-mx.example.test
    < 250 SMTPUTF8
    > QUIT
    < 221 2.0.0 Bye
""")


def finger_session(status: str, errors: str, session: Said = TLS_1_3, more: str = " key-exchange X25519") -> str:
    return finger(f"""
    {errors}
    {PLACE}: subject_CN=mx.example.test, issuer_CN=Lab root, fingerprint=56:BC:31, pkey_fingerprint=B6:BD:6F
    {status} TLS connection established to {PLACE}: {session[0]} with cipher {session[1]} (256/256 bits){more}
    """)


MATCHED = f"{PLACE}: matched peername: mx.example.test"
BAD, BAD_LEAF = (f"{of}certificate verification failed for {PLACE}: " for of in ("", "server "))


def finger_bad(error: str) -> str:
    return READY + finger_session("Untrusted", error) + BYE


FINGER = {
    "good": (READY + finger_session("Verified", MATCHED) + BYE, GOOD),
    "TLS 1.2": (READY + finger_session("Verified", MATCHED, TLS_1_2, "") + BYE, (*TLS_1_2, "trusted", "match")),
    "TLS on connect": (
        finger(f"Connected to {PLACE}\n")
        + finger_session("Verified", MATCHED)
        + finger("< 220 mx.example.test ESMTP\n")
        + BYE,
        GOOD,
    ),
    "a name it does not want": (READY + finger_session("Trusted", "") + BYE, (*TLS_1_3, "trusted", "mismatch")),
    "self-signed": (
        finger_bad(BAD + "self-signed certificate"),
        (*TLS_1_3, "untrusted", ""),
    ),
    "foreign CA": (
        finger_bad(BAD + "untrusted issuer /CN=Foreign root"),
        (*TLS_1_3, "untrusted", ""),
    ),
    "expired": (
        finger_bad(BAD_LEAF + "certificate has expired"),
        (*TLS_1_3, "expired", ""),
    ),
    "not yet valid": (
        finger_bad(BAD_LEAF + "certificate not yet valid"),
        (*TLS_1_3, "not yet valid", ""),
    ),
    "wrong name": (
        finger_bad(BAD_LEAF + "num=62:hostname mismatch"),
        (*TLS_1_3, "", "mismatch"),
    ),
    "no STARTTLS": (
        CONNECTED + finger("< 250-mx.example.test\n< 250 SMTPUTF8\n> QUIT\n< 221 2.0.0 Bye\n"),
        NOT_OFFERED,
    ),
    "STARTTLS refused": (
        OFFERED + finger("< 454 4.7.0 TLS not available\nSTARTTLS rejected: 454 4.7.0 TLS not available\n"),
        FAILED,
    ),
    "too old": (
        READY
        + finger(f"""
            SSL_connect error to {PLACE}: -1
            warning: TLS library problem: error:0A00014D:SSL routines::legacy sigalg disallowed or unsupported:../ssl:
        """),
        FAILED,
    ),
    "closed instead of a handshake": (READY + finger(f"SSL_connect error to {PLACE}: lost connection\n"), FAILED),
    "TLS on connect, refused": (
        finger(f"Connected to {PLACE}\nSSL_connect error to {PLACE}: lost connection\n"),
        FAILED,
    ),
}
FINGER_SILENT = {
    "nobody there": finger(f"Failed to establish session to [192.0.2.21]:2501: connect to {PLACE}: Connection refused"),
    "no greeting": finger(f"Connected to {PLACE}\nlost connection while reading server greeting\n"),
    "too busy": finger("< 421 mx.example.test too busy\nSMTP service not available: 421 mx.example.test too busy\n"),
    "EHLO refused": CONNECTED + finger("< 500 no\nEHLO rejected: 500 no\n"),
    "a wrong configuration": finger("fatal: open /etc/postfix/main.cf: No such file or directory\n"),
    "another word for the session": READY + finger_session("Verified", MATCHED).replace("established", "made") + BYE,
    "another word for its trust": READY + finger_session("Anonymous", "") + BYE,
    "another word for what is wrong": finger_bad(f"bad certificate of {PLACE}"),
    "two things wrong": finger_bad(f"{BAD}one\n    {BAD}two"),
}


def openssl(verification: str, errors: str = "", session: Said = TLS_1_3) -> str:
    return f"""\
Can't use SSL_get_servername
{errors}CONNECTION ESTABLISHED
Protocol version: {session[0]}
Ciphersuite: {session[1]}
Peer certificate: CN = mx.example.test
Hash used: SHA256
Signature type: ECDSA
{verification}
Server Temp Key: X25519, 253 bits
250 SMTPUTF8
DONE
"""


def openssl_errors(*errors: str) -> str:
    """Each where it happens, with what belongs to it; the last once more in the summary."""
    found = "".join(f"depth=0 CN = mx.example.test\nverify error:num={error}\n" for error in errors)
    _number, _colon, last = errors[-1].partition(":")
    return openssl(f"Verification error: {last.splitlines()[0]}", found)


OK = "Verification: OK\nVerified peername: mx.example.test"
NO_ISSUER = ("20:unable to get local issuer certificate", "21:unable to verify the first certificate")
NOT_TLS = "80AB:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:\n"
NOT_FOUND = "Didn't find STARTTLS in server response, trying anyway...\n"
OPENSSL = {
    "good": (openssl(OK), GOOD),
    "TLS 1.2": (openssl(OK, session=TLS_1_2), (*TLS_1_2, "trusted", "match")),
    "TLS on connect": (openssl(OK).replace("250 SMTPUTF8\n", ""), GOOD),
    "self-signed": (openssl_errors("18:self-signed certificate"), (*TLS_1_3, "untrusted", "match")),
    "foreign CA": (openssl_errors(*NO_ISSUER), (*TLS_1_3, "untrusted", "match")),
    "key too short": (openssl_errors("66:EE certificate key too weak"), (*TLS_1_3, "untrusted", "match")),
    "expired": (
        openssl_errors("10:certificate has expired\nnotAfter=Nov 25 04:16:38 2026 GMT"),
        (*TLS_1_3, "expired", "match"),
    ),
    "not yet valid": (
        openssl_errors("9:certificate is not yet valid\nnotBefore=Dec  6 04:16:38 2026 GMT"),
        (*TLS_1_3, "not yet valid", "match"),
    ),
    "wrong name": (openssl_errors("62:hostname mismatch"), (*TLS_1_3, "trusted", "mismatch")),
    "expired and wrong name": (
        openssl_errors("62:hostname mismatch", "10:certificate has expired"),
        (*TLS_1_3, "expired", "mismatch"),
    ),
    "foreign CA and wrong name": (
        openssl_errors(NO_ISSUER[0], "62:hostname mismatch", NO_ISSUER[1]),
        (*TLS_1_3, "untrusted", "mismatch"),
    ),
    "no STARTTLS": (NOT_FOUND + NOT_TLS, NOT_OFFERED),
    "STARTTLS refused": (NOT_TLS, FAILED),
    "too old": (
        "Can't use SSL_get_servername\n"
        "804B:error:0A00014D:SSL routines:tls_process_key_exchange:legacy sigalg disallowed or unsupported:../ssl:1:\n",
        FAILED,
    ),
    "closed instead of a handshake": (
        "80BB:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:../ssl/record/rec_layer_s3.c:318:\n",
        FAILED,
    ),
}
OPENSSL_SILENT = {
    "nobody there": "80AB:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:\n"
    "80AB:error:10000067:BIO routines:BIO_connect:connect error:../crypto/bio/bio_sock2.c:119:\nconnect:errno=111\n",
    "closed": NOT_FOUND + "write:errno=32\n",
    "no verdict": openssl(""),
    "another word for what is wrong": openssl("Verification error: certificate has expired"),
    "another word for the session": openssl(OK).replace("Ciphersuite", "Cipher suite"),
    "an option it does not know": "s_client: Unknown option: -no-CAstore\ns_client: Use -help for summary.\n",
}

GNUTLS_BEGINNING = """\
Processed 1 CA certificate(s).
Resolving '192.0.2.21:2501'...
Connecting to '192.0.2.21:2501'...
"""
GNUTLS_1_3 = "(TLS1.3-X.509)-(ECDHE-SECP256R1)-(ECDSA-SECP256R1-SHA256)-(AES-256-GCM)"


def gnutls(status: str, description: str = GNUTLS_1_3) -> str:
    failed = "*** PKI verification of server certificate failed...\n" if status.startswith("NOT") else ""
    return f"""\
{GNUTLS_BEGINNING}- Certificate type: X.509
- Got a certificate list of 1 certificates.
- Certificate[0] info:
 - subject `CN=mx.example.test', issuer `CN=Lab root', serial 0x5ec3, EC/ECDSA key 256 bits, signed using ECDSA-SHA256

- Status: The certificate is {status}\x20
{failed}- Description: {description}
- Session ID: 0F:4C
- Options:
- Handshake was completed

- Simple Client Mode:

- Peer has closed the GnuTLS connection
"""


NO_ISSUER_KNOWN = "The certificate issuer is unknown."
WRONG_NAME = "The name in the certificate does not match the expected."
GNUTLS = {
    "good": (gnutls("trusted."), GOOD),
    "TLS 1.3, 128 bits": (
        gnutls("trusted.", GNUTLS_1_3.replace("256-GCM", "128-GCM")),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", "trusted", "match"),
    ),
    "TLS 1.2": (
        gnutls("trusted.", "(TLS1.2-X.509)-(ECDHE-X25519)-(ECDSA-SHA256)-(AES-256-GCM)"),
        (*TLS_1_2, "trusted", "match"),
    ),
    "TLS 1.2, RSA": (
        gnutls("trusted.", "(TLS1.2-X.509)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-128-GCM)"),
        (*TLS_1_2_RSA, "trusted", "match"),
    ),
    "TLS 1.2, another cipher": (
        gnutls("trusted.", "(TLS1.2-X.509)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(CHACHA20-POLY1305)"),
        ("TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305", "trusted", "match"),
    ),
    "TLS 1.1": (
        gnutls("trusted.", "(TLS1.1-X.509)-(ECDHE-X25519)-(AES-256-CBC)-(SHA1)"),
        ("TLSv1.1", "", "trusted", "match"),
    ),
    "TLS 1.0": (
        gnutls("trusted.", "(TLS1.0-X.509)-(ECDHE-X25519)-(AES-256-CBC)-(SHA1)"),
        ("TLSv1.0", "", "trusted", "match"),
    ),
    "foreign CA": (gnutls(f"NOT trusted. {NO_ISSUER_KNOWN}"), (*TLS_1_3, "untrusted", "match")),
    "expired": (
        gnutls("NOT trusted. The certificate chain uses expired certificate."),
        (*TLS_1_3, "expired", "match"),
    ),
    "not yet valid": (
        gnutls("NOT trusted. The certificate chain uses not yet valid certificate."),
        (*TLS_1_3, "not yet valid", "match"),
    ),
    "wrong name": (gnutls(f"NOT trusted. {WRONG_NAME}"), (*TLS_1_3, "trusted", "mismatch")),
    "expired and wrong name": (
        gnutls(f"NOT trusted. The certificate chain uses expired certificate. {WRONG_NAME}"),
        (*TLS_1_3, "expired", "mismatch"),
    ),
    "foreign CA and wrong name": (
        gnutls(f"NOT trusted. {NO_ISSUER_KNOWN} {WRONG_NAME}"),
        (*TLS_1_3, "untrusted", "mismatch"),
    ),
    "no STARTTLS": (f"error receiving '220 ': Timeout\n{GNUTLS_BEGINNING}", NOT_OFFERED),
    "an alert": (
        f"*** Fatal error: A TLS fatal alert has been received.\n{GNUTLS_BEGINNING}"
        "*** Received alert [40]: Handshake failed\n",
        FAILED,
    ),
    "closed instead of a handshake": (
        f"*** Fatal error: The TLS connection was non-properly terminated.\n{GNUTLS_BEGINNING}",
        FAILED,
    ),
}
GNUTLS_SILENT = {
    "nobody there": f"Could not connect to 192.0.2.21:2501: Connection refused\n{GNUTLS_BEGINNING}",
    "no answer to EHLO": f"error receiving '250 ': Timeout\n{GNUTLS_BEGINNING}",
    "no file of authorities": "Error setting the x509 trust file\n",
    "another description": gnutls("trusted.", "(TLS1.2-X.509)-(RSA)-(AES-256-GCM)"),
    "another word for trust": gnutls("fine."),
    "not trusted for no reason": gnutls("NOT trusted."),
    "trusted all the same": gnutls(f"trusted. {NO_ISSUER_KNOWN}"),
    "another reason": gnutls("NOT trusted. The certificate chain uses insecure algorithm."),
    "another reason and wrong name": gnutls(
        f"NOT trusted. The certificate chain uses insecure algorithm. {WRONG_NAME}"
    ),
    "no status": gnutls("trusted.").replace("- Status: ", ""),
}


def sslyze(problem: str, protocol: str = "TLS_1_3", cipher: str = TLS_1_3[1]) -> dict[str, str]:
    where = "(encountered processing <Certificate(subject=<Name(CN=mx.example.test)>, ...)>)"
    problem = f"validation failed: {problem} {where}" if problem else ""
    return {"protocol": protocol, "cipher": cipher, "problem": problem}


def sslyze_error(kind: str, text: str) -> dict[str, str]:
    return {"error": f'sslyze.errors.{kind}: mx.example.test:2501 -> "{text}".'}


NO_TLS, NO_HANDSHAKE = "ServerRejectedOpportunisticTlsNegotiation", "ServerTlsConfigurationNotSupported"
EHLO_FAILED = "Unexpected error while performing the SMTP EHLO handshake: Connection unexpectedly closed"
SSLYZE = {
    "good": (sslyze(""), GOOD),
    "TLS 1.2": (sslyze("", "TLS_1_2", TLS_1_2[1]), (*TLS_1_2, "trusted", "match")),
    "TLS 1.0": (
        sslyze("", "TLS_1_0", "ECDHE-RSA-AES256-SHA"),
        ("TLSv1.0", "ECDHE-RSA-AES256-SHA", "trusted", "match"),
    ),
    "foreign CA": (
        sslyze("candidates exhausted: all candidates exhausted with no interior errors"),
        (*TLS_1_3, "untrusted", ""),
    ),
    "expired or not yet valid": (sslyze("cert is not valid at validation time"), (*TLS_1_3, "out of time", "")),
    "wrong name": (sslyze("leaf certificate has no matching subjectAltName"), (*TLS_1_3, "", "mismatch")),
    "CN only": (
        sslyze("missing required extension: leaf server certificate has no subjectAltName"),
        (*TLS_1_3, "", "mismatch"),
    ),
    "no STARTTLS": (sslyze_error(NO_TLS, "Server does not support STARTTLS with SMTP"), NOT_OFFERED),
    "STARTTLS refused": (sslyze_error(NO_TLS, "SMTP STARTTLS rejected: 4.7.0 TLS not available"), FAILED),
    "no handshake": (
        sslyze_error(NO_HANDSHAKE, "TLS probing failed: could not find a TLS version and cipher suite supported"),
        FAILED,
    ),
    "handshake refused": (sslyze_error("ServerRejectedTlsHandshake", "TLS error"), FAILED),
}
SSLYZE_SILENT = {
    "nobody there": sslyze_error("ServerRejectedConnection", "Server rejected the connection"),
    "too late": sslyze_error("ConnectionToServerTimedOut", "Connection to the server timed out"),
    "no greeting": sslyze_error(NO_TLS, EHLO_FAILED),
    "too busy": sslyze_error(NO_TLS, "Server did not send a '220 service ready' SMTP message: too busy"),
    "no error's name": {"error": ""},
    "nothing": {},
    "no problem's name": {"protocol": "TLS_1_3", "cipher": TLS_1_3[1]},
}

SAID = {"posttls-finger": FINGER, "openssl": OPENSSL, "gnutls-cli": GNUTLS, "sslyze": SSLYZE}
SILENT: dict[str, dict[str, t.Any]] = {
    "posttls-finger": FINGER_SILENT,
    "openssl": OPENSSL_SILENT,
    "gnutls-cli": GNUTLS_SILENT,
    "sslyze": SSLYZE_SILENT,
}
TEXTS = [tool for tool in SAID if tool != "sslyze"]
# How a parser says that it does not understand.
LOUD = (AssertionError, KeyError, ValueError)


def cases(table: dict[str, dict[str, t.Any]], tools: t.Iterable[str]) -> list[t.Any]:
    return [pytest.param(tool, case, id=f"{tool}, {name}") for tool in tools for name, case in table[tool].items()]


def test_every_tool_is_here() -> None:
    assert set(SAID) == set(SILENT) == set(opinions.TOOLS)


@pytest.mark.parametrize(("tool", "case"), cases(SAID, SAID))
def test_what_is_said_is_understood(tool: str, case: tuple[t.Any, Said]) -> None:
    said, opinion = case
    assert opinions.TOOLS[tool](said) == opinion


@pytest.mark.parametrize(("tool", "said"), cases(SILENT, SILENT))
def test_what_is_not_understood_is_no_opinion_on_the_server(tool: str, said: t.Any) -> None:
    with pytest.raises(LOUD):
        opinions.TOOLS[tool](said)


@pytest.mark.parametrize("tool", TEXTS)
@pytest.mark.parametrize("said", ["", NEVER_STARTED, "250 SMTPUTF8\n"], ids=["nothing", "no tool", "no words of it"])
def test_a_tool_that_did_not_run_has_no_opinion(tool: str, said: str) -> None:
    with pytest.raises(AssertionError, match="it never came so far, or has new words for it"):
        opinions.TOOLS[tool](said)


@pytest.mark.parametrize(("tool", "case"), cases(SAID, TEXTS))
def test_output_that_is_cut_says_the_same_or_is_an_error(tool: str, case: tuple[str, Said]) -> None:
    """Wherever it is cut. Without a word of the end it would be a server that offers nothing, or fails."""
    said, opinion = case
    understood = 0
    for length in range(len(said)):
        try:
            found = opinions.TOOLS[tool](said[:length])
        except LOUD:
            continue
        assert found == opinion, said[:length]
        understood += 1
    assert understood < len(said), "not even nothing is an error"


@pytest.mark.parametrize(("tool", "case"), cases(SAID, SAID))
def test_only_known_gaps_are_left_open(tool: str, case: tuple[t.Any, Said]) -> None:
    """OpenSSL and GnuTLS tell all of a session; the others stop at the first error, which they tell."""
    said, _opinion = case
    found = opinions.TOOLS[tool](said)
    if found.protocol in (opinions.FAILED, opinions.NOT_OFFERED):
        assert not (found.cipher or found.chain or found.name)
        return
    assert found.cipher or (tool, found.protocol) in {("gnutls-cli", "TLSv1.0"), ("gnutls-cli", "TLSv1.1")}
    if tool in ("openssl", "gnutls-cli"):
        assert found.chain and found.name
    elif not found.name:
        assert found.chain not in ("", opinions.TRUSTED)
    elif not found.chain:
        assert found.name == opinions.MISMATCH


def record(outcome: str = "ok", chain: str = "trusted", name: str = "exact", protocol: str = "TLSv1.3") -> t.Any:
    return {
        "outcome": outcome,
        "detail": "",
        "protocol": protocol,
        "cipher": TLS_1_3[1] if protocol else "",
        "chain": {"verdict": chain},
        "name": {"verdict": name},
    }


@pytest.mark.parametrize(
    ("seen", "opinion"),
    [
        (record(), GOOD),
        (record(name="wildcard"), GOOD),
        (record(name="cn_only"), GOOD),
        (record(name="mismatch"), (*TLS_1_3, "trusted", "mismatch")),
        (record(chain="not_yet_valid", name="not_checked"), (*TLS_1_3, "not yet valid", "")),
        (record(chain="not_checked"), (*TLS_1_3, "", "match")),
        (record("no_starttls", protocol=""), NOT_OFFERED),
        (record("handshake", protocol=""), FAILED),
        (record("protocol_too_old", protocol=""), FAILED),
    ],
)
def test_the_probe_is_understood(seen: dict[str, t.Any], opinion: Said) -> None:
    assert opinions.of_the_probe(seen) == opinion


@pytest.mark.parametrize("seen", [record("connect", protocol=""), record(name="new"), {}])
def test_a_probe_that_saw_nothing_has_no_opinion(seen: dict[str, t.Any]) -> None:
    with pytest.raises(LOUD):
        opinions.of_the_probe(seen)


@pytest.mark.parametrize(
    ("ours", "theirs", "agree"),
    [
        ("trusted", "trusted", True),
        ("expired", "out of time", True),
        ("not yet valid", "out of time", True),
        ("trusted", "out of time", False),
        ("out of time", "expired", False),
        ("untrusted", "trusted", False),
        ("trusted", "", False),
    ],
)
def test_agreement(ours: str, theirs: str, agree: bool) -> None:
    assert opinions.agrees(ours, theirs) is agree
