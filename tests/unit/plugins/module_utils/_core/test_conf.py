# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import conf
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

# As the package writes it.
STOCK = '# QUEUE_INTERVAL="10m";\nDAEMON_MODE="Daemon";\nQUEUE_MODE="${DAEMON_MODE}";\nQUEUE_INTERVAL="10m";\n#\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (STOCK, "10m"),
        ("", ""),
        ('# QUEUE_INTERVAL="10m";', ""),
        ("QUEUE_INTERVAL=5m", "5m"),
        ("QUEUE_INTERVAL=5m;# hm", "5m"),
        ("  QUEUE_INTERVAL='5m'\n", "5m"),
        ('QUEUE_INTERVAL="10m";\nQUEUE_INTERVAL="5m";\n', "5m"),
        ('MY_QUEUE_INTERVAL="10m";', ""),
    ],
)
def test_the_last_assignment_counts(text: str, value: str) -> None:
    assert conf.read_value(text, conf.INTERVAL) == value


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (STOCK, STOCK.replace('\nQUEUE_INTERVAL="10m"', '\nQUEUE_INTERVAL="5m"')),
        ("QUEUE_INTERVAL=1m\n QUEUE_INTERVAL=2m # hm\n", 'QUEUE_INTERVAL="5m";\nQUEUE_INTERVAL="5m";\n'),
        ("", 'QUEUE_INTERVAL="5m";\n'),
        ("X=1\n", 'X=1\nQUEUE_INTERVAL="5m";\n'),
        ("X=1", 'X=1\nQUEUE_INTERVAL="5m";\n'),
    ],
)
def test_nothing_else_is_changed(text: str, changed: str) -> None:
    assert conf.with_value(text, conf.INTERVAL, "5m") == changed
    assert conf.read_value(changed, conf.INTERVAL) == "5m"


@pytest.mark.parametrize("text", [STOCK, "", 'QUEUE_MODE="DAEMON";', 'QUEUE_MODE="$DAEMON_MODE"'])
def test_the_daemon_runs_the_queue(text: str) -> None:
    conf.refuse_other_runners(text, "x")


@pytest.mark.parametrize("line", ['QUEUE_MODE="cron";', 'QUEUE_MODE="none";', 'DAEMON_MODE="inetd";'])
def test_another_runner_is_refused(line: str) -> None:
    with pytest.raises(MailtlsError, match="does not run its queue"):
        conf.refuse_other_runners(STOCK + line, "/etc/mail/sendmail.conf")
