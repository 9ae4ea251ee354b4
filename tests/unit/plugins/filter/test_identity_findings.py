# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter over its pure core; the cases stand in the core's own test."""

from __future__ import annotations

import pki
from ansible_collections.mailtls.relay.plugins.filter.identity_findings import FilterModule
from ansible_collections.mailtls.relay.plugins.module_utils._core.identity import LAYOUT, Identity, desired_entry

FOLDER = "/etc/mail/certs"
ENTRIES = {name: desired_entry(FOLDER, name) for name in LAYOUT}


def test_findings_are_plain_data() -> None:
    leaf = pki.certificate("leaf")
    installed = Identity(FOLDER, ENTRIES, certificate=leaf, ca="ca").to_dict()
    find = FilterModule().filters()["identity_findings"]
    assert find(installed, wish={"certificate": leaf, "ca": "ca"}, carried=[], now=pki.STAMP) == []
    assert find(installed, wish={"certificate": leaf, "ca": "new"}, carried=[], now=pki.STAMP) == [
        {"code": "ca_differs", "text": "the CA file holds something else", "needs_new": False}
    ]
