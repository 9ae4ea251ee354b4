# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where others say something else than the probe, and why that is so. What does not stand here must agree."""

from __future__ import annotations

import typing as t

from configurations import Configuration
from opinions import FAILED, MATCH, MISMATCH, TRUSTED, UNTRUSTED


class Disagreement(t.NamedTuple):
    """``where``: what the configurations' kind or protocol is; ``theirs``: what the tool says (any of these)."""

    tool: str
    aspect: str
    where: str
    ours: str
    theirs: tuple[str, ...]
    reason: str

    def explains(self, configuration: Configuration, ours: str, theirs: str) -> bool:
        here = self.where in (configuration.kind, configuration.protocols)
        return here and self.ours == ours and theirs in self.theirs


LEVEL_2 = "the probe keeps OpenSSL's level of security as the host has it (2 on Debian: RSA from 2048 bits on);"
DISAGREEMENTS = [
    Disagreement(
        "posttls-finger",
        "chain",
        "RSA 1024",
        UNTRUSTED,
        (TRUSTED,),
        f"{LEVEL_2} Postfix sets its own, lower one, for it would rather encrypt weakly than not at all",
    ),
    Disagreement(
        "gnutls-cli",
        "chain",
        "RSA 1024",
        UNTRUSTED,
        (TRUSTED,),
        f"{LEVEL_2} GnuTLS has another scale, whose default is content with 1024",
    ),
    Disagreement(
        "sslyze",
        "chain",
        "RSA 1024",
        UNTRUSTED,
        (TRUSTED,),
        f"{LEVEL_2} sslyze has the chain verified by another library, which asks authorities alone for long keys",
    ),
    Disagreement(
        "sslyze",
        "name",
        "CN only",
        MATCH,
        (MISMATCH,),
        "as OpenSSL, GnuTLS and Postfix do, the probe looks at the CN where there is no SAN, and says that it did;"
        " sslyze wants a SAN as web browsers do",
    ),
    *(
        Disagreement(
            tool,
            "protocol",
            protocol,
            FAILED,
            (protocol,),
            "the probe, as sendmail, takes what the host's OpenSSL takes (on Debian from TLS 1.2 on) and says of what"
            f" is older that it is too old; {how} all it knows",
        )
        for tool, how in (("gnutls-cli", "GnuTLS by default takes"), ("sslyze", "sslyze tries"))
        for protocol in ("TLSv1.0", "TLSv1.1")
    ),
]
