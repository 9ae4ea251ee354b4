# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast starttls_info probes: beside sslyze, posttls-finger and a module that checks nothing (make bench-probe).

All ask the same servers on loopback (farm.py, TLS 1.3), in turns, so that what else the machine does meets all of them.
Absolute numbers belong to the machine, and the farm takes its share of it; the ratios are the result. Ends with 1 when
a goal is missed. posttls-finger runs in a container of its own in the host's network; sslyze comes from PyPI.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/unit"))

import pki
from relay import POSTFIX_PACKAGES, ROOT

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PORT = 22525
MANY, LOOP = 500, 20
IMAGE, NAME = "localhost/mailtls-postfix-bookworm", "mailtls-benchprobe"
SSLYZE = "sslyze==6.3.1"
CPUS = os.cpu_count() or 1
LIMIT = 5.0
GOOD = [f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number in range(10 * MANY)]
MIXED = [
    *(f"127.3.0.{number + 1}" for number in range(10)),
    *(f"127.1.0.{number + 1}" for number in range(25)),
    *(f"127.2.0.{number + 1}" for number in range(25)),
    *GOOD[: MANY - 60],
]
RIGHT = {"0": "ok", "1": "ok", "2": "no_starttls", "3": "timeout"}


class Run(t.NamedTuple):
    """Seconds on the clock, and of processors."""

    wall: float
    cpu: float


