# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let only such values into an m4 text as m4 copies unchanged."""

from __future__ import annotations

DOCUMENTATION = r"""
name: m4_safe
short_description: Refuse a value that m4 would act on
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Returns the value, or fails if it holds a backtick, an apostrophe, a line break, the word C(dnl), or anything else
    that m4 does not copy as it stands.
options:
  _input:
    description: The value, for example a host name or a path; or a list of such, of which each is judged.
    type: raw
    required: true
  where:
    description: The name of the variable it comes from, for the message.
    type: str
    required: true
positional: where
"""

EXAMPLES = r"""
- name: Show a line of sendmail.mc
  ansible.builtin.debug:
    msg: "define(`SMART_HOST', `{{ sendmail_smart_host | mailtls.relay.m4_safe('sendmail_smart_host') }}')dnl"
"""

RETURN = r"""
_value:
  description: The value, unchanged.
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError


def m4_safe(value: t.Any, where: str) -> t.Any:
    """Return the value if m4 copies it as it stands, else raise AnsibleFilterError."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.mc import refuse_unsafe

    if isinstance(value, (list, tuple)):
        return [m4_safe(one, f"{where}[{number}]") for number, one in enumerate(value)]
    try:
        if value is None:
            # As text it would be a host or a file called None.
            raise MailtlsError("there is no value", where=where, remedy='Write one, or "" for none.')
        return refuse_unsafe(str(value), where)
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"m4_safe": m4_safe}
