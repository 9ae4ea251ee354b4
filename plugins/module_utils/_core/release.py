# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of sendmail, and what each first enforces. Tried on 8.15.2, 8.17.1.9 and 8.18.1 as Debian builds them."""

from __future__ import annotations

import re
import typing as t

from .errors import MailtlsError

Release = tuple[int, ...]

# What the role runs on; a policy without a stated release must hold on each of them.
OLDEST: Release = (8, 15, 2)

# A field of the policy -> the first release that does what it says. Fields that are not here mean the same everywhere.
FIELDS: t.Mapping[str, Release] = {
    # 8.15 ships FEATURE(`tls_session_features'), but its binary never asks the rules.
    "session": (8, 16),
    # 8.17 asks Clt_Features for the client that handed the mail in, not for the server it goes to.
    "dane": (8, 18),
    "mta_sts": (8, 18),
}
WHY: t.Mapping[str, str] = {
    "session": "it never asks for the settings of a single TLS session",
    "dane": "it knows no DANE",
    "mta_sts": "it asks for the host that handed the mail in, not for the next hop",
}


def parse_release(text: str) -> Release:
    """``8.17.1.9`` (a Debian revision behind it does not count) as a tuple that compares."""
    match = re.match(r"([0-9]{1,4}(?:\.[0-9]{1,4}){1,4})(?![0-9.])", text) if isinstance(text, str) else None
    if match is None:
        raise MailtlsError(f"{text!r:.60} is not a release of sendmail", where="release", remedy="Write 8.17.1.9.")
    return tuple(int(part) for part in match[1].split("."))


def written(release: Release) -> str:
    """A release as people write it."""
    return ".".join(str(part) for part in release)


def require(field: str, release: Release, place: str) -> None:
    """Raise for a field that sendmail of this release would not enforce."""
    if release < FIELDS[field]:
        raise MailtlsError(
            f"sendmail {written(release)} cannot do this: {WHY[field]}",
            where=place,
            remedy=f"Leave it out for this host; sendmail {written(FIELDS[field])} and later know it.",
        )
