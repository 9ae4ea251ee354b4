# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sendmail writes into its log, as records (LogLevel 9; seen with 8.17 and 8.18).

A peer's own words stand in some values (``reply=``, ``stat=``), so the fields of a line are taken in the order in
which sendmail writes them, each once, and nobody should believe ``stat`` without ``dsn``, which stands before them.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import asdict, dataclass

# The fields of each kind of line in sendmail's own order (8.17 and 8.18, deliver.c, srvrsmtp.c, tls.c).
_SESSION = ("STARTTLS", "relay", "version", "verify", "cipher", "bits")
_REFUSAL = ("ruleset", "arg1", "arg2", "relay", "reject")
_RECEIPT = ("from", "size", "class", "nrcpts", "msgid", "bodytype", "proto", "daemon", "tls_verify", "auth", "relay")
_DELIVERY = (
    "to", "ctladdr", "delay", "xdelay", "mailer", "pri", "relay", "dsn", "ntries", "tls_verify", "reply", "stat"
)  # fmt: skip

# These mailers hand a message to another host; every other one ends here (a mailbox, a file, a program).
NETWORK_MAILERS = frozenset({"smtp", "esmtp", "smtp8", "dsmtp", "relay"})

_SYSLOG = re.compile(r"\S+(?: +\d+ [\d:]+)? \S+ (?P<tag>[\w./-]+)\[(?P<pid>\d+)\]: (?P<text>.*)")
_QUEUE_ID = re.compile(r"(?P<id>[A-Za-z0-9]{8,20}): (?P<rest>.*)", re.DOTALL)
_REMOTE_ID = re.compile(r"Sent \((?:([A-Za-z0-9]+) Message accepted|.*\bqueued as ([A-Za-z0-9]+))")


@dataclass(frozen=True)
class Line:
    """One line of the log: the writing process, seconds since 1970 (None: the log does not say), and the text."""

    pid: int
    time: float | None
    text: str


@dataclass(frozen=True)
class TlsSession:
    """A finished handshake; ``role`` is "client" or "server", ``bits`` the strength in use."""

    pid: int
    time: float | None
    role: str
    relay: str
    version: str
    verify: str
    cipher: str
    bits: int


@dataclass(frozen=True)
class Refusal:
    """A ruleset said no. Those about the session (tls_server) carry no queue id."""

    pid: int
    time: float | None
    queue_id: str
    ruleset: str
    relay: str
    reject: str


@dataclass(frozen=True)
class Receipt:
    """A message came in ("from=")."""

    pid: int
    time: float | None
    queue_id: str
    sender: str
    message_id: str
    proto: str
    relay: str

    @property
    def under_tls(self) -> bool:
        """RFC 3848: ESMTPS and ESMTPSA came through TLS, ESMTP and ESMTPA did not."""
        return self.proto in {"ESMTPS", "ESMTPSA"}


@dataclass(frozen=True)
class Delivery:
    """One attempt to hand a message on ("to="), with sendmail's verdict in ``dsn`` and ``stat``."""

    pid: int
    time: float | None
    queue_id: str
    recipients: str
    mailer: str
    relay: str
    dsn: str
    stat: str
    reply: str

    @property
    def sent(self) -> bool:
        return self.dsn.startswith("2.") and self.stat.startswith("Sent")

    @property
    def refused(self) -> bool:
        return self.dsn.startswith("5.")

    @property
    def deferred(self) -> bool:
        return self.dsn.startswith("4.")

    @property
    def final(self) -> bool:
        """Whether the mailer ends on this host instead of handing the message to another one."""
        return self.mailer not in NETWORK_MAILERS

    @property
    def remote_queue_id(self) -> str:
        """The queue id that the next host gave the message, if it told one."""
        match = _REMOTE_ID.match(self.stat)
        return (match[1] or match[2]) if match else ""


Record = t.Union[TlsSession, Refusal, Receipt, Delivery]


def parse_journal(text: str) -> tuple[Line, ...]:
    """Lines of ``journalctl -o json``; what is not a whole line of it is left out."""
    return tuple(line for line in map(_journal_line, text.splitlines()) if line)


def parse_syslog(text: str, tags: t.Collection[str]) -> tuple[Line, ...]:
    """Lines of a log file (traditional or ISO time stamps) that programs named in ``tags`` wrote."""
    matches = (_SYSLOG.fullmatch(line) for line in text.splitlines())
    return tuple(Line(int(match["pid"]), None, match["text"]) for match in matches if match and match["tag"] in tags)


def parse_records(lines: t.Iterable[Line]) -> tuple[Record, ...]:
    """The records among the lines, in their order."""
    return tuple(record for record in map(_record, lines) if record)


