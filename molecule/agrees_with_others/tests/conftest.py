# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All opinions on all servers, asked once, and the closing table."""

from __future__ import annotations

import collections
import json
import pathlib
import subprocess
import typing as t

import pytest
import yaml
from configurations import CONFIGURATIONS, NAME, SERVERS
from disagreements import DISAGREEMENTS, Disagreement
from lab import ROOT, Lab, lab_name
from opinions import ASPECTS, TOOLS, Opinion, of_the_probe

HERE = pathlib.Path(__file__).resolve().parent
IN_THE_LAB = f"/lab/collection/{HERE.relative_to(ROOT)}"
# (tool, aspect) -> verdict -> how often
TALLY: dict[tuple[str, str], collections.Counter[str]] = collections.defaultdict(collections.Counter)
VERDICTS = ("agree", "explained", "not said")
EXPLAINED: collections.Counter[Disagreement] = collections.Counter()


@pytest.fixture(scope="session")
def lab() -> Lab:
    found = Lab(lab_name())
    found.inventories = [HERE.parent / "inventory.yml", ROOT / "molecule/inventory"]
    return found


@pytest.fixture(scope="session")
def questions(lab: Lab) -> list[dict[str, t.Any]]:
    """Who is to be asked about."""
    addresses = {server: address(lab, server) for server in SERVERS}
    return [
        {
            "name": one.name,
            "address": addresses[one.server],
            "port": one.port,
            "connect": one.mode == "connect",
            "expected": NAME,
        }
        for one in CONFIGURATIONS
    ]


def address(lab: Lab, host: str) -> str:
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return run(["podman", "inspect", "--format", form, lab.container(host)]).strip()


@pytest.fixture(scope="session")
def others(lab: Lab, questions: list[dict[str, t.Any]]) -> dict[str, dict[str, Opinion]]:
    """Configuration -> tool -> opinion. All run in the network of the one place from which everything is asked."""
    asked = json.dumps(questions)
    inside = ["podman", "exec", "--interactive", lab.container("asker"), "python3", f"{IN_THE_LAB}/ask.py"]
    said: dict[str, dict[str, t.Any]] = json.loads(run([*inside, "/lab/state/root.crt"], asked))
    process = run(["podman", "inspect", "--format", "{{.State.Pid}}", lab.container("asker")]).strip()
    python = [str(ROOT / ".cache/sslyze/bin/python"), "-W", "ignore", str(HERE / "ask_sslyze.py")]
    found = run(["nsenter", "--net", "--target", process, *python, str(lab.state / "root.crt")], asked)
    for name, answer in json.loads(found).items():
        said[name]["sslyze"] = answer
    return {name: {tool: TOOLS[tool](words) for tool, words in tools.items()} for name, tools in said.items()}


@pytest.fixture(scope="session")
def ours(lab: Lab, questions: list[dict[str, t.Any]], others: t.Any) -> dict[str, Opinion]:
    """Configuration -> what module starttls_info says. The others come first: they wait for the servers."""
    targets = [
        {
            "host": question["address"],
            "port": question["port"],
            "tls_on_connect": question["connect"],
            "name": question["expected"],
        }
        for question in questions
    ]
    options = {"targets": targets, "ca_path": "/lab/state/root.crt", "per_host": 4}
    done = lab.module("asker", "starttls_info", options)
    assert done.returncode == 0, done.stdout + done.stderr
    records = yaml.safe_load(done.stdout.partition("=>")[2])["peers"]
    return {question["name"]: of_the_probe(record) for question, record in zip(questions, records)}


def run(argv: t.Sequence[str], typed: str = "") -> str:
    done = subprocess.run(argv, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def tally() -> dict[tuple[str, str], collections.Counter[str]]:
    return TALLY


@pytest.fixture(scope="session")
def explained() -> collections.Counter[Disagreement]:
    return EXPLAINED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tools down, what they have an opinion on across."""
    if not TALLY:
        return
    terminalreporter.section(f"agreement on {len(CONFIGURATIONS)} configurations of {len(SERVERS)} servers")
    terminalreporter.line(f"{'':16}" + "".join(f"{aspect:24}" for aspect in ASPECTS))
    for tool in TOOLS:
        cells = [TALLY.get((tool, aspect), {}) for aspect in ASPECTS]
        texts = [" / ".join(str(cell.get(verdict, 0)) for verdict in VERDICTS) for cell in cells]
        terminalreporter.line(f"{tool:16}{''.join(f'{text:24}' for text in texts)}".rstrip())
    terminalreporter.line(f"{' / '.join(VERDICTS)}; why, for each that is explained:")
    for one in DISAGREEMENTS:
        count = EXPLAINED[one]
        terminalreporter.line(f"{one.tool}, {one.aspect}, {one.where} ({count}): {one.reason}")
