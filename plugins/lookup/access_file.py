# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: access_file
short_description: Look into a file with entries of the access map, without reading it into variables
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - A file with a million entries goes to the relay as it is, by O(mailtls.relay.sendmail_map#module:entries_file). What
    role P(mailtls.relay.sendmail#role) must know of it beforehand is found here.
options:
  _terms:
    description:
      - The file on the controller, lines or JSON, as in O(mailtls.relay.sendmail_map#module:entries_file).
    type: list
    elements: str
    required: true
  keys:
    description:
      - Keys to look for, beside those about next hops on the relay itself (C(TLS_Srv:127.0.0.1), C(TLS_Srv:local)).
    type: list
    elements: str
    default: []
  check:
    description:
      - Whether every entry is checked, so that a file that M(mailtls.relay.sendmail_map) would refuse is refused here.
      - The keys V(TLS_Srv:) and V(Srv_Features:) belong to the role's variables and are refused.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse a file that sendmail would misunderstand
  ansible.builtin.assert:
    that: lookup('mailtls.relay.access_file', 'partners.txt', check=true) is string
"""

RETURN = r"""
_list:
  description: Which of the keys have an entry, O(keys) spelled as they were given.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._core import access, bulk, mapdata
from ..module_utils._core.errors import MailtlsError


class LookupModule(LookupBase):
    """The lookup, as Ansible finds it."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **options: t.Any) -> list[str]:
        """The keys that are there; raises AnsibleLookupError."""
        untyped: t.Any = self
        untyped.set_options(var_options=variables, direct=options)
        found: list[str] = []
        for term in terms:
            path = untyped.find_file_in_search_path(variables, "files", term)
            if not path:
                raise AnsibleLookupError(f"{term}: there is no such file on the controller.")
            with open(untyped._loader.get_real_file(path), "rb") as stream:
                text = stream.read()
            try:
                found += look(text, term, untyped.get_option("keys"), check=untyped.get_option("check"))
            except MailtlsError as error:
                raise AnsibleLookupError(str(error)) from error
        return found


def look(text: bytes, place: str, keys: t.Sequence[str], *, check: bool) -> list[str]:
    """The keys that have an entry in a file's content; raises MailtlsError for what would be refused."""
    text = mapdata.render_file(text, place)
    if check:
        source = bulk.Source(0, "", place)
        rows = bulk.read_entries(text, source)
        bulk.refuse_twins(rows, text, source)
        for entry in bulk.pick(rows, {access.FLOOR_KEY.lower(), access.OFFER_KEY.lower()}):
            raise MailtlsError(
                f"the key {entry.key!r} belongs to the variables",
                where=place,
                remedy="Set sendmail_tls_policy or sendmail_starttls_offered instead.",
            )
    return bulk.find_keys(text, keys)
