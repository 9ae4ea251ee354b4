# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof by EHLO: ask this host's own listeners, from loopback, whether STARTTLS is offered, and with what."""

from __future__ import annotations

import time
import typing as t

from .._core.daemon import Answer
from .._core.listener import Endpoint, Listener, find_missing, plan_proof
from .probe import ask_ehlo
from .service import read_host

_PAUSE = 0.5
# A daemon opens its sockets a moment after it wrote its pid file.
_OPENING = 30.0
# One answer may take this long: Debian's GreetPause is 5 s, and a name server that is down costs more.
_PATIENCE = 15.0


def prove(listeners: t.Sequence[Listener], timeout: float) -> tuple[tuple[Listener, ...], list[Answer]]:
    """The sockets that are missing after a moment's wait, and if none is, every address's answer.

    ``timeout`` is in seconds, for all of it; what is still open then is answered as not known.
    """
    deadline = time.monotonic() + timeout
    opening = min(deadline, time.monotonic() + _OPENING)
    host = read_host()
    while find_missing(listeners, host) and time.monotonic() < opening:
        time.sleep(_PAUSE)
        host = read_host()
    missing = find_missing(listeners, host)
    points = () if missing else plan_proof(listeners, host)
    return missing, [ask(point, deadline) for point in points]


def ask(point: Endpoint, deadline: float) -> Answer:
    """Ask one address, again while its answer is open and there is time; ``deadline`` is of time.monotonic()."""
    # Strangers are made to wait and are counted; a relay's access map exempts loopback from both.
    source: str | None = "::1" if ":" in point.address else "127.0.0.1"
    while True:
        patience = max(1.0, min(_PATIENCE, deadline - time.monotonic()))
        answer = ask_ehlo(point.address, point.port, source=source, timeout=patience, handshake=True)
        if answer.outcome == "ok":
            return Answer(str(point), True, answer.offers("STARTTLS"), answer.detail, answer.certificate)
        if time.monotonic() + _PAUSE > deadline:
            return Answer(str(point), False, detail=f"{answer.outcome}: {answer.detail}")
        # A host may have IPv6 addresses but no ::1; then the kernel chooses.
        source = None if answer.outcome == "connect" else source
        time.sleep(_PAUSE)
