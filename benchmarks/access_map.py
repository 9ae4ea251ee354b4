# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a large access map takes: module sendmail_map, template and makemap, and makemap alone (make bench-map).

Whole plays against one container of the lab, in turns, so that what else the machine does meets all of them. Absolute
numbers belong to the machine; the ratios are the result. Entries given as data come as an Ansible variable or in one
JSON file, which template reads in Ansible's usual manner. Ends with 1 when a goal is missed. BENCH_MANY and
BENCH_MILLION make it smaller, to try it out.
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

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MANY, MILLION = int(os.environ.get("BENCH_MANY", "100000")), int(os.environ.get("BENCH_MILLION", "1000000"))
IMAGE, NAME = "localhost/mailtls-debian-bookworm", "mailtls-benchmap"
LIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=10000:10000"]
PACKAGES = re.search(
    r"lab_packages: >-\n((?: {2}.*\n)+)", (ROOT / "molecule/inventory/group_vars/relays.yml").read_text()
)
FLOOR = "TLS_Srv:", "TEMP+ENCR:128"
MEGABYTES = 600

# Notes down how much memory the module took on the host.
MEASURE = """#!/usr/bin/python3
import resource, subprocess, sys
code = subprocess.call(["/usr/bin/python3", *sys.argv[1:]])
with open("/root/peaks", "a") as stream:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=stream)
sys.exit(code)
"""
# What a template loops over: a variable, or the data of a file.
SOURCES = {"template": "many", "fromjson": "lookup('ansible.builtin.file', 'partners.json') | from_json"}
TEMPLATE = "{% for one in SOURCE %}{{ one.key }}\t{{ one.value }}\n{% endfor %}"


def by_template(name: str) -> list[dict[str, t.Any]]:
    text = {"src": f"{name}.j2", "dest": f"/root/{name}", "mode": "0600"}
    makemap = f"makemap hash /root/{name}.new < /root/{name} && mv /root/{name}.new.db /root/{name}.db"
    return [
        {"ansible.builtin.template": text, "register": "text"},
        {"ansible.builtin.shell": makemap, "when": "text is changed"},
    ]


def by_module(name: str, **options: t.Any) -> list[dict[str, t.Any]]:
    return [{"mailtls.relay.sendmail_map": {"path": f"/root/{name}", "owner": "root", "group": "root", **options}}]


class Case(t.NamedTuple):
    """A play, named as the map it writes, how many entries that has, and whether a variable holds them."""

    name: str
    tasks: list[dict[str, t.Any]]
    count: int
    title: str
    variable: bool = False


CASES = [
    Case("fromjson", by_template("fromjson"), MANY, "from_json, template, makemap"),
    Case("data", by_module("data", entries_file="partners.json"), MANY, "sendmail_map, JSON file"),
    Case("template", by_template("template"), MANY, "template and makemap", variable=True),
    Case(
        "variable",
        by_module("variable", entries_variable="many"),
        MANY,
        "sendmail_map, entries_variable",
        variable=True,
    ),
    Case("entries", by_module("entries", entries="{{ many }}"), MANY, "sendmail_map, entries", variable=True),
    Case("btree", by_module("btree", entries_file="million.txt", type="btree"), MILLION, "sendmail_map, file, btree"),
    Case("hash", by_module("hash", entries_file="million.txt"), MILLION, "sendmail_map, file, hash"),
]
# Slow, and without a goal: only in the first of several rounds.
SELDOM = "entries"


class Goal(t.NamedTuple):
    """How many times ``fast`` must be faster than ``slow``, and the empty play of both, if any."""

    title: str
    slow: str
    fast: str
    times: int
    empty: str = ""


GOALS = [
    Goal(f"{MANY:,} in a JSON file, first run: template / ours", "fromjson first", "data first", 6, "empty"),
    Goal(f"{MANY:,} in a JSON file, unchanged: template / ours", "fromjson second", "data second", 7, "empty"),
    Goal(f"{MANY:,} in a variable, first run: template / ours", "template first", "variable first", 6, "empty data"),
    Goal(f"{MANY:,} in a variable, unchanged: template / ours", "template second", "variable second", 7, "empty data"),
    Goal(f"{MILLION:,} from a file: makemap hash / our play", "makemap hash", "btree first", 2),
]


