# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installing module: what it tells, what it refuses, what it keeps to itself."""

from __future__ import annotations

import grp
import json
import os
import pathlib
import pwd
import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import identity as layout
from ansible_collections.mailtls.relay.plugins.modules import tls_identity_files
from module_runner import run_module

KEY, CERTIFICATE, CA = pki.key_pem("leaf"), pki.certificate("leaf"), pki.certificate("ca", authority=True)
WISH = {"key": KEY, "certificate": CERTIFICATE, "ca": CA}


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need not be root, and pytest's own folders lie below /tmp, which everyone can write to."""
    monkeypatch.setattr(layout, "OWNER", pwd.getpwuid(os.getuid()).pw_name)
    monkeypatch.setattr(layout, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    real = layout.judge_surroundings
    monkeypatch.setattr(
        layout, "judge_surroundings", lambda given: [x for x in real(given) if not x.startswith("/tmp:")]
    )


@pytest.fixture
def run(tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    def call(*, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        options["directory"] = str(tmp_path / "certs")
        answer = run_module(tls_identity_files.main, capfd, options, check=check)
        assert KEY.splitlines()[1] not in json.dumps(answer)
        return answer

    return call


def test_check_mode_tells_what_the_real_run_does(run: t.Any, tmp_path: pathlib.Path) -> None:
    told = run(check=True, **WISH)
    assert not (tmp_path / "certs").exists()
    done = run(**WISH)
    for name in ("changed", "written", "repaired", "diff"):
        assert told[name] == done[name]
    assert told["written"] == list(layout.LAYOUT)
    assert (tmp_path / "certs/host.key").read_text() == KEY
    assert not run(**WISH)["changed"] and not run()["changed"]


def test_the_diff_is_for_people(run: t.Any, tmp_path: pathlib.Path) -> None:
    diff = run(**WISH)["diff"]
    assert f"{tmp_path}/certs/host.key: absent" in diff["before"]
    assert "private key: a new one (never shown)" in diff["after"]
    assert "  subject: commonName=leaf" in diff["after"] and "  issuer: commonName=ca" in diff["after"]
    after = run(certificate=None, key=None, ca=CA + CERTIFICATE)["diff"]
    assert "private key: as it is" in after["before"] and "private key: as it is" in after["after"]


def test_drift_is_repaired_and_said(run: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(tls_identity_files.AnsibleModule, "warn", lambda module, text: said.append(text))
    run(**WISH)
    os.chmod(tmp_path / "certs/host.key", 0o640)
    answer = run()
    assert answer["changed"] and answer["written"] == [] and "0640, not" in answer["repaired"][0]
    assert said == [f"{answer['repaired'][0]}: sendmail may have refused it"]
    assert (tmp_path / "certs/host.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({**WISH, "key": pki.key_pem("other")}, "key and certificate cannot be used: the key does not belong"),
        ({**WISH, "ca": "garbage"}, "the CA file cannot be used: OpenSSL"),
        ({"ca": CA}, "host.key: there is nothing to keep"),
        ({"key": KEY, "ca": CA}, "required together"),
    ],
)
def test_what_cannot_work_touches_nothing(
    run: t.Any, tmp_path: pathlib.Path, options: dict[str, str], words: str, check: bool
) -> None:
    answer = run(check=check, **options)
    assert answer["failed"] and words in answer["msg"]
    assert not (tmp_path / "certs").exists()


def test_unsafe_surroundings_are_refused(run: t.Any, tmp_path: pathlib.Path) -> None:
    os.chmod(tmp_path, 0o777)
    answer = run(**WISH)
    assert answer["failed"] and f"chmod go-w {tmp_path}" in answer["msg"]
    assert not (tmp_path / "certs").exists()
