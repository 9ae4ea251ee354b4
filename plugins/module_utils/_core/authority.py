# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The own certification authority: where it may lie, whether it is usable, and which hosts know another one."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .certificate import (
    COMMON_NAME_LENGTH,
    Certificate,
    is_issued_by,
    judge_validity,
    parse_certificate,
    parse_fqdn,
    render_name,
)
from .errors import MailtlsError

_FOLDER_VARIABLE = "tls_identity_ca_directory"


def judge_settings(settings: t.Mapping[str, t.Any]) -> list[str]:
    """All reasons to refuse the role's variables (their names without ``tls_identity_``), before any host is touched.

    ``places`` are the folders of playbook, inventory and role; ``git`` every ``.git`` above them; ``folder`` is the
    CA's folder with ``~`` and links resolved.
    """
    refusals = []
    if settings["source"] == "acme":
        remedy = "Use own_ca or files."
        refusals.append(str(MailtlsError("acme comes later", where="tls_identity_source", remedy=remedy)))
    try:
        fqdn = parse_fqdn(settings["fqdn"], "tls_identity_fqdn")
    except MailtlsError as error:
        return [*refusals, str(error)]
    if not settings["directory"].startswith("/") or settings["directory"].strip("/") == "":
        remedy = "Give an absolute path such as /etc/mail/certs."
        what = f"{settings['directory']!r} is not a folder of its own"
        refusals.append(str(MailtlsError(what, where="tls_identity_directory", remedy=remedy)))
    if settings["source"] == "own_ca":
        refusals += _judge_own_ca(settings, fqdn)
    return refusals


def _judge_own_ca(settings: t.Mapping[str, t.Any], fqdn: str) -> list[str]:
    errors = []
    if not settings["ca_passphrase"]:
        remedy = "Set it, encrypted with ansible-vault; it protects the CA's key and is asked for at each renewal."
        errors.append(MailtlsError("tls_identity_ca_passphrase is not set", remedy=remedy))
    if len(fqdn) > COMMON_NAME_LENGTH:
        what = f"{fqdn} is longer than the {COMMON_NAME_LENGTH} characters a common name holds"
        errors.append(MailtlsError(what, where="tls_identity_fqdn", remedy="Use tls_identity_source: files."))
    if not 0 < len(settings["ca_name"]) <= COMMON_NAME_LENGTH:
        what = f"the name has {len(settings['ca_name'])} characters, not 1 to {COMMON_NAME_LENGTH}"
        errors.append(MailtlsError(what, where="tls_identity_ca_name", remedy="Choose another."))
    if not 0 <= int(settings["renew_days"]) < int(settings["valid_days"]):
        what = f"{settings['renew_days']} days is not within 0 and tls_identity_valid_days ({settings['valid_days']})"
        errors.append(MailtlsError(what, where="tls_identity_renew_days", remedy="Renew later, or issue for longer."))
    checkout = enclosing_checkout(settings["folder"], settings["places"], settings["git"])
    if checkout:
        what = f"{settings['folder']} lies inside {checkout}, where the CA's key would be committed or packed"
        errors.append(MailtlsError(what, where=_FOLDER_VARIABLE, remedy="Choose a folder outside, e.g. ~/.mailtls/ca."))
    return [str(error) for error in errors]


