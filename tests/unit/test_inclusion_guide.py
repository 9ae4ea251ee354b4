# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``docs/inclusion.md`` shows what stands in ``examples/infra_repo``, and names each entry of each role."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/infra_repo"
GUIDE = (ROOT / "docs/inclusion.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.M | re.S)
FILES = [path for path in EXAMPLE.rglob("*") if path.is_file()]


def rows(head: str) -> list[list[str]]:
    """The cells of the table with this head, without the marks of code."""
    lines = GUIDE.partition(head)[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_there_is_something_to_compare() -> None:
    assert len(FILES) >= 20 and len(BLOCKS) >= 12


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language != "console"])
def test_an_excerpt_stands_in_a_file_of_the_example(text: str) -> None:
    assert [path for path in FILES if text in path.read_text(encoding="utf-8", errors="replace")], text


def test_every_entry_of_every_role_is_in_the_table() -> None:
    specified = {
        (path.parent.parent.name, entry)
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    }
    assert {tuple(row[:2]) for row in rows("| Role | `tasks_from` |")} == specified
    assert len(specified) >= 9


def test_every_tag_is_in_the_table() -> None:
    plays = yaml.safe_load((EXAMPLE / "site.yml").read_text(encoding="utf-8"))
    tagged = [*plays, *(role for play in plays for role in play.get("roles", []))]
    used = {
        tag for one in tagged for tag in ([one["tags"]] if isinstance(one.get("tags"), str) else one.get("tags", []))
    }
    assert {tag for tag, _words in rows("| Tag of the example |")} == used


def test_the_vault_is_encrypted_and_everything_that_leads_to_it_is_not_in_git() -> None:
    vault = EXAMPLE / "inventory/group_vars/relays/vault.yml"
    assert vault.read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    clear = "a passphrase that stands nowhere in clear text"
    assert not [path for path in FILES if clear in path.read_text(encoding="utf-8", errors="replace")]
