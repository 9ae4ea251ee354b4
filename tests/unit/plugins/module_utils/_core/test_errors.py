# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


@pytest.mark.parametrize(
    ("where", "remedy", "text"),
    [
        ("", "", "it broke."),
        ("a[1].b", "", "a[1].b: it broke."),
        ("", "Mend it.", "it broke. Mend it."),
        ("a[1].b", "Mend it.", "a[1].b: it broke. Mend it."),
    ],
)
def test_says_what_where_and_what_to_do(where: str, remedy: str, text: str) -> None:
    error = MailtlsError("it broke", where=where, remedy=remedy)
    assert str(error) == text == error.args[0]
