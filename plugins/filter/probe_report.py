# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_report
short_description: What a probe of mail servers found, as a table
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Makes a table of what M(mailtls.relay.starttls_info) returned, a line for each target and address. It says who was
    asked, how it went, protocol and strength, whose certificate was shown and for how many more days, whether that
    passes, and why.
  - Holds printable characters only, whatever a peer sent.
options:
  _input:
    description:
      - The registered answer of the module, under which the counts of its targets are written.
      - Or a list of records from its RV(mailtls.relay.starttls_info#module:peers), be they of several hosts.
    type: raw
    required: true
seealso:
  - module: mailtls.relay.starttls_info
"""

EXAMPLES = r"""
- name: Probe
  mailtls.relay.starttls_info:
    targets: [mta2.example.org]
  register: probe

- name: Show it
  ansible.builtin.debug:
    msg: "{{ (probe | mailtls.relay.probe_report).splitlines() }}"

- name: Show only what does not pass
  ansible.builtin.debug:
    msg: "{{ (probe.peers | rejectattr('summary', 'eq', 'pass') | mailtls.relay.probe_report).splitlines() }}"
"""

RETURN = r"""
_value:
  description: The table, lines with a line feed between them; empty without records.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def probe_report(given: t.Any) -> str:
    """Return the table; AnsibleFilterError for what starttls_info did not return."""
    from ..module_utils._core.errors import MailtlsError
    from ..module_utils._core.peertable import render_counts, render_table

    whole = isinstance(given, t.Mapping) and "peers" in given and "summary" in given
    try:
        # Filters such as rejectattr hand on what is not a list yet.
        table = render_table(given["peers"] if whole else _listed(given))
    except MailtlsError as error:
        raise AnsibleFilterError(str(error)) from error
    return f"{table}\n{render_counts(given['summary'])}" if whole else table


def _listed(given: t.Any) -> t.Any:
    return list(given) if isinstance(given, t.Iterator) else given


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"probe_report": probe_report}
