# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import package


def test_only_installed_packages_count() -> None:
    text = "m4\tinstalled\t1.4.19-3\nexim4\tconfig-files\t4.96-15\nmake\tnot-installed\t\n\n"
    assert package.parse_installed(text) == {"m4": "1.4.19-3"}


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("8.17.1.9-2+deb12u2", "8.17.1.9"),
        ("8.18.1-6+b1", "8.18.1"),
        ("8.15.2-22+deb11u3", "8.15.2"),
        ("1:8.18.1-6", "8.18.1"),
        ("", ""),
    ],
)
def test_the_upstream_version(version: str, upstream: str) -> None:
    assert package.upstream(version) == upstream
