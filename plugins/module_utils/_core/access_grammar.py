# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The grammar of sendmail's access map, as tables: which keys and values does each tag have?

sendmail takes every TLS value that it does not understand as "no requirement" and sends in clear text. So what stands
here is not what sendmail tolerates but what it was seen to enforce (8.15.2, 8.17.1.9 and 8.18.1). Sources: the rules
of ``cf/m4/proto.m4``, "ANTI-SPAM CONFIGURATION CONTROL" and "STARTTLS" in sendmail's ``cf/README``.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

MOST_BITS = 256

# --- keys -----------------------------------------------------------------------------------------------------------

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{0,3}}"
# sendmail looks an IPv6 address up in full (2001:db8:0:0:0:0:0:7), then without its last group, and so on.
_GROUP = r"(?:0|[1-9a-f][0-9a-f]{0,3})"
_IPV6 = rf"(?i:IPv6:{_GROUP}(?::{_GROUP}){{0,7}})"
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = rf"(?:{_LABEL}\.)*(?!\d+\Z){_LABEL}"
_LOCAL_PART = r"[A-Za-z0-9!#&'*+/=?^_`{|}~.-]+"
# A certificate's names as sendmail writes them: blank, plus and the like as +XX. Other characters it would quote, drop
# or expand, so a value with one of them never compares equal.
_DN_TEXT = r"(?:[A-Za-z0-9!&'*,./:;=?@\[\]^_`{|}~-]|\+[0-9A-Fa-f]{2})+"


@dataclass(frozen=True)
class Shape:
    """What a key or value looks like: for the machine, and in words for the reader of an error."""

    pattern: t.Pattern[str]
    words: str

    def fits(self, text: str) -> bool:
        return bool(self.pattern.fullmatch(text))


def _shape(words: str, *patterns: str) -> Shape:
    return Shape(re.compile("|".join(f"(?:{pattern})" for pattern in patterns)), words)


# What may be excepted from a requirement. sendmail takes "1" for all of 1.0.0.0/8, where DNS could place any host. A
# network that somebody runs as one is smaller, but for the private 10.0.0.0/8 and for loopback.
EXCEPTABLE = _shape(
    "an address, or a network of at least two octets (10.1; 10 and 127 may stand alone) or three groups"
    " (IPv6:2001:db8:0)",
    rf"(?:10|127|(?!0|22[4-9]|2[3-9]\d){_OCTET}\.{_OCTET})(?:\.{_OCTET}){{0,2}}",
    r"(?i:IPv6:0:0:0:0:0:0:0:1)",
    rf"(?i:IPv6:(?!0:){_GROUP}(?::{_GROUP}){{2,7}})",
)
ADDRESS = _shape("an address or network", _IPV4, _IPV6)
_ADDRESS_WORDS = (
    "an IPv4 address or its leading octets (10.1.2), or IPv6: with the address or its leading groups in full"
)
_HOST = _shape(f"a host or domain name, {_ADDRESS_WORDS}", _IPV4, _IPV6, _NAME)
_HOST_OR_ALL = _shape(f"nothing (all others), {_HOST.words}", "", _IPV4, _IPV6, _NAME)
_ADDRESS_OR_ALL = _shape(f"nothing (all others), {_ADDRESS_WORDS}", "", _IPV4, _IPV6)
_MAILBOX_PATTERNS = (_NAME, rf"{_LOCAL_PART}@", rf"{_LOCAL_PART}@{_NAME}")
_MAILBOX_WORDS = "user@domain, user@, or a domain (without a leading dot)"
_RECIPIENT_OR_ALL = _shape(f"nothing (all others), {_MAILBOX_WORDS}", "", *_MAILBOX_PATTERNS)
_MAILBOX = _shape(f"{_MAILBOX_WORDS}, {_ADDRESS_WORDS}", *_MAILBOX_PATTERNS, _IPV4, _IPV6)
_SENDER = _shape(f"{_MAILBOX.words}, or <@> for the null sender", *_MAILBOX_PATTERNS, _IPV4, _IPV6, "<@>")
_DN = _shape("a distinguished name as sendmail writes it: /O=Example/CN=Example+20CA", rf"/{_DN_TEXT}")

# --- values ---------------------------------------------------------------------------------------------------------

_BITS = r":(?:25[0-6]|2[0-4]\d|1\d\d|[1-9]\d?)"
_EXTENSION = rf"(?i:CN|CN:{_DN_TEXT}|C[SI]:/{_DN_TEXT})"
_REQUIREMENT = _shape(
    f"[TEMP+|PERM+] then ENCR:bits or VERIFY[:bits] (bits 1 to {MOST_BITS}), then +CN, +CN:name,"
    " +CS:subject or +CI:issuer, further ones joined by ++; no blanks, no comment",
    rf"(?i:(?:TEMP|PERM)\+)?(?i:ENCR{_BITS}|VERIFY(?:{_BITS})?)(?:\+{_EXTENSION}(?:\+\+{_EXTENSION})*)?",
)

