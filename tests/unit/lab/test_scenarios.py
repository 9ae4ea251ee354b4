# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each scenario's tests can be read with the settings that Molecule gives them, before a container is built."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def environment(scenario: str) -> dict[str, str]:
    """As Molecule does: the scenario's settings are merged over the shared ones, name by name."""
    given = {}
    for file in (ROOT / ".config/molecule/config.yml", ROOT / "molecule" / scenario / "molecule.yml"):
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        given.update(settings.get("verifier", {}).get("env", {}))
    return {name: value.replace("${MOLECULE_PROJECT_DIRECTORY}", str(ROOT)) for name, value in given.items()}


@pytest.mark.parametrize("scenario", sorted(one.parent.name for one in ROOT.glob("molecule/*/molecule.yml")))
def test_the_tests_are_found(scenario: str) -> None:
    argv = [sys.executable, "-m", "pytest", f"--rootdir={ROOT}", "--collect-only", f"molecule/{scenario}/tests"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, **environment(scenario)}, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lab_of_a_run_has_the_name_that_the_run_was_given() -> None:
    """Two runs of one scenario side by side: whoever names the lab by the scenario looks at the other one's hosts."""
    files = [path for path in ROOT.glob("molecule/*/tests/*.py") if "MOLECULE_SCENARIO_NAME" in path.read_text("utf-8")]
    # The bare hosts are no lab: their names are fixed.
    assert [path.parent.parent.name for path in files] == ["installs_on_bare_debian"]
