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
positional: _input
options:
  _input:
    description:
      - The policy, as in the variable C(sendmail_tls_policy).
    type: dict
    required: true
  layers:
    description:
      - Further parts of the policy, by the name of their variable, merged over C(sendmail_tls_policy) in order of these
        names.
      - Mappings merge field by field; a next hop, recipient, client or issuer that is there already is replaced.
    type: dict
    default: {}
  release:
    description:
      - The release of sendmail on the host, such as V(8.17.1.9). What it would not enforce is refused.
      - Without it only what sendmail 8.15.2 and all later ones enforce is taken.
    type: str
    default: ""
  today:
    description: The day on which exceptions are judged, such as V(2027-03-31); the controller's own day when empty.
    type: str
    default: ""
  smart_host:
    description: The smart host as in C(sendmail_smart_host); where it is the only way out, failures are temporary.
    type: raw
    default: ""
  starttls_offered:
    description: Whether STARTTLS is offered to clients; if not, C(Srv_Features:) becomes V(S).
    type: bool
    default: true
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
  further:
    description:
      - Further entries, each with C(key) and C(value).
      - The key C(TLS_Srv:) belongs to the policy and is refused; V(OK) for a TLS tag needs an address in the key, for a
        name is whatever DNS says. A network has at least two octets (C(10.1); C(10) and C(127) may stand alone) or
        three IPv6 groups.
    type: list
    elements: dict
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

# {'outbound': {'default': {'level': 'encrypt'}}} | mailtls.relay.access_entries(relay_clients=['mta1.example.org'])
# -> [{'key': 'Connect:mta1.example.org', 'value': 'RELAY'}, {'key': 'TLS_Srv:', 'value': 'TEMP+ENCR:128'}]
"""

RETURN = r"""
_value:
  description: The entries, each with C(key) and C(value), in the order in which they are written.
  type: list
  elements: dict
"""

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._core import access
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.policy_reader import parse_policy, read_layers, sole_next_hop
from ..module_utils._core.release import OLDEST, parse_release
from ..module_utils._core.requirement import read_date


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
    try:
        wish = parse_policy(
            read_layers(policy, layers or {}, "layers"),
            today=read_date(today, "today") if today else datetime.date.today(),
            sole_next_hop=sole_next_hop(smart_host),
            starttls_offered=starttls_offered,
            relay_clients=relay_clients,
            unthrottled_clients=unthrottled_clients,
        )
        entries = access.access_entries(
            wish,
            further=access.parse_entries(further, "sendmail_access_entries"),
            base=access.parse_entries(base, "base"),
            release=parse_release(release) if release else OLDEST,
        )
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return [{"key": entry.key, "value": entry.value} for entry in entries]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"access_entries": access_entries}
