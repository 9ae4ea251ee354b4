# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of module starttls_info and filter probe_report are run by ansible-playbook against peers on loopback.

Each task is the one that stands in the documentation. Exchanged is only what cannot be the same on every machine: names
become ``localhost``, ports those of the peers here, and files those of a CA made for the occasion.
"""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pki
import pytest
import yaml
from ansible_collections.mailtls.relay.plugins.filter import probe_report
from ansible_collections.mailtls.relay.plugins.modules import starttls_info
from mailserver import Authority, MailServer

MODULE, DEBUG = "mailtls.relay.starttls_info", "ansible.builtin.debug"
CERTIFICATES = "/etc/mail/certs"
Task = dict[str, t.Any]


class Lab(t.NamedTuple):
    """The files that examples name, and a peer for each way in which they reach one."""

    authority: Authority
    starttls: MailServer
    on_connect: MailServer

    def port_of(self, target: t.Any) -> int:
        on_connect = isinstance(target, dict) and target.get("tls_on_connect")
        return (self.on_connect if on_connect else self.starttls).port


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    context = authority.context("localhost", asks=True)
    authority.issue("host")
    authority.write("stranger.crt", pki.certificate("stranger", issuer="another ca", days=(-1, 3000)))
    authority.write("stranger.key", pki.key_pem("stranger"))
    # What dnspython would say where it is and sendmail is not.
    library = authority.folder / "python/dns"
    library.mkdir(parents=True)
    (library / "__init__.py").touch()
    (library / "exception.py").write_text("class DNSException(Exception): pass\n", encoding="ascii")
    (library / "resolver.py").write_text(
        "from dns.exception import DNSException\n"
        "class NoAnswer(DNSException): pass\nclass NXDOMAIN(DNSException): pass\n"
        "def resolve(domain, kind, lifetime): raise NoAnswer\n",
        encoding="ascii",
    )
    with MailServer(context) as starttls, MailServer(context, on_connect=True) as on_connect:
        yield Lab(authority, starttls, on_connect)


def examples(text: str) -> list[Task]:
    found = yaml.safe_load(text)
    assert found and all(isinstance(task, dict) and task["name"] for task in found)
    return t.cast("list[Task]", found)


def local(value: t.Any, lab: Lab) -> t.Any:
    """A text of an example with this machine's names and files."""
    if not isinstance(value, str):
        return value
    named = re.sub(r"\b[a-z0-9]+\.example\.org\b|\bexample\.org\b", "localhost", value)
    return named.replace("192.0.2.25", "127.0.0.1").replace(CERTIFICATES, str(lab.authority.folder))


def aimed(target: t.Any, lab: Lab) -> dict[str, t.Any]:
    whole = {"host": target} if isinstance(target, str) else target
    return {**{key: local(value, lab) for key, value in whole.items()}, "port": lab.port_of(target)}


def localised(task: Task, lab: Lab, number: int) -> Task:
    task = copy.deepcopy(task)
    if MODULE in task:
        args = task[MODULE]
        targets = [args["targets"]] if isinstance(args["targets"], str) else args["targets"]
        template = isinstance(args["targets"], str) and "{{" in args["targets"]
        args = {name: local(value, lab) for name, value in args.items()}
        args["targets"] = args["targets"] if template else [aimed(target, lab) for target in targets]
        task[MODULE] = args
    elif DEBUG not in task:
        raise AssertionError(f"{task['name']}: an example of this kind is not run by this test")
    task.setdefault("register", f"example_{number}")
    return task


