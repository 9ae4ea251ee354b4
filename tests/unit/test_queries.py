# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every query of docs/queries.md answers what the page says, over results that were recorded on a relay.

Once by JMESPath itself, once by community.general.json_query in a play.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import jmespath
import pytest
import yaml
from ansible_collections.mailtls.relay.plugins.modules import (
    mail_canary,
    mail_log_info,
    mail_queue_info,
    sendmail_info,
    starttls_info,
    tls_identity_info,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/queries.md").read_text(encoding="utf-8")
RECORDED = json.loads((ROOT / "tests/fixtures/results/relay.json").read_text(encoding="utf-8"))
MODULES = {
    module.__name__.rpartition(".")[2]: module
    for module in (mail_canary, mail_log_info, mail_queue_info, sendmail_info, starttls_info, tls_identity_info)
}
# As the page calls them.
REGISTERED = dict(re.findall(r"^## `mailtls\.relay\.(\w+)`, registered as `(\w+)`$", PAGE, re.M))
# Returns a recorded result, so that a play has it as from the module itself.
STAND_IN = """
import json
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"path": {"type": "path"}, "name": {"type": "str"}})
with open(module.params["path"]) as stream:
    module.exit_json(**json.load(stream)[module.params["name"]])
"""


class Query(t.NamedTuple):
    """A query of the page, the module whose result it asks, and the answer that stands below."""

    module: str
    text: str
    answer: t.Any


def read_queries() -> list[Query]:
    found = []
    for section in PAGE.split("\n## ")[1:]:
        module = re.findall(r"`mailtls\.relay\.(\w+)`", section.splitlines()[0])
        blocks = re.findall(r"```jmespath\n(.*?)```\n+```json\n(.*?)```", section, re.S)
        found += [Query(module[0], text.strip(), json.loads(answer)) for text, answer in blocks]
    return found


QUERIES = read_queries()


def tasks() -> dict[str, dict[str, t.Any]]:
    """The tasks that the page shows, by name."""
    return {
        task["name"]: task for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) for task in yaml.safe_load(text)
    }


def test_every_query_has_an_answer_and_every_module_a_query() -> None:
    assert len(QUERIES) == PAGE.count("```jmespath") == PAGE.count("```json") > 18
    assert {query.module for query in QUERIES} == set(MODULES) == set(RECORDED)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text)
def test_a_query_answers_what_the_page_says(query: Query) -> None:
    assert jmespath.search(query.text, RECORDED[query.module]) == query.answer


@pytest.mark.parametrize("query", [query for query in QUERIES if query.answer == []], ids=lambda query: query.text)
def test_a_query_that_found_nothing_finds_what_is_there(query: Query) -> None:
    changed = json.loads(json.dumps(RECORDED[query.module]).replace('"days_left": 364', '"days_left": 20'))
    if query.module == "tls_identity_info":
        changed["entries"]["host.key"]["owner"] = "mail"
        changed["keypair_problem"] = "the key does not belong to the certificate"
    assert jmespath.search(query.text, changed)


@pytest.mark.parametrize("name", MODULES)
def test_what_was_recorded_is_what_the_module_returns(name: str) -> None:
    """A result that the module no longer has, or has anew, makes the recording worthless."""
    documented = set(yaml.safe_load(MODULES[name].RETURN))
    assert set(RECORDED[name]) - {"changed", "failed"} == documented


def test_in_a_play_the_answers_are_the_same(tmp_path: pathlib.Path) -> None:
    # In one template: what a template of its own answers is text before ansible-core 2.19, be it a number.
    answers = ", ".join(
        f"{REGISTERED[query.module]} | community.general.json_query(queries[{number}])"
        for number, query in enumerate(QUERIES)
    )
    content = f"{{{{ [{answers}] | to_json }}}}"
    run(tmp_path, [{"ansible.builtin.copy": {"content": content, "dest": f"{tmp_path}/answers.json"}}])
    assert json.loads((tmp_path / "answers.json").read_text()) == [query.answer for query in QUERIES]


def test_the_tasks_of_the_page_do_what_their_names_say(tmp_path: pathlib.Path) -> None:
    shown = tasks()
    probe = shown.pop("Probe the next hops")
    assert set(probe["mailtls.relay.starttls_info"]) <= set(starttls_info.OPTIONS) and probe["register"] == "probed"
    stop = shown.pop("Stop where a peer is not at TLS 1.3")
    assert len(shown) == 2
    # Their certificates have a year left.
    longer = json.loads(json.dumps(list(shown.values())).replace("`21`", "`400`"))
    told = run(tmp_path, [*longer, {**stop, "ignore_errors": True}])
    assert told.count('"host": "mta1.example.test"') == 2 and '"relay": "localhost"' in told
    assert told.count('"days_left": 364') == 3
    assert "Assertion failed" in told and "ignored=1" in told


def run(folder: pathlib.Path, play_tasks: list[dict[str, t.Any]]) -> str:
    """A play in which the recorded results are registered."""
    (folder / "library").mkdir()
    (folder / "library/recorded.py").write_text(STAND_IN, encoding="utf-8")
    path = str(ROOT / "tests/fixtures/results/relay.json")
    looks = [{"recorded": {"path": path, "name": name}, "register": called} for name, called in REGISTERED.items()]
    book = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"queries": [query.text for query in QUERIES]},
        "tasks": [*looks, *play_tasks],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([book]), encoding="utf-8")
    interpreter = f"ansible_python_interpreter={sys.executable}"
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", interpreter, str(folder / "play.yml")],
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