class Bench:
    """One container, and a folder with the plays."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.times: dict[str, list[float]] = {}
        self.here = self.peak = 0

    def podman(self, *argv: str, given: str = "") -> str:
        done = subprocess.run(["podman", *argv], check=False, capture_output=True, text=True, input=given)
        assert done.returncode == 0, f"podman {' '.join(argv)}: {done.stderr or done.stdout}"
        return done.stdout

    def shell(self, command: str, given: str = "") -> str:
        return self.podman("exec", "--interactive", NAME, "sh", "-c", command, given=given)

    def start(self) -> None:
        files = ROOT / "molecule/shared/files"
        packages = PACKAGES.group(1).split() if PACKAGES else []
        subprocess.run([files / "build_image.sh", IMAGE, "bookworm", *packages], check=True, stdout=subprocess.DEVNULL)
        runtime = subprocess.run(
            [files / "find_runtime.sh", IMAGE, *LIMITS], check=True, capture_output=True, text=True
        ).stdout.strip()
        argv = [runtime, "run", "--detach", "--replace", "--label=io.mailtls.relay=lab", *LIMITS, f"--name={NAME}"]
        self.podman(*argv, "--network=none", IMAGE, "sleep", "infinity")
        self.shell("cat > /root/measured && chmod 0755 /root/measured", given=MEASURE)

    def write(self) -> None:
        def lines(count: int) -> list[tuple[str, str]]:
            return [FLOOR, *((f"TLS_Rcpt:user{n}@dom{n}.example", "ENCR:128") for n in range(count - 1))]

        many = [{"key": key, "value": value} for key, value in lines(MANY)]
        # As most people keep data: Ansible reads it once for a play, which takes its time, whoever asks for it.
        groups = self.folder / "data/group_vars/all"
        groups.mkdir(parents=True)
        (groups / "many.json").write_text(json.dumps({"many": many}), encoding="utf-8")
        (self.folder / "partners.json").write_text(json.dumps(many), encoding="utf-8")
        million = self.folder / "million.txt"
        million.write_text("".join(f"{key}\t{value}\n" for key, value in lines(MILLION)), encoding="utf-8")
        self.podman("cp", str(million), f"{NAME}:/root/million.txt")
        for name, source in SOURCES.items():
            (self.folder / f"{name}.j2").write_text(TEMPLATE.replace("SOURCE", source), encoding="utf-8")
        for case in CASES:
            play = {"hosts": "all", "gather_facts": False, "tasks": case.tasks}
            (self.folder / f"{case.name}.json").write_text(json.dumps([play]), encoding="utf-8")
        host = f"{NAME} ansible_connection=lab_podman ansible_python_interpreter=/root/measured\n"
        for place in ("hosts", "data/hosts"):
            (self.folder / place).write_text(host, encoding="utf-8")
        (self.folder / "ansible.cfg").touch()
        # Without a task, Ansible would not read the data.
        empty = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "nothing"}}]}
        (self.folder / "empty.json").write_text(json.dumps([empty]), encoding="utf-8")

    def play(self, name: str, *, data: bool = False) -> float:
        """Seconds; ``data`` when a variable shall hold the entries. Its largest process is noted."""
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
            "ANSIBLE_CONNECTION_PLUGINS": str(ROOT / "molecule/connection"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
        }
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "data/hosts" if data else "hosts", f"{name}.json"]
        begin = time.monotonic()
        with open(self.folder / "said", "w+", encoding="utf-8") as said:
            ended = subprocess.Popen(argv, cwd=self.folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
            _pid, status, usage = os.wait4(ended.pid, 0)
            seconds = time.monotonic() - begin
            said.seek(0)
            text = said.read()
        assert status == 0, f"{name}: {text[-3000:]}"
        self.peak = usage.ru_maxrss // 1024
        # The first run of each changes something, the second does not.
        self.changed = "changed=0" not in text
        return seconds

    def makemap(self, kind: str) -> float:
        self.shell("rm -f /root/plain.db; sync")
        timed = f"import subprocess, time; t = time.monotonic(); subprocess.run(['makemap', '{kind}', '/root/plain']"
        timed += ", stdin=open('/root/million.txt'), check=True); print(time.monotonic() - t)"
        return float(self.shell(f'python3 -c "{timed}"'))

    def run_round(self, cases: list[Case]) -> t.Iterator[tuple[str, float]]:
        for data in (False, True):
            yield f"empty{' data' if data else ''}", self.play("empty", data=data)
        for case in cases:
            self.shell(f"rm -f /root/{case.name} /root/{case.name}.db /root/.{case.name}.*; sync")
            for turn in ("first", "second"):
                yield f"{case.name} {turn}", self.play(case.name, data=case.variable)
                self.here = max(self.here, self.peak if case.count == MILLION else 0)
                assert self.changed is (turn == "first"), f"{case.name}: {turn} run: changed is {self.changed}"
        for kind in ("hash", "btree"):
            yield f"makemap {kind}", self.makemap(kind)

    def run(self) -> int:
        for number in range(ROUNDS):
            seldom = number == 0 and ROUNDS > 1
            for name, seconds in self.run_round([case for case in CASES if seldom or case.name != SELDOM]):
                self.times.setdefault(name, []).append(seconds)
                print(f"round {number + 1}: {name}: {seconds:.2f} s, load {os.getloadavg()[0]:.1f}", flush=True)
        return self.report()

    def report(self) -> int:
        medians = {name: statistics.median(some) for name, some in self.times.items()}
        failed = False
        print(f"\n{'':52}{'seconds':>8}  {'(least-most)':>15}")
        for title, name in rows():
            if name not in self.times:
                continue
            span = f"({min(self.times[name]):.2f}-{max(self.times[name]):.2f})"
            print(f"{title:52}{medians[name]:8.2f}  {span:>15}")
        print(f"\n{'goal':52}{'ratio':>8}")
        for title, slow, fast, goal, empty in GOALS:
            ratio = medians[slow] / medians[fast]
            failed |= ratio < goal
            # What remains without Ansible's own start and reading of the data.
            own = medians[empty] if empty else 0.0
            net = f", without the empty play {(medians[slow] - own) / (medians[fast] - own):.1f}x" if own else ""
            print(f"{title:52}{ratio:7.1f}x  >= {goal}x: {'held' if ratio >= goal else 'MISSED'}{net}")
        there = max(int(line) for line in self.shell("cat /root/peaks").split())
        for title, peak in (
            (f"{MILLION:,}: largest process on the controller, MB", self.here),
            ("on the host, MB", there),
        ):
            failed |= peak > MEGABYTES
            print(f"{title:52}{peak:8}  < {MEGABYTES}: {'held' if peak <= MEGABYTES else 'MISSED'}")
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors at the end"
        seldom = "measured once, in round 1" if ROUNDS > 1 else "left out of a single round"
        print(f"medians of {ROUNDS} rounds in turns, the rows of option entries {seldom}; {load}")
        return int(failed)


def rows() -> t.Iterator[tuple[str, str]]:
    """Title and name of each row of the table."""
    yield "empty play", "empty"
    yield f"{MANY:,}: empty play that has the data", "empty data"
    for case in CASES:
        for turn, words in (("first", "first run"), ("second", "unchanged")):
            yield f"{case.count:,}: {case.title}, {words}", f"{case.name} {turn}"
    for kind in ("hash", "btree"):
        yield f"{MILLION:,}: makemap {kind} alone", f"makemap {kind}"


def main() -> int:
    # Ended from outside, it cleans up, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="mailtls-bench-") as folder:
        bench = Bench(pathlib.Path(folder))
        try:
            bench.start()
            bench.write()
            return bench.run()
        finally:
            subprocess.run(["podman", "rm", "--force", "--ignore", "--time=0", NAME], check=False, capture_output=True)


if __name__ == "__main__":
    raise SystemExit(main())
