# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.target import (
    read_client,
    read_next_hop,
    read_recipient,
)


@pytest.mark.parametrize(
    ("raw", "identity", "literal"),
    [
        ("MTA3.example.org", (0, "mta3.example.org", 0), False),
        ("mta_3.example.org", (0, "mta_3.example.org", 0), False),
        ("10.1.2.3", (4, "10.1.2.3", 32), False),
        ("10.1.2.3/32", (4, "10.1.2.3", 32), False),
        ("[10.1.2.3]", (4, "10.1.2.3", 32), True),
        ("10.1.2.0/24", (4, "10.1.2.0", 24), False),
        ("2001:DB8::7", (6, "2001:db8:0:0:0:0:0:7", 128), False),
        ("[IPv6:2001:db8::7]", (6, "2001:db8:0:0:0:0:0:7", 128), True),
        ("[2001:db8::7]", (6, "2001:db8:0:0:0:0:0:7", 128), True),
        ("2001:db8:a::/48", (6, "2001:db8:a:0:0:0:0:0", 48), False),
        ("::1", (6, "0:0:0:0:0:0:0:1", 128), False),
    ],
)
def test_a_next_hop_has_one_spelling(raw: str, identity: tuple[int, str, int], literal: bool) -> None:
    target = read_next_hop(raw, "item")
    assert (target.identity, target.literal) == (identity, literal)
    if not literal:
        assert read_client(raw, "item") == target


@pytest.mark.parametrize("raw", ["[a.example]", "[10.0.0.0/8]", "0.0.0.0/0", "ff02::1", "x", "", None])
def test_what_is_none_is_refused_at_its_field(raw: str) -> None:
    with pytest.raises(MailtlsError, match=r"^item\.next_hop: "):
        read_next_hop(raw, "item")
    with pytest.raises(MailtlsError, match=r"^item\.client: "):
        read_client(raw, "item")


@pytest.mark.parametrize("raw", ["Partner.example", "User@partner.example", "user@", "a+b@x.example"])
def test_recipients_are_folded(raw: str) -> None:
    assert read_recipient(raw, "item") == raw.lower()