def measured(argv: t.Sequence[str], given: str = "", **options: t.Any) -> tuple[Run, str]:
    """Run a command to its end. Its output, if it is of use, and what it took."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=given, **options)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, f"{' '.join(argv)[:300]}: {done.stderr[-2000:] or done.stdout[-2000:]}"
    return Run(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


class Bench:
    """The farm, the peers of our engine, and a folder with what they read."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.runs: dict[str, list[Run]] = {}
        self.megabytes = 0
        self.wrong: list[str] = []

    def start(self) -> None:
        # The certificates of the tests' maker are valid around a fixed day; a day in the past would not do here.
        pki.NOW = pki.datetime.now()
        (self.folder / "ca.pem").write_text(pki.certificate("ca", authority=True), encoding="utf-8")
        leaf = pki.certificate("farm", cn="farm.example.test", names=["farm.example.test"]) + pki.key_pem("farm")
        (self.folder / "farm.pem").write_text(leaf, encoding="utf-8")
        (self.folder / "ansible.cfg").touch()
        argv = [sys.executable, str(ROOT / "benchmarks/farm.py"), str(PORT), str(self.folder / "farm.pem")]
        self.farm = subprocess.Popen(argv, start_new_session=True)
        self.start_posttls()
        self.start_sslyze()
        answering = False
        while not answering:
            time.sleep(0.2)
            assert self.farm.poll() is None, "the farm does not start"
            with socket.socket() as link:
                answering = link.connect_ex(("127.0.0.1", PORT)) == 0

    def start_posttls(self) -> None:
        files = ROOT / "molecule/shared/files"
        subprocess.run([files / "build_image.sh", IMAGE, "bookworm", *POSTFIX_PACKAGES.split()], check=True)
        limits = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=10000:10000"]
        runtime = subprocess.check_output([files / "find_runtime.sh", IMAGE, *limits], text=True).strip()
        argv = ["podman", runtime, "run", "--detach", "--replace", "--label=io.mailtls.relay=lab", *limits]
        argv += [f"--name={NAME}", "--network=host", f"--volume={self.folder}:/bench:ro", IMAGE, "sleep", "infinity"]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)

    def start_sslyze(self) -> None:
        self.sslyze = ROOT / ".cache/sslyze/bin/python"
        if not self.sslyze.exists():
            subprocess.run([sys.executable, "-m", "venv", self.sslyze.parents[1]], check=True)
            subprocess.run([self.sslyze, "-m", "pip", "install", "--quiet", SSLYZE], check=True)

    def stop(self) -> None:
        if hasattr(self, "farm"):
            os.killpg(self.farm.pid, signal.SIGKILL)
            self.farm.wait()
        subprocess.run(["podman", "rm", "--force", "--ignore", "--time=0", NAME], check=False, capture_output=True)

    # Those who are measured

    def engine(self, addresses: t.Sequence[str], processes: int, seconds: float = 30.0) -> Run:
        """Net of the start; notes memory, and outcomes that are not right."""
        argv = [sys.executable, str(ROOT / "benchmarks/engine.py"), str(PORT), str(self.folder / "ca.pem")]
        argv += [str(processes), str(seconds)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / ".cache/collections")}
        start, _nothing = measured(argv, env=environment)
        run, output = measured(argv, "\n".join(addresses), env=environment)
        told = json.loads(output)
        self.megabytes = told["megabytes"]
        right = {address: RIGHT[address.split(".")[1]] for address in addresses}
        self.wrong = [f"{one}: {seen}" for one, seen in told["outcomes"].items() if seen != right[one]]
        assert len(told["outcomes"]) == len(addresses)
        return Run(run.wall - start.wall, run.cpu - start.cpu)

    def by_sslyze(self) -> Run:
        """Net of the start, too."""
        start, _version = measured([str(self.sslyze), "-c", "import sslyze.__main__"])
        argv = [str(self.sslyze), "-m", "sslyze", "--starttls=smtp", "--certinfo", "--quiet"]
        argv += [f"--json_out={self.folder / 'sslyze.json'}", *(f"{address}:{PORT}" for address in GOOD[:MANY])]
        run, _said = measured(argv)
        told = json.loads((self.folder / "sslyze.json").read_text(encoding="utf-8"))["server_scan_results"]
        done = [one for one in told if one["scan_result"]["certificate_info"]["status"] == "COMPLETED"]
        assert len(done) == MANY, f"sslyze: {len(done)} of {MANY}"
        return Run(run.wall - start.wall, run.cpu - start.cpu)

    def by_posttls(self) -> Run:
        targets = "\n".join(f"[{address}]:{PORT}" for address in GOOD[:MANY])
        finger = "posttls-finger -c -l verify -P /nowhere -F /bench/ca.pem '[farm.example.test]' < /dev/null"
        finger = finger.replace("'[farm.example.test]'", '"$0"')
        timed = f"TIMEFORMAT='took %R %U %S'; time xargs -P64 -n1 bash -c '{finger}' > /tmp/said 2>&1; "
        timed += "grep -c 'TLS connection established' /tmp/said"
        argv = ["podman", "exec", "--interactive", NAME, "bash", "-c", timed]
        done = subprocess.run(argv, check=False, capture_output=True, text=True, input=targets)
        assert done.stdout.split() == [str(MANY)], f"posttls-finger: {done.stdout} {done.stderr}"
        wall, user, system = map(float, re.findall(r"took (\S+) (\S+) (\S+)", done.stderr)[0])
        return Run(wall, user + system)

    def play(self, tasks: list[dict[str, t.Any]]) -> Run:
        book = self.folder / "play.json"
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
            "ANSIBLE_LIBRARY": str(ROOT / "benchmarks/library"),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_PIPELINING": "true",
        }
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(book)]
        run, said = measured([*argv, "-e", f"ansible_python_interpreter={sys.executable}"], env=environment)
        assert "failed=0" in said, said
        return run

    def task(self, targets: t.Any, **more: t.Any) -> list[dict[str, t.Any]]:
        options = {"targets": targets, "ca_path": str(self.folder / "ca.pem"), "level": "verify"}
        return [{"mailtls.relay.starttls_info": options, "register": "seen", **more}]

    # The rounds

    def run_round(self) -> t.Iterator[tuple[str, Run]]:
        targets = [{"host": f"[{address}]", "port": PORT} for address in GOOD[:MANY]]
        yield "engine", self.engine(GOOD[:MANY], CPUS)
        assert not self.wrong, self.wrong
        yield "posttls", self.by_posttls()
        yield "engine 1", self.engine(GOOD[:MANY], 1)
        yield "sslyze", self.by_sslyze()
        yield "mixed", self.engine(MIXED, CPUS, LIMIT)
        assert not self.wrong, self.wrong
        yield "5000", self.engine(GOOD, CPUS)
        assert not self.wrong, self.wrong
        yield "empty", self.play([{"ansible.builtin.debug": {"msg": "nothing"}}])
        yield "call", self.play(self.task(targets))
        yield "trivial", self.play([{"trivial_probe": {"targets": GOOD[:MANY], "port": PORT}}])
        yield "loop", self.play(self.task(["{{ item }}"], loop=targets[:LOOP]))

    def run(self) -> int:
        for number in range(ROUNDS):
            for name, run in self.run_round():
                self.runs.setdefault(name, []).append(run)
                load = os.getloadavg()[0]
                print(f"round {number + 1}: {name}: {run.wall:.2f} s, CPU {run.cpu:.2f} s, load {load:.1f}", flush=True)
        return self.report()

    def report(self) -> int:
        wall = {name: statistics.median(one.wall for one in some) for name, some in self.runs.items()}
        cpu = {name: statistics.median(one.cpu for one in some) for name, some in self.runs.items()}
        print(f"\n{'':58}{'seconds':>9}{'CPU':>8}")
        for name, title in ROWS.items():
            print(f"{title:58}{wall[name]:9.2f}{cpu[name]:8.2f}")
        each = (wall["loop"] - wall["empty"]) / LOOP / ((wall["call"] - wall["empty"]) / MANY)
        goals = [
            ("sslyze --certinfo / engine", wall["sslyze"] / wall["engine"], ">=", 25),
            ("posttls-finger under xargs -P64 / engine", wall["posttls"] / wall["engine"], ">=", 4),
            ("CPU of posttls-finger / of the engine", cpu["posttls"] / cpu["engine 1"], ">=", 9),
            ("mixed: seconds beyond the time limit", wall["mixed"] - LIMIT, "<=", 0.15),
            ("5,000 targets / 500", wall["5000"] / wall["engine"], "<=", 10),
            ("5,000 targets: megabytes", self.megabytes, "<=", 200),
            ("play: loop of one-target tasks / one call, per target", each, ">=", 65),
            ("play: one call / a module that checks nothing", wall["call"] / wall["trivial"], "<=", 1.1),
        ]
        print(f"\n{'goal':58}{'':>9}")
        for title, value, sign, goal in goals:
            held = value >= goal if sign == ">=" else value <= goal
            print(f"{title:58}{value:9.2f}  {sign} {goal}: {'held' if held else 'MISSED'}")
        load = f"load {os.getloadavg()[0]:.1f} at the end"
        print(f"medians of {ROUNDS} rounds in turns; {CPUS} processors, which the farm shares; {load}")
        return int(any((value < goal) if sign == ">=" else (value > goal) for _title, value, sign, goal in goals))


ROWS = {
    "engine": f"engine, {MANY} targets, {CPUS} processes",
    "engine 1": f"engine, {MANY} targets, 1 process",
    "posttls": f"posttls-finger -l verify under xargs -P64, {MANY}",
    "sslyze": f"sslyze --certinfo, {MANY}",
    "mixed": f"engine, {MANY} of which 10 hang, 25 slow, 25 in clear, {LIMIT:g} s",
    "5000": f"engine, {10 * MANY} targets",
    "empty": "empty play",
    "call": f"play: one call, {MANY} targets",
    "trivial": f"play: a module that checks nothing, {MANY}",
    "loop": f"play: a loop of one-target tasks, {LOOP}",
}


def main() -> int:
    # Ended from outside, it cleans up, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="mailtls-bench-") as folder:
        bench = Bench(pathlib.Path(folder))
        try:
            bench.start()
            return bench.run()
        finally:
            bench.stop()


if __name__ == "__main__":
    raise SystemExit(main())
