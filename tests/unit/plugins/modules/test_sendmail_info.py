# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import sys

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.listener import Host, Network
from ansible_collections.mailtls.relay.plugins.module_utils._host import presence, service
from ansible_collections.mailtls.relay.plugins.modules import sendmail_info

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
from module_runner import run_module


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "read_packages", lambda names: {"sendmail-bin": "8.17.1.9-2+deb12u2", "m4": "1"})
    monkeypatch.setattr(presence, "read_fqdn", lambda: "mta1.example.test")
    monkeypatch.setattr(presence, "find_tools", lambda names: {name: f"/usr/bin/{name}" for name in names})
    monkeypatch.setattr(presence, "find_certificate_fault", lambda *paths: f"asked {paths}")
    monkeypatch.setattr(service, "read_host", lambda: Host(frozenset(), ("192.0.2.1",), Network(True, False)))


@pytest.mark.parametrize(("check", "packages", "missing"), [(True, ["m4"], []), (False, ["m4", "cron"], ["cron"])])
def test_it_looks_and_changes_nothing(
    capfd: pytest.CaptureFixture[str], check: bool, packages: list[str], missing: list[str]
) -> None:
    options = {"packages": packages, "certificate_file": "/c", "key_file": "/k"}
    answer = run_module(sendmail_info.main, capfd, options, check=check)
    assert answer["changed"] is False
    assert (answer["installed"], answer["missing"]) == (not missing, missing)
    assert answer["version"] == "8.17.1.9" and answer["fqdn"] == "mta1.example.test"
    assert answer["addresses"] == ["192.0.2.1"] and answer["ipv6"] is True and answer["v6only"] is False
    assert answer["certificate_fault"] == "asked ('/c', '/k', '')"
    assert sorted(answer["tools"]) == ["m4", "make", "makemap", "sendmail"]


def test_an_error_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(names: list[str]) -> dict[str, str]:
        raise MailtlsError("dpkg-query is not on this host")

    monkeypatch.setattr(presence, "read_packages", fail)
    assert run_module(sendmail_info.main, capfd, {})["msg"] == "dpkg-query is not on this host."
