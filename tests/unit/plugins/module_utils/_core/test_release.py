# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.release import (
    FIELDS,
    OLDEST,
    WHY,
    parse_release,
    require,
    written,
)


@pytest.mark.parametrize(
    ("text", "release"),
    [("8.15.2", (8, 15, 2)), ("8.17.1.9", (8, 17, 1, 9)), ("8.18.1-6+b1", (8, 18, 1)), ("8.18", (8, 18))],
)
def test_releases_compare(text: str, release: tuple[int, ...]) -> None:
    assert parse_release(text) == release and written(release) == text.partition("-")[0]


@pytest.mark.parametrize("text", ["", "8", "8.x", "v8.17", None, 8.17, "8.17.1.9.1.1.1", "8." + "1" * 5000])
def test_what_is_no_release_is_refused(text: str) -> None:
    with pytest.raises(MailtlsError, match=r"^release: .* is not a release of sendmail"):
        parse_release(text)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_the_release_does_not_know_is_refused_with_the_reason(field: str) -> None:
    require(field, FIELDS[field], "here")
    with pytest.raises(MailtlsError, match=r"^here: sendmail 8\.15\.2 cannot do this: ") as refused:
        require(field, OLDEST, "here")
    assert WHY[field] in str(refused.value)
