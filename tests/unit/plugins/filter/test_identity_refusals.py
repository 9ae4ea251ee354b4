# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter over its pure core; the cases stand in the core's own test."""

from __future__ import annotations

from ansible_collections.mailtls.relay.plugins.filter.identity_refusals import FilterModule


def test_refusals_are_sentences() -> None:
    settings = {"source": "acme", "fqdn": "mta1.example.test", "directory": "/etc/mail/certs"}
    assert FilterModule().filters()["identity_refusals"](settings) == [
        "tls_identity_source: acme comes later. Use own_ca or files."
    ]
