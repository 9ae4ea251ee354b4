# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe and others say of a server, in one form."""

from __future__ import annotations

import re
import typing as t

ASPECTS = ("protocol", "cipher", "chain", "name")
# In place of a protocol.
NOT_OFFERED, FAILED = "not offered", "failed"
TRUSTED, UNTRUSTED, EXPIRED, NOT_YET_VALID = "trusted", "untrusted", "expired", "not yet valid"
# For whoever does not tell which of the two.
OUT_OF_TIME = "out of time"
MATCH, MISMATCH = "match", "mismatch"


class Opinion(t.NamedTuple):
    """What is empty was not said."""

    protocol: str
    cipher: str = ""
    chain: str = ""
    name: str = ""


def agrees(ours: str, theirs: str) -> bool:
    return ours == theirs or (theirs == OUT_OF_TIME and ours in (EXPIRED, NOT_YET_VALID))


def of_the_probe(record: dict[str, t.Any]) -> Opinion:
    """A record of module starttls_info."""
    instead = {"no_starttls": NOT_OFFERED, "handshake": FAILED, "protocol_too_old": FAILED}
    if record["outcome"] in instead:
        return Opinion(instead[record["outcome"]])
    assert record["protocol"], f"{record['outcome']}: {record['detail']}"
    chain = {"not_checked": ""}.get(record["chain"]["verdict"], record["chain"]["verdict"].replace("_", " "))
    names = {"exact": MATCH, "wildcard": MATCH, "cn_only": MATCH, "mismatch": MISMATCH, "not_checked": ""}
    return Opinion(record["protocol"], record["cipher"], chain, names[record["name"]["verdict"]])


# OpenSSL's words, which Postfix passes on.
_CHAINS = {"certificate has expired": EXPIRED, "certificate is not yet valid": NOT_YET_VALID}
# Postfix has words of its own for one of them.
_CHAINS["certificate not yet valid"] = NOT_YET_VALID
_OTHER_NAME = "hostname mismatch"


def of_posttls_finger(said: str) -> Opinion:
    """It tells one error only: of a chain with another name nothing else, and of a bad chain no name."""
    found = re.search(r"(\w+) TLS connection established to \S+ (\S+) with cipher (\S+) \(", said)
    if not found:
        failed = re.search(r"SSL_connect error to |STARTTLS rejected: ", said)
        # It takes its leave from who offers nothing.
        left = "> QUIT\n" in said and "STARTTLS" not in said
        return _no_session(said, offered=not left, answered=bool(failed or left))
    if found[1] != "Untrusted":
        return Opinion(found[2], found[3], TRUSTED, {"Verified": MATCH, "Trusted": MISMATCH}[found[1]])
    (error,) = re.findall(r"certificate verification failed for [^ ]+: (?:num=\d+:)?(.*)", said)
    if error == _OTHER_NAME:
        return Opinion(found[2], found[3], name=MISMATCH)
    return Opinion(found[2], found[3], _CHAINS.get(error, UNTRUSTED))


def of_openssl(said: str) -> Opinion:
    """It goes on after an error, and tells all."""
    found = re.search(r"Protocol version: (\S+)\nCiphersuite: (\S+)\n", said)
    if not found:
        missing = "Didn't find STARTTLS in server response" in said
        # Of a certificate or of a connection it says "error:" too.
        return _no_session(said, offered=not missing, answered=":SSL routines:" in said)
    errors = re.findall(r"verify error:num=\d+:(.*)", said)
    assert errors or "Verification: OK" in said, said
    chain = [_CHAINS.get(error, UNTRUSTED) for error in errors if error != _OTHER_NAME]
    return Opinion(found[1], found[2], chain[0] if chain else TRUSTED, MISMATCH if _OTHER_NAME in errors else MATCH)


# GnuTLS's words.
_COMPLAINTS = {
    "The certificate issuer is unknown": UNTRUSTED,
    "The certificate chain uses expired certificate": EXPIRED,
    "The certificate chain uses not yet valid certificate": NOT_YET_VALID,
    "The name in the certificate does not match the expected": MISMATCH,
}


def of_gnutls_cli(said: str) -> Opinion:
    """It tells all that is wrong at once."""
    found = re.search(r"- Description: \((TLS[\d.]+)-X.509\)-\((\S+?)\)-\((\S+?)\)-\((\S+?)\)\n", said)
    if not found:
        # It has no other word for a server that offers nothing.
        missing = "error receiving '220 '" in said
        return _no_session(said, offered=not missing, answered=missing or "*** Fatal error: " in said)
    (status,) = re.findall(r"- Status: The certificate is (.*)", said)
    verdict, *complaints = status.strip().rstrip(".").split(". ")
    assert verdict == ("NOT trusted" if complaints else "trusted"), status
    wrong = [_COMPLAINTS[one] for one in complaints]
    chain = [one for one in wrong if one != MISMATCH] or [TRUSTED]
    name = MISMATCH if MISMATCH in wrong else MATCH
    return Opinion(found[1].replace("TLS", "TLSv"), _openssl_cipher(*found.groups()), chain[0], name)


def _openssl_cipher(protocol: str, exchange: str, signature: str, cipher: str) -> str:
    """GnuTLS's description in OpenSSL's words."""
    modern = {"AES-256-GCM": "AES_256_GCM_SHA384", "AES-128-GCM": "AES_128_GCM_SHA256"}
    if protocol == "TLS1.3":
        return f"TLS_{modern.get(cipher, cipher)}"
    if protocol != "TLS1.2":
        # Here the kind of key is left out.
        return ""
    kind = "ECDSA" if signature.startswith("ECDSA") else "RSA"
    strength = {"AES-256-GCM": "AES256-GCM-SHA384", "AES-128-GCM": "AES128-GCM-SHA256"}
    return f"{exchange.partition('-')[0]}-{kind}-{strength.get(cipher, cipher)}"


def of_sslyze(found: dict[str, str]) -> Opinion:
    """It stops at the first thing that is wrong, and the name comes before the chain."""
    if "error" in found:
        said, missing = found["error"], "does not support STARTTLS" in found["error"]
        failed = re.search(r"SMTP STARTTLS rejected|\.(ServerTlsConfigurationNotSupported|\w+TlsHandshake\w*):", said)
        return _no_session(said, offered=not missing, answered=bool(missing or failed))
    protocol = found["protocol"].replace("TLS_", "TLSv").replace("_", ".")
    problem = found["problem"]
    if "subjectAltName" in problem:
        return Opinion(protocol, found["cipher"], name=MISMATCH)
    if "not valid at validation time" in problem:
        return Opinion(protocol, found["cipher"], OUT_OF_TIME)
    if problem:
        return Opinion(protocol, found["cipher"], UNTRUSTED)
    return Opinion(protocol, found["cipher"], TRUSTED, MATCH)


def _no_session(said: str, offered: bool, answered: bool) -> Opinion:
    assert answered, f"it never came so far, or has new words for it: {said}"
    return Opinion(FAILED if offered else NOT_OFFERED)


TOOLS: dict[str, t.Callable[[t.Any], Opinion]] = {
    "posttls-finger": of_posttls_finger,
    "openssl": of_openssl,
    "gnutls-cli": of_gnutls_cli,
    "sslyze": of_sslyze,
}
