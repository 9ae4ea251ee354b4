# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's hands and eyes, shared by the scenarios' tests and the demo: send, look, switch, wait."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import typing as t

import capture
import report
import testinfra
import testinfra.backend.base
import testinfra.host
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSIDE = ROOT / "molecule/shared/files/inside.sh"
SENDER = "bob@client.example.test"
RECIPIENT = "alice@mta2.example.test"
# Releases of openssl write the name before the "=" differently.
FINGERPRINT = "openssl x509 -noout -fingerprint -sha256 | grep --only-matching '[0-9A-F:]\\{95\\}'"
Show = t.Callable[[str], None]
T = t.TypeVar("T")


class Message(t.NamedTuple):
    """A message that can be told from all others: every line of its body holds the mark."""

    mark: str
    text: bytes

    @property
    def secrets(self) -> list[str]:
        """What must not be seen on the wire: the commands of the envelope, its addresses, the subject, the body."""
        body = self.text.decode().partition("\n\n")[2].split("\n")
        return ["MAIL FROM", "RCPT TO", SENDER, RECIPIENT, self.mark, *(line for line in body if line)]


class Play(t.NamedTuple):
    """One run of the playbook; ``changed`` counts changes for each host."""

    code: int
    output: str
    changed: dict[str, int]
    seconds: float


def lab_name() -> str:
    """The lab of the scenario whose tests run, called as the inventory calls it."""
    return os.environ.get("MAILTLS_LAB") or os.environ["MOLECULE_SCENARIO_NAME"]


def message(mark: str) -> Message:
    lines = [f"{mark} line {number}: only for Alice's eyes" for number in range(1, 6)]
    header = [f"From: Bob <{SENDER}>", f"To: Alice <{RECIPIENT}>", f"Subject: {mark}"]
    return Message(mark, "\n".join([*header, f"Message-ID: <{mark}@client.example.test>", "", *lines, ""]).encode())


class Inside(testinfra.backend.base.BaseBackend):
    """A container as Testinfra reaches it, without the price of ``podman exec``."""

    NAME = "inside"

    def run(self, command: str, *args: str, **_options: t.Any) -> t.Any:
        command = self.get_command(command, *args)
        done = self.run_local("%s %s /bin/sh -c %s", str(INSIDE), self.hostname, command)
        done.command = self.encode(command)
        return done


