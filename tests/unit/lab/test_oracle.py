# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies that sendmail is asked about are policies that the role accepts."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
DRAW = """
from cases import ruled
from hypothesis import HealthCheck, Phase, given, settings

kept = {"derandomize": True, "database": None, "deadline": None, "phases": [Phase.generate]}

made = []

@settings(max_examples=300, suppress_health_check=list(HealthCheck), **kept)
@given(ruled(1))
def draw(lot):
    made.append(lot)

draw()
assert len(made) >= 300 and sum(len(placed) > 2 for placed, _questions in made) > 150
"""


def test_only_sound_policies_are_made() -> None:
    path = str(ROOT / "tests/oracle")
    argv = [sys.executable, "-c", DRAW]
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": path}, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
