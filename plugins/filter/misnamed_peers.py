# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: misnamed_peers
short_description: Next hops whose rule sendmail would never find
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - sendmail looks for the rule of the host that it connects to. A next hop with MX records that name other hosts is
    never connected to by its own name, so a rule for it would say nothing.
  - Where DNS does not tell, nothing is found; P(mailtls.relay.policy_findings#filter) reports that.
positional: _input
options:
  _input:
    description: Place to name, as P(mailtls.relay.named_peers#filter) returns it.
    type: dict
    required: true
  exchanges:
    description: Name to hosts, as C(exchanges) of M(mailtls.relay.sendmail_info).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ named | mailtls.relay.misnamed_peers(exchanges=relay.exchanges) }}"
  vars:
    named: "{{ sendmail_tls_policy | mailtls.relay.named_peers }}"
"""

RETURN = r"""
_value:
  description: A sentence for each, empty when there is none.
  type: list
  elements: str
"""

import typing as t


def misnamed_peers(named: t.Mapping[str, str], *, exchanges: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    """Return the refusals."""
    from ..module_utils._core.exchange import find_misnamed

    return find_misnamed(named, exchanges)


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"misnamed_peers": misnamed_peers}
