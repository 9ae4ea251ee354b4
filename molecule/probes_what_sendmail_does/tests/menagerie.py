# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The zoo in its container, what the probe foretells of mail for each of its peers, and what a relay makes of it."""

from __future__ import annotations

import concurrent.futures
import datetime
import ipaddress
import json
import os
import pathlib
import re
import shlex
import typing as t

import credentials
import server
import yaml
from lab import SENDER, Lab, message
from species import NAME, ZOO, Flood, Species

from plugins.module_utils._core.access import compile_policy
from plugins.module_utils._core.policy_reader import parse_policy
from plugins.module_utils._core.release import parse_release

NETWORK, FIRST = "10.77.0.0/16", "10.77.0.1"
DOMAIN = "zoo.example"
VARIABLE = "sendmail_tls_policy"
MET = [species for species in ZOO if species.sendmail]
# These go on until somebody's time is over; those that never stop to talk leave the others of the zoo no time.
PATIENCE = 20
CLIENTS = 16


def _takes_long(species: Species) -> bool:
    acts = [*species.clear.values(), *species.secured.values()]
    return species.slow or any(isinstance(step, Flood) for act in acts for step in act)


QUICK = [species for species in MET if not _takes_long(species)]
LONG = [species for species in MET if _takes_long(species)]
HOME = {species.name: ipaddress.ip_address(FIRST) + number for number, species in enumerate(QUICK + LONG)}
_WAIVED = {"owner": "mail team", "reason": "the zoo", "until": "2099-12-31"}
_NEW_ONLY = {"next_hop": NETWORK, "session": {"min_protocol": "TLSv1.3"}, "accept_dns_risk": True}
Policy = dict[str, t.Any]


def _policy(default: Policy, *peers: Policy) -> Policy:
    return {"outbound": {"default": default, "peers": list(peers)}}


def _excepted(level: str) -> Policy:
    return _policy({"level": "encrypt"}, {"next_hop": NETWORK, "level": level, "exception": _WAIVED})


# What the policy demands of the whole zoo.
LEVELS: dict[str, Policy] = {
    "none": _excepted("none"),
    "may": _excepted("may"),
    "encrypt": _policy({"level": "encrypt"}),
    "verify": _policy({"level": "verify"}),
    "secure": _policy({"level": "secure", "name": NAME}),
    "tls13": _policy({"level": "encrypt"}, _NEW_ONLY),
}
# sendmail 8.15 has no settings for single peers.
if os.environ.get("MAILTLS_MTA1_SUITE") == "bullseye":
    del LEVELS["tls13"]


class Fate(t.NamedTuple):
    """What becomes of mail: ``deliver``, ``defer`` or ``reject``, and sendmail's words."""

    action: str
    text: str = ""


