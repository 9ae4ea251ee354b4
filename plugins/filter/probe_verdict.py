# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_verdict
short_description: Say what a relay's probe of its next hops comes to
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Turns what M(mailtls.relay.starttls_info) returned, with what P(mailtls.relay.probe_targets#filter) asked for, into
    a verdict and into lines for a person.
  - A probe that was not made proves nothing, and an inconclusive one is never fine.
positional: _input, listing
options:
  _input:
    description: The registered answer of M(mailtls.relay.starttls_info), whether it succeeded or not.
    type: dict
    required: true
  listing:
    description: What P(mailtls.relay.probe_targets#filter) returned.
    type: dict
    required: true
  mode:
    description: With V(fail) the play goes on only where the state is V(pass) or V(nothing), with the others always.
    type: str
    choices: [fail, warn, none]
    default: warn
  relay:
    description: The name of the relay, to be put before the text.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what was found
  ansible.builtin.debug:
    msg: "{{ (probe | mailtls.relay.probe_verdict(hostvars['mta1'] | mailtls.relay.probe_targets)).lines }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    ok:
      description: Whether the play may go on.
      type: bool
    state:
      description: V(pass), V(fail), V(inconclusive), V(nothing) when no next hop is named, or V(not_run).
      type: str
    text:
      description: What was found, in one line.
      type: str
    wrong:
      description: The lines for somebody who must do something; empty when nobody must.
      type: list
      elements: str
    lines:
      description: All that was found, as lines.
      type: list
      elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def probe_verdict(
    answer: t.Mapping[str, t.Any], listing: t.Mapping[str, t.Any], mode: str = "warn", relay: str = ""
) -> dict[str, t.Any]:
    """The verdict as plain data; see ``judge_probe``."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.probeverdict import judge_probe

    try:
        return judge_probe(answer, listing, mode, relay)._asdict()
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"probe_verdict": probe_verdict}
