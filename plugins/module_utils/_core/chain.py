# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that the user brings: lay them out as sendmail reads them, and refuse what cannot work.

sendmail loads only the first certificate of its certificate file and fills the chain it sends from its CA file; so the
certificate file gets the leaf alone, and the CA file the intermediates followed by the CA bundle.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from .certificate import Certificate, covers, judge_validity, parse_certificate, render_name
from .errors import MailtlsError

_KEY_VARIABLE = "tls_identity_key_src"
_CERTIFICATE_VARIABLE = "tls_identity_certificate_src"
_CA_VARIABLE = "tls_identity_ca_src"


@dataclass(frozen=True)
class Layout:
    """The texts of sendmail's certificate file and CA file."""

    certificate: str
    ca: str


def lay_out(leaf: Certificate, chain: t.Sequence[Certificate], bundle: t.Sequence[Certificate]) -> Layout:
    """Leaf alone; then intermediates and bundle, each certificate once and in the given order."""
    rest = dict.fromkeys(item.pem for item in [*chain, *bundle] if item.pem != leaf.pem)
    return Layout(leaf.pem, "".join(rest))


def judge_brought(brought: t.Mapping[str, t.Any], fqdn: str, now: datetime) -> tuple[Layout, list[str]]:
    """The layout of the brought files and all reasons to refuse them; the layout is empty when there are any.

    ``brought`` holds ``paths`` (variable -> path on the controller, "" when there is no such file), ``key`` (facts of
    the private key: ``public_key``, ``problem``), ``chain`` and ``bundle`` (lists of certificate facts).
    """
    refusals = _judge_paths(brought["paths"])
    if refusals:
        return Layout("", ""), refusals
    paths = brought["paths"]
    if brought["key"]["problem"]:
        refusals.append(_refusal(_KEY_VARIABLE, paths, brought["key"]["problem"], "Bring the key without passphrase."))
    chain = _parse_all(_CERTIFICATE_VARIABLE, paths, brought["chain"], refusals)
    bundle = _parse_all(_CA_VARIABLE, paths, brought["bundle"], refusals)
    if refusals:
        return Layout("", ""), refusals
    leaf = next((item for item in chain if item.public_key == brought["key"]["public_key"]), None)
    if leaf is None:
        what = f"no certificate in it belongs to the key {paths[_KEY_VARIABLE]['path']}"
        return Layout("", ""), [_refusal(_CERTIFICATE_VARIABLE, paths, what, "Bring the key made for it.")]
    refusals = _judge_leaf(leaf, paths, fqdn, now) + _judge_others([*chain, *bundle], leaf, paths, now)
    return (Layout("", ""), refusals) if refusals else (lay_out(leaf, chain, bundle), [])


def _judge_paths(paths: t.Mapping[str, t.Mapping[str, str]]) -> list[str]:
    refusals = []
    for variable, place in paths.items():
        if not place["given"]:
            what, remedy = (
                f"{variable} is not set",
                "With tls_identity_source: files it names a file on the controller.",
            )
            refusals.append(str(MailtlsError(what, remedy=remedy)))
        elif not place["path"]:
            what, remedy = "there is no such file on the controller", "Correct the path."
            refusals.append(str(MailtlsError(what, where=f"{variable} ({place['given']})", remedy=remedy)))
    return refusals


def _parse_all(
    variable: str,
    paths: t.Mapping[str, t.Mapping[str, str]],
    facts: t.Sequence[t.Mapping[str, t.Any]],
    refusals: list[str],
) -> list[Certificate]:
    if not facts:
        refusals.append(_refusal(variable, paths, "it holds no certificate", "Bring a PEM file."))
    certificates = []
    for number, item in enumerate(facts, start=1):
        try:
            certificates.append(parse_certificate(item))
        except MailtlsError as error:
            refusals.append(_refusal(variable, paths, f"certificate {number}: {error.what}", "Bring a PEM file."))
    return certificates


def _judge_leaf(leaf: Certificate, paths: t.Mapping[str, t.Mapping[str, str]], fqdn: str, now: datetime) -> list[str]:
    refusals = [
        _refusal(_CERTIFICATE_VARIABLE, paths, finding.text, "Bring a valid one.")
        for finding in judge_validity(leaf, now)
    ]
    if not covers(leaf, fqdn):
        what = f"it is for {', '.join(leaf.names) or leaf.common_name or 'no name'}, not for {fqdn}"
        refusals.append(
            _refusal(_CERTIFICATE_VARIABLE, paths, what, "Bring one for this host, or set tls_identity_fqdn.")
        )
    return refusals


def _judge_others(
    certificates: t.Sequence[Certificate],
    leaf: Certificate,
    paths: t.Mapping[str, t.Mapping[str, str]],
    now: datetime,
) -> list[str]:
    """Only what stands above the leaf must be valid: public bundles carry expired roots for old peers."""
    refusals: list[str] = []
    child, seen = leaf, {leaf.pem}
    while True:
        above = [item for item in certificates if item.pem not in seen and item.subject == child.issuer]
        if not above or child.issuer == child.subject:
            return refusals
        if not any(not judge_validity(item, now) for item in above):
            text = judge_validity(above[0], now)[0].text
            what = f"{render_name(above[0].subject)}, which stands above it: {text}"
            refusals.append(_refusal(_CERTIFICATE_VARIABLE, paths, what, "Bring the present chain."))
        seen |= {item.pem for item in above}
        child = above[0]


def _refusal(variable: str, paths: t.Mapping[str, t.Mapping[str, str]], what: str, remedy: str) -> str:
    return str(MailtlsError(what, where=f"{variable} ({paths[variable]['path']})", remedy=remedy))
