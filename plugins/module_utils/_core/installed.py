# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what a relay carries with what it ought to carry."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .certificate import Certificate, Finding, is_issued_by, is_named, judge_validity, parse_certificate, render_name
from .errors import MailtlsError
from .identity import Identity, describe_drift, drifted


def judge_identity(
    identity: Identity, carried: t.Sequence[t.Mapping[str, t.Any]], wish: t.Mapping[str, t.Any], now: datetime
) -> list[Finding]:
    """All findings over an installed identity; ``carried`` are the facts of its certificate file.

    ``wish`` holds ``ca`` (text of the CA file) and either ``certificate`` (text, with files that the user brings) or
    ``fqdn``, ``authority`` (facts of the issuing CA), ``key_size`` and ``renew_days`` (with the own CA).
    """
    findings = _judge_certificate(identity, carried, wish, now)
    if identity.ca != wish["ca"]:
        findings.append(Finding("ca_differs", "the CA file holds something else"))
    elif identity.ca_problem:
        findings.append(Finding("ca_unreadable", f"the CA file cannot be used: {identity.ca_problem}"))
    return findings + [Finding("access", describe_drift(identity, name)) for name in drifted(identity)]


def _judge_certificate(
    identity: Identity, carried: t.Sequence[t.Mapping[str, t.Any]], wish: t.Mapping[str, t.Any], now: datetime
) -> list[Finding]:
    if not identity.certificate:
        return [Finding("absent", "no certificate is installed", True)]
    findings = []
    if identity.keypair_problem:
        findings.append(Finding("keypair", f"key and certificate cannot be used: {identity.keypair_problem}", True))
    if "certificate" in wish:
        if identity.certificate != wish["certificate"]:
            findings.append(Finding("certificate_differs", "another certificate is installed", True))
        return findings
    if len(carried) != 1:
        return [
            *findings,
            Finding("unreadable", f"the certificate file holds {len(carried)} certificates, not 1", True),
        ]
    try:
        certificate = parse_certificate(carried[0])
    except MailtlsError as error:
        return [*findings, Finding("unreadable", error.what, True)]
    return findings + judge_issued(certificate, wish, now)


def judge_issued(certificate: Certificate, wish: t.Mapping[str, t.Any], now: datetime) -> list[Finding]:
    """Whether the own CA would issue this certificate so today."""
    findings = judge_validity(certificate, now, int(wish["renew_days"]))
    if not is_named(certificate, wish["fqdn"]):
        names = ", ".join([f"CN {certificate.common_name or 'missing'}", *certificate.names])
        findings.append(Finding("wrong_name", f"the certificate is for {names}, not for {wish['fqdn']}", True))
    if not any(is_issued_by(certificate, parse_certificate(facts)) for facts in wish["authority"]):
        issuer = render_name(certificate.issuer)
        findings.append(Finding("other_ca", f"the certificate was issued by another CA ({issuer})", True))
    if certificate.key_size != int(wish["key_size"]):
        text = f"the key has {certificate.key_size} bits, not {wish['key_size']}"
        findings.append(Finding("key_size", text, True))
    return findings
