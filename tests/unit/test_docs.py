# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every block of the documentation is looked at.

A command is run by a test (here stands which one, and that it still does), or names targets, playbooks and variables
that exist. Variables, tasks and plays are ones that the collection would take.
"""

from __future__ import annotations

import datetime
import importlib
import json
import pathlib
import re
import shlex
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_USE = "molecule/installed_collection/tests/test_first_use.py"
TAKES_OVER = "molecule/takes_over_an_existing_relay/tests/test_take_over.py"
STORY = "tests/testinfra/story.py"
TOLD = "molecule/default/tests/test_story.py"
INCLUDED = "molecule/included_in_a_larger_repository/tests/test_inclusion.py"

# Command -> the file that runs it, and what in that file does.
RUN_BY = {
    "make demo": ("Makefile", r"^SCENARIOS := (?:.*\\\n)*.*\bdemo\b"),
    "make test": (".ci/run", r"^make test"),
    "ansible-galaxy collection install mailtls.relay": (FIRST_USE, r'commands\("ansible-galaxy collection install"\)'),
    "cp -r ~/.ansible/collections/ansible_collections/mailtls/relay/examples/two_relays .": (
        FIRST_USE,
        r"copy\.replace",
    ),
    "cd two_relays": (FIRST_USE, r"enter\.split"),
    "export MAILTLS_CA_PASSPHRASE='a long passphrase of your own'": ("tests/testinfra/lab.py", "MAILTLS_CA_PASSPHRASE"),
    "read -rs MAILTLS_CA_PASSPHRASE && export MAILTLS_CA_PASSPHRASE": (
        "tests/testinfra/lab.py",
        "MAILTLS_CA_PASSPHRASE",
    ),
    "ansible-playbook -i inventory.yml mailtls.relay.site --check --diff": (FIRST_USE, r"user\.play\(check"),
    "ansible-playbook -i inventory.yml mailtls.relay.site": (FIRST_USE, r"user\.play\(first"),
    "ansible-playbook -i inventory.yml mailtls.relay.site --limit mta2 -e '{\"sendmail_starttls_offered\": false}'": (
        STORY,
        r'limit="mta2", sendmail_starttls_offered=offered',
    ),
    "ansible-playbook -i inventory.yml mailtls.relay.site --limit mta2": (
        "molecule/holds_by_each_layer/tests/test_layers.py",
        r'lab\.converge\(limit="mta2"\)',
    ),
    "ansible-playbook -i inventory.yml mailtls.relay.site --limit mta1 --check --diff": (
        TAKES_OVER,
        r'lab\.converge\(limit="mta1", options=\["--check", "--diff"\]',
    ),
    "ansible-playbook -i inventory.yml mailtls.relay.site --limit mta1": (
        TAKES_OVER,
        r'lab\.converge\(limit="mta1", sendmail_takeover=True',
    ),
    "ansible-playbook -i inventory.yml mailtls.relay.revert --limit mta1": (TAKES_OVER, r"lab\.converge\(REVERT"),
    "ANSIBLE_CALLBACK_RESULT_FORMAT=yaml ansible -i inventory.yml mta1 -m ansible.builtin.debug -a"
    " \"msg={{ hostvars['mta1'] | mailtls.relay.tls_policy_explain('mta2.example.test',"
    " recipient='alice@mta2.example.test') }}\"": ("tests/unit/test_policy_guide.py", r'"ansible", \*arguments'),
    "ansible-playbook -i inventory.yml mailtls.relay.audit": (TOLD, r"lab\.converge\(AUDIT\)"),
    "ansible-playbook -i inventory.yml mailtls.relay.audit -e tls_audit_probe=fail": (
        TOLD,
        r'lab\.converge\(AUDIT, tls_audit_probe="fail"\)',
    ),
    "export INFRA_VAULT_PASSWORD='for the example only'": ("tests/testinfra/repository.py", r'"for the example only"'),
    "./pipeline.sh install": ("tests/testinfra/repository.py", r'self\.run\("\./pipeline\.sh install"\)'),
    "./pipeline.sh lint": (INCLUDED, r'run\("\./pipeline\.sh lint"\)'),
    "./pipeline.sh check": (INCLUDED, r'run\("\./pipeline\.sh check"\)'),
    "./pipeline.sh apply": (INCLUDED, r'run\("\./pipeline\.sh apply'),
    "./pipeline.sh test": (INCLUDED, r'run\("\./pipeline\.sh test'),
    "molecule test --scenario-name relays": (INCLUDED, r'run\("molecule converge --scenario-name relays"\)'),
    "echo 'Subject: is it held?' | ssh mta1.example.test /usr/sbin/sendmail root@mta2.example.test": (
        FIRST_USE,
        r"\{message\} \| \{there\}",
    ),
    "ssh mta1.example.test sudo mailq": (FIRST_USE, r'lab\.read\("mta1", shown\)'),
    "python3 -m venv ~/ansible": (FIRST_USE, r"\{make\} && "),
    ". ~/ansible/bin/activate": (FIRST_USE, r"\{enter\} && "),
    "pip install 'ansible-core>=2.17'": (FIRST_USE, r"\{install\} && ansible --version"),
    "pip install pytest-testinfra": (FIRST_USE, r"\{venv\}/bin/\{install\}"),
    "export PYTHONPATH=~/.ansible/collections/ansible_collections/mailtls/relay/tests/testinfra": (
        FIRST_USE,
        r"\{path\} && ",
    ),
    "pytest -p mailtls_checks --sudo --hosts=ansible://relays --ansible-inventory=inventory.yml tests": (
        FIRST_USE,
        r"here = run\.replace",
    ),
}
NO_PAGES = ROOT / "docs/site"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if NO_PAGES not in page.parents),
    *sorted((ROOT / "examples").rglob("*.md")),
]
SPECS = {
    path.parts[-3]: yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")
}
OPTIONS = {name: option for spec in SPECS.values() for name, option in spec["main"]["options"].items()}
LAYER = "sendmail_tls_policy_"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# The days of the examples' exceptions are later.
TODAY = datetime.date(2026, 11, 25)

COMMANDS, DATA = ("console", "bash", "sh"), ("yaml", "yml")
# What a program prints or reads; guides have tests of their own that compare it.
SHOWN = ("access", "json", "m4", "targets", "text")
# Guides about other things than our variables and modules: a test of their own compares what they show.
OWN_TEST = {
    "docs/inclusion.md": "test_inclusion_guide.py",
    "docs/queries.md": "test_queries.py",
    "docs/testing_your_relays.md": "test_testing_guide.py",
}


class Block(t.NamedTuple):
    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}-{self.language}"


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages, in these languages or in any."""
    found = []
    for page in PAGES:
        fenced = re.findall(r"^( *)```(.*?)\n(.*?)^\1```$", page.read_text(encoding="utf-8"), re.M | re.S)
        for number, (indent, language, text) in enumerate(fenced, start=1):
            lines = [line.removeprefix(indent) for line in text.splitlines()]
            found.append(Block(str(page.relative_to(ROOT)), number, language, "\n".join(lines)))
    return [block for block in found if not languages or block.language in languages]


