# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a relay takes over SSH: our roles, and two roles for Postfix set up as TLS relays (make bench-ssh).

Containers with an sshd; this machine is the controller, with pipelining and otherwise ssh and Ansible as they come. In
each round every role gets a host as its packages leave it, converges it and runs again, in turns, so that what else the
machine does meets all of them. The limit is what Ansible itself takes to reach a host as often as our second run does.
Then the daily change, one rule of 10,000; and how time grows with the number of hosts, drawn as docs/hosts.svg. What
reaches a host is counted by its sshd. Absolute numbers belong to the machine; the ratios are the result. Ends with 1
when a goal is missed.

BENCH_OEFENWEB and BENCH_LSR name checkouts of Oefenweb/ansible-postfix and of linux-system-roles/postfix.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

from plot import draw
from relay import LIMITS, POSTFIX_PACKAGES, ROOT

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
HOSTS = [int(count) for count in os.environ.get("BENCH_HOSTS", "1 2 5 10 20 50").split()]
RULES = 10_000
# Our second run reaches a host so often, facts and the look for Python aside.
PINGS = 5
WATCHERS = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
NAME = "bench-ssh"
RELAY_PACKAGES = re.search(
    r"lab_packages: >-\n((?: {2}.*\n)+)", (ROOT / "molecule/inventory/group_vars/relays.yml").read_text()
)
# What each role would install, so that nobody's time is a mirror's; the resolver comes from the first image, too.
IMAGES = {
    "relay": f"{RELAY_PACKAGES.group(1) if RELAY_PACKAGES else ''} procmail openssh-server dnsmasq-base",
    "postfix": f"{POSTFIX_PACKAGES} python3-apt debconf-utils mailutils libsasl2-2 sasl2-bin libsasl2-modules"
    " openssh-server",
}


class Run(t.NamedTuple):
    """Seconds on the clock, of the controller's processors and of the hosts'; how often they were reached."""

    wall: float
    cpu: float
    there: float
    reaches: int


# All other mail goes to one next hop under TLS or not at all, and neighbours may relay: one wish in three languages.
HOP, CLIENTS = "mta2.example.test", "192.0.2.0/24"
OURS = {
    "sendmail_smart_host": HOP,
    "sendmail_relay_clients": [CLIENTS],
    "tls_identity_ca_passphrase": "only for the benchmark",
    "tls_identity_ca_directory": "{{ inventory_dir }}/../ca",
}
OEFENWEB = {
    "postfix_relayhosts": [HOP],
    "postfix_relayhost_port": 25,
    "postfix_relaytls": True,
    "postfix_sasl_auth_enable": False,
    "postfix_mynetworks": ["127.0.0.0/8", CLIENTS],
}
SNAKEOIL = "/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/private/ssl-cert-snakeoil.key"
LSR = {
    "postfix_conf": {
        "relayhost": f"[{HOP}]:25",
        "smtp_tls_security_level": "encrypt",
        "smtpd_tls_cert_file": SNAKEOIL[0],
        "smtpd_tls_key_file": SNAKEOIL[1],
        "smtpd_tls_security_level": "may",
        "mynetworks": f"127.0.0.0/8 {CLIENTS}",
        "inet_interfaces": "all",
    }
}


class Role(t.NamedTuple):
    """A way to a relay: its host, the image that has its packages, and the play."""

    name: str
    title: str
    image: str
    variables: dict[str, t.Any]
    play: dict[str, t.Any]


def roles() -> list[Role]:
    """Ours and the peers; ends with what is missing when a peer is not there."""
    found = []
    for name, title, variables in (
        ("BENCH_OEFENWEB", "Oefenweb.postfix", OEFENWEB),
        ("BENCH_LSR", "linux-system-roles/postfix", LSR),
    ):
        path = pathlib.Path(os.environ.get(name, "")).resolve()
        if not os.environ.get(name) or not (path / "tasks/main.yml").exists():
            raise SystemExit(f"{name} must name a checkout of {title}, and {os.environ.get(name, '')!r} is none.")
        found.append(Role(name[6:].lower(), title, "postfix", variables, {"roles": [str(path)]}))
    ours = {"gather_subset": ["!all"], "roles": ["mailtls.relay.tls_identity", "mailtls.relay.sendmail"]}
    return [Role("ours", "mailtls.relay", "relay", OURS, ours), *found]


