# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import duration
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

DEFAULTS = {
    "queue_return": "5d",
    "queue_warning": "4h",
    "retry_interval": "10m",
    "connect_timeout": "1m",
    "starttls_timeout": "2m",
    "quit_timeout": "1m",
}


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("1s", 1), ("90s", 90), ("2m", 120), ("4h", 14400), ("5d", 432000), ("1w", 604800), ("1d12h", 129600)],
)
def test_sendmails_words_are_read(word: str, seconds: int) -> None:
    assert duration.parse(word, "x") == duration.Duration(word, seconds)


@pytest.mark.parametrize(
    "raw", ["", "5", "d", "5D", "5 d", "5y", "5d ", "5d\n", "-5d", "5.5d", "p5m", "now", "1000000000s", 5, None, True]
)
def test_anything_else_is_refused(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match="is not a time as sendmail reads it") as caught:
        duration.parse(raw, "sendmail_queue_return")
    assert caught.value.where == "sendmail_queue_return"


@pytest.mark.parametrize("raw", ["0s", "0d0h"])
def test_no_time_is_refused(raw: str) -> None:
    with pytest.raises(MailtlsError, match="takes for no limit"):
        duration.parse(raw, "x")


@pytest.mark.parametrize(("connect", "first"), [("1m", "10s"), ("10s", "10s"), ("5s", "5s")])
def test_the_times_are_said_in_sendmails_words(connect: str, first: str) -> None:
    times = {**DEFAULTS, "connect_timeout": connect}
    assert duration.parse_timing(times).words() == {**times, "first_connect": first}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"starttls_timeout": "121s"}, "sendmail_starttls_timeout: '121s' is longer than 2m"),
        ({"starttls_timeout": "1h"}, "sendmail_starttls_timeout: '1h' is longer than 2m"),
        ({"queue_warning": "5d"}, "sendmail_queue_warning: '5d' is not shorter than sendmail_queue_return (5d)"),
        ({"queue_return": "10m"}, "sendmail_queue_warning: '4h' is not shorter than sendmail_queue_return (10m)"),
        ({"retry_interval": "6d"}, "sendmail_retry_interval: '6d' is not shorter than sendmail_queue_return (5d)"),
        ({"quit_timeout": "1"}, "sendmail_quit_timeout: '1' is not a time"),
    ],
)
def test_what_a_relay_cannot_live_with_is_refused(change: dict[str, str], told: str) -> None:
    with pytest.raises(MailtlsError) as caught:
        duration.parse_timing({**DEFAULTS, **change})
    assert str(caught.value).startswith(told)
