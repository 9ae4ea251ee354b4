# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: access_entries
short_description: The access map that the variables of role sendmail mean
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Turns the policy, the relay clients and further entries into the entries of sendmail's access map, checked, in the
    form that M(mailtls.relay.sendmail_map) wants.
  - Refuses everything that sendmail was not seen to enforce, naming the variable, what is wrong and what is allowed.
extends_documentation_fragment:
  - mailtls.relay.policy
  - mailtls.relay.policy.entries
options:
  smart_host:
    description: The smart host as in C(sendmail_smart_host); where it is the only way out, failures are temporary.
    type: raw
    default: ""
  relay_clients:
    description:
      - Who may relay, as addresses, networks in CIDR form, or qualified host names. A name covers the hosts below it.
      - sendmail matches IPv4 networks of 8, 16 or 24 bits, and IPv6 networks of a multiple of 16 bits, no others.
      - Clients given by address are free of GreetPause, ClientRate and ClientConn.
    type: list
    elements: str
    default: []
  unthrottled_clients:
    description: Who else is free of GreetPause, ClientRate and ClientConn, as addresses or networks.
    type: list
    elements: str
    default: []
  base:
    description: The platform's own entries; one of them gives way to any later entry of the same key.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Ensure the access map says what the variables mean
  mailtls.relay.sendmail_map:
    entries: "{{ sendmail_tls_policy | mailtls.relay.access_entries(relay_clients=sendmail_relay_clients) }}"

# A name that the policy excepts must stand in dns_risk_accepted, too.

# {'outbound': {'default': {'level': 'encrypt'}}} | mailtls.relay.access_entries(relay_clients=['mta1.example.org'])
# -> [{'key': 'Connect:mta1.example.org', 'value': 'RELAY'}, {'key': 'TLS_Srv:', 'value': 'TEMP+ENCR:128'}]
"""

RETURN = r"""
_value:
  description: The entries, each with C(key) and C(value), in the order in which they are written.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError


def access_entries(
    policy: t.Any,
    *,
    layers: t.Any = None,
    release: str = "",
    today: str = "",
    smart_host: t.Any = "",
    starttls_offered: t.Any = True,
    relay_clients: t.Any = (),
    unthrottled_clients: t.Any = (),
    further: t.Any = (),
    base: t.Any = (),
) -> list[dict[str, str]]:
    from ..module_utils._core import access, policy_input
    from ..module_utils._core.errors import MailtlsError

    try:
        given = policy_input.read(
            policy,
            layers,
            today=today,
            release=release,
            smart_host=smart_host,
            further=further,
            starttls_offered=starttls_offered,
            relay_clients=relay_clients,
            unthrottled_clients=unthrottled_clients,
        )
        entries = access.access_entries(
            given.policy, further=given.further, base=access.parse_entries(base, "base"), release=given.release
        )
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return [{"key": entry.key, "value": entry.value} for entry in entries]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"access_entries": access_entries}
