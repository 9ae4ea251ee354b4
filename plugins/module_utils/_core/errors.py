# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one root of everything this collection raises."""

from __future__ import annotations


class MailtlsError(Exception):
    """Says what was wrong, where, and what to do.

    ``what`` is a sentence without its full stop, ``where`` a place the reader can open (a variable path, a file and
    line, a host), ``remedy`` the next step. Modules catch this class once, in ``main()``.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}.{advice}"