_TEXT = r"[A-Za-z0-9 !&'*+,./:;=?@\[\]^_`{|}~-]+"
_REPLY = rf"[45]\d\d (?:{_TEXT}|\"{_TEXT}\")"
_ACTION_PATTERNS = (
    r"OK|REJECT|DISCARD|SKIP",
    rf"QUARANTINE:{_TEXT}",
    rf"(?:ERROR:(?:[45](?:\.\d{{1,3}}){{2}}:)?)?{_REPLY}",
)
_ACTION_WORDS = "OK, REJECT, DISCARD, SKIP, QUARANTINE:text, ERROR:x.y.z:nnn text"
_ACTION = _shape(_ACTION_WORDS, *_ACTION_PATTERNS)
_ACTION_OR_RELAY = _shape(f"RELAY, {_ACTION_WORDS}", "RELAY", *_ACTION_PATTERNS)
_NUMBER = _shape("a whole number", r"0|[1-9]\d{0,8}")
_SRV_LETTER = r"(?:[A-HLNOPRSUVXa-hlnoprsuvx]|[gu]2)"
_FEATURE = r"(?i:Options|CipherList|CipherSuites|CertFile|KeyFile|flags)=[A-Za-z0-9!+,./:@_-]+"

# --- tags -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tag:
    """One tag of the map; ``excepts`` when an address may be excepted from a requirement with ``OK``."""

    name: str
    keys: Shape
    values: Shape
    excepts: bool = False

    @property
    def demands_tls(self) -> bool:
        return self.values is _REQUIREMENT


_ALL_TAGS = (
    Tag("TLS_Srv", _HOST_OR_ALL, _REQUIREMENT, excepts=True),
    Tag("TLS_Clt", _HOST_OR_ALL, _REQUIREMENT, excepts=True),
    Tag("TLS_Rcpt", _RECIPIENT_OR_ALL, _REQUIREMENT),
    # OK is for a host that is tried although a network or domain around it is not; only NO means anything to sendmail.
    Tag("Try_TLS", _HOST_OR_ALL, _shape("NO, or OK", "(?i:NO)|OK")),
    Tag(
        "Srv_Features",
        _HOST_OR_ALL,
        _shape(
            "single letters of srv_features, parted by blanks, such as S or V", rf"{_SRV_LETTER}(?: {_SRV_LETTER})*"
        ),
    ),
    Tag("Clt_Features", _HOST_OR_ALL, _shape("D, M or both, parted by a blank", "[Dd]|[Mm]|[Dd] [Mm]|[Mm] [Dd]")),
    Tag("TLS_Srv_Features", _HOST, _shape("key=value pairs parted by '; '", rf"{_FEATURE}(?:; ?{_FEATURE})*")),
    Tag("TLS_Clt_Features", _HOST, _shape("key=value pairs parted by '; '", rf"{_FEATURE}(?:; ?{_FEATURE})*")),
    Tag("CERTISSUER", _DN, _shape("RELAY or SUBJECT", "RELAY|SUBJECT")),
    Tag("CERTSUBJECT", _DN, _shape("RELAY", "RELAY")),
    Tag("Connect", _HOST, _ACTION_OR_RELAY),
    Tag("From", _SENDER, _ACTION),
    Tag("To", _MAILBOX, _ACTION_OR_RELAY),
    Tag("Spam", _MAILBOX, _shape("FRIEND or HATER", "FRIEND|HATER")),
    Tag("GreetPause", _HOST_OR_ALL, _NUMBER),
    Tag("ClientRate", _ADDRESS_OR_ALL, _NUMBER),
    Tag("ClientConn", _ADDRESS_OR_ALL, _NUMBER),
)
TAGS = {tag.name.lower(): tag for tag in _ALL_TAGS}
UNTAGGED = Tag("", _MAILBOX, _ACTION_OR_RELAY)
FOREIGN_TAGS = {
    "authinfo": "a password has no place in this map; use FEATURE(`authinfo') with a map of its own",
}


def explain_requirement(tag: Tag, subject: str, value: str) -> str:
    """Why a TLS value is refused, in the reader's words."""
    if value.upper() == "OK":
        if not tag.excepts:
            return f"{tag.name} has no exceptions: it only adds to what TLS_Srv demands"
        if ADDRESS.fits(subject):
            return f"OK lifts the requirement for every host whose address begins with {subject}, or for none"
        return (
            f"OK lifts the requirement for whatever host DNS calls {subject}"
            if subject
            else "OK lifts it for all hosts"
        )
    if re.search(r"\+\s*CITag\s*:", value, re.IGNORECASE):
        return "sendmail 8.15 ignores CITag, so the issuer would not be checked there; name the issuer with CI:"
    if re.search(r"(?i)(?:ENCR|VERIFY)[^+]*\+\+", value):
        return "sendmail skips a first extension that is joined by ++; join it by one +"
    if re.search(r"(?i)(?:ENCR|VERIFY)\s*:\s*0+(?!\d)", value):
        return "0 bits are no requirement"
    return "only what sendmail was seen to enforce is written; it takes what it does not know as no requirement"
