# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sighting and the certificates in it mean: whose name they bear, whether they can be trusted, what was asked.

Names are compared as RFC 9525 (6125 before it) has it and as OpenSSL and Postfix do: SANs count, the CN only where
there is no DNS name among them; a wildcard stands for one whole label and has two behind it; addresses are among the
SANs or nowhere. Evidence is pass, fail or inconclusive, and unknown is never fine.
"""

from __future__ import annotations

import datetime
import typing as t

from . import sighting
from .aim import DOMAIN, Target
from .nexthop import parse_address
from .policy import DEFAULT_MIN_BITS
from .sighting import printable

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
# From good to bad.
SUMMARIES = (PASS, INCONCLUSIVE, FAIL)

EXACT, WILDCARD, CN_ONLY, MISMATCH, NOT_CHECKED = "exact", "wildcard", "cn_only", "mismatch", "not_checked"
NAMED = frozenset({EXACT, WILDCARD, CN_ONLY})

TRUSTED, UNTRUSTED, EXPIRED, NOT_YET_VALID = "trusted", "untrusted", "expired", "not_yet_valid"
# OpenSSL's X509_V_ERR_*; every other number says that the chain does not end at an authority of ours.
_CHAINS = {0: TRUSTED, 9: NOT_YET_VALID, 10: EXPIRED}

# What is shown of a certificate; all of it is judged.
MOST_NAMES_SHOWN = 100
LONGEST_SHOWN = 255

# The outcomes with which a level is content, as Postfix has it. sendmail sends in clear text at may and none.
_ANY_CERTIFICATE = frozenset({sighting.OK, sighting.UNTRUSTED, sighting.EXPIRED, sighting.NAME_MISMATCH})
_CONTENT: dict[str, frozenset[str]] = {
    "none": sighting.FAILED | {sighting.OK},
    "may": _ANY_CERTIFICATE | {sighting.NO_STARTTLS, sighting.STARTTLS_REFUSED},
    "encrypt": _ANY_CERTIFICATE,
    "verify": frozenset({sighting.OK}),
    "secure": frozenset({sighting.OK}),
}

Facts = t.Mapping[str, t.Any]


class Demands(t.NamedTuple):
    """What a peer must be like where no policy says so, and how long its certificate must last."""

    level: str = "verify"
    minimum_days: int = 0


def judge_name(host: str, leaf: Facts) -> dict[str, t.Any]:
    """The verdict on whether a certificate is for ``host``, and the names that it is for."""
    if not leaf or leaf["problem"]:
        return {"verdict": NOT_CHECKED, "names": []}
    common = [text for kind, text in leaf["subject"] if kind == "CN"]
    names = [*leaf["dns_names"], *leaf["ip_names"]] or common
    return {"verdict": _compare(host, leaf, common), "names": _show_all(names)}


def _compare(host: str, leaf: Facts, common: t.Sequence[str]) -> str:
    address = parse_address(host)
    if address:
        return EXACT if any(parse_address(name) == address for name in leaf["ip_names"]) else MISMATCH
    wanted = host.rstrip(".").lower()
    if leaf["dns_names"]:
        return _find(wanted, leaf["dns_names"])
    return MISMATCH if _find(wanted, common) == MISMATCH else CN_ONLY


def _find(wanted: str, names: t.Sequence[str]) -> str:
    folded = {name.lower() for name in names}
    _label, _dot, parent = wanted.partition(".")
    if wanted in folded:
        return EXACT
    return WILDCARD if f"*.{parent}" in folded and "." in parent else MISMATCH


def judge_chain(seen: Facts) -> dict[str, t.Any]:
    """What OpenSSL thought of the chain, in a word and in its own."""
    code = seen["verify_code"]
    verdict = NOT_CHECKED if code < 0 else _CHAINS.get(code, UNTRUSTED)
    return {"verdict": verdict, "code": code, "message": seen["verify_message"]}


def show_certificate(facts: Facts, now: datetime.datetime) -> dict[str, t.Any]:
    """A certificate's facts for a person: printable, with what is long cut short."""
    sans = [
        *(f"DNS:{name}" for name in facts["dns_names"]),
        *(f"IP:{name}" for name in facts["ip_names"]),
        *facts["other_names"],
    ]
    ends = facts["not_after"]
    return {
        "subject": _show_name(facts["subject"]),
        "issuer": _show_name(facts["issuer"]),
        "sans": _show_all(sans),
        "sans_total": len(sans),
        **{name: facts[name] for name in ("key_type", "key_size", "curve", "signature", "sha256", "sha1")},
        "serial": _show(facts["serial"]),
        "not_before": _show_time(facts["not_before"]),
        "not_after": _show_time(ends),
        "days_left": None if ends is None else (ends - now).days,
        "problem": _show(facts["problem"]),
    }


def _show_name(parts: t.Iterable[t.Sequence[str]]) -> str:
    return _show(", ".join(f"{kind}={text}" for kind, text in parts))


def _show_all(names: t.Sequence[str]) -> list[str]:
    return [_show(name) for name in names[:MOST_NAMES_SHOWN]]


def _show(text: str) -> str:
    shown = printable(text[: LONGEST_SHOWN + 1])
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[: LONGEST_SHOWN - 3]}..."


def _show_time(when: datetime.datetime | None) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""


def settle(seen: Facts, name: Facts, host: str) -> tuple[str, str]:
    """The last outcome and its sentence. What was wrong first in a session counts, the name last of all."""
    if seen["outcome"] != sighting.OK or name["verdict"] != MISMATCH:
        return seen["outcome"], seen["detail"]
    names = ", ".join(name["names"]) or "no name"
    return sighting.NAME_MISMATCH, _show(f"the certificate is not for {host}, but for {names}")


