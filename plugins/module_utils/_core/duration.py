# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail's words for how long, and which of them a relay can live with."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, fields

from .errors import MailtlsError

# sendmail's own (convtime.c); it takes an unknown unit for another one, and a number without a unit for what it likes.
_SECONDS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]{1,6})([wdhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
LONGEST_STARTTLS = "2m"
# For the first try of a message the client waits; a host that is up answers within three repetitions of the SYN.
LONGEST_FIRST_CONNECT = "10s"


@dataclass(frozen=True)
class Duration:
    """A time as it was written, and what it comes to."""

    word: str
    seconds: int


@dataclass(frozen=True)
class Timing:
    """How long mail waits, and how long sendmail waits for another host."""

    queue_return: Duration
    queue_warning: Duration
    retry_interval: Duration
    connect_timeout: Duration
    starttls_timeout: Duration
    quit_timeout: Duration

    @property
    def first_connect(self) -> Duration:
        """The limit of the first connect, which sendmail has apart (Timeout.iconnect) and prefers to the other."""
        return min(self.connect_timeout, parse(LONGEST_FIRST_CONNECT, ""), key=lambda one: one.seconds)

    def words(self) -> dict[str, str]:
        """Each time as sendmail reads it, by its name."""
        durations = {field.name: getattr(self, field.name).word for field in fields(self)}
        return {**durations, "first_connect": self.first_connect.word}


def parse(raw: t.Any, place: str) -> Duration:
    """Read 5d, 90s or 1d12h; raises MailtlsError that names ``place``."""
    if not isinstance(raw, str) or not _WHOLE.fullmatch(raw):
        raise MailtlsError(
            f"{raw!r} is not a time as sendmail reads it",
            where=place,
            remedy="Write whole numbers, each with its unit: w, d, h, m or s, as in 5d, 90s or 1h30m.",
        )
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(raw))
    if not seconds:
        raise MailtlsError(
            f"{raw!r} is no time at all, which sendmail takes for no limit", where=place, remedy="Write at least 1s."
        )
    return Duration(raw, seconds)


def parse_timing(raw: t.Mapping[str, t.Any], prefix: str = "sendmail_") -> Timing:
    """Read and judge the times; ``prefix`` stands before each name in the variables."""
    timing = Timing(**{field.name: parse(raw[field.name], prefix + field.name) for field in fields(Timing)})
    if timing.starttls_timeout.seconds > parse(LONGEST_STARTTLS, "").seconds:
        raise MailtlsError(
            f"{timing.starttls_timeout.word!r} is longer than {LONGEST_STARTTLS}",
            where=f"{prefix}starttls_timeout",
            remedy="A peer that promises TLS and falls silent would hold the queue for so long. Write 2m or less.",
        )
    for name in ("queue_warning", "retry_interval"):
        one = getattr(timing, name)
        if one.seconds >= timing.queue_return.seconds:
            raise MailtlsError(
                f"{one.word!r} is not shorter than {prefix}queue_return ({timing.queue_return.word})",
                where=prefix + name,
                remedy="Mail would be returned to its sender before that. Shorten the one or lengthen the other.",
            )
    return timing
