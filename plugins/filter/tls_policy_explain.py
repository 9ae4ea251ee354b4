# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_policy_explain
short_description: What happens to mail through a next hop, and why
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Says in words which rule of the policy speaks for a next hop and a recipient, where it stands, and what sendmail
    then does with the mail, in sendmail's own words, for whatever the next hop may offer.
  - Contacts no host. The answer comes from the same code that writes the access map and judges sessions.
positional: _input, next_hop
options:
  _input:
    description:
      - The variables of a host, V(hostvars['mta1']). Of them C(sendmail_tls_policy), all C(sendmail_tls_policy_*),
        C(sendmail_access_entries) and C(sendmail_smart_host) are read.
      - Or a policy alone, as in the variable C(sendmail_tls_policy).
    type: dict
    required: true
  next_hop:
    description:
      - The host that sendmail connects to, as C(next_hop) in the policy. For a domain with MX records that is the host
        its MX record names.
    type: str
    required: true
  address:
    description: The address of a next hop given by name, for rules by address or network.
    type: str
    default: ""
  recipient:
    description: For whom the mail is, V(user@domain).
    type: str
    default: ""
  release:
    description: The release of sendmail, such as V(8.17); the newest one known when left out.
    type: str
    default: ""
seealso:
  - plugin: mailtls.relay.access_entries
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what happens to mail for alice
  ansible.builtin.debug:
    msg: "{{ hostvars['mta1'] | mailtls.relay.tls_policy_explain('mta2.example.org', recipient='alice@example.org') }}"

- name: Show what a policy would do that is not in force yet
  ansible.builtin.debug:
    msg: "{{ {'outbound': {'default': {'level': 'verify'}}} | mailtls.relay.tls_policy_explain('mta2.example.org') }}"
"""

RETURN = r"""
_value:
  description: The answer, of several lines.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def tls_policy_explain(
    given: t.Any, next_hop: t.Any, *, address: t.Any = "", recipient: t.Any = "", release: t.Any = ""
) -> str:
    """Return the answer; AnsibleFilterError for a policy that is refused and for what is no next hop."""
    from ..module_utils._core import policy_input
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.explanation import explain, read_hop
    from ..module_utils._core.layers import PREFIX, VARIABLE
    from ..module_utils._core.release import NEWEST
    from ..module_utils._core.target import read_recipient

    # By one of these a mapping is the variables of a host, for a policy has no such key.
    told = isinstance(given, t.Mapping) and any(map(given.__contains__, ("inventory_hostname", VARIABLE)))
    variables = given if told else {VARIABLE: given}
    try:
        policy = policy_input.read(
            variables.get(VARIABLE, {}),
            {name: variables[name] for name in variables if name.startswith(PREFIX)},
            release=release,
            unstated=NEWEST,
            smart_host=variables.get("sendmail_smart_host", ""),
            further=variables.get("sendmail_access_entries", ()),
        )
        whom = read_recipient(recipient, "tls_policy_explain.recipient") if recipient else ""
        hop = read_hop(next_hop, address)
        return explain(policy.policy, policy.compile(), policy.release, hop, whom)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"tls_policy_explain": tls_policy_explain}
