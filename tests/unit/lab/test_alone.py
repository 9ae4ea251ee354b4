# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of one lab come one after the other, those of two labs do not wait."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def start(lab: str, script: str, locks: pathlib.Path) -> subprocess.Popen[str]:
    argv = ["bash", str(ROOT / "tests/alone.sh"), lab, "sh", "-c", script]
    environment = {**os.environ, "MAILTLS_LOCKS": str(locks)}
    return subprocess.Popen(argv, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_second_run_of_one_lab_waits_and_says_for_whom(tmp_path: pathlib.Path) -> None:
    first = start(
        "default", f"echo; until test -e {tmp_path}/go; do sleep 0.1; done; echo > {tmp_path}/ended", tmp_path
    )
    assert first.stdout and first.stdout.readline() == "\n"
    second = start("default", f"test -e {tmp_path}/ended", tmp_path)
    assert second.stderr
    said = second.stderr.readline()
    assert re.match(rf"lab default: process {first.pid} .* uses its containers; waiting until it ends", said), said
    assert start("other", "exit 3", tmp_path).wait() == 3, "another lab does not wait, and the status is the command's"
    (tmp_path / "go").touch()
    assert (first.wait(), second.wait()) == (0, 0)


def test_what_a_run_leaves_running_does_not_keep_the_lab(tmp_path: pathlib.Path) -> None:
    left = start("default", "sleep 60 > /dev/null 2>&1 & echo $!", tmp_path)
    process, _errors = left.communicate(timeout=30)
    try:
        assert start("default", "true", tmp_path).communicate(timeout=30) == ("", "")
    finally:
        os.kill(int(process), 9)


def test_every_run_of_a_lab_in_the_makefile_is_alone() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = text.partition("oracle-alone:\n")
    # What oracle-alone does, target oracle starts alone.
    rest = lines[2].partition("\n\n")[2]
    pattern = r"\$\(MOLECULE_BASE\)|demo\.py|benchmarks/relay\.py|oracle-alone$"
    runs = [line for line in f"{lines[0]}\n{rest}".splitlines() if re.search(pattern, line)]
    assert len(runs) == 4 and all("tests/alone.sh" in line for line in runs)
