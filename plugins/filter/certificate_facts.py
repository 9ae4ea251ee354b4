# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_facts
short_description: Read every certificate of a PEM text
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Splits a PEM text and reads each certificate with P(community.crypto.x509_certificate_info#filter).
  - A certificate that cannot be read does not stop the play; it is returned with a C(problem).
options:
  _input:
    description: The text. All that is no certificate, such as a private key, is skipped.
    type: string
    required: true
"""

EXAMPLES = r"""
- name: Show until when each certificate of a chain is valid
  ansible.builtin.debug:
    msg: "{{ chain | mailtls.relay.certificate_facts | map(attribute='not_after') }}"
  vars:
    chain: "{{ lookup('ansible.builtin.file', 'fullchain.pem') }}"
"""

RETURN = r"""
_value:
  description:
    - For each certificate C(pem), C(problem) (empty when it could be read), C(key_size), and by the names of
      P(community.crypto.x509_certificate_info#filter) C(subject_ordered), C(issuer_ordered), C(subject_alt_name),
      C(not_before), C(not_after), C(public_key), C(basic_constraints), C(subject_key_identifier) and
      C(authority_key_identifier).
  type: list
  elements: dictionary
"""

import typing as t

from ansible.errors import AnsibleFilterError

_KEPT = (
    "subject_ordered",
    "issuer_ordered",
    "subject_alt_name",
    "not_before",
    "not_after",
    "public_key",
    "basic_constraints",
    "subject_key_identifier",
    "authority_key_identifier",
)


def certificate_facts(text: str) -> list[dict[str, t.Any]]:
    from ..module_utils._core.certificate import split_pem
    from ..plugin_utils.community_crypto import crypto_filter

    if not isinstance(text, str):
        raise AnsibleFilterError(f"certificate_facts wants a PEM text, not {type(text).__name__}")
    read = crypto_filter("x509_certificate_info")
    return [_facts(pem, read) for pem in split_pem(text)]


def _facts(pem: str, read: t.Callable[..., dict[str, t.Any]]) -> dict[str, t.Any]:
    try:
        info = read(pem)
    except (AnsibleFilterError, ValueError) as error:
        return {"pem": pem, "problem": str(error).rstrip(".")}
    facts = {name: info[name] for name in _KEPT}
    return {**facts, "pem": pem, "problem": "", "key_size": info["public_key_data"].get("size") or 0}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"certificate_facts": certificate_facts}
