# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story, step by step: client -> MTA1 -> MTA2 -> mailbox.

Each step acts and returns what was expected beside what was seen; the scenario asserts it, the demo shows it.
"""

from __future__ import annotations

import ipaddress
import re
import time
import typing as t

import capture
import mailbox_file
from lab import RECIPIENT, Lab, Message
from mailtls_checks import read_access_map

HELD = "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
TLS_LINE = r"version=(TLSv1\.[23]), verify=\w+, cipher=\S+, bits=(?:128|256)/"
RECEIVED = r"\(version=TLSv1\.[23] cipher=\S+ bits=(?:128|256) verify=\w+\)"

UNDER_TLS = "mail goes out under TLSv1.3"
# As MTA1's sendmail would talk.
PROBED_AS = {
    "ca_path": "/etc/mail/certs/ca.crt",
    "ehlo_name": "mta1.example.test",
    "policy": "{{ {'sendmail_tls_policy': sendmail_tls_policy} }}",
}


class Seen(t.NamedTuple):
    """One row of the closing table."""

    step: int
    expected: str
    seen: str
    holds: bool


def check(rows: list[Seen]) -> None:
    """All of them hold, and there are some."""
    assert rows
    wrong = [row for row in rows if not row.holds]
    assert not wrong, wrong


class Story:
    """The steps share the messages that were sent: what is held in one step arrives in the next."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.begin = time.time()
        self.held: dict[str, tuple[Message, str]] = {}

    # 1 and 2: the two relays as the playbook left them

    def mta2_relays_without_starttls(self) -> list[Seen]:
        entries = self.access_map("mta2")
        wanted = [connect_key(address) for address in self.lab.addresses("mta1")]
        relays = {key: entries.get(key, "no entry") for key in wanted}
        seen = ", ".join(f"{key} {value}" for key, value in relays.items())
        row = Seen(1, "MTA2's map: Connect:<MTA1> RELAY", seen, set(relays.values()) == {"RELAY"})
        return [row, *self.ehlo_rows(1, offered=False)]

    def mta1_demands_encryption(self) -> list[Seen]:
        value = self.access_map("mta1").get("tls_srv:", "no entry")
        route = self.lab.read("mta1", f"sendmail -bv {RECIPIENT}").strip()
        self.lab.show(f"mta1# sendmail -bv {RECIPIENT}\n{route}")
        # The address in front never answers (docs/decisions/0012).
        leads = "mailer relay, host [255.255.255.255]:mta2.example.test," in route
        return [
            Seen(2, "MTA1's map: TLS_Srv: TEMP+ENCR:128", f"TLS_Srv: {value}", value == "TEMP+ENCR:128"),
            Seen(2, "MTA1's smart host: mta2.example.test", route, leads),
        ]

    # 3 and 5: held

    def mail_is_held(self, step: int, mark: str) -> list[Seen]:
        moment = time.time()
        message, queue_id = self.lab.send_marked(mark)
        line = self.lab.fate("mta1", queue_id)
        self.lab.log_ruleset(line)
        listed = self.status_in_queue(queue_id)
        self.held[mark] = (message, queue_id)
        rows = [
            Seen(step, f"{mark} waits in MTA1's queue: {HELD}", listed, listed == HELD),
            Seen(step, "MTA1's log says the same", line.partition("stat=")[2], line.endswith(f"stat={HELD}")),
        ]
        return [*rows, self.nothing_left_row(step, message, moment)]

    def nothing_left_row(self, step: int, message: Message, moment: float) -> Seen:
        """Nothing of the message left MTA1, although MTA1 did talk to MTA2 (else the capture would prove nothing)."""
        streams = self.lab.left_mta1(moment)
        found = capture.leaks(streams, message.secrets)
        talked = capture.leaks(streams, ["EHLO mta1.example.test"])
        proof = f"{len(streams)} streams, none of it in them" if talked else "MTA1 did not even say EHLO"
        seen = "; ".join(found) or proof
        return Seen(step, "envelope and body on the wire: nothing", seen, bool(talked) and not found)

    # 4: on

    def switch(self, step: int, offered: bool) -> list[Seen]:
        """The one variable and the playbook, then the EHLO."""
        play = self.lab.converge(limit="mta2", sendmail_starttls_offered=offered)
        expected = f"playbook with sendmail_starttls_offered={str(offered).lower()} changes MTA2"
        holds = play.code == 0 and play.changed.get("mta2", 0) > 0
        return [Seen(step, expected, f"rc {play.code}, changed {play.changed}", holds), *self.ehlo_rows(step, offered)]

    def starttls_is_switched_on(self) -> list[Seen]:
        return [*self.ehlo_rows(4, offered=False), *self.switch(4, True)]

    def held_mail_arrives(self) -> list[Seen]:
        self.lab.run_queue()
        rows = []
        for mark, (message, queue_id) in self.held.items():
            rows += self.arrival_rows(4, mark, message, queue_id)
        self.held = {}
        return rows

    def new_mail_arrives(self, mark: str) -> list[Seen]:
        message, queue_id = self.lab.send_marked(mark)
        return self.arrival_rows(4, mark, message, queue_id)

    def arrival_rows(self, step: int, mark: str, message: Message, queue_id: str) -> list[Seen]:
        """The log of both sides and the mailbox, for one message."""
        sent = self.lab.fate("mta1", queue_id, r"stat=Sent \(")
        next_id = re.findall(r"stat=Sent \((\S+)", sent)[0]
        self.lab.fate("mta2", next_id, "stat=Sent")
        client = self.session_line("mta1", sent)
        server = self.session_line("mta2", self.lab.log("mta2", f"{next_id}: from=")[0])
        arrived = mailbox_file.entries(self.lab.mailbox()).get(message.mark)
        received = arrived.received if arrived else "not in the mailbox"
        self.lab.show(f"mailbox: Received: {received}")
        return [
            Seen(step, f"{mark} sent by MTA1 under TLS", client, re.search(TLS_LINE, client) is not None),
            Seen(step, f"{mark} taken by MTA2 under TLS", server, re.search(TLS_LINE, server) is not None),
            Seen(step, f"{mark} in the mailbox, under TLS", received, re.search(RECEIVED, received) is not None),
            Seen(step, f"{mark}'s body as it was sent", *body_verdict(message, arrived)),
        ]

    # 5: off

    def starttls_is_switched_off(self) -> list[Seen]:
        return self.switch(5, False)

    def nobody_talked_to_mta3(self) -> list[Seen]:
        records = self.lab.sink()
        return [Seen(5, "connections to MTA3: none", f"{len(records)} records", not records)]

    # Looks

    def access_map(self, host: str) -> dict[str, str]:
        """The compiled map, as sendmail reads it."""
        lines = read_access_map(self.lab.on(host))
        interesting = [f"{key}\t{value}" for key, value in lines.items() if re.match("tls_|srv_|connect:", key)]
        self.lab.show("\n".join([f"{host}# makemap -u hash /etc/mail/access", *interesting]))
        return lines

    def ehlo_rows(self, step: int, offered: bool) -> list[Seen]:
        """MTA2's EHLO on its IPv4 and its IPv6 address, asked by MTA1, and what MTA1 would then do with mail."""
        records = self.lab.probe("mta1", {"smart_host": "mta2.example.test"}, **PROBED_AS)
        found = {record["address"]: record for record in records}
        seen = {family: found.get(address) for family, address in zip(["IPv4", "IPv6"], self.lab.addresses("mta2"))}
        expected = f"EHLO on IPv4 and IPv6 shows {'' if offered else 'no '}250-STARTTLS"
        words = {family: offer(record) for family, record in seen.items()}
        holds = set(words.values()) == {"shown" if offered else "not shown"} and len(records) == 2
        foretold = UNDER_TLS if offered else f"mail waits: {HELD.partition(': ')[2]}"
        texts = sorted({record["text"] for record in records})
        return [
            Seen(step, expected, ", ".join(f"{family}: {word}" for family, word in words.items()), holds),
            Seen(
                step,
                f"MTA1's probe foretells: {foretold}",
                "; ".join(texts),
                bool(texts) and all(text.startswith(foretold) for text in texts),
            ),
        ]

    def status_in_queue(self, queue_id: str) -> str:
        """The status that mailq prints for a message."""
        found = re.search(rf"^{queue_id}.*\n\s+\((.*)\)$", self.lab.queue("mta1"), re.M)
        return found[1] if found else "not in the queue"

    def session_line(self, host: str, line: str) -> str:
        """The STARTTLS line of the process that wrote a log line."""
        process = re.findall(r"\[(\d+)\]:", line)[0]
        lines = self.lab.log(host, rf"\[{process}\]: .*STARTTLS=(client|server), relay=.*version=")
        if not lines:
            return "no STARTTLS line"
        self.lab.show(f"{host}: {lines[-1]}")
        return lines[-1].partition("STARTTLS=")[2]


def offer(record: t.Mapping[str, t.Any] | None) -> str:
    """Whether a peer's EHLO shows STARTTLS, in words."""
    if record is None:
        return "not probed"
    replies = [record["greeting"], record["replies"].get("ehlo", "")]
    if not all(line.startswith("2") for reply in replies for line in (reply or "none").splitlines()):
        return f"not every reply was 2xx ({record['outcome']})"
    return "shown" if "STARTTLS" in record["capabilities"] else "not shown"


def connect_key(address: str) -> str:
    """The key of an address in the map; sendmail writes every group of an IPv6 address, without leading zeros."""
    if ":" not in address:
        return f"connect:{address}"
    groups = ipaddress.ip_address(address).exploded.split(":")
    return "connect:ipv6:" + ":".join(f"{int(group, 16):x}" for group in groups)


def body_verdict(message: Message, arrived: mailbox_file.Entry | None) -> tuple[str, bool]:
    if arrived is None:
        return "not in the mailbox", False
    changes = mailbox_file.changes(message.text, arrived.content)
    return ", ".join(changes) or "identical", not changes
