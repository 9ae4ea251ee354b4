# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    MAY,
    Requirement,
    SessionSettings,
    Target,
    stronger,
    weaker,
)

ENCRYPT, VERIFY = Requirement(), Requirement("verify")


@pytest.mark.parametrize(
    ("one", "other", "less", "more"),
    [
        (ENCRYPT, ENCRYPT, "", ""),
        (MAY, ENCRYPT, "level may is below encrypt", ""),
        (VERIFY, ENCRYPT, "", "level verify is above encrypt"),
        (Requirement("encrypt", 112), ENCRYPT, "112 bits are less than 128", ""),
        (Requirement("encrypt", 256), VERIFY, "level encrypt is below verify", "256 bits are more than 128"),
        (VERIFY, Requirement("verify", issuer="/O=a"), "the pin of the issuer is missing", ""),
        (Requirement("verify", subject="/O=a"), VERIFY, "", "the subject is pinned"),
        (Requirement("verify", issuer="/O=a"), Requirement("verify", issuer="/O=b"), "", ""),
        (Requirement("secure", name="a"), Requirement("secure", name="b"), "", ""),
        (Requirement("none", 0), MAY, "level none is below may", ""),
    ],
)
def test_strength(one: Requirement, other: Requirement, less: str, more: str) -> None:
    assert (weaker(one, other), stronger(one, other)) == (less, more)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(0, "a.example"), "a.example"),
        (Target(4, "10.1.2.3", 32), "10.1.2.3"),
        (Target(4, "10.1.2.0", 24), "10.1.2.0/24"),
        (Target(6, "2001:db8:0:0:0:0:0:7", 128, True), "2001:db8:0:0:0:0:0:7"),
    ],
)
def test_targets_are_written_for_people(target: Target, text: str) -> None:
    assert str(target) == text and target.identity == Target(*target[:3]).identity


def test_a_certificate_of_our_own_demands_nothing() -> None:
    assert not SessionSettings(certificate_file="/a", key_file="/b").demands
    assert SessionSettings(cipher_list="HIGH").demands and SessionSettings("TLSv1.3").demands
