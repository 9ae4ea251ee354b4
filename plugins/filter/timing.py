# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let only such times into sendmail's configuration as sendmail understands and a relay can live with."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timing
short_description: Judge the times of role sendmail, and say them in sendmail's words
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Refuses what sendmail would take for another time than was meant, more than two minutes for STARTTLS, and a
    warning or a retry that would come after mail is returned.
options:
  _input:
    description: The times by name, C(queue_return), C(queue_warning), C(retry_interval), C(connect_timeout),
      C(starttls_timeout) and C(quit_timeout); all of them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the times
  ansible.builtin.debug:
    msg: "{{ {'queue_return': '5d', 'queue_warning': '4h', 'retry_interval': '10m', 'connect_timeout': '1m',
              'starttls_timeout': '2m', 'quit_timeout': '1m'} | mailtls.relay.timing }}"
"""

RETURN = r"""
_value:
  description: The same, and C(first_connect), how long the first try of a message may take to connect.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError


def timing(raw: dict[str, t.Any]) -> dict[str, str]:
    """Return the times in sendmail's words, or raise AnsibleFilterError."""
    from ..module_utils._core.duration import parse_timing
    from ..module_utils._core.errors import MailtlsError

    try:
        return parse_timing(raw).words()
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"timing": timing}
