# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast MTA1 relays to MTA2 under TLS: the roles' defaults, Debian's stock sendmail, and stock Postfix (make bench).

Three pairs of containers stand side by side and take turns, so that what else the machine does meets all of them. Each
round sends messages of 5 KB in 20 sessions and ends when MTA2 has put the last one where its recipient wants it, which
is /dev/null on all of them. Absolute numbers belong to the machine; the ratios are the result. Ends with 1 when a ratio
is missed or a message is lost.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import typing as t

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/testinfra"))

from lab import ROOT, Lab

NAME = "bench"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SESSIONS = 20
PATIENCE = 120.0
STANDSTILL = 5.0
POSTFIX_PACKAGES = (
    "adduser ca-certificates dbus hostname iproute2 netbase openssl procps postfix ssl-cert systemd systemd-sysv"
)
LIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=10000:10000"]
# What a round counts is read from the log, which the journal would otherwise drop.
EVERY_LINE = "mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nRateLimitBurst=0\\n' \
> /etc/systemd/journald.conf.d/all.conf && systemctl restart systemd-journald"
SINK = "echo 'sink: /dev/null' >> /etc/aliases && newaliases"

# As packaged, but for what makes a relay of it: it listens, has Debian's own TLS settings, a smart host, and lets the
# other side relay. ClientRate and ClientConn are lifted too: with them MTA2 takes ten messages a minute.
STOCK = r"""
cd /etc/mail
sed -i -e 's/, Addr=127.0.0.1//' -e '/^MAILER_DEFINITIONS/i include(`/etc/mail/tls/starttls.m4'"'"')dnl' sendmail.mc
test -z '{hop}' || sed -i '/^MAILER_DEFINITIONS/i define(`SMART_HOST'"'"', `{hop}'"'"')dnl' sendmail.mc
for tag in ClientRate ClientConn; do printf '%s:{net}\t0\n' $tag >> /etc/mail/access; done
printf 'Connect:{net}\tRELAY\n' >> /etc/mail/access
make -C /etc/mail > /dev/null 2>&1; systemctl restart sendmail
"""
# As packaged, but for the relay host, the network that may use it, and level encrypt.
POSTFIX = """
postconf -e 'inet_interfaces = all' 'mynetworks = 127.0.0.0/8 {net}.0/24' 'relayhost = {hop}' \
'myhostname = {fqdn}' 'mydestination = {fqdn}, localhost' 'smtp_tls_security_level = encrypt'
systemctl restart postfix
"""
QUEUED = "find /var/spool/mqueue /var/spool/postfix -name 'qf*' -o -path '*/deferred/?/*' -o -path '*/active/*' | wc -l"
# Of the log: the queue id of a message, and of one that has reached its sink.
IDENTIFIER = re.compile(r" (\w+): (?:.*msgid|message-id)=<([^>]+)>")
ARRIVED = re.compile(r"^(\d+\.\d+) .* (\w+): to=.*(?:stat=Sent|status=sent)")
CLEAR = re.compile(r"msgid=<[^>]+@load>.*proto=E?SMTP,")


class Pair(t.NamedTuple):
    """Two relays in a row; ``goal`` is what ours must be a multiple of."""

    name: str
    first: str
    second: str
    messages: int
    goal: float


PAIRS = [
    Pair("mailtls.relay", "mta1", "mta2", 1000, 0),
    Pair("stock sendmail", "stock1", "stock2", 200, 10),
    Pair("stock Postfix, level encrypt", "postfix1", "postfix2", 1000, 1),
]


class Round(t.NamedTuple):
    """One round of one pair."""

    rate: float
    accepted: int
    lost: int


