# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""X.509 certificates as values: split PEM text, read facts, judge them.

The facts are those of the filter ``community.crypto.x509_certificate_info``, which reads them on the controller; here
nothing decodes X.509 and nothing reads the clock.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import MailtlsError

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What Ansible's fact holds when the host has no name of its own.
_NO_NAMES = ("localhost", "localdomain", "arpa", "invalid")
_ASN1_TIME = "%Y%m%d%H%M%SZ"
# ub-common-name of RFC 5280, appendix A.1.
COMMON_NAME_LENGTH = 64

Name = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a stable code, a sentence, and whether only a new key and certificate mend it."""

    code: str
    text: str
    needs_new: bool = False

    def to_dict(self) -> dict[str, t.Any]:
        """The finding as plain data, for a filter."""
        return {"code": self.code, "text": self.text, "needs_new": self.needs_new}


@dataclass(frozen=True)
class Certificate:
    """What one certificate says. Times are naive UTC; names are lower case; key identifiers may be empty."""

    pem: str
    subject: Name
    issuer: Name
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    public_key: str
    key_size: int
    key_identifier: str
    issuer_identifier: str
    authority: bool

    @property
    def common_name(self) -> str:
        """The last common name of the subject, which is the one sendmail takes, in lower case."""
        found = [value for kind, value in self.subject if kind == "commonName"]
        return found[-1].lower() if found else ""


def split_pem(text: str) -> tuple[str, ...]:
    """The certificates of a PEM text in their order, each with one final newline; all else (keys, remarks) is left."""
    return tuple(block.replace("\r", "") + "\n" for block in _BLOCK.findall(text))


def parse_time(text: str) -> datetime:
    """ASN.1 time such as ``20261123182100Z`` as naive UTC."""
    return datetime.strptime(text, _ASN1_TIME)


def render_name(name: Name) -> str:
    """``commonName=mta1.example.test, organizationName=Example``, or ``(no name)``."""
    return ", ".join(f"{kind}={value}" for kind, value in name) or "(no name)"


def parse_certificate(facts: t.Mapping[str, t.Any]) -> Certificate:
    """Read one certificate's facts; raise MailtlsError when they say that it could not be read (``problem``)."""
    if facts.get("problem"):
        raise MailtlsError(f"a certificate cannot be read: {facts['problem']}")
    names = [name[4:].lower() for name in facts.get("subject_alt_name") or [] if name.startswith("DNS:")]
    return Certificate(
        pem=facts["pem"],
        subject=_parse_name(facts["subject_ordered"]),
        issuer=_parse_name(facts["issuer_ordered"]),
        names=tuple(names),
        not_before=parse_time(facts["not_before"]),
        not_after=parse_time(facts["not_after"]),
        public_key=facts["public_key"],
        key_size=int(facts.get("key_size") or 0),
        key_identifier=facts.get("subject_key_identifier") or "",
        issuer_identifier=facts.get("authority_key_identifier") or "",
        authority="CA:TRUE" in (facts.get("basic_constraints") or []),
    )


def _parse_name(pairs: t.Iterable[t.Sequence[str]]) -> Name:
    return tuple((pair[0], pair[1]) for pair in pairs)


def covers(certificate: Certificate, fqdn: str) -> bool:
    """Whether a peer that checks names accepts the certificate for ``fqdn`` (RFC 6125: SANs, the CN only without)."""
    names = certificate.names or (certificate.common_name,)
    return fqdn in names or "*." + fqdn.partition(".")[2] in names


def is_named(certificate: Certificate, fqdn: str) -> bool:
    """Whether CN and SAN both are ``fqdn``: sendmail's ``CN:`` pins look at the CN only, other peers at the SANs."""
    return certificate.common_name == fqdn and certificate.names == (fqdn,)


def is_issued_by(certificate: Certificate, authority: Certificate) -> bool:
    """Whether names and key identifiers say so; a CA made anew has the old name but another key identifier."""
    same_name = certificate.issuer == authority.subject
    identifiers = (certificate.issuer_identifier, authority.key_identifier)
    return same_name and (identifiers[0] == identifiers[1] or not all(identifiers))


def judge_validity(certificate: Certificate, now: datetime, renew_days: int = 0) -> list[Finding]:
    """Not yet valid, expired, or fewer than ``renew_days`` left."""
    if now < certificate.not_before:
        return [Finding("not_yet_valid", f"the certificate is not valid before {certificate.not_before} UTC", True)]
    if now >= certificate.not_after:
        return [Finding("expired", f"the certificate expired on {certificate.not_after} UTC", True)]
    if certificate.not_after - now < timedelta(days=renew_days):
        days = (certificate.not_after - now).days
        return [Finding("expires_soon", f"the certificate has {days} days left, fewer than {renew_days}", True)]
    return []


def parse_fqdn(text: str, where: str) -> str:
    """A host's fully qualified name in lower case, or MailtlsError with the reason."""
    name = text.strip().lower().rstrip(".")
    remedy = "Give the host a name with a dot (/etc/hosts or DNS), or set tls_identity_fqdn."
    labels = name.split(".")
    if len(labels) < 2 or labels[-1] in _NO_NAMES:
        raise MailtlsError(f"{text!r} is not a fully qualified host name", where=where, remedy=remedy)
    if len(name) > 253 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise MailtlsError(f"{text!r} is not a valid host name", where=where, remedy=remedy)
    return name
