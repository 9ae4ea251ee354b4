# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command in the documentation is run by a test: here stands which one, and that it still does."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_USE = "molecule/installed_collection/tests/test_first_use.py"
TAKES_OVER = "molecule/takes_over_an_existing_relay/tests/test_take_over.py"
STORY = "tests/testinfra/story.py"
TOLD = "molecule/default/tests/test_story.py"

# Command -> the file that runs it, and what in that file does.
RUN_BY = {
    "make demo": ("Makefile", r"^test: .*\bdemo\b"),
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
    "ssh mta1.example.test sudo mailq": ("tests/testinfra/lab.py", r"mailq"),
    "pip install pytest-testinfra": (FIRST_USE, r"\{venv\}/bin/\{install\}"),
    "export PYTHONPATH=~/.ansible/collections/ansible_collections/mailtls/relay/tests/testinfra": (
        FIRST_USE,
        r"\{path\} && ",
    ),
    "pytest -p mailtls_checks --hosts=ansible://relays --ansible-inventory=inventory.yml tests": (
        FIRST_USE,
        r"here = run\.replace",
    ),
}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").rglob("*.md"),
]


def commands(page: pathlib.Path) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_there_are_commands() -> None:
    assert len(commands(ROOT / "README.md")) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_run(page: pathlib.Path) -> None:
    for command in commands(page):
        assert command in RUN_BY, f"{command}: no test runs it"
        file, words = RUN_BY[command]
        assert re.search(words, (ROOT / file).read_text(encoding="utf-8"), re.M), f"{file} no longer runs {command}"


def test_no_command_is_listed_in_vain() -> None:
    documented = {command for page in PAGES for command in commands(page)}
    assert set(RUN_BY) <= documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: pathlib.Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
