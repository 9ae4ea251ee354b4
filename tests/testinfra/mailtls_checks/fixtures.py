# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pytest fixtures: what was seen on the host under test, to be asserted on in the test's own words."""

from __future__ import annotations

import typing as t

import pytest

from .access_map import read_access_map
from .queue import Held, read_queue
from .sight import read_cf


@pytest.fixture
def relay_access_map(host: t.Any) -> dict[str, str]:
    """The compiled access map, keys in lower case."""
    return read_access_map(host)


@pytest.fixture
def relay_cf(host: t.Any) -> str:
    """sendmail.cf."""
    return read_cf(host)


@pytest.fixture
def relay_queue(host: t.Any) -> list[Held]:
    """The messages that wait in the daemon's queue, the oldest first."""
    return read_queue(host)