def play(tasks: list[Task], lab: Lab, folder: pathlib.Path) -> tuple[int, dict[str, t.Any], str]:
    """Run tasks; how it ended, what each registered, and what was printed."""
    answers = folder / "answers.json"
    registered = ", ".join(f"'{task['register']}': {task['register']} | default({{}})" for task in tasks)
    keep = {
        "name": "Keep the answers",
        "ansible.builtin.copy": {"content": f"{{{{ {{ {registered} }} | to_json }}}}", "dest": str(answers)},
        "no_log": True,
    }
    book = {
        "name": "Run the examples",
        "hosts": "localhost",
        "gather_facts": False,
        # No task has more to say than the example, but to be patient with a busy machine and content with one family.
        "module_defaults": {MODULE: {"family": "ipv4"}},
        "vars": {"partners_of_ours": [{"host": "localhost", "port": lab.starttls.port}] * 500},
        "tasks": [{"name": "Run", "block": tasks, "always": [keep]}],
    }
    path = folder / "play.yml"
    path.write_text(json.dumps([book]), encoding="utf-8")
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            path,
        ],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": collections(),
            "ANSIBLE_NOCOLOR": "1",
            # ansible-test finds Ansible itself by it.
            "PYTHONPATH": os.pathsep.join([str(lab.authority.folder / "python"), os.environ.get("PYTHONPATH", "")]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert answers.exists(), told
    return done.returncode, json.loads(answers.read_text(encoding="utf-8")), told


def collections() -> str:
    """Where Ansible finds this checkout as a collection."""
    import ansible_collections.mailtls.relay

    return str(pathlib.Path(next(iter(ansible_collections.mailtls.relay.__path__))).parents[2])


def test_every_example_does_what_its_name_says(lab: Lab, tmp_path: pathlib.Path) -> None:
    tasks = [localised(task, lab, number) for number, task in enumerate(examples(starttls_info.EXAMPLES))]
    status, answers, told = play(tasks, lab, tmp_path)
    assert not status, told
    by_name = {task["name"]: answers[task["register"]] for task in tasks}
    probes = [by_name[task["name"]] for task in tasks if MODULE in task]
    assert len(probes) >= 8 and len(probes) < len(tasks)
    assert not [probe for probe in probes if probe["changed"]]
    for task in tasks:
        if MODULE in task:
            # Where an example names no authority, OpenSSL's own are asked, and they know nothing of ours.
            content = "ca_path" in task[MODULE] or task[MODULE].get("level") in ("none", "encrypt")
            summary = answers[task["register"]]["summary"]
            assert summary["pass" if content else "fail"] == summary["targets"] > 0, task["name"]
    check_each(by_name)


def check_each(answers: dict[str, t.Any]) -> None:
    """What each example promises beside passing."""
    table = answers["Show it as a table"]["msg"]
    assert table[0].startswith("TARGET") and table[-1] == "1 targets: 0 pass, 1 fail, 0 inconclusive"
    of_all_kinds = next(answer for name, answer in answers.items() if name.startswith("Probe all mail hosts"))
    assert [target["target"] for target in of_all_kinds["targets"]] == [
        "mx:localhost",
        "localhost",
        "localhost",
        "[127.0.0.1]",
    ]
    assert {peer["name"]["verdict"] for peer in of_all_kinds["peers"]} == {"exact"}
    forecast = next(answer for name, answer in answers.items() if name.startswith("Ask what this relay"))
    assert [peer["judgement"]["action"] for peer in forecast["peers"]] == ["deliver", "deliver"]
    shown = next(answer for name, answer in answers.items() if name.startswith("Show sendmail's words"))
    assert [one["msg"] for one in shown["results"]] == [
        "localhost: deliver , by sendmail_tls_policy.outbound.default"
    ] * 2
    many = next(answer for name, answer in answers.items() if name.startswith("Probe five hundred"))
    # One address, and so one probe, however often it is named.
    assert many["summary"] == {
        "targets": 500,
        "pass": 0,
        "inconclusive": 0,
        "fail": 500,
        "peers": 500,
        "outcomes": {"untrusted": 500},
    }


def test_what_the_refusal_proof_and_the_ladder_show(lab: Lab, tmp_path: pathlib.Path) -> None:
    wanted = [task for task in examples(starttls_info.EXAMPLES) if task.get(MODULE, {}).keys() & {"refusal", "ladder"}]
    assert len(wanted) == 2
    tasks = [localised(task, lab, number) for number, task in enumerate(wanted)]
    status, answers, told = play(tasks, lab, tmp_path)
    assert not status, told
    proof, protocols = (answers[task["register"]]["peers"][0] for task in tasks)
    assert {case: answer["verdict"] for case, answer in proof["refusal"].items()} == {
        "clear": "refused",
        "no_certificate": "refused",
        "wrong_certificate": "refused",
    }
    assert protocols["ladder"]["TLSv1.3"] is True and set(protocols["ladder"]) == {
        "TLSv1",
        "TLSv1.1",
        "TLSv1.2",
        "TLSv1.3",
    }


@pytest.mark.parametrize(
    ("name", "server", "stops"),
    [
        ("Stop unless every", "no TLS", True),
        ("Stop unless every", "busy", True),
        ("Stop only where", "no TLS", True),
        ("Stop only where", "busy", False),
    ],
)
def test_an_example_that_stops_stops(lab: Lab, tmp_path: pathlib.Path, name: str, server: str, stops: bool) -> None:
    (task,) = [one for one in examples(starttls_info.EXAMPLES) if one["name"].startswith(name)]
    with MailServer(greeting="421 4.3.2 too busy" if server == "busy" else "220 x ESMTP") as peer:
        changed = localised(task, lab._replace(starttls=peer), 0)
        changed[MODULE].update(attempts=1)
        status, answers, told = play([changed], lab, tmp_path)
    assert bool(status) == stops, told
    summary = answers[changed["register"]]["summary"]
    assert summary["inconclusive" if server == "busy" else "fail"] == summary["targets"] > 0


def test_the_filters_examples_make_tables(lab: Lab, tmp_path: pathlib.Path) -> None:
    tasks = [localised(task, lab, number) for number, task in enumerate(examples(probe_report.EXAMPLES))]
    status, answers, told = play(tasks, lab, tmp_path)
    assert not status, told
    whole, failed = (answers[task["register"]]["msg"] for task in tasks if DEBUG in task)
    # The filter's example names no authority, and OpenSSL's own know nothing of ours.
    assert len(whole) == 3 and "untrusted" in whole[1] and whole[2] == "1 targets: 0 pass, 1 fail, 0 inconclusive"
    assert failed == whole[:2]
