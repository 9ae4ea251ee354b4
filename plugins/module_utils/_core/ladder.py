# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of TLS a peer accepts, from few handshakes: a server takes the newest that both sides have.

So a handshake that ends with TLS 1.2 although 1.3 was offered denies 1.3, and one that fails denies all it offered.
"""

from __future__ import annotations

import typing as t

from .sighting import LADDER


class Ladder:
    """What is known of each rung: accepted, not accepted, or None; ``spoken`` is what this OpenSSL can offer."""

    def __init__(self, spoken: t.Collection[str]) -> None:
        self.rungs: dict[str, bool | None] = dict.fromkeys(LADDER)
        self._spoken = [rung for rung in LADDER if rung in spoken]

    def learn(self, newest: str, chosen: str) -> None:
        """A handshake offered ``newest`` and all older ones; the peer took ``chosen``, empty for none of them."""
        for rung in self._spoken:
            if self.rungs[rung] is None and _is_within(rung, newest) and not (chosen and _is_within(rung, chosen)):
                self.rungs[rung] = False
        if chosen in self.rungs:
            self.rungs[chosen] = True

    def next_rung(self) -> str:
        """The newest version that is to be offered next; empty once all is known."""
        return next((rung for rung in reversed(self._spoken) if self.rungs[rung] is None), "")


def _is_within(rung: str, newest: str) -> bool:
    return LADDER.index(rung) <= LADDER.index(newest)
