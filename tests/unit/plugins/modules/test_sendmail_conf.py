# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._host import files
from ansible_collections.mailtls.relay.plugins.modules import sendmail_conf
from module_runner import run_module

STOCK = '# kept\nQUEUE_MODE="${DAEMON_MODE}";\nQUEUE_INTERVAL="10m";\n# kept \udcff\n'


@pytest.fixture
def path(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    found = tmp_path / "sendmail.conf"
    found.write_bytes(STOCK.encode(errors="surrogateescape"))
    os.utime(found, ns=(5, 10**18 + 7))
    monkeypatch.setattr(files, "set_access", lambda name, access: None)
    return found


def run(capfd: pytest.CaptureFixture[str], path: pathlib.Path, interval: str, **how: t.Any) -> dict[str, t.Any]:
    return run_module(sendmail_conf.main, capfd, {"queue_interval": interval, "path": str(path)}, **how)


def test_the_line_changes_and_neither_the_rest_nor_the_time(
    path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forecast = run(capfd, path, "5m", check=True)
    assert path.read_bytes() == STOCK.encode(errors="surrogateescape")
    answer = run(capfd, path, "5m")
    # What it was called with differs in check mode, and newer releases of ansible-core leave it out.
    assert {**answer, "invocation": None} == {**forecast, "invocation": None}
    assert answer["changed"] and answer["queue_interval"] == "10m"
    assert (answer["diff"]["before"], answer["diff"]["after"]) == ("QUEUE_INTERVAL=10m\n", "QUEUE_INTERVAL=5m\n")
    assert path.read_bytes() == STOCK.replace("10m", "5m").encode(errors="surrogateescape")
    assert path.stat().st_mtime_ns == 10**18 + 7, "else Debian's make would have something to do"
    assert not run(capfd, path, "5m")["changed"]
    assert os.listdir(path.parent) == ["sendmail.conf"]


@pytest.mark.parametrize("interval", ["10m", "5m"])
def test_on_a_bare_host_only_check_mode_works(
    path: pathlib.Path, capfd: pytest.CaptureFixture[str], interval: str
) -> None:
    path.unlink()
    assert run(capfd, path, interval, check=True)["changed"] == (interval != "10m")
    assert "there is no such file" in run(capfd, path, interval)["msg"]


@pytest.mark.parametrize(
    ("text", "interval", "told"),
    [(STOCK, "5", "queue_interval: '5' is not a time"), ('QUEUE_MODE="cron";', "5m", 'QUEUE_MODE is "cron"')],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_work_is_refused(
    path: pathlib.Path, capfd: pytest.CaptureFixture[str], text: str, interval: str, told: str, check: bool
) -> None:
    path.write_text(text, errors="surrogateescape")
    before = path.read_bytes()
    assert told in run(capfd, path, interval, check=check)["msg"] and path.read_bytes() == before
