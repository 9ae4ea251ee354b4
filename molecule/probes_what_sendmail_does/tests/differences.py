# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where another thing happens than the probe foretells, and why. What does not stand here must come true.

A peer of which nothing is foretold must find its mail held, or stand here too.
"""

from __future__ import annotations

import typing as t

NONE, MAY, ENCRYPT, VERIFY, SECURE, TLS13 = ALL = ("none", "may", "encrypt", "verify", "secure", "tls13")


class Difference(t.NamedTuple):
    """``fate``: what is done with mail for these peers at these levels (a reason may cover several)."""

    names: tuple[str, ...]
    levels: tuple[str, ...]
    fates: tuple[str, ...]
    reason: str

    def explains(self, name: str, level: str, fate: str) -> bool:
        return name in self.names and level in self.levels and fate in self.fates


DIFFERENCES = [
    Difference(
        (
            "mail-530",
            "mail-550",
            "mail-454-escapes",
            "mail-530-escapes",
            "mail-with-certificate",
            "rcpt-530",
            "rcpt-550-unknown",
        ),
        (NONE,),
        ("reject",),
        "the verdict is that of the TLS policy; the peer itself refuses mail in clear text, for which the probe asks"
        " only where it is told to (refusal)",
    ),
    Difference(
        ("mail-450", "mail-450-busy", "mail-421", "mail-close", "mail-garbage", "rcpt-454"),
        (NONE,),
        ("defer",),
        "the same, for the time being",
    ),
    Difference(
        (
            "starttls-421",
            "starttls-354",
            "starttls-garbage-for-an-answer",
            "starttls-close",
            "starttls-reset",
            "tls-then-drop",
            "tls-then-reset",
            "tls-then-ehlo-close",
            "tls-then-ehlo-421",
            "tls-then-ehlo-450",
            "tls-then-ehlo-garbage",
        ),
        (NONE,),
        ("deliver",),
        "the probe finds the peer inconclusive after STARTTLS, which sendmail is told not to say at all",
    ),
    Difference(
        ("tls-then-ehlo-550",),
        (NONE, MAY, ENCRYPT, SECURE, TLS13),
        ("deliver",),
        "inconclusive for the probe; sendmail says HELO where EHLO is refused, under TLS as well",
    ),
    Difference(
        ("early-reply", "early-ehlo-answer", "early-escapes", "early-one-byte", "early-newline"),
        (MAY, ENCRYPT, SECURE, TLS13),
        ("deliver",),
        "inconclusive, for it is chance whether sendmail has the clear text in its buffer by then; here it comes in one"
        " packet with the consent",
    ),
    Difference(
        ("certificate-self-signed-then-421", "certificate-expired-then-silence"),
        (NONE, MAY, ENCRYPT, TLS13),
        ("deliver",),
        "inconclusive: after a bad certificate the probe looks a second time for the cipher, and is not let in",
    ),
    Difference(
        ("banner-554", "banner-554-escapes", "banner-354", "banner-999", "ehlo-502-helo-550"),
        ALL,
        ("reject",),
        "inconclusive, for nothing was seen of TLS; sendmail gives up where it is refused for good before that",
    ),
]
