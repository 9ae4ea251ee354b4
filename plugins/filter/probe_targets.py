# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_targets
short_description: The next hops that a relay's variables name, to be probed
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Makes the targets of M(mailtls.relay.starttls_info) out of the variables of role P(mailtls.relay.sendmail#role).
    They are the smart hosts, the routes, where mail for recipients with a rule of their own goes, and the next hops of
    the policy, each once.
  - A next hop of the policy that is a name is taken as a smart host would be, so that for a domain with MX records the
    hosts are probed that these name.
  - Networks and rules for recipients at any domain are no hosts to talk to. They are told, not left out in silence.
  - Contacts no host.
options:
  _input:
    description:
      - The variables of a host, V(hostvars['mta1']). Of them C(sendmail_tls_policy), all C(sendmail_tls_policy_*),
        C(sendmail_smart_host), C(sendmail_mailertable), C(sendmail_access_entries) and C(sendmail_access_file) are
        read.
    type: dict
    required: true
  further:
    description: Further targets, as in O(mailtls.relay.starttls_info#module:targets).
    type: list
    elements: raw
    default: []
  skip:
    description: Next hops to leave alone, each a host name or an address.
    type: list
    elements: str
    default: []
  at_most:
    description: How many targets there may be; V(0) for any number.
    type: int
    default: 0
  today:
    description: The day on which exceptions are judged, such as V(2027-03-31); the controller's own day when empty.
    type: str
    default: ""
seealso:
  - module: mailtls.relay.starttls_info
  - plugin: mailtls.relay.probe_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show whom an audit of mta1 would probe
  ansible.builtin.debug:
    msg: "{{ hostvars['mta1'] | mailtls.relay.probe_targets }}"
"""

RETURN = r"""
_value:
  description: Whom to probe.
  type: dict
  contains:
    targets:
      description: As M(mailtls.relay.starttls_info) takes them.
      type: list
      elements: raw
      sample: [{smart_host: mta2.example.org}]
    unprobed:
      description: What cannot be probed, and why, each in a sentence that begins with its place.
      type: list
      elements: str
      sample: ["sendmail_tls_policy.outbound.recipients[0]: bob@ is at any domain, so no next hop is its own."]
    left_out:
      description: How many targets were more than O(at_most).
      type: int
"""

import datetime
import typing as t

from ansible.errors import AnsibleFilterError


def probe_targets(
    variables: t.Any, *, further: t.Any = (), skip: t.Any = (), at_most: t.Any = 0, today: str = ""
) -> dict[str, t.Any]:
    """The listing as plain data; AnsibleFilterError for variables that are refused."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.probelist import list_targets
    from ..module_utils._core.requirement import read_date

    try:
        day = read_date(today, "today") if today else datetime.date.today()
        listing = list_targets(variables, day, further, skip, int(at_most))
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return {
        "targets": list(listing.targets),
        "unprobed": list(listing.unprobed),
        "left_out": listing.left_out,
    }


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"probe_targets": probe_targets}
