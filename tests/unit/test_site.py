# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Sphinx reads: links that hold in the repository hold in the site, and no page is missing from the contents.

``make docs`` prints it, and takes every warning of Sphinx for an error.
"""

from __future__ import annotations

import importlib.util
import pathlib
import re
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/mailtls/relay"


def load() -> t.Any:
    spec = importlib.util.spec_from_file_location("stage", ROOT / "docs/site/stage.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stage = load()
PAGES = stage.sources()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    stage.stage(folder)
    return folder


@pytest.mark.parametrize(
    ("target", "page", "becomes"),
    [
        ("docs/policy.md", "README.md", "docs/policy.md"),
        ("policy.md", "docs/faq.md", "policy.md"),
        ("../README.md", "docs/faq.md", "../index.md"),
        ("docs/decisions/", "README.md", "docs/decisions/index.md"),
        ("decisions/", "docs/architecture.md", "decisions/index.md"),
        ("architecture.svg", "docs/architecture.md", "architecture.svg"),
        ("LICENSE", "README.md", f"{REPOSITORY}/blob/main/LICENSE"),
        ("../molecule/default", "docs/faq.md", f"{REPOSITORY}/tree/main/molecule/default"),
        ("https://www.rfc-editor.org/", "README.md", "https://www.rfc-editor.org/"),
    ],
)
def test_a_link_is_what_the_site_needs(target: str, page: str, becomes: str) -> None:
    assert stage.link(target, page, PAGES) == becomes


def test_anchors_and_texts_stay() -> None:
    text = stage.site_text("docs/probing.md", PAGES)
    assert "[why was this mail held](policy.md#why-was-this-mail-held)" in text


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".md")])
def test_every_link_of_the_site_leads_to_something(site: pathlib.Path, page: str) -> None:
    there = site / stage.place(page)
    for target in re.findall(r"\]\((?!\w+:)([^)#]+)", there.read_text(encoding="utf-8")):
        assert (there.parent / target).exists(), target


def test_every_page_is_in_the_contents_once(site: pathlib.Path) -> None:
    front = (site / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(?:.* <)?([\w/]+\.(?:md|rst))>?$", front, re.M)
    made = {"reference/index.rst", "reference/playbooks.md", "docs/decisions/index.md"}
    decisions = {page for page in PAGES if page.startswith("docs/decisions/")}
    assert sorted(listed) == sorted((set(PAGES) | made) - decisions - {"README.md"})


def test_a_new_guide_needs_no_entry(site: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = stage.contents([*PAGES, "docs/new_guide.md"])
    (guides,) = re.findall(r":caption: Guides\n\n(.*?)```", text, re.S)
    assert "docs/new_guide.md\n" in guides and "docs/new_guide.md" not in (site / "index.md").read_text()


def test_every_playbook_is_told(site: pathlib.Path) -> None:
    text = (site / "reference/playbooks.md").read_text(encoding="utf-8")
    names = [path.stem for path in sorted((ROOT / "playbooks").glob("*.yml"))]
    assert re.findall(r"^## mailtls\.relay\.(\w+)$", text, re.M) == names
    assert "\n\n\n" not in text and len(re.findall(r"^ansible-playbook ", text, re.M)) >= len(names)


def test_the_picture_is_drawn_from_what_is_there() -> None:
    text = (ROOT / "docs/architecture.svg").read_text(encoding="utf-8")
    for name in re.findall(r"_core/(\w+)", text):
        assert (ROOT / f"plugins/module_utils/_core/{name}.py").exists(), name
    code = re.findall(r'class="code[^>]*>(\w+)<', text)
    modules = [name for name in code if not name.startswith("_core")]
    assert len(modules) >= 7 and all((ROOT / f"plugins/modules/{name}.py").exists() for name in modules), modules
    roles = re.findall(r"role (\w+)", re.sub(r"<[^>]*>", " ", text))
    assert set(roles) == {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
