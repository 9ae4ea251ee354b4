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
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PLAIN, LOCKED = pki.key_pem("ca"), pki.key_pem("ca", "secret")
BROKEN = LOCKED.replace("M", "N", 1)


def run(*arguments: t.Any, **options: t.Any) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = FilterModule().filters()["private_key_facts"](*arguments, **options)
    return answer


@pytest.mark.parametrize("check_numbers", [True, False])
@pytest.mark.parametrize(
    ("arguments", "present", "encrypted", "problem"),
    [
        ((PLAIN,), True, False, ""),
        ((PLAIN, "not needed"), True, False, ""),
        ((LOCKED, "secret"), True, True, ""),
        ((pki.key_pem("ca", "12345678"), 12345678), True, True, ""),
        ((LOCKED, None), True, True, "the key has a passphrase"),
        ((LOCKED,), True, True, "the key has a passphrase"),
        ((LOCKED, "wrong"), True, True, "the passphrase is wrong, or the key is damaged"),
        ((BROKEN, "secret"), True, True, "the passphrase is wrong, or the key is damaged"),
        (("garbage",), True, False, "this is no key in PEM form"),
        ((pki.public_pem("ca"),), True, False, "this is no key in PEM form"),
        (("",), False, False, "there is no key"),
    ],
)
def test_keys(arguments: tuple[t.Any, ...], present: bool, encrypted: bool, problem: str, check_numbers: bool) -> None:
    public_key = "" if problem else pki.public_pem("ca")
    expected = {"present": present, "encrypted": encrypted, "problem": problem, "public_key": public_key}
    assert run(*arguments, check_numbers=check_numbers) == expected


def test_numbers_are_checked_unless_asked_not_to() -> None:
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    twisted = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d + 2, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    broken = twisted.private_bytes(*form).decode()
    assert run(broken)["problem"] == "this is no key in PEM form"
    assert run(broken, check_numbers=False)["problem"] == ""


def test_other_input_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="wants a PEM text, not int"):
        run(1)
