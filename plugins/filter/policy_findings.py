# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: policy_findings
short_description: What is worth a word about a TLS policy that is sound
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Exceptions that end soon, except nothing any more or are met by no mail, and entries that sendmail finds before one
    that asks for more. Each with the variable it stands in.
  - A policy that is not sound is refused by P(mailtls.relay.access_entries#filter).
extends_documentation_fragment:
  - mailtls.relay.policy
  - mailtls.relay.policy.entries
options:
  notice:
    description: How long before its last day an exception is reported, such as V(30d).
    type: str
    default: 30d
  routes:
    description:
      - Next hops that the configuration names, as sendmail reads them, C(relay:[192.0.2.25]).
      - An exception by address that none of them is written as is reported. Left out, none is.
    type: list
    elements: str
  exchanges:
    description:
      - Name to the hosts that take its mail, as C(exchanges) of M(mailtls.relay.sendmail_info).
      - A next hop of which nothing is known there is reported. Left out, none is.
    type: dict
"""

EXAMPLES = r"""
- name: Show what is worth a word
  ansible.builtin.debug:
    msg: "{{ sendmail_tls_policy | mailtls.relay.policy_findings(notice='60d') }}"
"""

RETURN = r"""
_value:
  description: One sentence for each finding; empty when there is none.
  type: list
  elements: str
"""

import datetime
import typing as t

from ansible.errors import AnsibleFilterError


def policy_findings(
    policy: t.Any,
    *,
    layers: t.Any = None,
    release: str = "",
    today: str = "",
    notice: t.Any = "30d",
    routes: t.Iterable[str] | None = None,
    exchanges: t.Mapping[str, t.Sequence[str]] | None = None,
    starttls_offered: t.Any = True,
    further: t.Any = (),
) -> list[str]:
    from ..module_utils._core import duration, findings, policy_input
    from ..module_utils._core.errors import MailtlsError

    try:
        given = policy_input.read(
            policy, layers, today=today, release=release, further=further, starttls_offered=starttls_offered
        )
        placed = given.compile()
        period = datetime.timedelta(seconds=duration.parse(notice, "sendmail_tls_exception_notice").seconds)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return [str(one) for one in findings.find(given.policy, placed, given.day, period, routes, exchanges)]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"policy_findings": policy_findings}