class Lab:
    """One lab, by its name; ``show`` gets every piece of evidence when it is seen, ``progress`` what is waited for."""

    def __init__(self, name: str, show: Show = print, progress: Show = lambda _: None) -> None:
        self.name = name
        self.show = show
        self.progress = progress
        self.state = ROOT / ".cache/lab" / name
        self.outgoing = self.state / "outgoing"
        self.authority = pathlib.Path("~/.mailtls/lab").expanduser() / name
        self.folder = ROOT
        self.inventories = [ROOT / "examples/two_relays/inventory.yml", ROOT / "molecule/inventory"]
        self.environment = environment(name)

    # Containers

    def container(self, host: str) -> str:
        return f"mailtls-{self.name}-{host}"

    def on(self, host: str, user: str = "root") -> t.Any:
        """The host as Testinfra sees it."""
        if user == "root":
            return testinfra.host.Host(Inside(self.container(host)))
        return testinfra.get_host(f"podman://{user}@{self.container(host)}")

    def read(self, host: str, command: str) -> str:
        """What a shell command prints on a host; it must succeed."""
        done = self.on(host).run(command)
        assert done.rc == 0, f"{host}: {command}: {done.stderr or done.stdout}"
        return str(done.stdout)

    def read_bytes(self, host: str, path: str) -> bytes:
        """A file of a host."""
        return subprocess.run([INSIDE, self.container(host), "cat", path], check=True, capture_output=True).stdout

    def addresses(self, host: str) -> list[str]:
        """The host's IPv4 and IPv6 address."""
        lines = (self.state / f"hosts-{host}").read_text(encoding="utf-8").splitlines()
        return [line.split()[0] for line in lines if line.endswith(f" {host}")]

    # Mail

    def send(
        self, messages: t.Mapping[str, bytes], sender: str = SENDER, to: str = "mta1", verb: str = "send"
    ) -> dict[str, str]:
        """Send through MTA1, recipient -> message; returns recipient -> queue id, or the refusal."""
        self.outgoing.mkdir(exist_ok=True)
        pairs = []
        for number, (recipient, content) in enumerate(messages.items()):
            (self.outgoing / str(number)).write_bytes(content)
            pairs += [recipient, f"/lab/state/outgoing/{number}"]
        argv = ["python3", "/lab/files/client.py", verb, f"{to}.example.test", sender, *pairs]
        output = self.read("client", shlex.join(argv))
        replies = [re.sub(r"^250 2\.0\.0 (\S+) Message accepted.*", r"\1", reply) for reply in json.loads(output)]
        return dict(zip(messages, replies))

    def send_marked(self, mark: str) -> tuple[Message, str]:
        """Send one marked message; returns it with its queue id on MTA1."""
        sent = message(mark)
        (queue_id,) = self.send({RECIPIENT: sent.text}).values()
        self.show(f"client: sent {mark} to MTA1, which calls it {queue_id}")
        return sent, queue_id

    def ehlo(self, address: str) -> list[str]:
        """The dialogue of one EHLO from the client, with directions."""
        lines = json.loads(self.read("client", f"python3 /lab/files/client.py ehlo {address}"))
        self.show("\n".join([f"client -> [{address}]:25", *lines]))
        return t.cast("list[str]", lines)

    def probe(self, host: str, target: t.Any, **options: t.Any) -> list[dict[str, t.Any]]:
        """What module starttls_info sees of a target from a host: a record for each address."""
        done = self.module(host, "starttls_info", {"targets": [target], **options})
        assert done.returncode == 0, done.stdout + done.stderr
        records = yaml.safe_load(done.stdout.partition("=>")[2])["peers"]
        for record in records:
            replies = [record["greeting"], "C: EHLO", record["replies"].get("ehlo", "")]
            lines = [line if line.startswith("C: ") else f"S: {line}" for line in "\n".join(replies).splitlines()]
            self.show("\n".join([f"{host} -> [{record['address']}]:{record['port']}", *lines]))
            self.show(f"  outcome {record['outcome']}, verdict {record['summary']}: {record['text']}")
        return t.cast("list[dict[str, t.Any]]", records)

    def queue(self, host: str) -> str:
        text = self.read(host, "sendmail -bp -Am")
        self.show(f"{host}# mailq\n{text}")
        return text

    def queued(self, host: str) -> list[str]:
        """Queue ids of the messages that wait on a host."""
        return [name[2:] for name in self.read(host, "ls /var/spool/mqueue").split() if name.startswith("qf")]

    def try_again(self, *queue_ids: str) -> None:
        """Runs MTA1's queue, for these messages or for all, and returns when every one of them has been tried."""
        for chosen in queue_ids or ("",):
            # A message that is not sent is no failure of the run.
            self.on("mta1").run(f"sendmail -Am -qf {f'-qI{chosen}' if chosen else ''}")

    def run_queue(self, host: str = "mta1") -> None:
        self.show(f"{host}# sendmail -Am -q")
        self.read(host, "sendmail -Am -q")

    def empty_queue(self, host: str = "mta1") -> None:
        self.read(host, "rm -f /var/spool/mqueue/*")

    def log(self, host: str, pattern: str) -> list[str]:
        """Lines of the mail log that match, oldest first."""
        lines = self.read(host, "journalctl --quiet --no-pager --output=short SYSLOG_FACILITY=2").splitlines()
        return [line for line in lines if re.search(pattern, line)]

    def fate(self, host: str, queue_id: str, pattern: str = "stat=") -> str:
        """Waits for a log line of a queue id that matches, and returns the newest."""
        lines = self.wait(f"{host} to log {pattern} for {queue_id}", lambda: self.log(host, f"{queue_id}: .*{pattern}"))
        self.show(f"{host}: {lines[-1]}")
        return lines[-1]

    def log_ruleset(self, line: str) -> None:
        """Shows what the same process logged of the policy; such lines carry no queue id."""
        process = re.findall(r"\[(\d+)\]:", line)[0]
        for found in self.log("mta1", rf"\[{process}\]: ruleset="):
            self.show(f"mta1: {found}")

    def waits(self, queue_id: str, host: str = "mta1") -> str:
        """Why a message waits in a host's queue, in full; empty when it does not."""
        found = self.on(host).run(f"grep -a ^M /var/spool/mqueue/qf{queue_id}").stdout
        # Of the message and of its recipient.
        return "; ".join(dict.fromkeys(line.removeprefix("M") for line in found.splitlines()))

    def daemon(self, host: str) -> str:
        """The daemon that the pid file names, and when it began: another one has another line."""
        return self.read(host, "pid=$(head -1 /run/sendmail/mta/sendmail.pid) && ps -o pid=,lstart= -p $pid")

    def shown(self, host: str) -> str:
        """The SHA-256 of the certificate that a relay shows, on the wire."""
        talk = f"openssl s_client -starttls smtp -connect {host}.example.test:25 < /dev/null 2> /dev/null"
        return self.read("client", f"{talk} | {FINGERPRINT}")

    def stored(self, host: str) -> str:
        """The same of the certificate that a relay has on disk."""
        return self.read(host, f"< /etc/mail/certs/host.crt {FINGERPRINT}")

    def mailbox(self, user: str = "alice") -> bytes:
        """Empty where there is none yet; whoever made one here would make it his own."""
        path = f"/var/mail/{user}"
        return self.read_bytes("mta2", path) if self.on("mta2").file(path).exists else b""

    # Witnesses

    def left_mta1(self, since: float) -> list[capture.Stream]:
        """Everything that left MTA1 since a moment, replies to the client excepted."""
        time.sleep(1.2)  # tcpdump hands out what it has once a second
        self.no_packet_was_dropped()
        return capture.streams(capture.packets((self.state / "mta1.pcap").read_bytes(), since))

    def no_packet_was_dropped(self) -> None:
        """A capture with holes proves nothing. Asked by SIGUSR1, tcpdump tells its counts."""
        name = self.container("capture")
        before = self.capture_counts()
        subprocess.run(["podman", "kill", "--signal=USR1", name], check=True, capture_output=True)
        counts = self.wait("the counts of the capture", lambda: self.capture_counts()[len(before) :])
        assert set(counts) == {"0"}, f"{name}: {counts} packets dropped by the kernel"

    def capture_counts(self) -> list[str]:
        done = subprocess.run(["podman", "logs", self.container("capture")], check=True, capture_output=True, text=True)
        return re.findall(r"(\d+) packets? dropped by kernel", done.stderr + done.stdout)

    def sink(self) -> list[dict[str, t.Any]]:
        """What MTA3 has seen."""
        return [json.loads(line) for line in (self.state / "sink.jsonl").read_text(encoding="utf-8").splitlines()]

    # Changes

    def converge(
        self, playbook: str = "playbooks/site.yml", limit: str = "", options: t.Sequence[str] = (), **variables: t.Any
    ) -> Play:
        """Run the playbook as a user does; the lab's inventory adds only how hosts are reached."""
        argv = self.command(playbook, limit, options, variables)
        shown = [f"--limit {limit}"] if limit else []
        shown += [f"--extra-vars '{json.dumps(variables)}'"] if variables else []
        self.show(" ".join(["$ ansible-playbook", playbook, *shown, *options]))
        begin = time.monotonic()
        done = subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = self.follow(done)
        changed = {host: int(count) for host, count in re.findall(r"^(\S+)\s+: ok=\d+ +changed=(\d+)", output, re.M)}
        return Play(done.wait(), output, changed, time.monotonic() - begin)

    def command(
        self, playbook: str, limit: str, options: t.Sequence[str], variables: t.Mapping[str, t.Any]
    ) -> list[str]:
        argv = [str(pathlib.Path(sys.executable).with_name("ansible-playbook"))]
        argv += [arg for path in self.inventories for arg in ("--inventory", str(path))] + [playbook]
        argv += ["--limit", limit] if limit else []
        argv += ["--extra-vars", json.dumps(variables)] if variables else []
        return [*argv, *options]

    def reported(self, playbook: str, options: t.Sequence[str] = (), **variables: t.Any) -> report.Report:
        """Run the playbook, which must succeed; returns what it changed, or would, with the diffs."""
        settings = {**self.environment, **report.SETTINGS}
        argv = self.command(playbook, "", options, variables)
        done = subprocess.run(argv, cwd=self.folder, env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return report.parse(done.stdout)

    def module(self, host: str, name: str, options: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
        """One module of the collection on one host."""
        inventories = [arg for path in self.inventories for arg in ("--inventory", str(path))]
        program = str(pathlib.Path(sys.executable).with_name("ansible"))
        argv = [program, host, *inventories, "--become", "--module-name", f"mailtls.relay.{name}"]
        argv += ["--args", json.dumps(options)]
        self.show(f"$ ansible {host} --module-name mailtls.relay.{name}")
        return subprocess.run(argv, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)

    def follow(self, running: subprocess.Popen[str]) -> str:
        """Collects the output; shows each change with its task, so that waiting has something to see."""
        lines = []
        task = ""
        for line in running.stdout or ():
            lines.append(line)
            if line.startswith(("TASK [", "PLAY [")):
                task = re.sub(r"\w+ \[(.*)\] \*+\s*$", r"\1", line)
                self.progress(task)
            elif re.match(r"(changed|fatal|failed): ", line):
                self.show(f"  {line.split(']')[0]}] {task}")
        output = "".join(lines)
        for words in re.findall(r"msg: '(Canary .*?[^'])'\n", output, re.S):
            self.show(f"  {' '.join(words.split())}".replace("''", "'"))
        return output

    def forge_mx(self, target: str) -> None:
        """Make the DNS name another host as the mail exchanger of MTA2."""
        zone = self.state / "dns.conf"
        text = zone.read_text(encoding="utf-8")
        zone.write_text(re.sub(r"(mx-host=mta2\.example\.test),[^,]+", rf"\1,{target}", text), encoding="utf-8")
        self.read("dns", "pkill dnsmasq")
        look = "echo /mx mta2.example.test | sendmail -bt -Am"
        self.wait(f"DNS to name {target}", lambda: target in self.on("mta1").run(look).stdout)

    def wait(self, what: str, look: t.Callable[[], T], seconds: float = 60) -> T:
        """Looks again and again until there is something; says what it waited for when there is not."""
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            self.progress(f"waiting for {what}")
            assert time.monotonic() < end, f"waited {seconds:.0f} seconds for {what}"
            time.sleep(0.5)


def environment(name: str) -> dict[str, str]:
    """The environment of a play in the lab, whether Molecule started it or not."""
    tools = f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin:/usr/sbin:/sbin"
    return {
        "MAILTLS_CA_PASSPHRASE": "only for the lab",
        **os.environ,
        "PATH": tools,
        "MAILTLS_LAB": name,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
        "ANSIBLE_CONNECTION_PLUGINS": str(ROOT / "molecule/connection"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_INJECT_FACT_VARS": "false",
        "ANSIBLE_FORCE_COLOR": "false",  # Molecule sets it
        "ANSIBLE_NOCOLOR": "true",
    }
