# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attacks, what each level promises against them, and the hands that carry them out in the lab."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import pathlib
import re
import shlex
import shutil
import time
import typing as t

import forgery
from lab import RECIPIENT, Lab, message
from mailtls_checks import read_access_map
from story import connect_key

from plugins.module_utils._core.access import compile_policy
from plugins.module_utils._core.findings import find
from plugins.module_utils._core.policy_reader import parse_policy
from plugins.module_utils._core.release import parse_release

MTA2, EVIL = "mta2.example.test", "attacker.evil.example"
# Mail for this domain takes the same way without asking for an MX record: by "[mta2.example.test]".
BRACKETED = "alice@bracketed.example"
# A host without TLS (MTA3), for which an exception may be made. Its next hop is an address in brackets.
PRINTER = "alice@printer.example"

WEAK = "403 4.7.0 encryption too weak 0 less than 128"
NOT_OFFERED = "403 4.7.0 other side does not support STARTTLS"
REFUSED = "403 4.7.0 authentication failure"
UNTRUSTED = "403 4.7.0 authentication failed"
OTHER_NAME = f"403 4.7.0 CN {EVIL} does not match {MTA2}"

VARIABLE = "sendmail_tls_policy"
ENCRYPT, VERIFY, SECURE = LEVELS = ("encrypt", "verify", "secure")
Policy = dict[str, t.Any]
# What is done to an mc before m4 reads it.
NO_BELT = "sed '/^LOCAL_TLS_SERVER/,$d'"


class Attack(t.NamedTuple):
    """One attack: how DNS leads to the attacker, what he does there, and what he shows.

    ``way``: his addresses for MTA2's name (``A``, the name is kept), or his name by ``MX`` or ``CNAME``.
    ``answers``: level -> what MTA1 says of mail that it holds; where a level is missing, he gets the mail, under TLS.
    """

    name: str
    way: str
    does: str
    authority: str
    cn: str
    answers: dict[str, str]

    @property
    def recipient(self) -> str:
        return BRACKETED if self.way == "CNAME" else RECIPIENT


def promises(level: str, attack: Attack) -> bool:
    """What a level says it holds, in its own words; the answers above must agree."""
    server_name = MTA2 if attack.way == "A" else EVIL
    return {
        ENCRYPT: attack.does != "encrypts",
        VERIFY: attack.does != "encrypts" or attack.authority != "the lab's CA" or attack.cn != server_name,
        SECURE: True,
    }[level]


CLEAR = {ENCRYPT: WEAK, VERIFY: NOT_OFFERED, SECURE: NOT_OFFERED}
# Here sendmail adds what else was asked for.
TEMPORARY = {ENCRYPT: WEAK, VERIFY: f"{REFUSED} CN", SECURE: f"{REFUSED} CN:{MTA2}"}
FAILED = {VERIFY: UNTRUSTED, SECURE: UNTRUSTED}
ATTACKS = [
    Attack("STARTTLS stripped", "A", "strips", "", "", CLEAR),
    Attack("STARTTLS refused", "A", "refuses", "", "", TEMPORARY),
    Attack("self-signed, name kept", "A", "encrypts", "nobody", MTA2, FAILED),
    Attack("foreign CA, name kept", "A", "encrypts", "a foreign CA", MTA2, FAILED),
    Attack("same CA, name kept", "A", "encrypts", "the lab's CA", EVIL, dict.fromkeys((VERIFY, SECURE), OTHER_NAME)),
    Attack("MX spoof in clear", "MX", "clear", "", "", CLEAR),
    Attack("MX spoof, self-signed", "MX", "encrypts", "nobody", EVIL, FAILED),
    Attack("MX spoof, same CA", "MX", "encrypts", "the lab's CA", EVIL, {SECURE: OTHER_NAME}),
    Attack("CNAME spoof of [host] in clear", "CNAME", "clear", "", "", CLEAR),
    Attack("CNAME spoof of [host], self-signed", "CNAME", "encrypts", "nobody", EVIL, FAILED),
    Attack("CNAME spoof of [host], same CA", "CNAME", "encrypts", "the lab's CA", EVIL, {SECURE: OTHER_NAME}),
]
WAIVED = {"owner": "mail team", "reason": "a printer without TLS", "until": "2099-12-31"}
BY_NAME = {attack.name: attack for attack in ATTACKS}


