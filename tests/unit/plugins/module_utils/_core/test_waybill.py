# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import waybill
from ansible_collections.mailtls.relay.plugins.module_utils._core.waybill import Waybill


@pytest.mark.parametrize(
    "bill", [Waybill("ab", 3), Waybill("ab", 0, b""), Waybill("ab", 0, b"\x00\xff"), Waybill("ab", 1, None, "/tmp/x")]
)
def test_it_arrives_as_it_was_sent(bill: Waybill) -> None:
    assert waybill.parse(waybill.render(bill)) == bill


def test_a_text_is_packed_within_its_room_or_not_at_all() -> None:
    pieces = [bytes(range(256)), b"", b"a" * 10000]
    packed = waybill.pack_within(pieces, 1000)
    assert packed is not None and waybill.unpack(packed) == b"".join(pieces)
    assert b"".join(waybill.pack(pieces)) == packed == waybill.pack_within(pieces, len(packed))
    assert waybill.pack_within(pieces, len(packed) - 1) is None
    assert waybill.unpack(waybill.pack_within([], 100) or b"?") == b""
