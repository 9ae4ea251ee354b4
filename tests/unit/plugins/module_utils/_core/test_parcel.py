# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t
import zlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import parcel
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.parcel import pack, unpack


@pytest.mark.parametrize(
    "data", [{}, {"a": [1, 2.5, None, True, "b\u00fccher \U0001f4e7 \x1b"]}, [{"x" * 9999: ""}] * 9]
)
def test_what_is_packed_is_unpacked(data: t.Any) -> None:
    packed = pack(data)
    assert packed.isascii() and " " not in packed and unpack(packed) == data


def test_much_of_the_same_is_small() -> None:
    assert len(pack([{"outcome": "ok", "detail": "the same"}] * 5000)) < 5000


def test_no_host_fills_the_memory_of_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack("x" * 100_000)
    monkeypatch.setattr(parcel, "MOST", 99_999)
    with pytest.raises(MailtlsError, match="more than 99999 octets"):
        unpack(bomb)


def test_as_much_as_is_allowed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "MOST", 1002)
    assert unpack(pack("x" * 1000)) == "x" * 1000


# Deeper than Python goes.
DEEP = base64.b64encode(zlib.compress(b"[" * 100_000)).decode("ascii")


@pytest.mark.parametrize("text", ["", "x", "eA==", pack([1] * 99)[:20], "\u00fc", DEEP])
def test_what_is_no_parcel_is_told(text: str) -> None:
    with pytest.raises(MailtlsError, match="the answer of the host cannot be read"):
        unpack(text)
