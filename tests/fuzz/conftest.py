# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same imports as in the unit tests."""

from __future__ import annotations

import pathlib
import runpy

runpy.run_path(str(pathlib.Path(__file__).parents[1] / "unit" / "conftest.py"))
