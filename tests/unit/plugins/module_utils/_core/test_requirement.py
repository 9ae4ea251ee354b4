# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.fields import Fields
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import Requirement, Waiver
from ansible_collections.mailtls.relay.plugins.module_utils._core.requirement import (
    read_bits,
    read_date,
    read_dn,
    read_requirement,
    read_waiver,
)


@pytest.mark.parametrize(
    ("values", "requirement"),
    [
        ({}, Requirement()),
        ({"level": "none"}, Requirement("none", 0)),
        (
            {"level": "verify", "issuer": "/O=a", "subject": "/O=b"},
            Requirement("verify", issuer="/O=a", subject="/O=b"),
        ),
        (
            {"level": "secure", "name": "x", "failure": "permanent"},
            Requirement("secure", name="x", failure="permanent"),
        ),
    ],
)
def test_requirements(values: t.Any, requirement: Requirement) -> None:
    assert read_requirement(Fields(values, "here"), "encrypt") == requirement


@pytest.mark.parametrize("raw", [40, 256, "128"])
def test_bits(raw: t.Any) -> None:
    assert read_bits(raw, "") == int(raw)


@pytest.mark.parametrize("raw", [datetime.date(2027, 3, 31), "2027-03-31"])
def test_days(raw: t.Any) -> None:
    waiver = read_waiver({"owner": "a", "reason": "b", "until": raw}, "here")
    assert waiver == Waiver("a", "b", datetime.date(2027, 3, 31))


@pytest.mark.parametrize(
    "read", [lambda: read_date("soon", "here"), lambda: read_dn("a", "here"), lambda: read_bits(7, "here")]
)
def test_refusals_name_their_place(read: t.Callable[[], t.Any]) -> None:
    with pytest.raises(MailtlsError, match=r"^here: "):
        read()
