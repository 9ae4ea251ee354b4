# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of ``docs/policy.md`` is compiled, and every answer that it shows is asked for again."""

from __future__ import annotations

import datetime
import os
import pathlib
import re
import shlex
import subprocess
import typing as t

import pytest
import yaml
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import compile_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.release import NEWEST

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/policy.md"
# The examples' exceptions end after this day, whenever the test is run.
TODAY = datetime.date(2026, 11, 25)


class Block(t.NamedTuple):
    language: str
    text: str


def blocks() -> list[Block]:
    found = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    return [Block(*one) for one in found]


def pairs(first: str, second: str) -> list[tuple[str, str]]:
    """The texts of each two blocks of these languages, one behind the other."""
    shown = blocks()
    return [
        (one.text, two.text) for one, two in zip(shown, shown[1:]) if (one.language, two.language) == (first, second)
    ]


def rows(policy: str) -> list[str]:
    """What the variables of an example compile to, as the guide prints it: keys and values in two columns."""
    layers = {name: value for name, value in yaml.safe_load(policy).items() if name.startswith("sendmail_tls_policy")}
    entries = [entry for _place, entry in compile_policy(parse_policy(layers, today=TODAY), NEWEST)]
    width = max(len(entry.key) for entry in entries)
    return [f"{entry.key:{width}}  {entry.value}" for entry in entries]


def test_every_example_stands_beside_what_it_becomes() -> None:
    shown = blocks()
    assert len([block for block in shown if block.language == "access"]) == len(pairs("yaml", "access")) >= 9
    assert len([block for block in shown if block.language == "yaml"]) == len(pairs("yaml", "access"))


@pytest.mark.parametrize(("policy", "access"), pairs("yaml", "access"))
def test_an_example_becomes_what_is_shown(policy: str, access: str) -> None:
    assert rows(policy) == access.splitlines()


@pytest.mark.parametrize(("command", "answer"), pairs("console", "text"))
def test_an_answer_is_what_is_shown(command: str, answer: str) -> None:
    setting, ansible, *arguments = shlex.split(command)
    assert ansible == "ansible"
    done = subprocess.run(
        ["ansible", *arguments],
        cwd=ROOT / "examples/two_relays",
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": collections(),
            "ANSIBLE_NOCOLOR": "1",
            **dict([setting.split("=")]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stdout + done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == answer.splitlines()


def collections() -> str:
    """Where Ansible finds this checkout as a collection."""
    import ansible_collections.mailtls.relay

    return str(pathlib.Path(next(iter(ansible_collections.mailtls.relay.__path__))).parents[2])
