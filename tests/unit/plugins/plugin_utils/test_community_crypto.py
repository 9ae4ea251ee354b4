# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pki
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.plugin_utils import community_crypto


@pytest.mark.parametrize(
    "name, text",
    [
        ("x509_certificate_info", pki.certificate("leaf")),
        ("openssl_privatekey_info", pki.key_pem("leaf")),
    ],
)
def test_the_filter_of_the_installed_collection_is_found_and_works(name: str, text: str) -> None:
    assert community_crypto.crypto_filter(name)(text)["public_key"] == pki.public_pem("leaf")


def test_a_missing_collection_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(community_crypto.importlib, "import_module", missing)
    with pytest.raises(AnsibleFilterError, match="Run: ansible-galaxy collection install community"):
        community_crypto.crypto_filter("x509_certificate_info")
