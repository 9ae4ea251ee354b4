# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.listener import Host, Network
from ansible_collections.mailtls.relay.plugins.module_utils._core.msp import Runner
from ansible_collections.mailtls.relay.plugins.module_utils._core.package import Package
from ansible_collections.mailtls.relay.plugins.module_utils._host import localmail, nexthops, presence, service
from ansible_collections.mailtls.relay.plugins.modules import sendmail_info
from module_runner import run_module

MTA = frozenset({"mail-transport-agent"})
SENDMAIL = Package("sendmail-bin", "installed", "8.17.1.9-2+deb12u2", MTA)


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(presence, "read_packages", lambda: (SENDMAIL, Package("m4", "installed", "1")))
    monkeypatch.setattr(presence, "read_fqdn", lambda: "mta1.example.test")
    monkeypatch.setattr(presence, "find_tools", lambda names: {name: f"/usr/bin/{name}" for name in names})
    monkeypatch.setattr(presence, "find_certificate_fault", lambda *paths: f"asked {paths}")
    monkeypatch.setattr(nexthops, "read_exchanges", lambda names: {name: [f"mx.{name}"] for name in names})
    monkeypatch.setattr(localmail, "is_alive", lambda name: False)
    monkeypatch.setattr(localmail, "read_runner", lambda: Runner("none", True, True))
    monkeypatch.setattr(localmail, "read_hops", lambda: [{"hop": "x"}])
    monkeypatch.setattr(localmail, "read_submission", lambda: None)
    monkeypatch.setattr(localmail, "plan_aliases", lambda root_alias: root_alias or None)
    (tmp_path / "sendmail.conf").write_text('QUEUE_INTERVAL="5m";\n', encoding="utf-8")
    monkeypatch.setattr(sendmail_info, "_CONF", str(tmp_path / "sendmail.conf"))
    monkeypatch.setattr(sendmail_info, "_INCLUDED", (str(tmp_path / "dialup.m4"), str(tmp_path / "provider.m4")))
    monkeypatch.setattr(service, "is_enabled", lambda name: name == "sendmail")
    monkeypatch.setattr(service, "read_host", lambda: Host(frozenset(), ("192.0.2.1",), Network(True, False)))


@pytest.mark.parametrize(("check", "packages", "missing"), [(True, ["m4"], []), (False, ["m4", "cron"], ["cron"])])
def test_it_looks_and_changes_nothing(
    capfd: pytest.CaptureFixture[str], check: bool, packages: list[str], missing: list[str]
) -> None:
    options = {"packages": packages, "certificate_file": "/c", "key_file": "/k", "next_hops": ["example.org"]}
    answer = run_module(sendmail_info.main, capfd, options, check=check)
    assert answer["changed"] is False
    assert (answer["installed"], answer["missing"]) == (not missing, missing)
    assert answer["other_mtas"] == []
    assert answer["version"] == "8.17.1.9" and answer["fqdn"] == "mta1.example.test"
    assert answer["addresses"] == ["192.0.2.1"] and answer["ipv6"] is True and answer["v6only"] is False
    assert answer["exchanges"] == {"example.org": ["mx.example.org"]}
    assert answer["certificate_fault"] == "asked ('/c', '/k', '')"
    assert answer["queue_interval"] == "5m" and answer["settings_fault"] == ""
    assert answer["daemon_runs_queue"] is True
    assert sorted(answer["tools"]) == ["m4", "make", "makemap", "sendmail"]


@pytest.mark.parametrize("state", ["installed", "unpacked"])
def test_another_mta_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], state: str) -> None:
    monkeypatch.setattr(presence, "read_packages", lambda: (SENDMAIL, Package("postfix", state, "3.7", MTA)))
    assert run_module(sendmail_info.main, capfd, {"packages": ["sendmail"]})["other_mtas"] == ["postfix"]


@pytest.mark.parametrize(("line", "told"), [("D{MTAHost}[127.0.0.1]", ""), ("D{MTAHost}b.example", "b.example")])
def test_a_detour_of_submitted_mail_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: pathlib.Path, line: str, told: str
) -> None:
    (tmp_path / "submit.cf").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.setattr(sendmail_info, "_SUBMIT_CF", str(tmp_path / "submit.cf"))
    assert run_module(sendmail_info.main, capfd, {})["submission_detour"] == told


def test_an_error_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> tuple[Package, ...]:
        raise MailtlsError("dpkg-query is not on this host")

    monkeypatch.setattr(presence, "read_packages", fail)
    assert run_module(sendmail_info.main, capfd, {})["msg"] == "dpkg-query is not on this host."


@pytest.mark.parametrize(
    ("packages", "root_alias", "wanting", "fault"),
    [(["m4"], "", False, "MSP_MODE is 'none'"), (["m4"], "bob", True, "MSP_MODE is 'none'"), (["cron"], "", True, "")],
)
def test_local_mail_is_looked_at(
    capfd: pytest.CaptureFixture[str], packages: list[str], root_alias: str, wanting: bool, fault: str
) -> None:
    found = run_module(sendmail_info.main, capfd, {"packages": packages, "root_alias": root_alias})["local_mail"]
    assert (found["hops"], found["submission"], found["wanting"]) == ([{"hop": "x"}], None, wanting)
    assert fault in found["runner_fault"] and bool(fault) is bool(found["runner_fault"])


@pytest.mark.parametrize(
    ("packages", "name", "told"),
    [(["m4"], "sendmail", True), (["m4"], "mta", False), (["m4"], "", False), (["cron"], "sendmail", False)],
)
def test_whether_it_starts_at_boot(
    capfd: pytest.CaptureFixture[str], packages: list[str], name: str, told: bool
) -> None:
    found = run_module(sendmail_info.main, capfd, {"packages": packages, "service": name})
    assert found["starts_at_boot"] is told


@pytest.mark.parametrize(("text", "kept"), [("# role mailtls.relay.sendmail\n", True), ("dnl\n", False), (None, False)])
def test_whose_the_mc_is(
    capfd: pytest.CaptureFixture[str], tmp_path: pathlib.Path, text: str | None, kept: bool
) -> None:
    if text is not None:
        (tmp_path / "mc").write_text(text)
    assert run_module(sendmail_info.main, capfd, {"mc": str(tmp_path / "mc")})["origin_kept"] is kept


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("sendmail.conf", "QUEUE_MODE=none\n", "nobody runs the queue"),
        ("sendmail.conf", "QUEUE_MODE=cron\n", "but no cron runs"),
        ("provider.m4", "define(`SMART_HOST', `a.example')\n", "provider.m4, line 1: define(SMART_HOST, a.example)"),
    ],
)
def test_settings_beside_the_variables_are_told(
    tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str], name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert told in run_module(sendmail_info.main, capfd, {})["settings_fault"]
