# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that hands MTA1 one message after the other while something happens to the relays."""

from __future__ import annotations

import re
import threading

from lab import RECIPIENT, SENDER, Lab, message


class Traffic(threading.Thread):
    """Remembers which messages were accepted; ``pause`` is the time between two, in seconds."""

    def __init__(self, lab: Lab, pause: float) -> None:
        super().__init__(daemon=True)
        self.quiet = Lab(lab.name, show=lambda _: None)
        self.pause = pause
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self.done = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.done.is_set():
            number += 1
            mark = f"flow{number:05d}"
            try:
                (reply,) = self.quiet.send({RECIPIENT: message(mark).text}, SENDER).values()
            except AssertionError as error:
                # HUP closes the listener for a moment; a real client comes again.
                assert "Connection refused" in str(error) or "Connection unexpectedly closed" in str(error)
                reply = "come again"
            (self.accepted if re.fullmatch(r"\w{14}", reply) else self.refused).append(mark)
            self.done.wait(self.pause)

    def stop(self) -> list[str]:
        assert self.is_alive(), "the client has ended before the plays did: the test proves too little"
        self.done.set()
        self.join()
        return self.accepted


def arrivals(mailbox: bytes) -> list[str]:
    """The messages of the flow in a mailbox, in order; one that came twice is there twice."""
    return sorted(mark.decode() for mark in re.findall(rb"^Subject: (flow\d+)", mailbox, re.M))
