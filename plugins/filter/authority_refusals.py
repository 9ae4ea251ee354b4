# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: authority_refusals
short_description: Judge an own CA and the hosts that know another one
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Returns every reason not to issue with an own CA, which is half missing, expired, or has another passphrase.
  - With O(hosts), returns instead which of them carry a certificate that this CA did not issue.
options:
  _input:
    description:
      - C(folder) (the CA's folder), C(key) (of P(mailtls.relay.private_key_facts#filter)), C(certificate_present) and
        C(certificate) (of P(mailtls.relay.certificate_facts#filter); empty when there is none).
    type: dictionary
    required: true
  now:
    description: The time in UTC, such as V(20261123182100Z).
    type: string
    required: true
  hosts:
    description:
      - The answer of M(mailtls.relay.tls_identity_info) by host name; an answer without C(certificate) is one of a host
        that could not be asked.
    type: dictionary
"""

EXAMPLES = r"""
- name: Show why this CA cannot issue
  ansible.builtin.debug:
    msg: "{{ authority | mailtls.relay.authority_refusals(now='20261123182100Z') }}"
"""

RETURN = r"""
_value:
  description: Sentences that say what is wrong, where, and what to do; empty when all is well.
  type: list
  elements: string
"""

import typing as t

from .certificate_facts import certificate_facts


def authority_refusals(
    authority: dict[str, t.Any], now: str, hosts: dict[str, dict[str, t.Any]] | None = None
) -> list[str]:
    from ..module_utils._core.authority import judge_authority, judge_carriers
    from ..module_utils._core.certificate import parse_time

    if hosts is None:
        return judge_authority(authority, parse_time(now))
    carriers = [
        {"name": name, "seen": "certificate" in answer, "certificate": certificate_facts(answer.get("certificate", ""))}
        for name, answer in hosts.items()
    ]
    return judge_carriers(carriers, authority["certificate"], authority["folder"])


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"authority_refusals": authority_refusals}
