# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSL as a probe uses it: contexts, and what can be learnt of a session from the ``ssl`` of Python 3.9 to 3.13."""

from __future__ import annotations

import _ssl
import re
import ssl
import typing as t
import warnings

from .._core.errors import MailtlsError
from .._core.handshake import read_certificates

# How a handshake is made: as this host's OpenSSL is set up, with the chain verified; the same without; and with all
# that OpenSSL still speaks.
VERIFYING, UNVERIFIED, RELAXED = "verifying", "unverified", "relaxed"

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# What this Python's OpenSSL was built with, the oldest first.
SPOKEN = tuple(name for name in _VERSIONS if getattr(ssl, f"HAS_{name}".replace(".", "_")))
# RFC 8446 section 4: the message with the server's certificates.
_HANDSHAKE, _CERTIFICATE = 22, 11


class Identity(t.NamedTuple):
    """What is shown to a peer that asks for a certificate: two PEM files, or nothing."""

    certificate: str = ""
    key: str = ""


NOBODY = Identity()


class Contexts:
    """One context for each way of speaking TLS, made when it is first needed."""

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._made: dict[tuple[str, Identity, str], ssl.SSLContext] = {}

    def get(self, way: str, identity: Identity = NOBODY, newest: str = "") -> ssl.SSLContext:
        """The context; ``newest`` is the newest version that is offered. MailtlsError if a file is unusable."""
        wanted = (way, identity, newest)
        if wanted not in self._made:
            self._made[wanted] = self._make(*wanted)
        return self._made[wanted]

    def _make(self, way: str, identity: Identity, newest: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Names are judged where the policy is.
        context.check_hostname = False
        context.options |= ssl.OP_NO_RENEGOTIATION
        # Python may bring its own list; sendmail has OpenSSL's.
        context.set_ciphers("DEFAULT:@SECLEVEL=0" if way == RELAXED else "DEFAULT")
        if way == VERIFYING:
            self._trust(context)
        else:
            context.verify_mode = ssl.CERT_NONE
        if way == RELAXED:
            _offer_all(context, newest)
        if identity.certificate:
            _show(context, identity)
        if not _has_chain():
            _listen(context)
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        if not self._ca_file:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
            return
        try:
            context.load_verify_locations(cafile=self._ca_file)
        except (OSError, ValueError) as error:
            raise MailtlsError(
                f"OpenSSL cannot read the authorities ({explain(error)})",
                where=self._ca_file,
                remedy="Name a file with certificates in PEM form on the host that probes.",
            ) from None


def _offer_all(context: ssl.SSLContext, newest: str) -> None:
    with warnings.catch_warnings():
        # Python warns of old versions; finding them is what is wanted.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[SPOKEN[0]]
        if newest:
            context.maximum_version = _VERSIONS[newest]


def find_newest(context: ssl.SSLContext) -> str:
    """The newest version that a context offers; the host may have set one for all programs."""
    limit = context.maximum_version
    return next((name for name in reversed(SPOKEN) if limit == _VERSIONS[name]), SPOKEN[-1])


def _show(context: ssl.SSLContext, identity: Identity) -> None:
    try:
        # Without a password OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(identity.certificate, identity.key or None, password=lambda: "")
    except (OSError, ValueError) as error:
        raise MailtlsError(
            f"OpenSSL cannot use the client certificate ({explain(error)})",
            where=identity.certificate,
            remedy="Name a certificate and its key, without a passphrase, in PEM form on the host that probes.",
        ) from None


def explain(error: BaseException) -> str:
    """Why OpenSSL or the system failed, in few words."""
    if isinstance(error, ssl.SSLError):
        return (find_reason(error) or error.strerror or str(error)).lower().replace("_", " ")
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


def find_reason(error: ssl.SSLError) -> str:
    """OpenSSL's word for a failure, or nothing. Made of the text where OpenSSL is newer than what Python knows."""
    named = re.match(r"\[\w+\] ([a-z0-9 ]+) \(", str(error.strerror))
    return getattr(error, "reason", None) or (named.group(1).upper().replace(" ", "_") if named else "")


def read_chain(session: ssl.SSLObject) -> tuple[list[bytes], str, str]:
    """The certificates (DER) as presented, where they come from, and why they are not all, if that is so."""
    if hasattr(session, "get_unverified_chain"):
        return list(session.get_unverified_chain() or ()), "python", ""
    native = session._sslobj  # type: ignore[attr-defined]
    if hasattr(native, "get_unverified_chain"):
        # Python 3.10 to 3.12 have it, but do not say so.
        return [one.public_bytes(_ssl.ENCODING_DER) for one in native.get_unverified_chain() or ()], "python", ""
    presented = read_certificates(getattr(session, "presented", b""), session.version() or "")
    if presented:
        return presented, "handshake", ""
    leaf = session.getpeercert(binary_form=True)
    why = "this Python tells only the peer's own certificate"
    return ([leaf], "leaf only", why) if leaf else ([], "", "the peer presented no certificate")


def _has_chain() -> bool:
    return hasattr(_ssl._SSLSocket, "get_unverified_chain")  # type: ignore[attr-defined]


def _listen(context: ssl.SSLContext) -> None:
    """Keep the message with the certificates, which Python 3.9 does not tell otherwise."""

    def keep(session: t.Any, direction: str, _version: int, kind: int, message: int, data: bytes) -> None:
        if direction == "read" and kind == _HANDSHAKE and message == _CERTIFICATE:
            session.presented = data

    # The public setter would make enumerations of all these numbers first, for each of some thirty calls.
    hook = getattr(_ssl._SSLContext, "_msg_callback", None)
    if hook is not None:
        hook.__set__(context, keep)
