# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSL's opinion of key, certificate and CA file, through the standard library's ``ssl`` only."""

from __future__ import annotations

import hashlib
import os
import ssl
import tempfile
import typing as t
from contextlib import contextmanager

from .._core.certificate import split_pem


@contextmanager
def in_memory(content: bytes) -> t.Iterator[str]:
    """A path under which OpenSSL can read ``content``, which never reaches a disk (keys pass here)."""
    descriptor = os.memfd_create("mailtls")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def keypair_problem(certificate: str, key: str) -> str:
    """Why OpenSSL does not take the certificate and key at these paths together; "" when it does."""
    # Without a password OpenSSL would ask the terminal for an encrypted key's.
    return _problem(lambda context: context.load_cert_chain(certificate, key, password=_no_password))


def ca_problem(path: str) -> str:
    """Why OpenSSL cannot read the CA file at this path; "" when it can."""
    return _problem(lambda context: context.load_verify_locations(cafile=path))


def _no_password() -> str:
    return ""


def _problem(load: t.Callable[[ssl.SSLContext], None]) -> str:
    try:
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            return "the key does not belong to the certificate"
        # Without a reason Python gives only its own source line.
        reason = f" ({error.reason.lower().replace('_', ' ')})" if error.reason and error.reason != "PEM" else ""
        return f"OpenSSL cannot read it{reason}"
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", "") or str(error)).lower()
    return ""


def describe(pem: str) -> list[str]:
    """For a reader of a diff: what each certificate of a PEM text says."""
    return [line for block in split_pem(pem) for line in _describe_one(block)]


def _describe_one(block: str) -> list[str]:
    try:
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(block)).hexdigest()
        facts = _decode(block)
    except (ssl.SSLError, ValueError):
        return ["unreadable certificate"]
    if not facts:
        return [f"SHA-256: {digest}"]
    names = [f"{kind}:{value}" for kind, value in facts.get("subjectAltName", ())]
    return [
        f"subject: {_name(facts.get('subject', ()))}",
        f"names: {', '.join(names) or 'none'}",
        f"issuer: {_name(facts.get('issuer', ()))}",
        f"valid: {facts.get('notBefore')} to {facts.get('notAfter')}",
        f"SHA-256: {digest}",
    ]


def period(pem: str) -> tuple[float, float] | None:
    """From when to when the first certificate of a PEM text is valid, in seconds since the epoch; None when unknown."""
    blocks = split_pem(pem)
    try:
        facts = _decode(blocks[0]) if blocks else {}
    except (ssl.SSLError, ValueError):
        facts = {}
    if not facts:
        return None
    return ssl.cert_time_to_seconds(facts["notBefore"]), ssl.cert_time_to_seconds(facts["notAfter"])


def _name(parts: t.Iterable[t.Iterable[tuple[str, str]]]) -> str:
    return ", ".join(f"{kind}={value}" for part in parts for kind, value in part) or "(no name)"


def _decode(block: str) -> dict[str, t.Any]:
    """Facts as ``SSLSocket.getpeercert`` gives them; {} where this Python cannot.

    The standard library decodes a certificate in public only during a handshake. CPython's own test helper is there in
    every release since 3.3; should it go, the diff shows finger prints only.
    """
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    if decode is None:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".crt") as stream:
        stream.write(block)
        stream.flush()
        facts: dict[str, t.Any] = decode(stream.name)
    return facts
