# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a probe and what it saw: plain values, the closed list of outcomes, and the limits of what is kept.

Nothing that a peer wrote stands here unprintable: it goes through ``printable``.
"""

from __future__ import annotations

import re
import typing as t

# How a look at a peer can end. The order is that of a session.
OK = "ok"
RESOLVE = "resolve"
CONNECT = "connect"
TIMEOUT = "timeout"
GREETING = "greeting"
THROTTLED = "throttled"
# Answers that are not SMTP, or a connection that is closed in the middle of a session.
PROTOCOL = "protocol"
NO_STARTTLS = "no_starttls"
STARTTLS_REFUSED = "starttls_refused"
EARLY_PLAINTEXT = "early_plaintext"
HANDSHAKE = "handshake"
PROTOCOL_TOO_OLD = "protocol_too_old"
UNTRUSTED = "untrusted"
EXPIRED = "expired"
NAME_MISMATCH = "name_mismatch"

# With these nothing is known about what the peer offers; they never mean "no TLS".
INCONCLUSIVE = frozenset({RESOLVE, CONNECT, TIMEOUT, GREETING, THROTTLED, PROTOCOL})
FAILED = frozenset(
    {
        NO_STARTTLS,
        STARTTLS_REFUSED,
        EARLY_PLAINTEXT,
        HANDSHAKE,
        PROTOCOL_TOO_OLD,
        UNTRUSTED,
        EXPIRED,
        NAME_MISMATCH,
    }
)
OUTCOMES = frozenset({OK}) | INCONCLUSIVE | FAILED

# RFC 5321 section 4.5.3.1.5 promises 512 octets a line; sendmail itself reads 2048 (MAXLINE).
MAX_LINE = 2048
# The longest EHLO answers in the field have some twenty lines.
MAX_LINES = 128
# Octets of a whole reply.
MAX_REPLY = 16384
# Octets of the certificates that are kept of one peer; real chains have less than a tenth of it.
MAX_CHAIN = 131072

# The versions of TLS as OpenSSL names them, the oldest first.
LADDER = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

# What a terminal obeys or is misled by: C0, DEL and C1, line and paragraph separators, marks and overrides of the
# direction of writing, what has no width (tags too, which can carry a whole hidden text), and halves of characters.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


class Aim(t.NamedTuple):
    """One thing to probe; equal aims are probed once. ``address`` is IPv4 or IPv6 without brackets."""

    address: str
    port: int = 25
    tls_on_connect: bool = False
    # For SNI; without one none is sent, as sendmail does.
    server_name: str = ""


class Limits(t.NamedTuple):
    """How long and how much at once, in seconds and connections; each limit stands alone."""

    connect: float = 10.0
    reply: float = 30.0
    # All attempts at all aims together, pauses between them included; whose turn does not come is not known.
    target: float = 60.0
    # A busy, silent or unreachable peer is tried so often, while there is time.
    attempts: int = 3
    at_once: int = 512
    per_host: int = 1
    # 0: as many as help.
    processes: int = 0


class Wishes(t.NamedTuple):
    """What is to be found out, and with what."""

    # Without a name EHLO says the local address as a literal.
    ehlo_name: str = ""
    # PEM file of authorities; without one OpenSSL's own are asked.
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    refusal: bool = False
    wrong_certificate: str = ""
    wrong_key: str = ""
    ladder: bool = False
    source: str = ""


class Sighting(t.NamedTuple):
    """What was seen at one aim. What was not seen is empty, and ``not_observed`` says why where that is not plain."""

    address: str
    port: int
    tls_on_connect: bool = False
    outcome: str = OK
    detail: str = ""
    greeting: str = ""
    replies: t.Mapping[str, str] = {}
    capabilities: t.Sequence[str] = ()
    capabilities_tls: t.Sequence[str] = ()
    protocol: str = ""
    cipher: str = ""
    bits: int = 0
    group: str = ""
    # SHA-256 of each certificate's DER, as presented, the leaf first.
    chain: t.Sequence[str] = ()
    chain_source: str = ""
    # As OpenSSL told it; -1 where it did not come to that.
    verify_code: int = -1
    verify_message: str = ""
    ladder: t.Mapping[str, bool | None] = {}
    refusal: t.Mapping[str, t.Mapping[str, str]] = {}
    timings: t.Mapping[str, float] = {}
    attempts: int = 0
    connections: int = 0
    not_observed: t.Mapping[str, str] = {}

    def to_dict(self) -> dict[str, t.Any]:
        """Plain data, fit for JSON."""
        plain = self._asdict()
        for name in ("capabilities", "capabilities_tls", "chain"):
            plain[name] = list(plain[name])
        for name in ("replies", "ladder", "timings", "not_observed"):
            plain[name] = dict(plain[name])
        plain["refusal"] = {case: dict(answer) for case, answer in self.refusal.items()}
        return plain


def printable(text: str) -> str:
    r"""``text`` with everything that a terminal would obey written out, as \\xNN or \\uNNNN."""
    # Most texts are plain.
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
