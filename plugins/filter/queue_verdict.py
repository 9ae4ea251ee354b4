# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: queue_verdict
short_description: Say what mail waits on a relay, and whether it waits too long
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Turns what M(mailtls.relay.mail_queue_info) returned into sentences for a person.
positional: oldest_held
options:
  _input:
    description: The C(queues) that M(mailtls.relay.mail_queue_info) returned.
    type: list
    elements: dict
    required: true
  oldest_held:
    description: How long a message may wait, as in V(1d) or V(4h30m). Empty when any may.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Report what waits
  ansible.builtin.debug:
    msg: "{{ (__queue.queues | mailtls.relay.queue_verdict('1d')).text }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    ok:
      description: Whether no message is known to wait longer, and every message could be read.
      type: bool
    text:
      description: How many messages wait, for what, how long already, and when they go back to their senders.
      type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def queue_verdict(queues: t.Sequence[t.Mapping[str, t.Any]], oldest_held: str = "") -> dict[str, t.Any]:
    """The verdict as plain data; see ``judge``."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.heldmail import judge

    try:
        ok, text = judge(queues, oldest_held)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"ok": ok, "text": text}


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"queue_verdict": queue_verdict}