class Housed(server.Zoo):
    """Part of the zoo in its container: each opening of its doors is a first visit."""

    def __init__(self, lab: Lab, peers: t.Sequence[Species]) -> None:
        super().__init__(pathlib.Path("/lab/state/zoo"))
        first, last = HOME[peers[0].name], HOME[peers[-1].name]
        assert int(last) - int(first) == len(peers) - 1, "the addresses of a part of the zoo follow each other"
        script = f"import server; server.VISIT_SECONDS = {PATIENCE}; server.main()"
        start = ["env", "PYTHONPATH=/lab/zoo", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", script]
        places = ["--certificates", "/lab/state/zoo", "--address", str(HOME[peers[0].name])]
        names = [species.name for species in peers]
        inside = ["podman", "exec", "--interactive", lab.container("zoo"), *start]
        self._command = [*inside, *places, "--port", "25", "--until-end-of-input", *names]


class Menagerie:
    """MTA1 before the zoo. The policy in force is the one that was asked for last."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        folder = lab.state / "zoo"
        folder.mkdir(exist_ok=True)
        credentials.make(folder)
        self.release = parse_release(re.findall(r"^Version (\S+)", lab.read("mta1", "sendmail -d0.1 -bv root"))[0])
        lines = lab.read("mta1", "makemap -u hash /etc/mail/access").splitlines()
        self.kept = [line for line in lines if not line.startswith(("tls_", "try_tls:"))]
        # What sendmail trusts is read anew for each delivery.
        lab.read("mta1", "cp /lab/state/zoo/ca.pem /etc/mail/certs/ca.crt")
        rows = [f"{name}.{DOMAIN}\tesmtp:[{address}]" for name, address in HOME.items()]
        self._make_map("mailertable", rows)
        (lab.state / "message").write_bytes(message("zoo").text)

    def _make_map(self, name: str, rows: t.Sequence[str]) -> None:
        text = "".join(f"{row}\n" for row in rows)
        (self.lab.state / "rows").write_text(text, encoding="utf-8")
        aside = "/etc/mail/aside.db"
        own = f"chown smmta:smmsp {aside} && chmod 0640 {aside} && mv {aside} /etc/mail/{name}.db"
        self.lab.read("mta1", f"makemap hash /etc/mail/aside < /lab/state/rows && {own}")

    def enforce(self, level: str) -> None:
        policy = parse_policy({VARIABLE: LEVELS[level]}, today=datetime.date.today())
        entries = compile_policy(policy, self.release)
        self._make_map("access", [*self.kept, *(f"{one.entry.folded_key}\t{one.entry.value}" for one in entries)])

    def foretell(self, level: str, peers: t.Sequence[Species]) -> dict[str, dict[str, t.Any]]:
        """Species -> the record of the probe, made on the relay itself."""
        options = {
            "targets": [{"smart_host": f"[{HOME[species.name]}]"} for species in peers],
            "policy": LEVELS[level],
            "ca_path": "/etc/mail/certs/ca.crt",
            "client_certificate": "/etc/mail/certs/host.crt",
            "client_key": "/etc/mail/certs/host.key",
            "connect_timeout": 3,
            "reply_timeout": 3,
            "timeout": 60,
            "attempts": 1,
        }
        with Housed(self.lab, peers):
            done = self.lab.module("mta1", "starttls_info", options)
        assert done.returncode == 0, done.stdout + done.stderr
        records = yaml.load(done.stdout.partition("=>")[2], Loader=yaml.CSafeLoader)["peers"]
        return {species.name: record for species, record in zip(peers, records)}

    def deliver(self, level: str, peers: t.Sequence[Species]) -> dict[str, Fate]:
        """Species -> what became of a message for it."""
        self.enforce(level)
        self.lab.empty_queue()
        with Housed(self.lab, peers):
            ids = self._send(peers)
        queue = self.lab.read("mta1", "cd /var/spool/mqueue; grep -a ^M /dev/null qf* || true; ls")
        log = self.lab.read("mta1", "journalctl --quiet --no-pager --output=cat SYSLOG_FACILITY=2 | grep -a stat=")
        return {name: _read_fate(queue_id, queue, log) for name, queue_id in ids.items()}

    def _send(self, peers: t.Sequence[Species]) -> dict[str, str]:
        """Species -> queue id. MTA1 tries each message at once, while its client waits; so there are many clients."""
        found: dict[str, str] = {}
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for part in pool.map(self._send_part, [peers[start::CLIENTS] for start in range(CLIENTS)]):
                found.update(part)
        return found

    def _send_part(self, part: t.Sequence[Species]) -> dict[str, str]:
        pairs = [text for species in part for text in (f"x@{species.name}.{DOMAIN}", "/lab/state/message")]
        argv = ["python3", "/lab/files/client.py", "send", "mta1.example.test", SENDER, *pairs]
        replies = json.loads(self.lab.read("client", shlex.join(argv)))
        ids = [re.findall(r"^250 2\.0\.0 (\S+) Message accepted", reply) for reply in replies]
        assert all(ids), replies
        return {species.name: found[0] for species, found in zip(part, ids)}


def _read_fate(queue_id: str, queue: str, log: str) -> Fate:
    if re.search(rf"^qf{queue_id}$", queue, re.M):
        reason = re.search(rf"^qf{queue_id}:M(?:Deferred: )?(.*)$", queue, re.M)
        return Fate("defer", reason[1] if reason else "")
    lines = re.findall(rf"^{queue_id}: to=.*stat=(.*)$", log, re.M)
    assert lines, f"{queue_id} is not in the queue, and not in the log"
    return Fate("deliver") if lines[-1].startswith("Sent") else Fate("reject", lines[-1])