def of_message(records: t.Sequence[Record], *, message_id: str = "", queue_id: str = "") -> tuple[Record, ...]:
    """Everything about one message: its lines, and the TLS sessions and refusals of the same process before them."""
    known = {queue_id} - {""}
    if message_id:
        known |= {item.queue_id for item in records if isinstance(item, Receipt) and item.message_id == message_id}
    chosen: set[int] = set()
    for index, item in enumerate(records):
        if isinstance(item, TlsSession) or item.queue_id not in known:
            continue
        chosen.add(index)
        # In a session without TLS ("ESMTP", no S) an older process with the same number must not lend its own.
        if isinstance(item, Receipt) and not item.under_tls:
            continue
        session = None if isinstance(item, Refusal) else _session_of(records, index, item)
        chosen |= set() if session is None else {session}
    return tuple(records[index] for index in sorted(chosen))


def render_record(record: Record) -> dict[str, t.Any]:
    """A record as plain data, with its kind and the conclusions that its fields allow."""
    plain = asdict(record)
    if isinstance(record, TlsSession):
        return dict(plain, kind="tls")
    if isinstance(record, Refusal):
        return dict(plain, kind="refusal")
    if isinstance(record, Receipt):
        return dict(plain, kind="receipt", under_tls=record.under_tls)
    return dict(
        plain,
        kind="delivery",
        sent=record.sent,
        refused=record.refused,
        final=record.final,
        remote_queue_id=record.remote_queue_id,
    )


def _session_of(records: t.Sequence[Record], index: int, item: Receipt | Delivery) -> int | None:
    """Where the TLS session, or its refusal, stands in which the message came or went: same process, same host."""
    host = _host(item.relay)
    for earlier in range(index - 1, -1, -1):
        other = records[earlier]
        if other.pid != item.pid or not host or _host(other.relay) != host:
            continue
        if isinstance(other, TlsSession) and other.role == ("server" if isinstance(item, Receipt) else "client"):
            return earlier
        if isinstance(other, Refusal) and not other.queue_id and isinstance(item, Delivery):
            return earlier
    return None


def _host(relay: str) -> str:
    """The name in ``relay=``, which some lines write with a dot at the end and some with the address behind it."""
    return relay.split(" ")[0].rstrip(".").lower()


def _journal_line(text: str) -> Line | None:
    try:
        entry = json.loads(text)
        message = entry["MESSAGE"]
        # The journal writes text that is not UTF-8 as a list of octets.
        if isinstance(message, list):
            message = bytes(message).decode("utf-8", "replace")
        pid = int(entry.get("SYSLOG_PID") or entry["_PID"])
        return Line(pid, int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000, str(message))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _record(line: Line) -> Record | None:
    match = _QUEUE_ID.fullmatch(line.text)
    queue_id, text = (match["id"], match["rest"]) if match else ("", line.text)
    if text.startswith("STARTTLS="):
        return _tls_session(line, _fields(text, _SESSION))
    if text.startswith("ruleset="):
        found = _fields(text, _REFUSAL)
        return Refusal(line.pid, line.time, queue_id, found["ruleset"], found["relay"], found["reject"])
    if text.startswith("from="):
        found = _fields(text, _RECEIPT)
        return Receipt(line.pid, line.time, queue_id, found["from"], found["msgid"], found["proto"], found["relay"])
    if text.startswith("to="):
        found = _fields(text, _DELIVERY)
        values = (found[name] for name in ("to", "mailer", "relay", "dsn", "stat", "reply"))
        return Delivery(line.pid, line.time, queue_id, *values)
    return None


def _tls_session(line: Line, found: dict[str, str]) -> TlsSession | None:
    """None for the other STARTTLS= lines: errors, the noise of a shutdown."""
    bits = found["bits"].split("/")[0]
    if not found["version"] or not bits.isdigit():
        return None
    return TlsSession(
        line.pid,
        line.time,
        found["STARTTLS"],
        found["relay"],
        found["version"],
        found["verify"],
        found["cipher"],
        int(bits),
    )


def _fields(text: str, names: t.Sequence[str]) -> dict[str, str]:
    """``name=value, name=value`` with the names in this order; a name that is out of order belongs to a value."""
    found = dict.fromkeys(names, "")
    start, name, position = 0, "", -1
    for match in re.finditer(r"(?:^|, )(\w+)=", text):
        if match[1] not in names[position + 1 :]:
            continue
        if name:
            found[name] = text[start : match.start()]
        name, start, position = match[1], match.end(), names.index(match[1])
    found[name] = text[start:]
    return found
