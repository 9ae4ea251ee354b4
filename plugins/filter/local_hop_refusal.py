# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find next hops on the host itself about which the access map says nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
name: local_hop_refusal
short_description: Tell which next hops on the host itself would hold their mail for ever, or bounce it
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - A content filter on loopback, or a mailbox reached over LMTP, is a next hop like others, and the policy holds mail
    for it unless it offers TLS. Loopback is never excepted silently.
  - Looks for such next hops among the smart host, the mailertable, further mc lines, and those that
    M(mailtls.relay.sendmail_info) found on the host, and gives the exact entries to add.
  - The host itself, by its name or by an address at which its daemon listens on port 25, is refused as smart host and
    in the mailertable, because sendmail bounces such mail (C(mail loops back to me)). Not so where O(mc_extra) changes
    a mailer's arguments (C(RELAY_MAILER_ARGS) and the like), since another port may be meant.
options:
  _input:
    description: The next hops that M(mailtls.relay.sendmail_info) found, its C(local_mail.hops).
    type: list
    elements: dict
    required: true
  smart_host:
    description: The smart host as sendmail reads it, or a list of them.
    type: raw
    default: ""
  mailertable:
    description: Domain to next hop.
    type: dict
    default: {}
  mc_extra:
    description: Further mc lines.
    type: str
    default: ""
  fqdn:
    description: The host's own name.
    type: str
    default: ""
  addresses:
    description: The host's own addresses.
    type: list
    elements: str
    default: []
  listeners:
    description: Where its daemon listens, as in the role's C(sendmail_listeners).
    type: list
    elements: dict
    default: []
  keys:
    description: The keys of the access map; what one of them says about a next hop is taken as meant.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ [] | mailtls.relay.local_hop_refusal(smart_host='[127.0.0.1]') }}"
"""

RETURN = r"""
_value:
  description: What is missing, with the entries to add; empty when nothing is.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

# The rows of this file go when the variable has any.
_REPLACED = "/etc/mail/mailertable: "


def local_hop_refusal(
    found: t.Sequence[t.Mapping[str, t.Any]],
    *,
    smart_host: t.Any = "",
    mailertable: t.Mapping[str, str] | None = None,
    mc_extra: str = "",
    keys: t.Sequence[str] = (),
    fqdn: str = "",
    addresses: t.Sequence[str] = (),
    listeners: t.Sequence[t.Mapping[str, t.Any]] = (),
) -> str:
    """Return the refusal, empty when there is none; AnsibleFilterError for what is no list of next hops."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.listener import parse_listeners, serves
    from ..module_utils._core.localhop import LocalHop, find_in_hosts, find_in_mc, refuse_loop, refuse_unsaid

    try:
        hops = [
            LocalHop(str(one["where"]), str(one["hop"]), tuple(one["keys"]))
            for one in found
            if not (mailertable and one["where"].startswith(_REPLACED))
        ]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(f"not next hops as sendmail_info returns them: {error!r}") from error
    hosts = [smart_host] if isinstance(smart_host, str) else smart_host
    routes = [("sendmail_smart_host", str(one)) for one in hosts]
    routes += [(f"sendmail_mailertable: {domain}", str(hop)) for domain, hop in (mailertable or {}).items()]
    for where, value in routes:
        hops += find_in_hosts(value, where)
    hops += find_in_mc(mc_extra, "sendmail_mc_extra")
    try:
        if "_MAILER_ARGS" not in mc_extra:
            wished = parse_listeners(listeners) if listeners else ()
            names = {fqdn.lower(), fqdn.lower().partition(".")[0]} - {""}
            for where, value in routes:
                refuse_loop(value, where, names, [one for one in addresses if serves(wished, one)])
        refuse_unsaid(hops, keys)
    except MailtlsError as error:
        return str(error)
    return ""


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"local_hop_refusal": local_hop_refusal}
