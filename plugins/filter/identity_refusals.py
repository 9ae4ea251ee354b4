# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_refusals
short_description: Judge the variables of the role tls_identity
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Returns every reason to refuse the role's variables before a host is touched.
options:
  _input:
    description:
      - The role's variables without their C(tls_identity_), and C(folder) (the CA's folder, resolved), C(places)
        (folders of playbook, inventory and role; the role's is the last) and C(git) (every C(.git) above them).
    type: dictionary
    required: true
"""

EXAMPLES = r"""
- name: Refuse a short host name
  ansible.builtin.assert:
    that: refusals | length == 0
    fail_msg: "{{ refusals }}"
  vars:
    settings: {source: files, fqdn: mta1, directory: /etc/mail/certs}
    refusals: "{{ settings | mailtls.relay.identity_refusals }}"
"""

RETURN = r"""
_value:
  description: Sentences that say what is wrong, where, and what to do; empty when all is well.
  type: list
  elements: string
"""

import typing as t


def identity_refusals(settings: dict[str, t.Any]) -> list[str]:
    from ..module_utils._core.authority import judge_settings

    return judge_settings(settings)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_refusals": identity_refusals}
