# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: private_key_facts
short_description: Read the public half of a private key
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Reads a private key with P(community.crypto.openssl_privatekey_info#filter) and returns nothing secret.
  - A key that cannot be read does not stop the play; it is returned with a C(problem).
options:
  _input:
    description: The key as PEM text; empty when there is none.
    type: string
    required: true
  passphrase:
    description: The passphrase; empty for a key that must not have one.
    type: string
    default: ""
  check_numbers:
    description:
      - Whether the numbers of an RSA key are checked, which takes OpenSSL most of a second for 4,096 bits.
      - V(false) is for a key that a play only looks at, and of which whoever signs with it checks the numbers again.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Refuse a key with a passphrase
  ansible.builtin.assert:
    that: (lookup('ansible.builtin.unvault', 'mta1.key') | mailtls.relay.private_key_facts).problem | length == 0
"""

RETURN = r"""
_value:
  description: C(present), C(encrypted), C(problem) (empty when the key could be read) and C(public_key) as PEM text.
  type: dictionary
"""

import typing as t

from ansible.errors import AnsibleFilterError

# PKCS 8, and the older form of OpenSSL.
_ENCRYPTED = ("BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED")


def private_key_facts(text: str, passphrase: str = "", *, check_numbers: bool = True) -> dict[str, t.Any]:
    if not isinstance(text, str):
        raise AnsibleFilterError(f"private_key_facts wants a PEM text, not {type(text).__name__}")
    if not text:
        return _facts("there is no key", present=False)
    # YAML makes a number of digits, and before ansible-core 2.19 what comes from a vault is no str.
    passphrase = "" if passphrase is None else str(passphrase)
    encrypted = any(mark in text for mark in _ENCRYPTED)
    if encrypted and not passphrase:
        return _facts("the key has a passphrase", encrypted=True)
    read = _read_checked if check_numbers else _read_unchecked
    try:
        public_key = read(text, passphrase if encrypted else None)
    except (AnsibleFilterError, TypeError, ValueError):
        # OpenSSL's own words do not tell a wrong passphrase from a damaged file, and differ by release.
        problem = "the passphrase is wrong, or the key is damaged" if encrypted else "this is no key in PEM form"
        return _facts(problem, encrypted=encrypted)
    return _facts("", encrypted=encrypted, public_key=public_key)


def _read_checked(text: str, passphrase: str | None) -> str:
    from ..plugin_utils.community_crypto import crypto_filter

    return str(crypto_filter("openssl_privatekey_info")(text, passphrase=passphrase)["public_key"])


def _read_unchecked(text: str, passphrase: str | None) -> str:
    from ..plugin_utils.x509 import read_public_half

    return read_public_half(text, passphrase)


def _facts(problem: str, *, present: bool = True, encrypted: bool = False, public_key: str = "") -> dict[str, t.Any]:
    return {"present": present, "encrypted": encrypted, "problem": problem, "public_key": public_key}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"private_key_facts": private_key_facts}
