# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import socket
import subprocess
import time

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._host import presence
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed


def test_packages_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    answer = Completed(0, "m4\tinstalled\t1.4.19-3\t\npostfix\tinstalled\t3.7\tmail-transport-agent\n", "")
    monkeypatch.setattr(presence, "run", lambda argv: calls.append(argv) or answer)
    assert [(item.name, sorted(item.provides)) for item in presence.read_packages()] == [
        ("m4", []),
        ("postfix", ["mail-transport-agent"]),
    ]
    assert [argv[0] for argv in calls] == ["dpkg-query"]


def test_the_release_of_sendmail_is_that_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Completed(0, "sendmail-bin\tinstalled\t8.17.1.9-2+deb12u2\tmail-transport-agent\n", "")
    monkeypatch.setattr(presence, "run", lambda argv: answer)
    monkeypatch.setattr(presence.shutil, "which", lambda name, path: f"/usr/bin/{name}")
    assert presence.read_release() == "8.17.1.9"
    monkeypatch.setattr(presence, "run", lambda argv: Completed(0, "m4\tinstalled\t1.4.19-3\t\n", ""))
    assert presence.read_release() == ""
    monkeypatch.setattr(presence.shutil, "which", lambda name, path: None)
    monkeypatch.delattr(presence, "run")
    assert presence.read_release() == ""


def test_tools_are_found_or_empty() -> None:
    found = presence.find_tools(["sh", "no-such-tool-at-all"])
    assert found["sh"].endswith("/sh") and found["no-such-tool-at-all"] == ""


@pytest.mark.parametrize(
    ("name", "answer", "fqdn"),
    [
        ("mta1", ("mta1.example.test", ["mta1"], []), "mta1.example.test"),
        ("mta1", ("mta1", ["x.example.test"], []), "x.example.test"),
        ("mta1.example.test", None, "mta1.example.test"),
        ("mta1", ("mta1", [], []), ""),
        ("mta1", ("localhost.localdomain", [], []), ""),
        ("mta1", None, ""),
    ],
)
def test_the_name_is_found_as_sendmail_does(
    monkeypatch: pytest.MonkeyPatch, name: str, answer: tuple[str, list[str], list[str]], fqdn: str
) -> None:
    def look_up(asked: str) -> tuple[str, list[str], list[str]]:
        if answer is None:
            raise OSError("no such name")
        return answer

    monkeypatch.setattr(socket, "gethostname", lambda: name)
    monkeypatch.setattr(socket, "gethostbyname_ex", look_up)
    assert presence.read_fqdn() == fqdn


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Two self-signed pairs, an encrypted key and garbage."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("a", "b"):
        pair = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "2", *pair)
    openssl("rsa", "-aes128", "-passout", "pass:secret", "-in", "a.key", "-out", "locked.key")
    (folder / "garbage").write_text("garbage\n")
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "ca_file", "told"),
    [
        ("a.crt", "a.key", "b.crt", ""),
        ("", "", "", ""),
        ("a.crt", "a.key", "", ""),
        ("a.crt", "b.key", "b.crt", "does not belong to the certificate"),
        ("a.crt", "a.key", "absent", "absent: there is no such file"),
        ("a.crt", "absent", "b.crt", "absent: there is no such file"),
        ("a.crt", "locked.key", "b.crt", "locked.key: cannot be used"),
        ("garbage", "a.key", "b.crt", "cannot be used"),
        ("a.crt", "a.key", "garbage", "garbage: cannot be used"),
    ],
)
def test_files_that_do_not_fit_together_are_told(
    certificates: pathlib.Path, certificate: str, key: str, ca_file: str, told: str
) -> None:
    paths = [str(certificates / name) if name else "" for name in (certificate, key, ca_file)]
    fault = presence.find_certificate_fault(*paths)
    assert told in fault and bool(told) == bool(fault)


def test_a_readable_key_is_told(certificates: pathlib.Path) -> None:
    (certificates / "b.key").chmod(0o640)
    fault = presence.find_certificate_fault(str(certificates / "b.crt"), str(certificates / "b.key"), "")
    (certificates / "b.key").chmod(0o600)
    assert "b.key: mode 0640" in fault


@pytest.mark.parametrize(
    ("days", "told"),
    [(0, ""), (-2, "a.crt: the certificate is not valid before 20"), (9, "a.crt: the certificate expired on 20")],
)
def test_a_certificate_out_of_its_time_is_told(
    monkeypatch: pytest.MonkeyPatch, certificates: pathlib.Path, days: int, told: str
) -> None:
    now = time.time()
    monkeypatch.setattr(presence.time, "time", lambda: now + days * 86400)
    fault = presence.find_certificate_fault(str(certificates / "a.crt"), str(certificates / "a.key"), "")
    assert told in fault and bool(told) == bool(fault)
