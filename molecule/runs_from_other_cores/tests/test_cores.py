# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole playbook from a controller with the oldest ansible-core that is promised, or with the newest there is.

The controller is a container in the network of the relays, made of Debian's packages and a virtual environment.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import typing as t

import pytest
from lab import ROOT, Lab, lab_name

HERE = pathlib.Path(__file__).resolve().parents[1]
CORE = os.environ.get("MAILTLS_CORE", "newest_core")
# Which Debian the controller is, and what it must say of itself.
CONTROLLERS = {
    "oldest_core": ("bookworm", r"\[core 2\.17\.", r"python version = 3\.11\."),
    "newest_core": ("trixie", r"\[core 2\.2\d\.", r"python version = 3\.13\."),
}
KEPT = r"MAILTLS_|ANSIBLE_(CONFIG|PIPELINING|INJECT_FACT_VARS|FORCE_COLOR|NOCOLOR)$"


class Controller:
    """Somebody's machine with Ansible, which knows the relays by their SSH keys and has a CA in its home."""

    def __init__(self, lab: Lab) -> None:
        self.suite, self.core, self.python = CONTROLLERS[CORE]
        home = pathlib.Path.home() / ".mailtls/lab" / lab.name
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in lab.environment.items() if re.match(KEPT, name)}
        options = [f"--network=mailtls-{lab.name}", f"--dns={lab.addresses('dns')[0]}"]
        options += [f"--volume={home}:/root/.mailtls/lab/{lab.name}"]
        options += [f"--env={name}" for name in [*kept, "LC_ALL"]]
        self.environment = {
            **os.environ,
            **kept,
            "LC_ALL": "C.UTF-8",
            "MAILTLS_PODMAN_OPTIONS": " ".join(options),
        }

    def run(self, *command: str) -> str:
        argv = [str(ROOT / "tests/in_debian.sh"), self.suite, f"tests/requirements/{CORE}.txt", *command]
        done = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
        return done.stdout + done.stderr

    def play(self) -> tuple[dict[str, int], str]:
        """How much the playbook changed on each relay, and all that it said."""
        places = [ROOT / "examples/two_relays/inventory.yml", ROOT / "molecule/inventory/"]
        places += [HERE / "inventory/relays.yml", HERE / "inventory/controller.yml"]
        inventories = [f"--inventory={place}" for place in places]
        said = self.run("ansible-playbook", *inventories, "playbooks/site.yml")
        counts = re.findall(r"^(mta\d)\s+: ok=\d+ +changed=(\d+)", said, re.M)
        return {host: int(count) for host, count in counts}, said


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(lab_name())


@pytest.fixture(scope="module")
def controller(lab: Lab) -> Controller:
    return Controller(lab)


@pytest.fixture(scope="module")
def plays(controller: Controller) -> list[tuple[dict[str, int], str]]:
    return [controller.play(), controller.play()]


def test_the_controller_has_the_core_and_the_python_that_are_meant(controller: Controller) -> None:
    said = controller.run("ansible", "--version")
    assert re.search(controller.core, said) and re.search(controller.python, said), said


def test_the_second_run_changes_nothing(plays: list[tuple[dict[str, int], str]]) -> None:
    (first, _said), (second, said) = plays
    assert set(first) == {"mta1", "mta2"} and min(first.values()) > 3, f"the relays were not new: {first}"
    assert second == {"mta1": 0, "mta2": 0}, said[-6000:]


def test_mail_arrives_over_tls(lab: Lab, plays: t.Any) -> None:
    _message, queue_id = lab.send_marked("from-another-core")
    assert re.search(r"relay=mta2\.example\.test\..*stat=Sent", lab.fate("mta1", queue_id))
    assert lab.log("mta1", r"STARTTLS=client, relay=mta2\.example\.test\., version=TLSv1\.[23]")


def test_nothing_is_said_to_be_deprecated(plays: list[tuple[dict[str, int], str]]) -> None:
    for _counts, said in plays:
        assert not re.findall(r"\[DEPRECATION WARNING\].*", said)
