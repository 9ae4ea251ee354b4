# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""submit.cf: where programs on this host hand their mail. Beside the daemon, no TLS policy would be asked."""

from __future__ import annotations

import re

from .nexthop import loopbacks

# FEATURE(msp, host) defines it (msp.m4); submit.cf hands everything to that host, and the last line wins.
_TARGET = re.compile(r"^D\{MTAHost\}(.*)$", re.MULTILINE)


def find_detour(cf: str) -> str:
    """The host to which this submit.cf hands mail, unless that is the daemon of this very host; empty when it is.

    A name other than localhost counts as another host, since DNS decides where it leads.
    """
    targets = _TARGET.findall(cf)
    target = targets[-1].strip() if targets else ""
    return "" if not target or loopbacks(target) else target