class Bench:
    """A network with hosts that have an sshd, and a folder with inventory and plays."""

    def __init__(self, folder: pathlib.Path, peers: list[Role]) -> None:
        self.folder, self.roles = folder, peers
        self.many = [f"relay{number}" for number in range(1, max(HOSTS) + 1)]
        self.net = "10.127.25"
        names = [role.name for role in peers] + self.many
        self.addresses = {name: f"{self.net}.{number}" for number, name in enumerate(names, 11)}
        self.runs: dict[str, list[Run]] = {}
        self.starts = 0

    def podman(self, *argv: str, given: str = "") -> str:
        done = subprocess.run(["podman", *argv], check=False, capture_output=True, text=True, input=given)
        assert done.returncode == 0, f"podman {' '.join(argv)}: {done.stderr or done.stdout}"
        return done.stdout

    def shell(self, host: str, command: str) -> str:
        return self.podman("exec", self.container(host), "sh", "-c", command)

    def container(self, host: str) -> str:
        return f"mailtls-{NAME}-{host}"

    def build(self) -> None:
        files = ROOT / "molecule/shared/files"
        for name, packages in IMAGES.items():
            argv = [files / "build_image.sh", self.image(name), "bookworm", *packages.split()]
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        argv = [files / "find_runtime.sh", self.image("relay"), *LIMITS]
        self.runtime = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
        key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        (self.folder / "sshd.conf").write_text("LogLevel VERBOSE\n", encoding="utf-8")
        subnet = f"--subnet={self.net}.0/24"
        subprocess.run(["podman", "network", "rm", "--force", f"mailtls-{NAME}"], check=False, capture_output=True)
        argv = ["--internal", "--disable-dns", "--label=io.mailtls.relay=lab", subnet, f"mailtls-{NAME}"]
        self.podman("network", "create", *argv)
        # A healthy resolver that knows the hosts, and that there is nothing else.
        records = [f"--host-record={host}.example.test,{address}" for host, address in self.addresses.items()]
        records += [f"--host-record={HOP},{self.net}.9", "--no-resolv", "--no-hosts", "--local=/#/"]
        self.launch("dns", f"{self.net}.9", "relay", ["dnsmasq", "--keep-in-foreground", "--user=root", *records])
        self.resolver = self.podman("inspect", "--format={{.State.Pid}}", self.container("dns")).strip()
        self.write()

    def image(self, name: str) -> str:
        return f"localhost/mailtls-ssh-{name}-bookworm"

    def launch(self, host: str, address: str, image: str, command: list[str]) -> None:
        hosts, keys = self.folder / f"hosts-{host}", f"{self.folder / 'key.pub'}:/root/.ssh/authorized_keys:ro"
        hosts.write_text(f"127.0.0.1 localhost\n{address} {host}.example.test {host}\n", encoding="utf-8")
        argv = [self.runtime, "run", "--detach", "--replace", "--label=io.mailtls.relay=lab", *LIMITS]
        argv += [f"--name={self.container(host)}", f"--hostname={host}.example.test", "--systemd=always"]
        # A host that begins anew keeps its MAC address, or the controller would look for the one it remembers.
        mac = f"02:00:0a:7f:19:{int(address.rsplit('.', 1)[1]):02x}"
        argv += [f"--network=mailtls-{NAME}:ip={address},mac={mac}", f"--dns={self.net}.9"]
        argv += ["--no-hosts", "--cap-add=SYS_PTRACE"]
        argv += [f"--volume={hosts}:/etc/hosts:ro", f"--volume={keys}"]
        argv += [f"--volume={self.folder / 'sshd.conf'}:/etc/ssh/sshd_config.d/verbose.conf:ro"]
        self.podman(*argv, self.image(image), *command)

    def start(self, host: str, image: str) -> None:
        """A host as its packages leave it, booted."""
        # No connection to an earlier host of that name lives on.
        self.starts += 1
        self.launch(host, self.addresses[host], image, ["/lib/systemd/systemd"])

    def await_boot(self, host: str) -> None:
        end = time.monotonic() + 120
        state = "systemctl is-system-running --wait; systemctl is-active ssh"
        while not re.search(r"(running|degraded)\nactive", self.state(host, state)):
            assert time.monotonic() < end, f"{host} does not boot: {self.state(host, 'systemctl --failed')}"
            time.sleep(0.2)
        # Package lists as a host has them that was updated today.
        self.shell(host, "mkdir -p /var/lib/apt/periodic && touch /var/lib/apt/periodic/update-success-stamp")

    def state(self, host: str, command: str) -> str:
        argv = ["podman", "exec", self.container(host), "sh", "-c", command]
        return subprocess.run(argv, check=False, capture_output=True, text=True).stdout

    def write(self) -> None:
        """Inventory and plays."""
        (self.folder / "ansible.cfg").write_text("[ssh_connection]\npipelining = True\n", encoding="utf-8")
        reach = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR",
        }
        groups: dict[str, t.Any] = {
            f"with_{role.name}": {"hosts": {role.name: {}}, "vars": role.variables} for role in self.roles
        }
        groups["many"] = {"hosts": {name: {} for name in self.many}, "vars": OURS}
        hosts = {name: {"ansible_host": address} for name, address in self.addresses.items()}
        inventory = {"all": {"hosts": hosts, "vars": reach, "children": groups}}
        for place in ("plain", "daily"):
            (self.folder / place).mkdir()
            (self.folder / place / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        for role in self.roles:
            book = [{"hosts": "all", "become": True, **role.play}]
            (self.folder / f"{role.name}.json").write_text(json.dumps(book), encoding="utf-8")
        pings: list[dict[str, t.Any]] = [{"ansible.builtin.ping": {}}] * PINGS
        limit = [{"hosts": "all", "become": True, "gather_subset": ["!all"], "tasks": pings}]
        (self.folder / "limit.json").write_text(json.dumps(limit), encoding="utf-8")

    def write_rules(self, turn: int) -> None:
        """The policy of the daily change; one rule differs from turn to turn."""
        peers: list[dict[str, t.Any]] = [
            {"next_hop": f"mx{n}.partner.example", "level": "encrypt", "min_bits": 128} for n in range(RULES)
        ]
        peers[RULES // 2].update(min_bits=256 if turn % 2 else 192, accept_dns_risk=True)
        folder = self.folder / "daily/group_vars"
        folder.mkdir(exist_ok=True)
        text = json.dumps({"sendmail_tls_policy_partners": {"outbound": {"peers": peers}}})
        (folder / "with_ours.json").write_text(text, encoding="utf-8")

    def play(self, book: str, hosts: t.Sequence[str], *, changes: bool, inventory: str = "plain") -> Run:
        """What a play takes; it must end well, and change something or nothing, as is said."""
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / f"cp{self.starts}"),
        }
        # The network has no way out, nor one in: the controller stands in it, beside the resolver.
        argv = ["nsenter", f"--net=/proc/{self.resolver}/ns/net"]
        argv += [sys.executable, "-m", "ansible.cli.playbook", "--inventory", inventory, book]
        argv += ["--limit", ",".join(hosts), "--extra-vars", "mailtls_hosts=all"]
        reached, spent, begin = self.reached(hosts), self.spent(hosts), time.monotonic()
        with open(self.folder / "said", "w+", encoding="utf-8") as said:
            started = subprocess.Popen(argv, cwd=self.folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
            _pid, status, usage = os.wait4(started.pid, 0)
            wall = time.monotonic() - begin
            said.seek(0)
            text = said.read()
        recap = dict(re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", text, re.M))
        assert status == 0 and sorted(recap) == sorted(hosts), f"{book}: {text[-3000:]}"
        assert {count != "0" for count in recap.values()} == {changes}, f"{book}: {text[-3000:]}"
        reaches = (self.reached(hosts) - reached) // len(hosts)
        return Run(wall, usage.ru_utime + usage.ru_stime, self.spent(hosts) - spent, reaches)

    def reached(self, hosts: t.Sequence[str]) -> int:
        """How many commands and file transfers the hosts' sshd was asked for."""
        count = "journalctl -q -u ssh -o cat | grep -c 'Starting session: ' || true"
        return sum(int(self.shell(host, count)) for host in hosts)

    def spent(self, hosts: t.Sequence[str]) -> float:
        """Processor seconds of the hosts so far."""
        modern = "awk '/^usage_usec/ {print $2 * 1000}' /sys/fs/cgroup/cpu.stat"
        usage = f"cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || {modern}"
        return sum(float(self.shell(host, usage)) for host in hosts) / 1e9

    # The rounds

    def note(self, name: str, run: Run) -> None:
        self.runs.setdefault(name, []).append(run)
        spent = f"{run.wall:.2f} s, CPU {run.cpu:.2f} s here, {run.there:.2f} s there, {run.reaches} reaches"
        print(f"{name}: {spent}, load {os.getloadavg()[0]:.1f}", flush=True)

    def run_round(self) -> None:
        for role in self.roles:
            self.start(role.name, role.image)
        for role in self.roles:
            self.await_boot(role.name)
        for changes, turn in ((True, "first"), (False, "second")):
            for role in self.roles:
                self.note(f"{role.name} {turn}", self.play(f"{role.name}.json", [role.name], changes=changes))
        self.note("limit", self.play("limit.json", [self.roles[0].name], changes=False))

    def run_daily(self) -> None:
        """One rule of many changes, again and again; the first time all of them are new."""
        for turn in range(ROUNDS + 1):
            self.write_rules(turn)
            run = self.play("mailtls.relay.policy", ["ours"], changes=True, inventory="daily")
            if turn:
                self.note("daily", run)

    def run_many(self) -> None:
        # Each systemd takes six of these, and a machine allows 128 in all if nobody asks for more.
        allowed = WATCHERS.read_text(encoding="utf-8")
        WATCHERS.write_text(str(max(int(allowed), 512 + 8 * len(self.many))), encoding="utf-8")
        try:
            self.measure_many()
        finally:
            WATCHERS.write_text(allowed, encoding="utf-8")

    def measure_many(self) -> None:
        for name in self.many:
            self.start(name, "relay")
        for name in self.many:
            self.await_boot(name)
        self.note(f"many {len(self.many)} first", self.play("ours.json", self.many, changes=True))
        for count in HOSTS:
            self.note(f"many {count}", self.play("ours.json", self.many[:count], changes=False))

    def warm_up(self) -> None:
        """The CA is there, and what Python and the disk keep of earlier runs."""
        self.start("ours", "relay")
        self.await_boot("ours")
        self.play("ours.json", ["ours"], changes=True)

    def stop(self) -> None:
        hosts = ["dns", *self.addresses]
        argv = ["podman", "rm", "--force", "--ignore", "--time=0", *map(self.container, hosts)]
        subprocess.run(argv, check=False, capture_output=True)
        subprocess.run(["podman", "network", "rm", "--force", f"mailtls-{NAME}"], check=False, capture_output=True)

    def run(self) -> int:
        self.build()
        self.warm_up()
        for _number in range(ROUNDS):
            self.run_round()
        self.run_daily()
        self.run_many()
        return self.report()

    def report(self) -> int:
        median = {name: Run(*(statistics.median(column) for column in zip(*some))) for name, some in self.runs.items()}
        print(f"\n{'':44}{'seconds':>9}{'CPU here':>10}{'CPU there':>11}{'reaches':>9}")
        for title, name in self.rows():
            run = median[name]
            print(f"{title:44}{run.wall:9.2f}{run.cpu:10.2f}{run.there:11.2f}{run.reaches:9.0f}")
        goals = [
            ("second run, reaches, the look for Python too", median["ours second"].reaches, 7),
            ("daily change, reaches, the look for Python too", median["daily"].reaches, 4),
        ]
        for role in self.roles[1:]:
            for turn, most in (("second", 0.5), ("first", 0.45 if role.name == "oefenweb" else None)):
                ours, theirs = self.runs[f"ours {turn}"], self.runs[f"{role.name} {turn}"]
                ratio = statistics.median(mine.wall / other.wall for mine, other in zip(ours, theirs))
                goals.append((f"{turn} run: ours / {role.title}", ratio, most))
                spent = statistics.median((a.cpu + a.there) / (b.cpu + b.there) for a, b in zip(ours, theirs))
                goals.append((f"{turn} run, CPU in all: ours / {role.title}", spent, None))
        goals += [
            (f"second run: limit / {role.title}", median["limit"].wall / median[f"{role.name} second"].wall, None)
            for role in self.roles
        ]
        print(f"\n{'goal':64}")
        for title, value, most in goals:
            told = "none" if most is None else f"<= {most}: {'held' if value <= most else 'MISSED'}"
            print(f"{title:64}{value:7.2f}  {told}")
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors at the end"
        print(f"medians of {ROUNDS} rounds in turns; {load}")
        points = [(count, median[f"many {count}"].wall) for count in HOSTS]
        (ROOT / "docs/hosts.svg").write_text(draw(points), encoding="utf-8")
        return int(any(most is not None and value > most for _title, value, most in goals))

    def rows(self) -> t.Iterator[tuple[str, str]]:
        for role in self.roles:
            for turn, words in (("first", "first run"), ("second", "second run")):
                yield f"{role.title}, {words}", f"{role.name} {turn}"
        yield f"limit: facts and {PINGS} times ping", "limit"
        yield f"daily change, one rule of {RULES:,}", "daily"
        yield f"{len(self.many)} hosts, first run", f"many {len(self.many)} first"
        for count in HOSTS:
            yield f"{count} hosts, second run", f"many {count}"


def main() -> int:
    # Ended from outside, it cleans up, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="mailtls-bench-") as folder:
        bench = Bench(pathlib.Path(folder), roles())
        try:
            return bench.run()
        finally:
            bench.stop()


if __name__ == "__main__":
    raise SystemExit(main())