def summarise(record: Facts, target: Target, demands: Demands) -> tuple[str, str]:
    """Whether the peer of this record is as it was asked for, and why, in one line."""
    found = [_by_verdict(record) if record["judgement"] else _by_level(record, target, demands.level)]
    if record["bits"]:
        found += _by_age(record, demands.minimum_days)
    found += _by_refusals(record["refusal"])
    worst = max((summary for summary, _text in found), key=SUMMARIES.index)
    return worst, "; ".join(text for summary, text in found if summary == worst)


def _by_verdict(record: Facts) -> tuple[str, str]:
    said = record["judgement"]
    if said["action"] == "deliver":
        return PASS, f"mail goes out {_describe(record) if said['under_tls'] else 'in CLEAR TEXT'}"
    if said["action"] == INCONCLUSIVE:
        return INCONCLUSIVE, said["text"]
    return FAIL, f"mail {'waits' if said['action'] == 'defer' else 'goes back to its sender'}: {said['text']}"


def _by_level(record: Facts, target: Target, level: str) -> tuple[str, str]:
    outcome, text = record["outcome"], f"{record['outcome']}: {record['detail']}"
    if outcome in sighting.INCONCLUSIVE:
        return INCONCLUSIVE, text
    if outcome not in _CONTENT[level]:
        return FAIL, text
    if outcome not in _ANY_CERTIFICATE:
        return PASS, f"{text}, so mail goes out in CLEAR TEXT"
    if not record["bits"]:
        return INCONCLUSIVE, f"{text}; the TLS session itself was not seen"
    if level in ("none", "may"):
        return PASS, _describe(record)
    if record["bits"] < DEFAULT_MIN_BITS:
        return FAIL, f"encryption too weak {record['bits']} less than {DEFAULT_MIN_BITS}"
    if level != "encrypt":
        if record["name"]["verdict"] not in NAMED or record["chain"]["verdict"] != TRUSTED:
            return INCONCLUSIVE, f"the certificate was not checked: {_find_gap(record)}"
        if level == "secure" and not _is_promised(record["host"], target):
            return FAIL, f"DNS alone says that {record['host']} is meant; give its name, or demand verify"
    return PASS, _describe(record)


def _find_gap(record: Facts) -> str:
    """Why a certificate of a good session could not be judged."""
    problems = [certificate["problem"] for certificate in record["certificates"][:1] if certificate["problem"]]
    return str(next(iter([*problems, *record["not_observed"].values()]), "none was seen"))


def _is_promised(host: str, target: Target) -> bool:
    """Whether the user named this host, or a domain around it; the name of an MX record is but DNS's word."""
    return bool(target.name) or any(
        host == way.text or (way.kind == DOMAIN and host.endswith(f".{way.text}")) for way in target.ways
    )


def _describe(record: Facts) -> str:
    text = f"under {record['protocol']} with {record['bits']} bits"
    for certificate in record["certificates"][:1]:
        if certificate["days_left"] is not None:
            text += f", certificate {record['chain']['verdict']}, name {record['name']['verdict']}"
            text += f", {certificate['days_left']} days left"
    return text


def _by_age(record: Facts, minimum: int) -> t.Iterator[tuple[str, str]]:
    for number, certificate in enumerate(record["certificates"] if minimum else ()):
        days = certificate["days_left"]
        which = f"certificate {number + 1} of the chain, {certificate['subject']}," if number else "the certificate"
        if days is None:
            yield INCONCLUSIVE, f"how long {which} lasts was not observed"
        elif days < minimum:
            yield FAIL, f"{which} has {days} days left, fewer than {minimum}"


_CASES = {
    "clear": "in clear text",
    "no_certificate": "without a client certificate",
    "wrong_certificate": "with a wrong client certificate",
}


def _by_refusals(refusals: Facts) -> t.Iterator[tuple[str, str]]:
    """What the refusal proof found; a peer that was asked to refuse and does not has failed."""
    for case, answer in refusals.items():
        how = _CASES.get(case, case)
        if answer["verdict"] == "accepted":
            yield FAIL, f"it takes mail {how}: {answer['reply']}"
        elif answer["verdict"] != "refused":
            yield INCONCLUSIVE, f"whether it takes mail {how} is not known: {answer['reply']}"


def sum_up(label: str, records: t.Sequence[Facts]) -> dict[str, str]:
    """The verdict on a target: that of its worst address, which is named where there are several."""
    worst = max(records, key=lambda record: SUMMARIES.index(record["summary"]))
    text = worst["text"]
    if len(records) > 1:
        same = sum(record["summary"] == worst["summary"] for record in records)
        where = f"{worst['host']} [{worst['address']}]" if worst["address"] else worst["host"]
        text = f"{same} of {len(records)} {worst['summary']}, such as {where}: {text}"
    return {"target": label, "summary": worst["summary"], "text": text}


def count(targets: t.Sequence[Facts], records: t.Sequence[Facts]) -> dict[str, t.Any]:
    """How many of what: targets by their summary, addresses by their outcome."""
    outcomes = [record["outcome"] for record in records]
    return {
        "targets": len(targets),
        **{one: sum(target["summary"] == one for target in targets) for one in SUMMARIES},
        "peers": len(records),
        "outcomes": {one: outcomes.count(one) for one in sorted(set(outcomes))},
    }
