# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further lines of sendmail.mc: judged, and parted to where sendmail wants them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mc_extra
short_description: The part of further mc lines that stands before or behind the mailers
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Everything from the first line that begins with C(MAILER() or is a section of its own (C(MAILER_DEFINITIONS),
    C(LOCAL_CONFIG), C(LOCAL_RULESETS) and so on) stands behind the role's mailers, all else before them.
  - Fails for a statement that would open TLS or set another smart host, and for a quote or parenthesis that is never
    closed.
options:
  _input:
    description: The lines, as in the variable C(sendmail_mc_extra).
    type: str
    required: true
  place:
    description: Which part is wanted.
    type: str
    choices: [before_mailers, behind_mailers]
    required: true
positional: place
"""

EXAMPLES = r"""
- name: Show what stands before the mailers
  ansible.builtin.debug:
    msg: "{{ sendmail_mc_extra | mailtls.relay.mc_extra('before_mailers') }}"
"""

RETURN = r"""
_value:
  description: The part, whole lines.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

_PLACES = ("before_mailers", "behind_mailers")


def mc_extra(value: t.Any, place: str) -> str:
    """Return one part of the lines, or raise AnsibleFilterError."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.mc_danger import refuse_openers
    from ..module_utils._core.origin import split_extra

    try:
        refuse_openers(str(value), "sendmail_mc_extra")
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    part = split_extra(str(value))[_PLACES.index(place)]
    return f"{part.rstrip()}\n" if part.strip() else ""


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"mc_extra": mc_extra}
