# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Project the wished listeners to sendmail's DAEMON_OPTIONS."""

from __future__ import annotations

DOCUMENTATION = r"""
name: daemon_options
short_description: Turn listeners into the arguments of sendmail's DAEMON_OPTIONS
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - On Linux one IPv6 socket without an address serves IPv4 too, and a second one for IPv4 could not bind. So C(inet)
    and C(inet6) without addresses become one socket, unless the kernel keeps the families apart
    (C(net.ipv6.bindv6only)).
  - An C(inet6) listener without an address is left out on a kernel without IPv6; one with an address is refused there.
  - Adds C(127.0.0.1) ports 25 and 587, which local programs submit to, where nothing else covers them.
options:
  _input:
    description: Listeners with C(family) (V(inet) or V(inet6)), and optionally C(address) and C(port).
    type: list
    elements: dict
    required: true
  ipv6:
    description: Whether the host's kernel has IPv6.
    type: bool
    default: true
  v6only:
    description: Whether its IPv6 wildcard sockets leave IPv4 alone.
    type: bool
    default: false
  submission:
    description:
      - The DaemonPortOptions of the host's former configuration that open port 587, which stay as they are unless a
        listener asks for that port. When left out, C(127.0.0.1), as Debian has it.
    type: list
    elements: str
  addresses:
    description: The host's addresses; a listener on another one is refused. Not checked when left out.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Show the sockets
  ansible.builtin.debug:
    msg: "{{ [{'family': 'inet'}, {'family': 'inet6'}] | mailtls.relay.daemon_options }}"
"""

RETURN = r"""
_value:
  description: One argument per socket.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def daemon_options(
    wish: list[dict[str, t.Any]],
    ipv6: bool = True,
    v6only: bool = False,
    addresses: list[str] | None = None,
    submission: list[str] | None = None,
) -> list[str]:
    """Return one DAEMON_OPTIONS argument per socket, or raise AnsibleFilterError."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.listener import (
        Network,
        keep_submission,
        parse_listeners,
        plan_sockets,
        refuse_foreign,
        render_options,
    )

    network = Network(ipv6, v6only)
    try:
        listeners = parse_listeners(wish)
        if addresses is not None:
            refuse_foreign(listeners, addresses)
        lines = render_options(plan_sockets(listeners, network), network)
        return list(lines if submission is None else keep_submission(lines, listeners, submission))
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"daemon_options": daemon_options}
