# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: canary_verdict
short_description: Judge what became of a mail canary
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Turns what M(mailtls.relay.mail_canary) returned, with the records that M(mailtls.relay.mail_log_info) found on
    the receiving host, into one verdict for a person.
  - A canary is V(delivered) only if the receiving host's own log shows this very message in a mailbox.
  - A canary that did not run proves nothing, and one whose fate is not known satisfies no expectation.
positional: evidence, expect
options:
  _input:
    description: The return value of M(mailtls.relay.mail_canary). An empty dictionary means that it did not run.
    type: dict
    required: true
  evidence:
    description: The records that M(mailtls.relay.mail_log_info) returned on the receiving host.
    type: list
    elements: dict
    default: []
  expect:
    description:
      - V(held) is satisfied only by a canary that the TLS policy held, V(delivered) only by one that arrived.
      - V(any) is satisfied by every known fate, and by a canary that did not run.
    type: str
    choices: [any, held, delivered]
    default: any
"""

EXAMPLES = r"""
- name: Report the canary's fate
  ansible.builtin.debug:
    msg: "{{ (__canary | mailtls.relay.canary_verdict(__evidence.records, 'delivered')).text }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    state:
      description: V(not_run), V(held), V(accepted), V(delivered), V(bounced) or V(inconclusive).
      type: str
    ok:
      description: Whether this is what was expected.
      type: bool
    text:
      description: What happened, and what to do if it is not what was expected.
      type: str
"""

import typing as t
from dataclasses import asdict

from ansible.errors import AnsibleFilterError


def canary_verdict(
    canary: t.Mapping[str, t.Any], evidence: t.Sequence[t.Mapping[str, t.Any]] = (), expect: str = "any"
) -> dict[str, t.Any]:
    """The verdict as plain data; see ``judge_canary``."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.verdict import judge_canary

    try:
        return asdict(judge_canary(canary, evidence, expect))
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"canary_verdict": canary_verdict}
