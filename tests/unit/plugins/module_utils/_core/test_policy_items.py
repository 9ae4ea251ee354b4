# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.layers import Layer
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import Requirement
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_items import (
    read_certificates,
    read_clients,
    read_peers,
    read_recipients,
)

ENCRYPT = Requirement()


def test_equal_is_not_alike() -> None:
    """A requirement that was read once is not read again, but 128.0 is not 128."""
    layer = Layer(
        [{"next_hop": "a.example", "level": "encrypt", "min_bits": 128}, {"next_hop": "b.example", "level": "encrypt"}],
        "p",
    )
    one, other = read_peers([layer], ENCRYPT)
    assert one.requirement == other.requirement == ENCRYPT
    wrong = Layer([layer.raw[0], {"next_hop": "b.example", "level": "encrypt", "min_bits": 128.0}], "p")
    with pytest.raises(MailtlsError, match=r"^p\[1\]\.min_bits: 128\.0"):
        read_peers([wrong], ENCRYPT)


def test_an_item_that_asks_for_nothing_is_as_the_default() -> None:
    default = Requirement("verify", issuer="/O=a")
    assert read_peers([Layer([{"next_hop": "a.example"}], "p")], default)[0].requirement == default
    assert read_clients([Layer([{"client": "10.1.2.3"}], "p")], default)[0].requirement == default


def test_items_know_their_place() -> None:
    assert read_recipients([Layer([{"recipient": "a.example"}], "p")])[0].place == "p[0]"
    assert read_certificates([Layer([{"issuer": "/O=a", "subjects": ["/O=b"]}], "p")])[0].subjects == ("/O=b",)
