# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import exposure

KEY = "/etc/mail/certs/host.key"
SAFE = {"/": 0o755, "/etc/mail": 0o2755, "/etc/mail/certs": 0o755, KEY: 0o600, "/etc/mail/certs/ca.crt": 0o644}


def test_parents_come_root_first() -> None:
    assert exposure.parents(KEY) == ("/", "/etc", "/etc/mail", "/etc/mail/certs")
    assert exposure.parents("/key") == ("/",)


# The states of section "Damaged files" of the reference, as tried on sendmail 8.17 and 8.18.
@pytest.mark.parametrize(
    ("path", "mode", "told"),
    [
        (KEY, 0o600, ""),
        (KEY, 0o400, ""),
        (KEY, 0o644, "lets others read the key"),
        (KEY, 0o640, "lets others read the key"),
        ("/etc/mail/certs/ca.crt", 0o666, "lets others write"),
        ("/etc/mail/certs", 0o777, "/etc/mail/certs: mode 0777 lets others write"),
        ("/etc/mail/certs", 0o775, "lets others write"),
        ("/etc/mail/certs", 0o1777, ""),
    ],
)
def test_modes(path: str, mode: int, told: str) -> None:
    fault = exposure.judge({**SAFE, path: mode}, KEY)
    assert told in fault and bool(told) == bool(fault)


def test_without_a_key_nothing_is_asked_of_it() -> None:
    assert exposure.judge({"/": 0o755}, "") == ""
