# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sendmail reads from the value of a TLS_Srv, TLS_Clt or TLS_Rcpt entry, and whether a session meets it.

The rules ``TLS_connection``, ``TLS_req`` and ``max`` of sendmail's ``cf/m4/proto.m4``, written anew over parsed values;
the test ``judges_as_sendmail_does`` compares them with sendmail itself. Where sendmail is strange, so is this.
"""

from __future__ import annotations

import re
import typing as t

from .tokens import join, number, plain, scan

_FORCES = {"verify", "encr"}
_STATUS = {"4.7.0", "5.7.0"}
_PREFIXES = {"perm": ("503", "5.7.0"), "temp": ("403", "4.7.0")}
# A result of the TLS session that is refused whatever the map says -> sendmail's words.
_ABORTS = {
    "software": "TLS handshake failed.",
    "protocol": "STARTTLS failed.",
    "dane_fail": "DANE check failed.",
    "config": "STARTTLS temporarily not possible.",
}
_UNVERIFIED = {
    "": "authentication required",
    "fail": "authentication failed",
    "no": "not authenticated",
    "not": "no authentication requested",
    "none": "other side does not support STARTTLS",
    "clear": "STARTTLS disabled locally",
}
_NAMES = {"cn": "CN", "cs": "Cert Subject", "ci": "Cert Issuer"}


class Facts(t.Protocol):
    """A TLS session as sendmail's macros have it: certificate names with special characters as +XX; empty for none."""

    @property
    def verify(self) -> str: ...
    @property
    def bits(self) -> int: ...
    @property
    def auth_ssf(self) -> int: ...
    @property
    def peer_name(self) -> str: ...
    @property
    def cert_cn(self) -> str: ...
    @property
    def cert_subject(self) -> str: ...
    @property
    def cert_issuer(self) -> str: ...


class Extension(t.NamedTuple):
    """One of the requirements behind the bits: cn, cs, ci, citag, or an empty kind for what sendmail does not know."""

    kind: str
    # As compared, and as said in the refusal; None for a bare CN: the name of the other side.
    folded: str | None = None
    said: str = ""


class Dialect(t.NamedTuple):
    """How the releases differ, in the rules of one of them."""

    default_code: str
    aborts: t.Mapping[str, str]
    verified: frozenset[str]
    unverified: t.Mapping[str, str]
    knows_tag: bool
    # Where a broken DANE check is refused: with the server's session, or with each recipient.
    dane_by_recipient: bool
    # Clt_Features: by the name of the server. The releases before ask by that of the client, and so for nobody.
    asks_clt_features: bool
    # TLS_Srv_Features and TLS_Clt_Features, the settings of single sessions.
    asks_sessions: bool


def dialect(release: tuple[int, ...]) -> Dialect:
    """The rules of a release, such as (8, 17, 1, 9)."""
    if release < (8, 16):
        old = {key: words for key, words in _ABORTS.items() if key in {"software", "protocol"}}
        before = {key: words for key, words in _UNVERIFIED.items() if key != "clear"}
        return Dialect("403", old, frozenset({"ok"}), before, False, False, False, False)
    verified = frozenset({"ok", "trusted"})
    if release < (8, 18):
        return Dialect("454", _ABORTS, verified, _UNVERIFIED, True, False, False, True)
    later = {key: words for key, words in _ABORTS.items() if key != "dane_fail"}
    return Dialect("454", later, verified, _UNVERIFIED, True, True, True, True)


class Requirement(t.NamedTuple):
    """A parsed value. Without ``force`` nothing is demanded, as by ``OK`` and by all that is misspelt."""

    code: str
    status: str
    # "verify" or "encr".
    force: str = ""
    # As written and as sendmail's arithmetic takes it; empty for a bare VERIFY, which asks for no bits at all.
    bits: str = ""
    least: int = 0
    extensions: tuple[Extension, ...] = ()
    # All of them as written.
    tail: str = ""


def parse_requirement(value: t.Sequence[str], rules: Dialect) -> Requirement:
    """What the tokens of a value demand."""
    # sendmail keeps the value in angle brackets, and reads up to the first closing one.
    tokens = list(value[: value.index(">")] if ">" in value else value)
    folded = [token.lower() for token in tokens]
    code, status = rules.default_code, "4.7.0"
    if len(folded) > 2 and folded[0] in _PREFIXES and folded[1] == "+" and folded[2] in _FORCES:
        code, status = _PREFIXES[folded[0]]
        tokens, folded = tokens[2:], folded[2:]
    elif not (folded and folded[0] in _FORCES):
        return _no_requirement(tokens, rules)
    if folded == ["verify"]:
        return Requirement(code, status, "verify")
    if folded[:2] == ["verify", "+"] and len(folded) > 2:
        return Requirement(code, status, "verify", "0", 0, parse_extensions(tokens[2:], rules), join(tokens[2:], " "))
    shape = [tokens[1:2], tokens[3:4]]
    if (shape == [[":"], []] and len(tokens) == 3) or (shape == [[":"], ["+"]] and len(tokens) > 4):
        bits, behind = tokens[2], tokens[4:]
        extensions = parse_extensions(behind, rules)
        return Requirement(code, status, folded[0], join([bits]), number(bits), extensions, join(behind, " "))
    return Requirement(code, status)


