# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_findings
short_description: Compare what a relay carries with what it ought to carry
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Judges the answer of M(mailtls.relay.tls_identity_info).
options:
  _input:
    description: The answer of M(mailtls.relay.tls_identity_info).
    type: dictionary
    required: true
  wish:
    description:
      - C(ca) (text of the CA file) and either C(certificate) (text of the certificate file) or, with an own CA,
        C(fqdn), C(authority) (facts of the CA by P(mailtls.relay.certificate_facts#filter)), C(key_size) and
        C(renew_days).
    type: dictionary
    required: true
  carried:
    description: Facts of the installed certificate by P(mailtls.relay.certificate_facts#filter).
    type: list
    elements: dictionary
    required: true
  now:
    description: The time in UTC, such as V(20261123182100Z).
    type: string
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong with the installed identity
  ansible.builtin.debug:
    msg: "{{ installed | mailtls.relay.identity_findings(wish=wish, carried=carried, now='20261123182100Z') }}"
"""

RETURN = r"""
_value:
  description:
    - C(code), C(text) and C(needs_new) (whether only a new key and certificate mend it). Codes are C(absent),
      C(unreadable), C(keypair), C(certificate_differs), C(not_yet_valid), C(expired), C(expires_soon), C(wrong_name),
      C(other_ca), C(key_size), C(ca_differs), C(ca_unreadable) and C(access).
  type: list
  elements: dictionary
"""

import typing as t


def identity_findings(
    installed: dict[str, t.Any], wish: dict[str, t.Any], carried: list[dict[str, t.Any]], now: str
) -> list[dict[str, t.Any]]:
    from ..module_utils._core.certificate import parse_time
    from ..module_utils._core.identity import parse_identity
    from ..module_utils._core.installed import judge_identity

    findings = judge_identity(parse_identity(installed), carried, wish, parse_time(now))
    return [finding.to_dict() for finding in findings]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_findings": identity_findings}
