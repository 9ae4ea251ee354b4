# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: enclosing_folders
short_description: List a path and every folder above it
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Used to find the git checkout that a folder lies in.
options:
  _input:
    description: An absolute path without links.
    type: string
    required: true
"""

EXAMPLES = r"""
- name: Show the checkouts around the playbook
  ansible.builtin.debug:
    msg: "{{ playbook_dir | mailtls.relay.enclosing_folders | map('regex_replace', '$', '/.git') | select('exists') }}"
"""

RETURN = r"""
_value:
  description: The path itself first, C(/) last.
  type: list
  elements: string
"""

import typing as t


def enclosing_folders(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), -1, -1)]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"enclosing_folders": enclosing_folders}
