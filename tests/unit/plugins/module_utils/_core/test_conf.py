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
        ("export QUEUE_INTERVAL=5m", "5m"),
        ('X="1"; QUEUE_INTERVAL="5m"', "5m"),
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


@pytest.mark.parametrize(
    "text",
    [
        "",
        STOCK,
        'QUEUE_MODE="cron";',
        'DAEMON_PARMS="-X /var/log/traffic -d0.1";',
        'QUEUE_PARMS="-qp5m";',
        '# DAEMON_PARMS="-C /x"',
    ],
)
def test_settings_a_relay_can_live_with(text: str) -> None:
    assert conf.find_fault(text, "x") == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('DAEMON_PARMS="-C /other.cf";', "conf: DAEMON_PARMS holds -C /other.cf, so sendmail would run something else"),
        ('DAEMON_PARMS="-d1 -C/other.cf -q1h";', "holds -C/other.cf, so"),
        ("MISC_PARMS='-O TLSFallbacktoClear=true -X /log'", "MISC_PARMS holds -O TLSFallbacktoClear=true, so"),
        ('QUEUE_PARMS="-oQ/tmp -Mrelay"', "QUEUE_PARMS holds -oQ/tmp -Mrelay, so"),
        ('CRON_PARMS="-Ac"', "CRON_PARMS holds -Ac, so"),
        ('MSP_PARMS="-C /x"', "MSP_PARMS holds -C /x, so"),
        ('QUEUE_MODE="None";', 'QUEUE_MODE is "None", so nobody runs the queue'),
        ('DAEMON_MODE="none";', 'DAEMON_MODE is "none", so the service starts no daemon'),
        ('DAEMON_MODE="inetd";', "so the service starts no daemon"),
    ],
)
def test_settings_that_open_or_stop_a_relay(line: str, told: str) -> None:
    assert told in conf.find_fault(STOCK + line, "conf")


JOB = "*/10 * * * *\troot\t/usr/share/sendmail/sendmail cron-mta\n"


@pytest.mark.parametrize(
    ("line", "crontab", "alive", "told"),
    [
        ("", "", False, ""),
        ('QUEUE_MODE="Daemon";', "", False, ""),
        ('QUEUE_MODE="Cron";', JOB, True, ""),
        ('QUEUE_MODE="cron";', JOB, False, 'conf: QUEUE_MODE is "cron", but no cron runs'),
        ('QUEUE_MODE="cron";', f"#{JOB}", True, "/etc/cron.d/sendmail has no job for that"),
        ('QUEUE_MODE="cron";', JOB.replace("mta", "msp"), True, "Run /usr/share/sendmail/update_conf."),
    ],
)
def test_a_queue_that_cron_does_not_run(line: str, crontab: str, alive: bool, told: str) -> None:
    said = conf.find_idle_cron(STOCK + line, "conf", crontab, alive=alive)
    assert told in said and bool(said) is bool(told)


@pytest.mark.parametrize("text", ["", "dnl # nothing\n", "# a comment\n", "FEATURE(`virtusertable')dnl\nMx, P=[IPC]\n"])
def test_what_may_be_included(text: str) -> None:
    assert conf.find_detour(text, "m4") == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("define(`SMART_HOST', `a.example')dnl", "m4, line 2: define(SMART_HOST, a.example) is refused: it would move"),
        (
            "define(`confTLS_FALLBACK_TO_CLEAR', `True')dnl",
            "m4, line 2: define(confTLS_FALLBACK_TO_CLEAR, True) is refused",
        ),
        ("FEATURE(`access_db')", "a second access map"),
        ("define(`x', `", "is never closed"),
    ],
)
def test_what_may_not(line: str, told: str) -> None:
    assert told in conf.find_detour(f"dnl\n{line}\n", "m4")


@pytest.mark.parametrize(
    ("line", "by_daemon"),
    [
        ("", True),
        ('QUEUE_MODE="Daemon";', True),
        ('QUEUE_MODE="cron";', False),
        ('QUEUE_PARMS="-qGslow1h";', False),
        ('QUEUE_PARMS="-d1";\nDAEMON_PARMS="-d1";', True),
    ],
)
def test_who_runs_the_queue(line: str, by_daemon: bool) -> None:
    assert conf.runs_queue(line) is by_daemon and conf.runs_queue(f"{STOCK}{line}\n") is by_daemon
