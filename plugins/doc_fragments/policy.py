# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What filters over a policy have in common; ``_core/policy_input`` reads it."""

from __future__ import annotations


class ModuleDocFragment:
    """As Ansible finds it."""

    DOCUMENTATION = r"""
positional: _input
options:
  _input:
    description: The policy, as in the variable C(sendmail_tls_policy).
    type: dict
    required: true
  layers:
    description:
      - Further parts of the policy, by the name of their variable, merged over C(sendmail_tls_policy) in order of these
        names.
      - Mappings merge field by field; a next hop, recipient, client or issuer that is there already is replaced.
    type: dict
    default: {}
"""

    # With what else stands in the access map.
    ENTRIES = r"""
options:
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
  starttls_offered:
    description: Whether STARTTLS is offered to clients; if not, C(Srv_Features:) becomes V(S).
    type: bool
    default: true
  further:
    description:
      - Further entries, each with C(key) and C(value).
      - The key C(TLS_Srv:) belongs to the policy and is refused; V(OK) for a TLS tag needs an address in the key, for a
        name is whatever DNS says. A network has at least two octets (C(10.1); C(10) and C(127) may stand alone) or
        three IPv6 groups.
    type: list
    elements: dict
    default: []
"""
