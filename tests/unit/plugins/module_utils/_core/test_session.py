# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import SessionSettings
from ansible_collections.mailtls.relay.plugins.module_utils._core.session import read_session


@pytest.mark.parametrize(
    "ciphers", ["HIGH:!aNULL:!eNULL", "ECDHE+AESGCM:ECDHE+CHACHA20", "DEFAULT:-RC4", "kEECDH:@STRENGTH"]
)
def test_lists_that_protect_are_taken(ciphers: str) -> None:
    assert read_session({"cipher_list": ciphers}, "here") == SessionSettings(cipher_list=ciphers)


@pytest.mark.parametrize(
    "ciphers", ["NULL", "AECDH", "LOW", "MEDIUM", "EXPORT40", "RC2", "DES", "3DES", "aRSA+RC4", "AES128-MD5"]
)
def test_lists_that_do_not_are_refused(ciphers: str) -> None:
    with pytest.raises(MailtlsError, match=r"^here\.cipher_list: .* protect nothing"):
        read_session({"cipher_list": f"HIGH:{ciphers}"}, "here")
