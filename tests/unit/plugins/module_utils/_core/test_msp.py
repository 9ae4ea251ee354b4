# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import msp
from ansible_collections.mailtls.relay.plugins.module_utils._core.msp import Runner


@pytest.mark.parametrize(
    ("conf", "mode"),
    [
        ("", "cron"),
        ('#MSP_MODE="None";\n', "cron"),
        ('MSP_MODE="Cron";\nMSP_INTERVAL="20m";\n', "cron"),
        ("MSP_MODE=Daemon\n", "daemon"),
        ('MSP_MODE="Cron";\n MSP_MODE="None";\n', "none"),
    ],
)
def test_the_mode_of_sendmail_conf(conf: str, mode: str) -> None:
    assert msp.parse_mode(conf) == mode


@pytest.mark.parametrize(
    ("crontab", "found"),
    [
        ("", False),
        ("*/20 * * * *\tsmmsp\ttest -x /x && /usr/share/sendmail/sendmail cron-msp\n", True),
        ("#*/20 * * * *\tsmmsp\t/usr/share/sendmail/sendmail cron-msp\n", False),
        ("*/10 * * * * root /usr/share/sendmail/sendmail cron-mta\n", False),
    ],
)
def test_the_job_in_debians_crontab(crontab: str, found: bool) -> None:
    assert msp.has_job(crontab) is found


@pytest.mark.parametrize(
    ("runner", "mendable", "told"),
    [
        (Runner("cron", True, True), False, ""),
        (Runner("cron", False, True), True, ""),
        (Runner("cron", True, False), False, "no cron runs"),
        (Runner("daemon", False, True), False, ""),
        (Runner("daemon", False, False), False, "that daemon does not run"),
        (Runner("none", True, True), False, "MSP_MODE is 'none'"),
    ],
)
def test_what_keeps_the_queue_from_being_run(runner: Runner, mendable: bool, told: str) -> None:
    assert runner.mendable is mendable
    assert told in runner.fault
    assert bool(runner.fault) is bool(told)
