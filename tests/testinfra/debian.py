# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Debian's own make would write below /etc/mail when the service starts next."""

from __future__ import annotations

import re

from lab import Lab

# What make finds to do on any Debian host, with sendmail as the package leaves it and after each of its starts.
ALWAYS = {"Updating auth ...", "Creating /etc/mail/relay-domains", "/etc/mail/relay-domains"}


def work_for_make(lab: Lab, host: str) -> set[str]:
    """What Debian's make would do now beyond that: its own words, and the files for which it would advise a reload."""
    said = lab.read(host, "make --dry-run --directory=/etc/mail")
    changed = re.findall(r"The following file\(s\) have changed:'; \\\n\s+echo '\s*(.*?)'", said)
    assert changed, "the advice to reload is not there: this look proves nothing"
    return {*re.findall(r"echo '((?:Updating|Creating) .*?)'", said), *changed[0].split()} - ALWAYS