def commands(block: Block) -> list[str]:
    return [line.strip() for line in block.text.splitlines() if line.strip() and not line.startswith("#")]


def test_there_are_commands_and_variables() -> None:
    assert len([command for block in blocks(*COMMANDS) for command in commands(block)]) >= 20
    assert len(blocks(*DATA)) >= 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_fence_is_closed_and_says_what_it_holds(page: pathlib.Path) -> None:
    fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.M)
    found = [block for block in blocks() if block.page == str(page.relative_to(ROOT))]
    assert len(fences) == 2 * len(found)
    known = (*COMMANDS, *DATA, *SHOWN, *(("ini", "jmespath", "python") if page_of(page) in OWN_TEST else ()))
    assert not [block for block in found if block.language not in known]


def page_of(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_guide_with_a_test_of_its_own_has_it() -> None:
    for page in OWN_TEST:
        if (ROOT / page).exists():
            assert page in (ROOT / "tests/unit" / OWN_TEST[page]).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", blocks(*COMMANDS), ids=str)
def test_every_command_is_run_or_can_be(block: Block) -> None:
    for command in commands(block):
        if command in RUN_BY:
            file, words = RUN_BY[command]
            assert re.search(words, (ROOT / file).read_text(encoding="utf-8"), re.M), f"{file} no longer runs {command}"
        else:
            assert not reproach(command), f"{command}: no test runs it, and {reproach(command)}"


def test_no_command_is_listed_in_vain() -> None:
    assert set(RUN_BY) <= {command for block in blocks(*COMMANDS) for command in commands(block)}


def reproach(command: str) -> str:
    """Why a command that no test runs may not work; empty when all that it names is there."""
    program, *words = shlex.split(command)
    if program == "make":
        missing = [word for word in words if not re.search(rf"^{word}:", MAKEFILE, re.M) and "=" not in word]
        missing += [word for word in words if "=" in word and word.partition("=")[0] not in MAKEFILE]
        return f"the Makefile has no {missing}" if missing else ""
    if program == "ansible-playbook":
        return reproach_of_play(words)
    if program == "ansible-doc":
        kind, name = words[words.index("-t") + 1], words[-1].rpartition(".")[2]
        folders = {"role": f"roles/{name}", "module": f"plugins/modules/{name}.py"}
        return "" if (ROOT / folders.get(kind, f"plugins/{kind}/{name}.py")).exists() else f"there is no {kind} {name}"
    return "nobody knows what it does"


def reproach_of_play(words: list[str]) -> str:
    rest = iter(words)
    for word in rest:
        if word in ("-i", "--inventory", "--limit"):
            next(rest)
        elif word in ("-e", "--extra-vars"):
            given = next(rest)
            names = json.loads(given) if given.startswith("{") else {given.partition("=")[0]: ""}
            if unknown := set(names) - set(OPTIONS) - {"mailtls_hosts"}:
                return f"no role has {unknown}"
        elif word not in ("--check", "--diff"):
            name = word.removeprefix("mailtls.relay.").removeprefix("playbooks/").removesuffix(".yml")
            if not (ROOT / f"playbooks/{name}.yml").exists():
                return f"there is no playbook {word}"
    return ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make tset", "no ['tset']"),
        ("make test JBOS=2", "no ['JBOS=2']"),
        ("ansible-playbook -i inventory.yml mailtls.relay.sight", "no playbook"),
        ("ansible-playbook -i inventory.yml mailtls.relay.site -e sendmail_smarthost=x", "no role has"),
        ("ansible-doc -t module mailtls.relay.sendmail", "no module sendmail"),
        ("rm -rf /", "nobody knows"),
    ],
)
def test_a_command_that_would_not_work_is_found(command: str, why: str) -> None:
    assert why in reproach(command)


