# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The read-only module."""

from __future__ import annotations

import calendar
import json
import os
import pathlib
import time

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.modules import tls_identity_info
from module_runner import run_module


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "host.key").write_text(pki.key_pem("leaf"))
    (tmp_path / "host.crt").write_text(pki.certificate("leaf"))
    return tmp_path


def test_it_returns_all_but_the_key(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer = run_module(tls_identity_info.main, capfd, {"directory": f"{folder}/"})
    assert answer["changed"] is False and answer["directory"] == str(folder)
    assert answer["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert (answer["ca"], answer["keypair_problem"]) == ("", "")
    assert answer["entries"]["host.key"]["kind"] == "file"
    secret = pki.key_pem("leaf").splitlines()[1]
    assert secret not in json.dumps(answer) and "PRIVATE" not in json.dumps(answer)


def test_the_days_left_are_a_number(
    folder: pathlib.Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = run_module(tls_identity_info.main, capfd, {"directory": str(folder)})
    until = calendar.timegm(time.strptime(fresh["not_after"], "%Y-%m-%dT%H:%M:%SZ"))
    for seconds, days in ((86400.5, 1), (86399.5, 0), (-0.5, -1)):
        monkeypatch.setattr(tls_identity_info.time, "time", lambda seconds=seconds: until - seconds)
        assert run_module(tls_identity_info.main, capfd, {"directory": str(folder)})["days_left"] == days
    (folder / "host.crt").write_text("no certificate\n")
    broken = run_module(tls_identity_info.main, capfd, {"directory": str(folder)})
    assert (broken["not_after"], broken["days_left"]) == ("", None)


def test_a_foreign_key_is_told(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "host.key").write_text(pki.key_pem("other"))
    assert run_module(tls_identity_info.main, capfd, {"directory": str(folder)})["keypair_problem"] == (
        "the key does not belong to the certificate"
    )


def test_hazards_are_told(folder: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.chmod(folder, 0o777)
    answer = run_module(tls_identity_info.main, capfd, {"directory": str(folder / "certs")})
    assert any(hazard.startswith(f"{folder}: its mode 0777") for hazard in answer["hazards"])


def test_errors_are_sentences(
    folder: pathlib.Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: str, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    answer = run_module(tls_identity_info.main, capfd, {"directory": str(folder)})
    assert answer["failed"] and answer["msg"].endswith("host.key: cannot be read: Permission denied.")
