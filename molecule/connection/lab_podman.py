# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reach a container once a task, by inside.sh.

containers.podman.podman has no pipelining and needs five times ``podman exec`` for the same.
MAILTLS_REACHES names a file that gets a line for each of them: the container, and the module that ran there.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: lab_podman
short_description: run tasks in the lab's podman containers, pipelined
description: For the scenarios of this collection only.
author: mailtls.relay contributors (@mailtls)
options:
  remote_addr:
    description: Name of the container.
    default: inventory_hostname
    vars: [{name: inventory_hostname}, {name: ansible_host}]
  remote_user:
    description: User inside the container.
    default: root
    vars: [{name: ansible_user}]
"""

INSIDE = os.path.realpath(f"{__file__}/../../shared/files/inside.sh")


class Connection(ConnectionBase):  # type: ignore[misc]
    """Files travel through the standard input and output of a command."""

    transport = "lab_podman"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def _exec(self, argv: list[str], data: bytes | None = None) -> tuple[int, bytes, bytes]:
        self._note(argv, data or b"")
        user, container = self.get_option("remote_user"), self.get_option("remote_addr")
        there = [INSIDE] if user == "root" else ["podman", "exec", "--interactive", "--user", user]
        command = [*there, container, *argv]
        done = subprocess.run(command, input=data or b"", capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def _note(self, argv: list[str], data: bytes) -> None:
        path = os.environ.get("MAILTLS_REACHES")
        if path:
            # As Ansible calls the module that it sends; what is no module is noted as it stands.
            module = re.search(rb"^ansible_module='(?:[\w.]+\.)?(\w+)',$", data, re.M)
            what = module.group(1).decode() if module else shlex.join(argv)
            with open(path, "a", encoding="utf-8") as stream:
                stream.write(f"{self.get_option('remote_addr')} {what}\n")

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._exec(["/bin/sh", "-c", cmd], in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        with open(in_path, "rb") as source:
            code, _output, error = self._exec(["/bin/sh", "-c", f"cat > {shlex.quote(out_path)}"], source.read())
        if code:
            raise AnsibleConnectionFailure(f"{out_path}: {error.decode(errors='replace')}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        code, data, error = self._exec(["cat", in_path])
        if code:
            raise AnsibleConnectionFailure(f"{in_path}: {error.decode(errors='replace')}")
        with open(out_path, "wb") as target:
            target.write(data)

    def close(self) -> None:
        self._connected = False
