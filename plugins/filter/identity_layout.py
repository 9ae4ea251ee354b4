# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_layout
short_description: Lay out a brought certificate chain as sendmail reads it
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - sendmail loads only the first certificate of its certificate file and fills the chain it sends from its CA file.
    This filter returns the leaf alone, and the intermediates followed by the CA bundle.
  - Returns every reason to refuse the files instead, such as a key that does not match or an expired certificate.
options:
  _input:
    description:
      - C(paths) (for each variable the path C(given) and the C(path) found on the controller, empty when missing).
      - C(key) (of P(mailtls.relay.private_key_facts#filter)), C(chain) and C(bundle) (of
        P(mailtls.relay.certificate_facts#filter)).
    type: dictionary
    required: true
  fqdn:
    description: The name that the certificate has to cover.
    type: string
    required: true
  now:
    description: The time in UTC, such as V(20261123182100Z).
    type: string
    required: true
"""

EXAMPLES = r"""
- name: Show what sendmail's CA file ought to hold
  ansible.builtin.debug:
    msg: "{{ (brought | mailtls.relay.identity_layout(fqdn='mta1.example.test', now='20261123182100Z')).ca }}"
"""

RETURN = r"""
_value:
  description: C(certificate) and C(ca) (PEM texts, empty when refused) and C(refusals) (a list of sentences).
  type: dictionary
"""

import typing as t


def identity_layout(brought: dict[str, t.Any], fqdn: str, now: str) -> dict[str, t.Any]:
    from ..module_utils._core.certificate import parse_time
    from ..module_utils._core.chain import judge_brought

    layout, refusals = judge_brought(brought, fqdn.lower().rstrip("."), parse_time(now))
    return {"certificate": layout.certificate, "ca": layout.ca, "refusals": refusals}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_layout": identity_layout}