def enclosing_checkout(folder: str, places: t.Sequence[str], git: t.Sequence[str]) -> str:
    """The innermost git checkout of one of ``places`` that also holds ``folder``; "" when none does.

    The last place is the role's folder: its collection counts as a checkout even without git.
    """
    roots = [path.rsplit("/", 1)[0] or "/" for path in git]
    candidates = [places[-1].rsplit("/", 2)[0]]
    for place in places:
        around = sorted((root for root in roots if _is_inside(place, root)), key=len)
        candidates += around[-1:]
    return next((root for root in candidates if _is_inside(folder, root)), "")


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def judge_authority(authority: t.Mapping[str, t.Any], now: datetime) -> list[str]:
    """All reasons not to issue with the CA in ``folder``; none when both its files are missing (it is then made).

    ``key`` holds the facts of the key (``present``, ``encrypted``, ``problem``, ``public_key``), ``certificate`` a list
    of facts.
    """
    folder = authority["folder"]
    key, found = authority["key"], authority["certificate"]
    if not key["present"] and not authority["certificate_present"]:
        return []
    if not key["present"] or not authority["certificate_present"]:
        names = ("ca.crt", "ca.key") if authority["certificate_present"] else ("ca.key", "ca.crt")
        remedy = "Restore the folder from a backup; only if no host has a certificate of this CA, remove it."
        what = f"half of the CA is missing: {names[0]} is there, {names[1]} is not"
        return [str(MailtlsError(what, where=folder, remedy=remedy))]
    refusals = []
    if key["problem"]:
        remedy = "Correct tls_identity_ca_passphrase, or restore the folder from a backup."
        refusals.append(str(MailtlsError(f"the CA's key: {key['problem']}", where=f"{folder}/ca.key", remedy=remedy)))
    elif not key["encrypted"]:
        remedy = "Give it tls_identity_ca_passphrase: openssl rsa -aes256 -in ca.key -out new.key, then rename."
        refusals.append(str(MailtlsError("the CA's key has no passphrase", where=f"{folder}/ca.key", remedy=remedy)))
    remedy = "Restore the folder from a backup, or choose another folder to begin a new CA."
    for what in _judge_certificate(key, found, now):
        refusals.append(str(MailtlsError(what, where=f"{folder}/ca.crt", remedy=remedy)))
    return refusals


def _judge_certificate(
    key: t.Mapping[str, t.Any], found: t.Sequence[t.Mapping[str, t.Any]], now: datetime
) -> list[str]:
    if len(found) != 1:
        return [f"it holds {len(found)} certificates, not 1"]
    try:
        certificate = parse_certificate(found[0])
    except MailtlsError as error:
        return [error.what]
    if not certificate.authority:
        return [f"{render_name(certificate.subject)} is no certificate of a CA"]
    if not key["problem"] and certificate.public_key != key["public_key"]:
        return ["the CA's key does not belong to the CA's certificate"]
    return [finding.text for finding in judge_validity(certificate, now)]


def judge_carriers(
    hosts: t.Sequence[t.Mapping[str, t.Any]], authority: t.Sequence[t.Mapping[str, t.Any]], folder: str
) -> list[str]:
    """Which hosts stand in the way of issuing with this CA (``authority``: its facts, empty when it is yet to be made).

    Each host has ``name``, ``seen`` (False when it could not be asked) and ``certificate`` (facts of what it carries).
    """
    present = parse_certificate(authority[0]) if authority else None
    foreign = [text for host in hosts for text in _foreign(host, present)]
    unseen = [host["name"] for host in hosts if not host["seen"]]
    refusals = []
    ways = f"Restore {folder} from a backup (or correct {_FOLDER_VARIABLE}), "
    allow = "or set tls_identity_accept_other_ca: true for one run to replace their certificates."
    if foreign:
        state = (
            "carry a certificate that the CA did not issue" if present else "carry a certificate, and there is no CA"
        )
        refusals.append(str(MailtlsError(f"hosts {state}: {'; '.join(foreign)}", where=folder, remedy=ways + allow)))
    if unseen and present is None:
        what = f"no CA is made while hosts cannot be asked what they carry: {', '.join(unseen)}"
        remedy = "Make them reachable, leave them out with --limit, or set tls_identity_accept_other_ca: true."
        refusals.append(str(MailtlsError(what, where=folder, remedy=remedy)))
    return refusals


def _foreign(host: t.Mapping[str, t.Any], present: Certificate | None) -> list[str]:
    for facts in host["certificate"][:1]:
        try:
            carried = parse_certificate(facts)
        except MailtlsError:
            return []  # Unusable for anyone: there is nothing to lose.
        if present is None or not is_issued_by(carried, present):
            return [f"{host['name']} (issued by {render_name(carried.issuer)})"]
    return []
