# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import ssl
import typing as t

import pki
import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import tls
from ansible_collections.mailtls.relay.plugins.module_utils._host.tls import (
    NOBODY,
    RELAXED,
    UNVERIFIED,
    VERIFYING,
    Contexts,
    Identity,
    explain,
    find_newest,
    find_reason,
    read_chain,
)

LEAF = scripted.certificate("leaf")
CHAIN = LEAF + scripted.authority()
DER = [ssl.PEM_cert_to_DER_cert(LEAF), ssl.PEM_cert_to_DER_cert(scripted.authority())]


def test_each_context_is_made_once() -> None:
    contexts = Contexts("")
    assert contexts.get(RELAXED) is contexts.get(RELAXED, NOBODY, "")
    assert contexts.get(RELAXED) is not contexts.get(RELAXED, newest="TLSv1.2")


def test_ways_of_speaking_tls() -> None:
    contexts = Contexts("")
    verifying, unverified, relaxed = (contexts.get(way) for way in (VERIFYING, UNVERIFIED, RELAXED))
    assert verifying.verify_mode == ssl.CERT_REQUIRED and not verifying.check_hostname
    assert unverified.verify_mode == relaxed.verify_mode == ssl.CERT_NONE
    assert unverified.minimum_version == verifying.minimum_version
    assert relaxed.minimum_version == ssl.TLSVersion.TLSv1
    assert find_newest(relaxed) == find_newest(verifying) == "TLSv1.3"
    assert find_newest(contexts.get(RELAXED, newest="TLSv1.1")) == "TLSv1.1"


def test_the_authorities_are_those_of_the_file(tmp_path: pathlib.Path) -> None:
    context = Contexts(scripted.write(tmp_path, "ca.pem", scripted.authority())).get(VERIFYING)
    assert context.get_ca_certs(binary_form=True) == DER[1:]


@pytest.mark.parametrize("content", ["", "junk", pki.key_pem("leaf")])
def test_files_that_openssl_cannot_use(tmp_path: pathlib.Path, content: str) -> None:
    path = scripted.write(tmp_path, "x.pem", content)
    with pytest.raises(MailtlsError, match="cannot read the authorities"):
        Contexts(path).get(VERIFYING)
    with pytest.raises(MailtlsError, match="cannot use the client certificate"):
        Contexts("").get(UNVERIFIED, Identity(path, path))


def test_nobody_is_asked_for_a_passphrase(tmp_path: pathlib.Path) -> None:
    certificate = scripted.write(tmp_path, "x.pem", LEAF)
    key = scripted.write(tmp_path, "x.key", pki.key_pem("leaf", passphrase="secret"))
    with pytest.raises(MailtlsError, match="without a passphrase"):
        Contexts("").get(UNVERIFIED, Identity(certificate, key))


@pytest.mark.parametrize(
    "error, words",
    [
        (OSError(2, "No such file or directory"), "No such file or directory"),
        (ValueError("what"), "what"),
        (ssl.SSLError(1, "[SSL: X_Y] x y (_ssl.c:1)"), "[ssl: x y] x y ( ssl.c:1)"),
    ],
)
def test_words_for_failures(error: BaseException, words: str) -> None:
    assert explain(error) == words


def test_a_reason_that_this_python_has_no_name_for_is_a_reason() -> None:
    """As Debian 12's Python says it of a peer that speaks only TLS 1.0."""
    nameless = ssl.SSLError(ssl.SSL_ERROR_SSL, "[SSL] legacy sigalg disallowed or unsupported (_ssl.c:992)")
    assert find_reason(nameless) == "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED"
    assert explain(nameless) == "legacy sigalg disallowed or unsupported"
    assert find_reason(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol (_ssl.c:992)")) == ""


def session(context: ssl.SSLContext) -> ssl.SSLObject:
    """A client's session in memory, after the handshake."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server)
    peer = scripted.tls(CHAIN).wrap_bio(to_server, to_client, server_side=True)
    for side in (client, peer, client, peer):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client


def test_the_chain_as_presented() -> None:
    chain, source, why = read_chain(session(Contexts("").get(UNVERIFIED)))
    assert (chain, why) == (DER, "") and source in ("python", "handshake")


class OldPython:
    """What a session tells in Python 3.9, and in others if its private half is given."""

    def __init__(self, leaf: bytes | None, presented: bytes = b"", version: str | None = "TLSv1.3") -> None:
        self._sslobj: t.Any = object()
        self._leaf, self._version = leaf, version
        if presented:
            self.presented = presented

    def getpeercert(self, binary_form: bool) -> bytes | None:
        return self._leaf if binary_form else None

    def version(self) -> str | None:
        return self._version


class NewPython:
    def __init__(self, chain: list[bytes] | None) -> None:
        self._chain = chain

    def get_unverified_chain(self) -> list[bytes] | None:
        return self._chain


def test_the_chain_from_each_python(monkeypatch: pytest.MonkeyPatch) -> None:
    only = "this Python tells only the peer's own certificate"
    assert read_chain(t.cast(t.Any, NewPython(DER))) == (DER, "python", "")
    assert read_chain(t.cast(t.Any, NewPython(None))) == ([], "python", "")
    assert read_chain(t.cast(t.Any, OldPython(DER[0]))) == (DER[:1], "leaf only", only)
    assert read_chain(t.cast(t.Any, OldPython(None))) == ([], "", "the peer presented no certificate")


def test_the_chain_from_the_handshakes_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.9 has to do it; its hook is in the later ones too."""
    monkeypatch.setattr(tls, "_has_chain", lambda: False)
    seen = session(Contexts("").get(UNVERIFIED))
    presented = seen.presented  # type: ignore[attr-defined]
    assert read_chain(t.cast(t.Any, OldPython(DER[0], presented))) == (DER, "handshake", "")
