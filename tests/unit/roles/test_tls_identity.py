# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role tls_identity comes first and looks at the names of all roles' variables: it must know what they know."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import ansible_collections.mailtls.relay as collection
import pki
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles/tls_identity"
# Host -> a variable that it has.
FINE = {"own": "tls_identity_fqdn", "other": "sendmail_smart_host", "layer": "sendmail_tls_policy_50_berlin"}
MISSPELT = {
    "own_misspelt": "tls_identity_fdqn",
    "other_misspelt": "sendmail_tls_polic",
    "no_layer": "tls_audit_policy_50",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The hosts that the task which judges the spelling stops."""
    folder = tmp_path_factory.mktemp("play")
    judge = yaml.safe_load((ROLE / "tasks/preflight.yml").read_text(encoding="utf-8"))[0]
    play: dict[str, t.Any] = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"role_path": str(ROLE)},
        "vars_files": [str(ROLE / "vars/main.yml")],
        "tasks": [judge],
    }
    hosts = {name: {variable: {}} for name, variable in {**FINE, **MISSPELT}.items()}
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    (folder / "ansible.cfg").touch()
    argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.json", "play.json"]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(pathlib.Path(next(iter(collection.__path__))).parents[2]),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "true",
    }
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    return {line.split()[0] for line in done.stdout.partition("PLAY RECAP")[2].splitlines() if "failed=1" in line}


def test_what_is_misspelt_is_refused_and_a_layer_of_the_policy_is_not(refused: set[str]) -> None:
    assert refused == set(MISSPELT)


def test_a_damaged_key_of_the_ca_is_told_before_something_is_signed(tmp_path: pathlib.Path) -> None:
    """What signs would fail under no_log, and leave the administrator guessing."""
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    parts = numbers.p, numbers.q, numbers.d + 2, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    damaged = rsa.RSAPrivateNumbers(*parts).private_key(unsafe_skip_rsa_key_validation=True)
    lock = serialization.BestAvailableEncryption(b"secret")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    (tmp_path / "ca.key").write_bytes(damaged.private_bytes(*form))
    (tmp_path / "ca.crt").write_text(pki.public_pem("ca"), encoding="utf-8")
    judge = yaml.safe_load((ROLE / "tasks/issue.yml").read_text(encoding="utf-8"))[0]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"tls_identity_ca_directory": str(tmp_path), "tls_identity_ca_passphrase": "secret"},
        "vars_files": [str(ROLE / "vars/main.yml")],
        "tasks": [judge],
    }
    (tmp_path / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(pathlib.Path(next(iter(collection.__path__))).parents[2]),
        "ANSIBLE_NOCOLOR": "true",
    }
    argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "play.json"]
    done = subprocess.run(
        argv, cwd=tmp_path, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "ca.key: the CA's key: the passphrase is wrong, or the key is damaged" in " ".join(done.stdout.split())
