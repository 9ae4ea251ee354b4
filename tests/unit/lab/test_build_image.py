# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an image comes from: a registry, else the ordinary mirror, else the archive, and never from nowhere."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Each tells what it was asked; podman knows what lies in the folder, the mirrors have what SUITES says.
PODMAN = """#!/bin/sh
echo "podman $*" >> asked
case "$1 $2" in
  "image exists") test -e "have-${3##*/}" ;;
  "pull "*) false ;;
esac
"""
MMDEBSTRAP = """#!/bin/sh
echo "mmdebstrap $*" >> asked
case "$*" in
  *archive.debian.org*) where=archive ;;
  *) where=mirror ;;
esac
case " $SUITES " in
  *" $where "*) touch "$5" ;;
  *) exit 25 ;;
esac
"""


def build(folder: pathlib.Path, mirrors: str, **settings: str) -> tuple[int, list[str], str]:
    """Status of the script, the mirrors it asked in this order, and what it said."""
    for name, text in (("podman", PODMAN), ("mmdebstrap", MMDEBSTRAP)):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder), "SUITES": mirrors, **settings}
    argv = ["bash", str(ROOT / "molecule/shared/files/build_image.sh"), "localhost/old", "bullseye", "python3", "dbus"]
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    asked = (folder / "asked").read_text(encoding="utf-8").splitlines()
    imported = any(line.startswith("podman import") for line in asked)
    assert imported is (done.returncode == 0 and "made" in done.stdout)
    return (
        done.returncode,
        [line.partition("root.tar")[2].strip() for line in asked if "mmdebstrap" in line],
        done.stderr,
    )


ARCHIVE = "deb http://archive.debian.org/debian bullseye main"


@pytest.mark.parametrize(
    ("mirrors", "settings", "asked"),
    [
        ("mirror archive", {}, [""]),
        ("archive", {}, ["", ARCHIVE]),
        ("mirror", {"MAILTLS_MIRROR": "http://mirror.example/debian"}, ["http://mirror.example/debian"]),
        ("archive", {"MAILTLS_MIRROR": "http://nowhere.example"}, ["http://nowhere.example", ARCHIVE]),
    ],
    ids=["on the mirror", "moved to the archive", "on a mirror of one's own", "on no mirror any more"],
)
def test_without_a_registry_mirrors_are_asked(
    tmp_path: pathlib.Path, mirrors: str, settings: dict[str, str], asked: list[str]
) -> None:
    assert build(tmp_path, mirrors, **settings) == (0, asked, "")


def test_what_nobody_has_is_said(tmp_path: pathlib.Path) -> None:
    code, asked, said = build(tmp_path, "")
    assert code == 1 and asked == ["", ARCHIVE]
    assert "no base image docker.io/library/debian:bullseye from a registry" in said
    assert "and no mirror of Debian with bullseye" in said


def test_an_image_that_is_there_is_kept(tmp_path: pathlib.Path) -> None:
    (tmp_path / "have-old").touch()
    assert build(tmp_path, "") == (0, [], "")