def _no_requirement(tokens: list[str], rules: Dialect) -> Requirement:
    """Only a failed handshake is refused; a value with a colon (``ENC:128``) then is taken for a reply code."""
    if len(tokens) > 2 and tokens[1] == ":":
        return Requirement(join(tokens[:1]), join(tokens[2:]))
    return Requirement(rules.default_code, "4.7.0")


def parse_extensions(tokens: t.Sequence[str], rules: Dialect) -> tuple[Extension, ...]:
    """``CN:x ++ CI:y`` taken apart. With ``++`` at the very end sendmail checks none of them."""
    if list(tokens[-2:]) == ["+", "+"] or list(tokens) == ["+"]:
        return ()
    groups: list[t.Sequence[str]] = []
    begin = 0
    for index in range(len(tokens) - 2):
        # In front of the first ++ there is something; two more in a row have nothing between them.
        if index >= begin + (not groups) and tokens[index] == "+" == tokens[index + 1]:
            groups.append(tokens[begin:index])
            begin = index + 2
    groups += [tokens[begin:]] if tokens else []
    return tuple(_extension(group, following, rules) for group, following in zip(groups, [*groups[1:], None]))


def _extension(group: t.Sequence[str], following: t.Sequence[str] | None, rules: Dialect) -> Extension:
    kind = group[0].lower() if group else ""
    if kind == "cn" and len(group) == 1:
        return Extension(kind)
    if kind in _NAMES and len(group) > 1 and group[1] == ":":
        said = group[2:]
        if not said:
            # Nothing to compare with: sendmail's pattern runs on into the next extension.
            return Extension(kind, "", "" if following is None else join((">", "<", *following), " "))
        return Extension(kind, "".join(said).lower(), join(said, " "))
    if kind == "citag" and rules.knows_tag and len(group) == 3 and group[1] == ":":
        return Extension(kind, join(group[2:]).lower())
    return Extension("")


# An issuer that a tag of the map speaks for -> what the map says of it, as tokens; None when it says nothing.
Tagged = t.Callable[[str], "t.Sequence[str] | None"]


def judge_requirement(wanted: Requirement, facts: Facts, rules: Dialect, tagged: Tagged) -> str:
    """sendmail's refusal of a session, "403 4.7.0 authentication failed"; empty when the requirement is met."""
    code, status, force, bits, least, extensions, tail = wanted
    verify = facts.verify.lower()
    # A verified session is none of those that are refused whatever the map says.
    if verify not in rules.verified:
        if verify in rules.aborts:
            return reply(code, status, rules.aborts[verify])
        if force == "verify":
            # sendmail means to say the result, and says the extensions.
            return reply(code, status, rules.unverified.get(verify) or f"authentication failure {tail}".rstrip())
    if not bits:
        return ""
    have = facts.bits
    if have < least:
        have = max(have, facts.auth_ssf)
        if have < least:
            return reply(code, status, f"encryption too weak {have} less than {bits}")
    for extension in extensions:
        failing = _judge_extension(extension, facts, tagged)
        if failing is not None:
            return reply(code, status, failing) if failing else ""
    return ""


def _judge_extension(extension: Extension, facts: Facts, tagged: Tagged) -> str | None:
    """None: met, go on. Empty: sendmail looks no further. Else: the words of the refusal."""
    kind, folded, said = extension
    if kind == "cn":
        has = facts.cert_cn
        if folded is None:
            # A bare CN: the name of the other side.
            folded, said = facts.peer_name.lower(), spoken(facts.peer_name)
    elif kind == "ci":
        has = facts.cert_issuer
    elif kind == "cs":
        has = facts.cert_subject
    else:
        return "" if folded is None else _judge_tag(folded, facts, tagged)
    if folded == has.lower():
        return None
    # An empty text in quotes is something to compare with, which nothing equals.
    return f"{_NAMES[kind]} {spoken(has)} does not match {said}".rstrip() if said or folded else ""


def _judge_tag(tag: str, facts: Facts, tagged: Tagged) -> str | None:
    """CITag: a row of the map with that tag and the issuer must say OK."""
    speaks = tagged(f"{tag}:{facts.cert_issuer}")
    if speaks is None:
        return f"Cert Issuer {spoken(facts.cert_issuer)} not acceptable"
    return None if [token.lower() for token in speaks] == ["ok"] else ""


def spoken(text: str) -> str:
    """A macro's text as it stands in a reply."""
    return text if plain(text) else join(scan(text), " ")


def reply(code: str, status: str, words: str) -> str:
    """What sendmail makes of an error. It wants three digits in front, and a status of three numbers."""
    if not (len(code) == 3 and code.isdigit()):
        return f"553 5.3.0 {code} {words}"
    if status not in _STATUS and not re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", status):
        return f"{code} {words}"
    return f"{code} {status} {words}"
