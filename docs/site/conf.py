# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx makes the site of what stage.py laid out. Nothing is asked of the network."""

from __future__ import annotations

import pathlib
import re
import typing as t

import yaml
from docutils import nodes
from pygments.lexers import BashLexer, TextLexer, find_lexer_class_by_name
from pygments.util import ClassNotFound

GALAXY = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "galaxy.yml").read_text(encoding="utf-8"))
ANSIBLE = "https://docs.ansible.com/ansible/latest"

project = "mailtls.relay"
author = "mailtls.relay contributors"
project_copyright = f"2026 {author}"
version = release = GALAXY["version"]
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
# As the repository's own view makes them.
myst_heading_anchors = 4
html_theme = "sphinx_ansible_theme"
html_title = f"mailtls.relay {version}"
html_short_title = "mailtls.relay"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_theme_options = {
    "documentation_home_url": GALAXY["documentation"],
    "vcs_pageview_mode": "",
    "topbar_links": {"Repository": GALAXY["repository"], "Issues": GALAXY["issues"]},
}
# Labels of Ansible's own documentation, which this site refers to and does not hold.
ELSEWHERE = {
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "ansible_configuration_settings": f"{ANSIBLE}/reference_appendices/config.html",
}
OTHER_COLLECTION = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_(?:module|filter|lookup|role))(?:__.*)?$")


def elsewhere(_app: t.Any, _env: t.Any, node: t.Any, content: t.Any) -> t.Any:
    """A reference to Ansible's documentation becomes a link there; what is ours and missing stays an error."""
    target = node["reftarget"]
    address = ELSEWHERE.get(target)
    if found := OTHER_COLLECTION.match(target):
        namespace, name, page = found.groups()
        if (namespace, name) != (GALAXY["namespace"], GALAXY["name"]):
            address = f"{ANSIBLE}/collections/{namespace}/{name}/{page}.html"
    return nodes.reference("", "", content, refuri=address, internal=False) if address else None


def languages(app: t.Any) -> None:
    """Code in languages that Pygments does not know is printed as it is."""
    used = {
        language
        for page in pathlib.Path(app.srcdir).rglob("*.md")
        for language in re.findall(r"^ *```(\w+)$", page.read_text(encoding="utf-8"), re.M)
    }
    for language in used:
        try:
            find_lexer_class_by_name(language)
        except ClassNotFound:
            app.add_lexer(language, TextLexer)


def setup(app: t.Any) -> None:
    # Commands stand in the guides without a prompt.
    app.add_lexer("console", BashLexer)
    app.connect("builder-inited", languages)
    app.connect("missing-reference", elsewhere)
