# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.msp import Runner
from ansible_collections.mailtls.relay.plugins.module_utils._host import files, localmail
from ansible_collections.mailtls.relay.plugins.modules import sendmail_local_mail
from module_runner import run_module


class Host:
    """What the host has, and what was done to it."""

    def __init__(self) -> None:
        self.wished: str | None = None
        self.job = True
        self.done: list[str] = []


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(files, "locked", lambda folder: contextlib.nullcontext())
    monkeypatch.setattr(localmail, "read_aliases", lambda: "ops: bob\n")
    monkeypatch.setattr(localmail, "plan_aliases", lambda root_alias: host.wished)
    monkeypatch.setattr(localmail, "write_aliases", host.done.append)
    monkeypatch.setattr(localmail, "read_runner", lambda: Runner("cron", host.job, True))
    monkeypatch.setattr(localmail, "mend_runner", lambda: host.done.append("mended"))
    return host


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("wished", "job", "done"),
    [(None, True, []), ("new\n", True, ["new\n"]), (None, False, ["mended"]), ("new\n", False, ["new\n", "mended"])],
)
def test_it_does_what_is_missing(
    host: Host, capfd: pytest.CaptureFixture[str], check: bool, wished: str | None, job: bool, done: list[str]
) -> None:
    host.wished, host.job = wished, job
    answer = run_module(sendmail_local_mail.main, capfd, {}, check=check)
    assert answer["changed"] is bool(done)
    assert (answer["aliases_changed"], answer["runner_mended"]) == (wished is not None, not job)
    assert answer["diff"]["before"] == "ops: bob\n"
    assert answer["diff"]["after"] == (wished or "ops: bob\n")
    assert host.done == ([] if check else done)


def test_an_error_is_told(host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def refuse(root_alias: str) -> t.NoReturn:
        raise MailtlsError(f"{root_alias} cannot read")

    monkeypatch.setattr(localmail, "plan_aliases", refuse)
    assert run_module(sendmail_local_mail.main, capfd, {"root_alias": "root"})["msg"] == "root cannot read."
