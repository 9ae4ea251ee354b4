# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a container must never become one at another, or at this machine. That it reaches its own is seen daily."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest

INSIDE = pathlib.Path(__file__).resolve().parents[3] / "molecule/shared/files/inside.sh"


@pytest.fixture
def elsewhere() -> t.Iterator[str]:
    """The number of a process that belongs to another container."""
    process = subprocess.Popen(["sleep", "60"], env={"PATH": "/usr/bin:/bin", "MAILTLS_CONTAINER": "mta10"})
    yield str(process.pid)
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", ["", "no number", "1", "another's"])
def test_without_the_container_s_own_process_podman_is_asked(
    tmp_path: pathlib.Path, elsewhere: str, number: str
) -> None:
    podman = tmp_path / "podman"
    podman.write_text('#!/bin/sh\nprintf "%s|" podman "$@"\ncat\nexit 7\n', encoding="utf-8")
    podman.chmod(0o755)
    if number:
        (tmp_path / "mta1.pid").write_text(elsewhere if number == "another's" else number, encoding="utf-8")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MAILTLS_PIDS": str(tmp_path)}
    argv = [str(INSIDE), "mta1", "rm", "a file"]
    done = subprocess.run(argv, env=environment, input="given", capture_output=True, text=True, check=False)
    assert done.stdout == "podman|exec|--interactive|mta1|rm|a file|given" and done.returncode == 7
