# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt_variables
short_description: Variables that look like a role's but are not
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Ansible silently ignores a variable with a misspelt name. This filter finds those that begin like a role's variables
    and are none of them, and names the nearest one.
positional: _input, known, prefixes, open_prefixes
options:
  _input:
    description: The names of all defined variables.
    type: list
    elements: str
    required: true
  known:
    description: The names of the role's variables.
    type: list
    elements: str
    required: true
  prefixes:
    description: How the names of the role's variables begin.
    type: list
    elements: str
    required: true
  open_prefixes:
    description: How names begin that end as the user likes.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  ansible.builtin.assert:
    that: misspelt | length == 0
    fail_msg: "{{ misspelt | join(' ') }}"
  vars:
    misspelt: "{{ vars.keys() | mailtls.relay.misspelt_variables(['sendmail_smart_host'], ['sendmail_']) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each misspelt name; empty when there is none.
  type: list
  elements: str
  sample: ["sendmail_smarthost is not a variable of this role; did you mean sendmail_smart_host?"]
"""

import typing as t


def misspelt_variables(
    names: t.Iterable[str], known: t.Iterable[str], prefixes: t.Iterable[str], open_prefixes: t.Iterable[str] = ()
) -> list[str]:
    from ..module_utils._core import spelling

    return spelling.judge([str(name) for name in names], list(known), list(prefixes), list(open_prefixes))


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"misspelt_variables": misspelt_variables}
