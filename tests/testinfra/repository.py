# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of ``examples/infra_repo``, the built tarball installed in it, and the lab that its own scenario makes."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

from lab import ROOT, Lab, Play

CHECKED = " : Validating arguments against arg spec "
COLLECTION = "collections/ansible_collections/mailtls/relay"
PASSWORD = "for the example only"
# What the tests around this were started with, and what would lead back to the checkout.
OTHERS = ("ANSIBLE_", "COVERAGE", "MAILTLS_", "MOLECULE_", "PYTEST", "PYTHONPATH")
# How an image is made, though, is for the machine to say.
KEPT = ("MAILTLS_BASE_IMAGE", "MAILTLS_MIRROR")


class Repository(Lab):
    """Somebody's repository in an empty home; nothing of the checkout is seen from there."""

    def __init__(self, name: str, home: pathlib.Path) -> None:
        super().__init__(name)
        self.home = home
        self.folder = home / "infra_repo"
        self.collection = self.folder / COLLECTION
        self.ca = home / ".mailtls"
        self.state = self.collection / ".cache/lab" / name
        self.outgoing = self.state / "outgoing"
        self.inventories = [
            self.folder / "inventory/hosts.yml",
            self.collection / "molecule/inventory",
            self.folder / "molecule/relays/inventory/lab.yml",
        ]
        # Testinfra reads no templates; hosts of the lab's inventory it takes from the lab's SSH.
        self.reach = ["--hosts=ssh://mta1,ssh://mta2", f"--ssh-config={self.state}/ssh/config"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(OTHERS)},
            "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(home),
            "MAILTLS_LAB": name,
            "INFRA_VAULT_PASSWORD": PASSWORD,
            "ANSIBLE_INVENTORY": ",".join(map(str, self.inventories)),
            "ANSIBLE_NOCOLOR": "true",
            "MOLECULE_COMMAND_BORDERS": "0",  # they would break its lines
        }

    def install(self) -> None:
        """What the repository's pipeline does first; the tarball stands for Ansible Galaxy."""
        shutil.copytree(ROOT / "examples/infra_repo", self.folder)
        self.run(f"ansible-galaxy collection build --output-path {self.home} {ROOT}")
        (tarball,) = self.home.glob("mailtls-relay-*.tar.gz")
        wanted = self.folder / "requirements.yml"
        text = wanted.read_text(encoding="utf-8")
        assert text.count("name: mailtls.relay\n") == 1
        wanted.write_text(text.replace("name: mailtls.relay\n", f"name: {tarball}\n    type: file\n"), encoding="utf-8")
        self.run("./pipeline.sh install")
        wanted.write_text(text, encoding="utf-8")

    def attempt(self, command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command of somebody who works in the repository, however it ends; both outputs are one."""
        self.show(f"$ {command}")
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**self.environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        done.stdout = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)  # Molecule wants colours, whoever reads them
        return done

    def run(self, command: str, **settings: str) -> str:
        done = self.attempt(command, **settings)
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}"
        return done.stdout

    def converge(
        self, playbook: str = "site.yml", limit: str = "", options: t.Sequence[str] = (), **variables: t.Any
    ) -> Play:
        return super().converge(playbook, limit, options, **variables)


def tasks(output: str) -> list[tuple[str, str]]:
    """Host and task of every result that was neither skipped nor a failure, in the order in which they came.

    Without the check of its variables, with which Ansible begins each role whatever tags were given.
    """
    found, task = [], ""
    for line in output.splitlines():
        if line.startswith("TASK ["):
            task = line.partition("[")[2].rpartition("]")[0]
        elif line.startswith(("ok: [", "changed: [")) and CHECKED not in task:
            found.append((line.partition("[")[2].partition("]")[0].partition(" ")[0], task))
    return found


def as_json(value: t.Any) -> str:
    """Extra variables on a command line."""
    return f"--extra-vars '{json.dumps(value)}'"
