# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real keys through community.crypto; nothing secret comes out."""

from __future__ import annotations

import typing as t

import pki
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.private_key_facts import FilterModule

PLAIN, LOCKED = pki.key_pem("ca"), pki.key_pem("ca", "secret")
BROKEN = LOCKED.replace("M", "N", 1)


def run(*arguments: t.Any) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = FilterModule().filters()["private_key_facts"](*arguments)
    return answer


@pytest.mark.parametrize(
    ("arguments", "present", "encrypted", "problem"),
    [
        ((PLAIN,), True, False, ""),
        ((PLAIN, "not needed"), True, False, ""),
        ((LOCKED, "secret"), True, True, ""),
        ((LOCKED,), True, True, "the key has a passphrase"),
        ((LOCKED, "wrong"), True, True, "the passphrase is wrong, or the key is damaged"),
        ((BROKEN, "secret"), True, True, "the passphrase is wrong, or the key is damaged"),
        (("garbage",), True, False, "this is no key in PEM form"),
        ((pki.public_pem("ca"),), True, False, "this is no key in PEM form"),
        (("",), False, False, "there is no key"),
    ],
)
def test_keys(arguments: tuple[str, ...], present: bool, encrypted: bool, problem: str) -> None:
    public_key = "" if problem else pki.public_pem("ca")
    expected = {"present": present, "encrypted": encrypted, "problem": problem, "public_key": public_key}
    assert run(*arguments) == expected


def test_other_input_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="wants a PEM text, not int"):
        run(1)