@pytest.mark.parametrize("block", [block for block in blocks(*DATA) if block.page not in OWN_TEST], ids=str)
def test_every_yaml_is_one_that_the_collection_takes(block: Block) -> None:
    found = yaml.safe_load(block.text)
    if isinstance(found, dict):
        judge_variables(found)
    else:
        assert isinstance(found, list) and found
        for item in found:
            judge_play(item) if "hosts" in item else judge_task(item)


def judge_variables(variables: dict[str, t.Any]) -> None:
    """Known, of the right shape, and a policy that would be kept."""
    layers = {name: value for name, value in variables.items() if name.startswith("sendmail_tls_policy")}
    plain = {name: value for name, value in variables.items() if not name.startswith(LAYER)}
    assert set(plain) <= set(OPTIONS), f"no role has {set(plain) - set(OPTIONS)}"
    for name, value in [*plain.items(), *((LAYER.rstrip("_"), value) for value in layers.values())]:
        result = ArgumentSpecValidator({name: {**OPTIONS[name], "required": False}}).validate({name: value})
        assert not result.error_messages, result.error_messages
    if layers:
        parse_policy(layers, today=TODAY)


def judge_play(play: dict[str, t.Any]) -> None:
    roles = [role if isinstance(role, str) else role["role"] for role in play.get("roles", [])]
    assert roles or play.get("tasks"), "a play that does nothing"
    assert {role.removeprefix("mailtls.relay.") for role in roles} <= set(SPECS)
    judge_variables(play.get("vars", {}))
    for task in play.get("tasks", []):
        judge_task(task)


def judge_task(task: dict[str, t.Any]) -> None:
    """A module of ours gets options that it has; a role of ours is called where it can be."""
    assert task["name"]
    for word, arguments in task.items():
        name = word.removeprefix("mailtls.relay.")
        if name != word:
            module = importlib.import_module(f"ansible_collections.mailtls.relay.plugins.modules.{name}")
            assert set(arguments) <= set(module.OPTIONS), set(arguments) - set(module.OPTIONS)
        elif word in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            assert arguments.get("tasks_from", "main") in SPECS[arguments["name"].removeprefix("mailtls.relay.")]
        else:
            assert "." not in word or word.startswith("ansible.builtin."), word


@pytest.mark.parametrize(
    "wrong",
    [
        {"sendmail_smarthost": "x"},
        {"sendmail_tls_policy": {"outbound": {"defualt": {}}}},
        {"sendmail_tls_policy": {"outbound": {"default": {"level": "strict"}}}},
        {"tls_audit_probe": "sometimes"},
    ],
    ids=str,
)
def test_variables_that_would_be_refused_are_found(wrong: dict[str, t.Any]) -> None:
    with pytest.raises((AssertionError, MailtlsError)):
        judge_variables(wrong)


# Decisions tell what was true on their day.
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "decisions"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_variables_in_the_text_exist(page: pathlib.Path) -> None:
    plugins = {path.stem for path in (ROOT / "plugins").rglob("*.py")}
    named = set(re.findall(r"`(?:__)?((?:sendmail|tls_identity|tls_audit)_\w+)", page.read_text(encoding="utf-8")))
    assert not {name for name in named - set(OPTIONS) - plugins if not name.startswith(LAYER)}


def slug(heading: str) -> str:
    """The anchor that a heading gets, in the repository's view and in the site's."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: pathlib.Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _mark, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
            assert anchor in {slug(heading) for heading in headings}, target
