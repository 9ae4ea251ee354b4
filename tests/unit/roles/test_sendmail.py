# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role sendmail judges its input when it is asked to, not at the first use of a value: Ansible evaluates lazily."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import ansible_collections.mailtls.relay as collection
import pytest
import yaml
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import KNOWN

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/sendmail"

UNTIL = {"owner": "mail team", "reason": "old printer", "until": "2099-01-01"}
ENDED = {"next_hop": "10.1.2.3", "level": "may", "exception": {**UNTIL, "until": "2020-01-01"}}
EXCEPTED = {"next_hop": "10.1.2.3", "level": "may", "exception": UNTIL}
# Every case is a host of one play.
FINE: dict[str, dict[str, t.Any]] = {
    "defaults": {},
    "name": {"sendmail_smart_host": "mta2.example.test"},
    "address": {"sendmail_smart_host": "[192.0.2.25]"},
    "hosts": {"sendmail_smart_host": ["mta2.example.test", "[192.0.2.25]"]},
    "layer": {"sendmail_tls_policy_host": {"outbound": {"peers": [EXCEPTED]}}},
    "routes": {"sendmail_mailertable": {"partner.example": "mta3.example.test"}},
}
BAD: dict[str, tuple[dict[str, t.Any], str]] = {
    "policy": ({"sendmail_tls_policy": {"outbound": {"default": {"level": "none"}}}}, "sendmail_tls_policy.outbound"),
    "bits_in_a_layer": (
        {"sendmail_tls_policy_host": {"outbound": {"default": {"min_bits": 7}}}},
        "sendmail_tls_policy_host.outbound.default.min_bits: 7 is not",
    ),
    "ended": (
        {
            "sendmail_tls_policy_host": {
                "outbound": {"peers": [{**EXCEPTED, "exception": {**UNTIL, "until": "2020-01-01"}}]}
            }
        },
        "sendmail_tls_policy_host.outbound.peers[0].exception.until",
    ),
    "release": (
        {"sendmail_tls_policy": {"outbound": {"peers": [{"next_hop": "a.example", "dane": False}]}}},
        "sendmail_tls_policy.outbound.peers[0].dane: sendmail 8.15.2 cannot do this",
    ),
    "sole_way": (
        {
            "sendmail_smart_host": "mta2.example.test",
            "sendmail_tls_policy": {"outbound": {"default": {"failure": "permanent"}}},
        },
        "sendmail_tls_policy.outbound.default.failure: all mail leaves through",
    ),
    "clients": ({"sendmail_relay_clients": ["0.0.0.0/0"]}, "sendmail_relay_clients[0]"),
    "smart_host": ({"sendmail_smart_host": "mta2`"}, "sendmail_smart_host: the value"),
    "bare_address": ({"sendmail_smart_host": "10.1.2.3"}, "Write [10.1.2.3]."),
    "bare_address_in_list": ({"sendmail_smart_host": ["a.example", "10.1.2.3"]}, "sendmail_smart_host[1]: 10.1.2.3"),
    "route": ({"sendmail_mailertable": {"a.example": "10.1.2.3"}}, "sendmail_mailertable['a.example']: 10.1.2.3"),
    "unthrottled": ({"sendmail_unthrottled_clients": ["mta1.example.test"]}, "sendmail_unthrottled_clients[0]"),
    "return": ({"sendmail_queue_return": "5"}, "sendmail_queue_return: '5' is not a time"),
    "starttls": ({"sendmail_starttls_timeout": "1h"}, "sendmail_starttls_timeout: '1h' is longer than 2m"),
    "certificate": ({"sendmail_certificate_file": "/a'b"}, "sendmail_certificate_file: the value"),
    "key": ({"sendmail_key_file": "/a'b"}, "sendmail_key_file: the value"),
    "ca_file": ({"sendmail_ca_file": "/a'b"}, "sendmail_ca_file: the value"),
    "ca_directory": ({"sendmail_ca_directory": "/a'b"}, "sendmail_ca_directory: the value"),
    "no_listener": ({"sendmail_listeners": []}, "sendmail_listeners: there is no listener"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the task that judges the values says to each host."""
    folder = tmp_path_factory.mktemp("play")
    judge = yaml.safe_load((ROLE / "tasks/input.yml").read_text(encoding="utf-8"))[-1]
    report = {"name": "Report", "ansible.builtin.debug": {"msg": "{{ judged.msg }}"}}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars_files": [str(path) for path in sorted((ROLE / "vars/main").glob("*.yml"))],
        "tasks": [{**judge, "register": "judged", "ignore_errors": True}, report],
    }
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    cases = {**FINE, **{name: variables for name, (variables, _words) in BAD.items()}}
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    hosts = {name: {**defaults, **variables} for name, variables in cases.items()}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    reports = re.findall(r"^ok: \[(\w+)\] => (\{.*?^\})", run(folder).partition("TASK [Report]")[2], re.M | re.S)
    return {name: json.loads(text)["msg"] for name, text in reports}


def run(folder: pathlib.Path) -> str:
    (folder / "ansible.cfg").touch()
    argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.json", "play.json"]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(pathlib.Path(next(iter(collection.__path__))).parents[2]),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_NOCOLOR": "true",
    }
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def keys(options: t.Any, path: str = "") -> t.Iterator[tuple[str, tuple[str, ...]]]:
    """Each path of an argument specification and the keys below it."""
    for name, option in options.items():
        if "options" in option:
            here = f"{path}.{name}".lstrip(".")
            yield here, tuple(option["options"])
            yield from keys(option["options"], here)


def test_the_specification_knows_the_keys_of_the_policy() -> None:
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    for entry in ("main", "policy", "preflight"):
        policy = specs[entry]["options"]["sendmail_tls_policy"]["options"]
        assert {"": tuple(policy), **dict(keys(policy))} == KNOWN


@pytest.mark.parametrize("name", FINE)
def test_good_values_pass(said: dict[str, str], name: str) -> None:
    assert said[name] == "All assertions passed"


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused_by_the_preflight_itself(said: dict[str, str], name: str) -> None:
    assert BAD[name][1] in said[name]


HERE = ("ansible.builtin.assert", "ansible.builtin.debug", "ansible.builtin.include_tasks")


def test_the_daily_change_reaches_the_relay_three_times_at_most() -> None:
    """The budget of docs/architecture.md: facts, a look where the policy names next hops, the map."""
    (play,) = yaml.safe_load((ROOT / "playbooks/policy.yml").read_text(encoding="utf-8"))
    assert play["gather_facts"] and len(play["tasks"]) == 1 and play["tasks"][0]["ansible.builtin.import_role"]
    tasks = tasks_of("policy")
    far = [key for task in tasks for key in task if "." in key and key not in HERE]
    assert far == ["ansible.builtin.setup", "mailtls.relay.sendmail_info", "mailtls.relay.sendmail_map"]
    # Where the play has not read the facts, the role does: it is the same one time.
    assert "'distribution' not in ansible_facts" in [task.get("when") for task in tasks]
    assert len(far) <= 3


def tasks_of(name: str) -> list[dict[str, t.Any]]:
    """The tasks of a file, those of the files it includes in their places."""
    tasks = yaml.safe_load((ROLE / f"tasks/{name}.yml").read_text(encoding="utf-8"))
    includes = ((task, task.get("ansible.builtin.include_tasks", "")) for task in tasks)
    return [inner for task, file in includes for inner in (tasks_of(file.removesuffix(".yml")) if file else [task])]
