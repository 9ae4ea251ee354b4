# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import nexthops
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed

ANSWER = "> getmxrr(example.test) returns 1 value(s):\n\tmta2.example.test.\n> "


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> list[t.Any]:
    calls: list[t.Any] = []

    def run(argv: list[str], *, given: str, timeout: float) -> Completed:
        calls.append((argv[1:], given))
        return Completed(0, ANSWER, "")

    for name in ("sendmail", "sendmail.cf"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "sendmail").chmod(0o755)
    monkeypatch.setattr(nexthops, "_SENDMAIL", str(tmp_path / "sendmail"))
    monkeypatch.setattr(nexthops, "_CF", str(tmp_path / "sendmail.cf"))
    monkeypatch.setattr(nexthops, "run", run)
    return calls


def test_sendmail_is_asked_once(asked: list[t.Any]) -> None:
    assert nexthops.read_exchanges(["example.test", "example.org"]) == {"example.test": ["mta2.example.test"]}
    assert asked == [(["-bt", "-Am"], "/mx example.test\n/mx example.org\n")]


def test_nothing_is_asked_about_nothing(asked: list[t.Any]) -> None:
    assert nexthops.read_exchanges([]) == {} and not asked


@pytest.mark.parametrize("missing", ["sendmail", "sendmail.cf"])
def test_without_sendmail_nothing_is_known(asked: list[t.Any], tmp_path: pathlib.Path, missing: str) -> None:
    assert nexthops.is_there()
    (tmp_path / missing).unlink()
    assert not nexthops.is_there()
    assert nexthops.read_exchanges(["example.test"]) == {} and not asked


def test_name_servers_that_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_arguments: t.Any, **_options: t.Any) -> Completed:
        raise MailtlsError("sendmail did not end within 60 s")

    monkeypatch.setattr(nexthops, "run", run)
    assert nexthops.read_exchanges(["example.test"]) == {}
