# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: named_peers
short_description: Next hops of a policy that are given by name
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - The next hops of a policy that are given by name and not by address, to be compared with what DNS says of them.
extends_documentation_fragment:
  - mailtls.relay.policy
"""

EXAMPLES = r"""
- name: Show them
  ansible.builtin.debug:
    msg: "{{ sendmail_tls_policy | mailtls.relay.named_peers }}"
"""

RETURN = r"""
_value:
  description: The place of each in the policy, and its name.
  type: dict
  sample: {"sendmail_tls_policy.outbound.peers[0]": "mta3.example.org"}
"""

import typing as t

from ansible.errors import AnsibleFilterError


def named_peers(policy: t.Any, *, layers: t.Any = None) -> dict[str, str]:
    """Return place to name; AnsibleFilterError for a policy that is refused."""
    from ..module_utils._core import policy_input
    from ..module_utils._core.errors import MailtlsError

    try:
        peers = policy_input.read(policy, layers).policy.outbound.peers
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return {peer.place: peer.target.text for peer in peers if not peer.target.family}


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"named_peers": named_peers}
