# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a filter is given of a policy, read alike for each of them."""

from __future__ import annotations

import datetime
import typing as t

from . import access, policy_reader
from .entry import Entry, Placed
from .policy import Policy
from .release import OLDEST, Release, parse_release
from .requirement import read_date


class Given(t.NamedTuple):
    """A policy that is sound, the day on which it was found so, and with what it becomes an access map."""

    policy: Policy
    day: datetime.date
    release: Release
    further: tuple[Entry, ...]

    def compile(self) -> tuple[Placed, ...]:
        """The entries it means, each with its place."""
        return access.compile_policy(self.policy, self.release, self.further)


def read(
    first: t.Any,
    layers: t.Any = None,
    *,
    today: t.Any = "",
    release: str = "",
    unstated: Release = OLDEST,
    smart_host: t.Any = "",
    further: t.Any = (),
    **wish: t.Any,
) -> Given:
    """Read ``sendmail_tls_policy`` and its further layers, by the name of their variable; raises ``MailtlsError``.

    ``unstated`` is the release to take where none is given. ``wish`` is what else ``policy_reader.parse_policy`` takes.
    """
    day = read_date(today, "today") if today else datetime.date.today()
    parts = policy_reader.read_layers(first, layers or {}, "layers")
    policy = policy_reader.parse_policy(parts, today=day, sole_next_hop=policy_reader.sole_next_hop(smart_host), **wish)
    entries = access.parse_entries(further, access.FURTHER)
    return Given(policy, day, parse_release(release) if release else unstated, tuple(entries))