class Outcome(t.NamedTuple):
    """What became of a message: why it waits in MTA1's queue (empty: it does not), and how the attacker read it."""

    mark: str
    queue_id: str
    held: str
    heard: list[dict[str, t.Any]]

    @property
    def read(self) -> set[str]:
        """How the attacker read the body: ``in clear``, ``under TLS``."""
        return {self.how(entry) for entry in self.heard if f"{self.mark} line 5" in entry["line"]}

    @property
    def commands(self) -> set[tuple[str, str]]:
        """The commands he heard, and how."""
        return {(entry["line"].partition(" ")[0], self.how(entry)) for entry in self.heard}

    @staticmethod
    def how(entry: dict[str, t.Any]) -> str:
        return "under TLS" if entry["tls"] else "in clear"


class Siege:
    """The lab with the attacker in it. The DNS and his plan are as they were staged last."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.begin = time.time()
        self.record = lab.state / "attacker.jsonl"
        self.zone = lab.state / "dns.conf"
        # From the lab's first siege: what is in force may come of one that was broken off.
        true_zone = lab.state / "dns.conf.true"
        if not true_zone.exists():
            shutil.copyfile(self.zone, true_zone)
        self.true_zone = true_zone.read_text(encoding="utf-8")
        self.serial = itertools.count(time.time_ns())
        self.staged: Attack | None = None
        self.in_force: dict[str, str] = {}
        self.release = parse_release(re.findall(r"^Version (\S+)", lab.read("mta1", "sendmail -d0.1 -bv root"))[0])
        self.kept = {key: value for key, value in self.map().items() if not key.startswith("tls_")}
        self.record.write_text("", encoding="utf-8")
        own = forgery.read_authority(pathlib.Path.home() / ".mailtls/lab" / lab.name, "only for the lab")
        foreign = forgery.new_authority(own.certificate.subject.rfc4514_string().removeprefix("CN="))
        self.authorities = {"nobody": None, "a foreign CA": foreign, "the lab's CA": own}
        lab.read("mta1", "mkdir -p /root/kept && cp --archive /etc/mail/sendmail.cf /etc/mail/access.db /root/kept/")

    def lift(self) -> None:
        """Put all back as it was."""
        self.lab.read("mta1", "cp --archive /root/kept/* /etc/mail/ && rm -f /var/spool/mqueue/*")
        self.publish(self.true_zone)

    # The network

    def stage(self, attack: Attack | None) -> None:
        """Forge the DNS and say what the attacker does; None is peace."""
        if attack == self.staged:
            return
        forged = {
            "": forgery.Forged(MTA2),
            "A": forgery.Forged(MTA2, addresses=tuple(self.lab.addresses("attacker"))),
            "MX": forgery.Forged(MTA2, mx=EVIL),
            "CNAME": forgery.Forged(MTA2, cname=EVIL),
        }[attack.way if attack else ""]
        self.publish(forged.applied_to(self.true_zone))
        if attack:
            self.plan(attack)
        self.staged = attack

    def plan(self, attack: Attack) -> None:
        plan = {"does": attack.does}
        if attack.does == "strips":
            plan["server"] = self.lab.addresses("mta2")[0]
        if attack.does == "encrypts":
            pem = forgery.forged_certificate(attack.cn, self.authorities[attack.authority])
            (self.lab.state / "attacker.pem").write_text(pem, encoding="utf-8")
            plan["certificate"] = "/lab/state/attacker.pem"
        (self.lab.state / "attacker.json").write_text(json.dumps(plan), encoding="utf-8")

    def forge(self, forged: forgery.Forged, does: str = "clear") -> None:
        """Any other forgery; the attacker speaks no TLS."""
        self.staged = None
        self.publish(forged.applied_to(self.true_zone))
        (self.lab.state / "attacker.json").write_text(json.dumps({"does": does}), encoding="utf-8")

    def publish(self, zone: str) -> None:
        name = f"serial-{next(self.serial)}.example.test"
        self.zone.write_text(f"{zone}host-record={name},192.0.2.1\n", encoding="utf-8")
        self.lab.read("dns", "pkill dnsmasq")
        self.lab.read("mta1", f"timeout 20 sh -c 'until getent hosts {name}; do sleep 0.1; done'")

    # MTA1's map

    def map(self) -> dict[str, str]:
        """MTA1's access map as sendmail reads it."""
        return read_access_map(self.lab.on("mta1"))

    def compiled(self, wish: Policy, sole_next_hop: str = "") -> dict[str, str]:
        """What the collection makes of ``sendmail_tls_policy`` for MTA1's release."""
        policy = parse_policy({VARIABLE: wish}, today=datetime.date.today(), sole_next_hop=sole_next_hop)
        return {placed.entry.folded_key: placed.entry.value for placed in compile_policy(policy, self.release)}

    def findings(self, wish: Policy) -> list[str]:
        """What it says of a policy that it does not refuse."""
        today = datetime.date.today()
        policy = parse_policy({VARIABLE: wish}, today=today)
        found = find(policy, compile_policy(policy, self.release), today, datetime.timedelta(days=30))
        return [str(one) for one in found]

    def enforce(self, entries: t.Mapping[str, str]) -> None:
        """These entries, beside the role's own, become MTA1's map."""
        if entries == self.in_force:
            return
        rows = "".join(f"{key}\t{value}\n" for key, value in {**self.kept, **entries}.items())
        aside = "/etc/mail/aside.db"
        own = f"chown smmta:smmsp {aside} && chmod 0640 {aside} && mv {aside} /etc/mail/access.db"
        self.lab.read("mta1", f"printf '%s' {shlex.quote(rows)} | makemap hash /etc/mail/aside && {own}")
        self.in_force = dict(entries)

    # Mail

    def send(self, recipient: str) -> Outcome:
        """One message through MTA1, which delivers while the client waits."""
        self.record.write_text("", encoding="utf-8")
        mark = f"siege{time.time_ns()}"
        (queue_id,) = self.lab.send({recipient: message(mark).text}).values()
        return self.look(mark, queue_id)

    def retry(self, before: Outcome) -> Outcome:
        """A run of the queue for the same message: it reads cf and map anew."""
        self.record.write_text("", encoding="utf-8")
        # Without -qf it would go on in the background.
        self.lab.on("mta1").run(f"sendmail -Am -qf -qI{before.queue_id}")
        return self.look(before.mark, before.queue_id)

    def look(self, mark: str, queue_id: str) -> Outcome:
        file = f"/var/spool/mqueue/qf{queue_id}"
        text = self.lab.read("mta1", f"if test -e {file}; then echo waits; grep -a ^M {file} || true; fi")
        reason = re.search(r"^M(?:Deferred: )?(.*)$", text, re.M)
        heard = [json.loads(line) for line in self.record.read_text(encoding="utf-8").splitlines()]
        outcome = Outcome(mark, queue_id, reason[1] if reason else text.strip(), heard)
        self.lab.show(f"mta1: {queue_id}: {outcome.held or 'gone'}; the attacker heard {sorted(outcome.commands)}")
        return outcome

    # The exception

    @property
    def excepted(self) -> str:
        """The address of the host without TLS, as a key of the map."""
        return self.key("mta3")

    def key(self, host: str) -> str:
        return connect_key(self.lab.addresses(host)[0]).removeprefix("connect:")


@contextlib.contextmanager
def other_cf(lab: Lab, edit: str) -> t.Iterator[None]:
    """A cf of MTA1 from an mc that is bent by hand; runs of the queue read it."""
    lab.read("mta1", f"cd /etc/mail && {edit} sendmail.mc | m4 > sendmail.cf 2> /root/m4")
    try:
        yield
    finally:
        lab.read("mta1", "cp --archive /root/kept/sendmail.cf /etc/mail/")


def outbound(*peers: Policy, **default: t.Any) -> Policy:
    """Any policy for servers."""
    return {"outbound": {"default": default, "peers": list(peers)}}


def policy(level: str, excepted: str = "") -> Policy:
    """The policy of the variable ``sendmail_tls_policy``: a level for all, and none needed towards one address."""
    peers = [{"next_hop": excepted, "level": "may", "exception": WAIVED}] if excepted else []
    return outbound(*peers, level=level, min_bits=128, **({"name": MTA2} if level == SECURE else {}))