class Bench(Lab):
    """The lab of the scenarios, and two more pairs in its network."""

    def podman(self, *argv: str) -> str:
        done = subprocess.run(["podman", *argv], check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"podman {' '.join(argv)}: {done.stderr or done.stdout}"
        return done.stdout

    def shell(self, host: str, command: str) -> str:
        return self.podman("exec", self.container(host), "sh", "-c", command)

    def play(self, playbook: str, **variables: t.Any) -> None:
        done = self.converge(playbook, **variables)
        if done.code:
            raise SystemExit(f"{playbook} failed:\n{done.output}")

    def build(self) -> None:
        """All containers, converged."""
        self.play("molecule/shared/destroy.yml")
        self.play("molecule/shared/create.yml")
        self.podman("rm", "--force", "--time=0", self.container("capture"))
        self.net = self.addresses("mta1")[0].rpartition(".")[0]
        self.runtime = subprocess.run(
            [ROOT / "molecule/shared/files/find_runtime.sh", "localhost/mailtls-debian-bookworm", *LIMITS],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        postfix = "localhost/mailtls-postfix-bookworm"
        argv = [ROOT / "molecule/shared/files/build_image.sh", postfix, "bookworm", *POSTFIX_PACKAGES.split()]
        subprocess.run(argv, check=True)
        extra = {"stock1": 21, "stock2": 22, "postfix1": 31, "postfix2": 32}
        self.name_hosts(extra)
        for host, position in extra.items():
            self.start(host, position, postfix if host.startswith("postfix") else "localhost/mailtls-debian-bookworm")
        self.configure()

    def name_hosts(self, extra: dict[str, int]) -> None:
        zone = self.state / "dns.conf"
        lines = [f"host-record={host}.example.test,{self.net}.{position}\n" for host, position in extra.items()]
        zone.write_text(zone.read_text(encoding="utf-8") + "".join(lines), encoding="utf-8")
        self.shell("dns", "pkill dnsmasq")

    def start(self, host: str, position: int, image: str) -> None:
        hosts = self.state / f"hosts-{host}"
        hosts.write_text(f"127.0.0.1 localhost\n{self.net}.{position} {host}.example.test {host}\n", encoding="utf-8")
        argv = [self.runtime, "run", "--detach", "--replace", "--label=io.mailtls.relay=lab", *LIMITS]
        argv += [f"--name={self.container(host)}", f"--hostname={host}.example.test", "--systemd=always"]
        argv += [f"--network=mailtls-{self.name}:ip={self.net}.{position}", f"--dns={self.net}.53", "--no-hosts"]
        self.podman(*argv, "--cap-add=SYS_PTRACE", f"--volume={hosts}:/etc/hosts:ro", image, "/lib/systemd/systemd")

    def configure(self) -> None:
        for pair in PAIRS:
            for host in (pair.first, pair.second):
                self.wait(f"{host} to boot", lambda host=host: self.booted(host))
                self.shell(host, EVERY_LINE)
        self.play("playbooks/site.yml", tls_audit_canary_recipient="")
        for first, second, script in (("stock1", "stock2", STOCK), ("postfix1", "postfix2", POSTFIX)):
            hop = f"[{second}.example.test]"
            for host, to in ((first, hop), (second, "")):
                self.shell(host, script.format(net=self.net, hop=to, fqdn=f"{host}.example.test"))
        for pair in PAIRS:
            self.shell(pair.second, SINK)
        self.podman("cp", str(ROOT / "benchmarks/inject.py"), f"{self.container('client')}:/inject.py")

    def booted(self, host: str) -> bool:
        return self.on(host).run("systemctl is-system-running").stdout.strip() in ("running", "degraded")

    def run_round(self, pair: Pair, mark: str, messages: int) -> Round:
        """Send, wait for the last message, count."""
        argv = ["python3", "/inject.py", f"{pair.first}.example.test", f"sink@{pair.second}.example.test", mark]
        done = json.loads(self.podman("exec", self.container("client"), *argv, str(messages), str(SESSIONS)))
        accepted, began = set(done["accepted"]), done["began"]
        end, arrived, moved = time.time() + PATIENCE, self.arrived(pair, began), time.time()
        while accepted - set(arrived) and time.time() < end:
            time.sleep(1)
            before, arrived = len(arrived), self.arrived(pair, began)
            moved = time.time() if len(arrived) > before else moved
            if time.time() - moved > STANDSTILL:
                # What was put off would wait for the next run of the queue, ten minutes: run it now.
                self.shell(
                    pair.first, "if command -v postqueue > /dev/null; then postqueue -f; else sendmail -Am -q; fi"
                )
                moved = time.time()
        rate = len(arrived) / (max(arrived.values(), default=time.time()) - began)
        # What is late stands in a queue; only what is nowhere is lost.
        late = len(accepted - set(arrived))
        queued = sum(int(self.shell(host, QUEUED)) for host in (pair.first, pair.second)) if late else 0
        return Round(rate, len(accepted), max(0, late - queued))

    def arrived(self, pair: Pair, since: float) -> dict[str, float]:
        """Message-ID -> when it reached its sink."""
        text = self.shell(
            pair.second, f"journalctl -q --no-pager -o short-unix SYSLOG_FACILITY=2 --since=@{int(since)}"
        )
        names: dict[str, str] = {}
        found: dict[str, float] = {}
        for line in text.splitlines():
            assert not CLEAR.search(line), f"not under TLS: {line}"
            known, end = IDENTIFIER.search(line), ARRIVED.search(line)
            if known and known.group(2).endswith("@load"):
                names[known.group(1)] = known.group(2)
            elif end and end.group(2) in names:
                found[names[end.group(2)]] = float(end.group(1))
        return {name: moment for name, moment in found.items() if moment >= since}


def report(rounds: dict[str, list[Round]]) -> int:
    """The table; 1 when a goal is missed or a message is lost."""
    medians = {name: statistics.median(one.rate for one in some) for name, some in rounds.items()}
    ours = medians[PAIRS[0].name]
    title = "MTA1 -> MTA2, 5 KB, 20 sessions"
    print(f"\n{title:34}{'messages/s':>12}{'(least-most)':>16}{'ours is':>10}{'lost':>6}  goal")
    failed = False
    for pair in PAIRS:
        rates = [one.rate for one in rounds[pair.name]]
        ratio, lost = ours / medians[pair.name], sum(one.lost for one in rounds[pair.name])
        missing = sum(pair.messages - one.accepted for one in rounds[pair.name])
        met = not pair.goal or ratio >= pair.goal
        failed |= not met or bool(lost) or bool(missing)
        goal = f">= {pair.goal:g}x: {'met' if met else 'MISSED'}" if pair.goal else ""
        span = f"({min(rates):.0f}-{max(rates):.0f})"
        print(f"{pair.name:34}{medians[pair.name]:12.0f}{span:>16}{ratio:9.1f}x{lost:6}  {goal}")
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors at the end"
    print(f"medians of {ROUNDS} interleaved rounds; {load}")
    return int(failed)


def main() -> int:
    os.environ["MAILTLS_MTA2_SUITE"] = "bookworm"
    bench = Bench(NAME, show=lambda _: None)
    try:
        bench.build()
        rounds: dict[str, list[Round]] = {pair.name: [] for pair in PAIRS}
        for number in range(ROUNDS + 1):
            for pair in PAIRS:
                # The first round only warms up.
                one = bench.run_round(pair, f"r{number}-{time.time_ns()}", pair.messages if number else SESSIONS)
                load = os.getloadavg()[0]
                print(
                    f"round {number}: {pair.name}: {one.rate:.0f} messages/s, lost {one.lost}, load {load:.1f}",
                    flush=True,
                )
                rounds[pair.name] += [one] if number else []
        return report(rounds)
    finally:
        if os.environ.get("BENCH_KEEP") != "1":
            for host in ("stock1", "stock2", "postfix1", "postfix2"):
                bench.podman("rm", "--force", "--ignore", "--time=0", bench.container(host))
            bench.play("molecule/shared/destroy.yml")


if __name__ == "__main__":
    raise SystemExit(main())
