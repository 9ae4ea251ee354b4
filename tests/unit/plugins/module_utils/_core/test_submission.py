# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import submission as subject


@pytest.mark.parametrize(
    ("target", "detour"),
    [
        ("[127.0.0.1]", ""),
        ("127.0.0.1", ""),
        ("[IPv6:::1]", ""),
        ("[IPv6:0:0:0:0:0:0:0:1]", ""),
        ("localhost", ""),
        ("[Localhost.]", ""),
        ("[10.77.7.13]", "[10.77.7.13]"),
        ("mta2.example.test", "mta2.example.test"),
        ("localhost.example.test", "localhost.example.test"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_where_submitted_mail_goes(target: str, detour: str) -> None:
    assert subject.find_detour(f"D{{MTAHostA}}x\n# D{{MTAHost}}y\nD{{MTAHost}}{target}\n") == detour


def test_a_cf_that_names_no_host_has_no_detour() -> None:
    assert subject.find_detour("DSmta2.example.test\n") == ""


def test_the_last_line_counts() -> None:
    assert subject.find_detour("D{MTAHost}[127.0.0.1]\nD{MTAHost}b.example\n") == "b.example"
