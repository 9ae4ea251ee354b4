# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A path and what is above it."""

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.filter.enclosing_folders import FilterModule


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", ["/"]), ("/a/b/c", ["/a/b/c", "/a/b", "/a", "/"]), ("//a//b/", ["/a/b", "/a", "/"])],
)
def test_innermost_first(path: str, expected: list[str]) -> None:
    assert FilterModule().filters()["enclosing_folders"](path) == expected
