# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lay out what Sphinx reads: stage.py FOLDER.

The Markdown files of the repository are the only source. They keep their places, so that links between them hold as
they do in the repository; a link to anything that is no page of the site leads to the repository. README.md becomes the
front page. Contents, the list of decisions and the page of playbooks are made from what is there.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONF = ROOT / "docs/site"
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
FRONT = "index.md"
DECISIONS = "docs/decisions/index.md"
PLAYBOOKS = "reference/playbooks.md"
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)#\s]+)(#[^)]*)?\)")

# Caption -> pages in their order. Whatever else there is directly below docs/ is a guide and follows the named ones.
GUIDES = "Guides"
CONTENTS = {
    "Start": ["docs/tutorial.md"],
    GUIDES: ["docs/policy.md", "docs/certificates.md", "docs/probing.md", "docs/taking_over.md"],
    "Security": ["docs/security_model.md", "docs/faq.md", "SECURITY.md"],
    "Reference": ["reference/index.rst", PLAYBOOKS],
    "Project": ["docs/architecture.md", DECISIONS, "docs/benchmarks.md", "CONTRIBUTING.md", "CHANGELOG.rst"],
}
# What the contents call a page whose own title says too little there.
TITLES = {
    "docs/probing.md": "Probing",
    "docs/faq.md": "Questions",
    "SECURITY.md": "Reporting a fault",
    "reference/index.rst": "Roles, modules and filters",
    "docs/benchmarks.md": "Benchmarks",
    "CHANGELOG.rst": "Changelog",
}


def sources() -> list[str]:
    """Every file of the repository that is a page, by its path."""
    names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.rst"]
    found = [path.relative_to(ROOT) for folder in ("docs", "examples") for path in (ROOT / folder).rglob("*.md")]
    return names + sorted(str(path) for path in found if not path.is_relative_to("docs/site"))


def place(name: str) -> str:
    """Where a file of the repository stands in the site."""
    return FRONT if name == "README.md" else name


def link(target: str, page: str, pages: list[str]) -> str:
    """A relative link as the site needs it."""
    if re.match(r"\w+:", target):
        return target
    there = (ROOT / page).parent / target
    name = str(there.resolve().relative_to(ROOT))
    if there.suffix == ".svg" or name in pages:
        return target.replace("README.md", FRONT) if name == "README.md" else target
    if ROOT / name == (ROOT / DECISIONS).parent:
        return target.rstrip("/") + "/index.md"
    return f"{REPOSITORY}/{'tree' if there.is_dir() else 'blob'}/main/{name}"


def site_text(page: str, pages: list[str]) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    if not page.endswith(".md"):
        return text
    return LINK.sub(lambda found: f"{found[1]}{link(found[2], page, pages)}{found[3] or ''})", text)


def contents(pages: list[str]) -> str:
    """The tables of contents behind the front page; a page that is named in none is a guide or an example."""
    known = {name for names in CONTENTS.values() for name in names}
    lists = {caption: list(names) for caption, names in CONTENTS.items()}
    lists[GUIDES] += [name for name in pages if re.fullmatch(r"docs/\w+\.md|examples/\w+/README\.md", name)]
    text = ""
    for caption, names in lists.items():
        unique = [name for name in dict.fromkeys(names) if name in CONTENTS[caption] or name not in known]
        lines = [f"{TITLES[name]} <{name}>" if name in TITLES else name for name in unique]
        text += f"\n```{{toctree}}\n:hidden:\n:maxdepth: 2\n:caption: {caption}\n\n" + "\n".join(lines) + "\n```\n"
    return text


def decisions() -> str:
    text = "# Decisions\n\nWhat was chosen, instead of what, and what follows from it.\n"
    return text + "\n```{toctree}\n:glob:\n\n0*\n```\n"


def playbooks() -> str:
    """Each playbook with the words it begins with."""
    text = "# Playbooks\n\nTheir hosts are the group `relays`, or the pattern in the variable `mailtls_hosts`.\n"
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        content = path.read_text(encoding="utf-8")
        head = re.findall(r"^# ?(.*)$", content.partition("\n- ")[0], re.M)
        words = " ".join(line.strip() for line in head if not line.startswith((" ", "SPDX")))
        commands = [line.strip() for line in head if line.startswith(" ")]
        text += f"\n## mailtls.relay.{path.stem}\n\n{words}\n\n```bash\n" + "\n".join(commands) + "\n```\n\n"
        text += f"```yaml\n{content}```\n"
    return text


def stage(folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pages = sources()
    texts = {place(page): site_text(page, pages) for page in pages}
    texts[FRONT] += contents(pages)
    texts[DECISIONS] = decisions()
    texts[PLAYBOOKS] = playbooks()
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for picture in (ROOT / "docs").glob("*.svg"):
        shutil.copy(picture, folder / "docs")


if __name__ == "__main__":
    stage(pathlib.Path(sys.argv[1]))
