# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same imports as in the unit tests."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

# Together with the unit tests theirs has run already.
if "ansible_collections.mailtls" not in sys.modules:
    _PATH = pathlib.Path(__file__).parents[1] / "unit" / "conftest.py"
    _SPEC = importlib.util.spec_from_file_location("unit_conftest", _PATH)
    assert _SPEC is not None and _SPEC.loader is not None
    _SPEC.loader.exec_module(importlib.util.module_from_spec(_SPEC))
