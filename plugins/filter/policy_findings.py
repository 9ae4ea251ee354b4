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
  - Exceptions that end soon or except nothing any more, and entries that sendmail finds before one that asks
    for more. Each with the variable it stands in.
  - A policy that is not sound is refused by P(mailtls.relay.access_entries#filter).
positional: _input
options:
  _input:
    description:
      - The policy, as in the variable C(sendmail_tls_policy).
    type: dict
    required: true
  layers:
    description: Further parts of the policy, by the name of their variable.
    type: dict
    default: {}
  release:
    description: The release of sendmail on the host, such as V(8.17.1.9).
    type: str
    default: ""
  today:
    description: The day on which exceptions are judged, such as V(2027-03-31); the controller's own day when empty.
    type: str
    default: ""
  notice:
    description: How long before its last day an exception is reported, such as V(30d).
    type: str
    default: 30d
  starttls_offered:
    description: Whether STARTTLS is offered to clients.
    type: bool
    default: true
  further:
    description: Further entries of the access map, each with C(key) and C(value).
    type: list
    elements: dict
    default: []
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

from ..module_utils._core import access, duration, findings
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.policy_reader import parse_policy, read_layers
from ..module_utils._core.release import OLDEST, parse_release
from ..module_utils._core.requirement import read_date


def policy_findings(
    policy: t.Any,
    *,
    layers: t.Any = None,
    release: str = "",
    today: str = "",
    notice: t.Any = "30d",
    starttls_offered: t.Any = True,
    further: t.Any = (),
) -> list[str]:
    try:
        day = read_date(today, "today") if today else datetime.date.today()
        wish = parse_policy(read_layers(policy, layers or {}, "layers"), today=day, starttls_offered=starttls_offered)
        entries = access.parse_entries(further, access.FURTHER)
        placed = access.compile_policy(wish, parse_release(release) if release else OLDEST, entries)
        period = datetime.timedelta(seconds=duration.parse(notice, "sendmail_tls_exception_notice").seconds)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return [str(one) for one in findings.find(wish, placed, day, period)]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"policy_findings": policy_findings}
