# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn routes of single domains into the entries of sendmail's mailertable."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mailertable_entries
short_description: The mailertable that the variables of role sendmail mean
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Turns domains and their next hops into the entries that M(mailtls.relay.sendmail_map) writes.
  - Only mailers that carry mail by SMTP are allowed, because there sendmail asks the TLS policy; a next hop that is an
    address without brackets is refused, because the policy holds mail for it.
  - Names are written as P(mailtls.relay.next_hop#filter) writes them.
options:
  _input:
    description: Domain (V(example.org), or V(.example.org) for the hosts below it) to next hop.
    type: dict
    required: true
  where:
    description: The name of the variable it comes from, for the message.
    type: str
    default: sendmail_mailertable
positional: where
"""

EXAMPLES = r"""
- name: Ensure mail for partners takes their routes
  mailtls.relay.sendmail_map:
    map: mailertable
    path: /etc/mail/mailertable
    entries: "{{ {'partner.example': 'mta3.example.org'} | mailtls.relay.mailertable_entries }}"
"""

RETURN = r"""
_value:
  description: The entries, each with C(key) and C(value), in the order in which they are written.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError


def mailertable_entries(raw: t.Any, where: str = "sendmail_mailertable") -> list[dict[str, str]]:
    """Return the entries, or raise AnsibleFilterError."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.route import parse_routes

    try:
        entries = parse_routes(raw, where)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return [{"key": entry.key, "value": entry.value} for entry in entries]


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"mailertable_entries": mailertable_entries}
