# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.timing import FilterModule

timing = FilterModule().filters()["timing"]
TIMES = {
    "queue_return": "5d",
    "queue_warning": "4h",
    "retry_interval": "10m",
    "connect_timeout": "1m",
    "starttls_timeout": "2m",
    "quit_timeout": "1m",
}


def test_good_times_come_back_with_the_first_connect() -> None:
    assert timing(TIMES) == {**TIMES, "first_connect": "10s"}


def test_a_bad_one_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_starttls_timeout: '3m' is longer than 2m"):
        timing({**TIMES, "starttls_timeout": "3m"})
