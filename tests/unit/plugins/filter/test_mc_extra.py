# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.mc_extra import FilterModule

mc_extra = FilterModule().filters()["mc_extra"]


@pytest.mark.parametrize(
    ("text", "before", "behind"),
    [
        ("", "", ""),
        ("A(`a')\n\nMAILER(`x')", "A(`a')\n", "MAILER(`x')\n"),
        ("LOCAL_CONFIG\nCwx\n\n", "", "LOCAL_CONFIG\nCwx\n"),
    ],
)
def test_each_part_is_whole_lines(text: str, before: str, behind: str) -> None:
    assert (mc_extra(text, "before_mailers"), mc_extra(text, "behind_mailers")) == (before, behind)


@pytest.mark.parametrize("text", ["FEATURE(`access_db')", "define(`x', `y"])
def test_what_opens_tls_or_is_never_closed_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_mc_extra, line 1"):
        mc_extra(text, "before_mailers")
