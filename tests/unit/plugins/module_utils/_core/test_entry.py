# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.entry import (
    Entry,
    Placed,
    check_compiled,
    refuse_twins,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


def placed(key: str, value: str) -> Placed:
    return Placed("here", Entry(key, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [("TLS_Srv:", "TEMP+ENCR:128"), ("TLS_Srv:old.example", "OK"), ("TLS_Clt:10.1", "OK"), ("Try_TLS:a.example", "OK")],
)
def test_what_the_compiler_writes_is_checked_once_per_value(key: str, value: str) -> None:
    check_compiled([placed(key, value), placed(f"{key.partition(':')[0]}:b.example", value)])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TLS_Srv:a..b", "TEMP+ENCR:128"),
        ("TLS_Srv:a..b", "OK"),
        ("TLS_Srv:a.example", "ENCR:high"),
        ("TLS_Rcpt:a.example", "OK"),
        ("TLS_Srv:" + "a." * 130 + "example", "OK"),
    ],
)
def test_what_sendmail_would_not_enforce_is_never_written(key: str, value: str) -> None:
    with pytest.raises(MailtlsError, match=r"^here"):
        check_compiled(
            [placed("TLS_Srv:a.example", "TEMP+ENCR:128"), placed("TLS_Srv:b.example", "OK"), placed(key, value)]
        )


def test_twins_are_told_with_both_places() -> None:
    with pytest.raises(MailtlsError, match=r"^one and two: "):
        refuse_twins(
            [Placed("one", Entry("TLS_Srv:A.example", "VERIFY")), Placed("two", Entry("tls_srv:a.example", "VERIFY"))]
        )
