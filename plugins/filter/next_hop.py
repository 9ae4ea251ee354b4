# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let only such a smart host into sendmail.mc as mail can be sent to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: next_hop
short_description: Refuse a smart host that no mail could be sent to
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Returns the value in sendmail's form, or fails if one of its hosts is an address without brackets or ends in a
    number.
  - sendmail takes C(10.1.2.3) for a name, and role P(mailtls.relay.sendmail#role) holds mail for such a name, because
    DNS could make one up. C([10.1.2.3]) is the address.
  - Before a name stands C([255.255.255.255]), which never answers. Behind it, sendmail holds mail for a host that DNS
    does not know, instead of bouncing it.
options:
  _input:
    description: The smart host as sendmail reads it, C(host), C([host]) or C([address]), several with a colon between
      them, all of it after a mailer or not, as in C(esmtp:host). Or a list of hosts, which are tried in this order.
    type: raw
    required: true
  where:
    description: The name of the variable it comes from, for the message.
    type: str
    required: true
positional: where
"""

EXAMPLES = r"""
- name: Show where mail goes
  ansible.builtin.debug:
    msg: "{{ sendmail_smart_host | mailtls.relay.next_hop('sendmail_smart_host') }}"
"""

RETURN = r"""
_value:
  description: The value as a string, such as C(relay:[255.255.255.255]:host:host).
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def next_hop(value: t.Any, where: str) -> str:
    """Return the value in sendmail's form if mail can be sent there, else raise AnsibleFilterError."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.nexthop import join_hosts

    try:
        return join_hosts(value, where)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"next_hop": next_hop}
