# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import process
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.process import Choice, Process

UNIT, SCOPE = "sendmail.service", "session-1.scope"
# As seen with 8.15, 8.17 and 8.18.
LISTENS = "sendmail: MTA: accepting connections"
BUSY = "sendmail: MTA: rejecting connections on daemon MTA: load average: 12"
FULL = "sendmail: MTA: rejecting new messages: min free: 100"
OPENS = "/usr/sbin/sendmail-mta -Am -L sm-mta -bd -q10m"
SENDS = "sendmail: 6ANFWILQ000433 mta2.example.test.: client DATA status"
RUNS_QUEUE = "sendmail: Queue runner@00:10:00 for /var/spool/mqueue"


def one(pid: int, title: str = LISTENS, unit: str | None = UNIT, parent: int = 1) -> Process:
    return Process(pid, parent, 100.0, title, unit)


def test_no_daemon_is_none() -> None:
    assert process.choose([one(8, SENDS), one(9, RUNS_QUEUE), one(10, OPENS)], None, "sendmail") == Choice(None)


@pytest.mark.parametrize("title", [LISTENS, BUSY, FULL, "sendmail: accepting connections"])
@pytest.mark.parametrize("unit", [UNIT, None])
def test_the_services_own_daemon_is_fine(title: str, unit: str | None) -> None:
    daemon = one(7, title, unit)
    crowd = [one(8, SENDS), one(9, LISTENS, parent=7), daemon, one(10, RUNS_QUEUE)]
    assert process.choose(crowd, 7, "sendmail") == Choice(daemon)


@pytest.mark.parametrize("named", [None, 99])
def test_a_pid_file_that_does_not_name_it_is_mended_by_a_reload(named: int | None) -> None:
    choice = process.choose([one(7), one(8, OPENS)], named, "sendmail")
    assert (choice.daemon, choice.reload_helps, choice.surplus) == (one(7), True, (8,)) and "pid file" in choice.fault


def test_what_waits_for_the_port_is_ended_first() -> None:
    choice = process.choose([one(7), one(8, OPENS), one(9, OPENS, SCOPE)], 7, "sendmail")
    assert (choice.daemon, choice.surplus) == (one(7), (8,)) and "earlier start" in choice.fault


def test_two_daemons_of_the_service_are_one_too_many() -> None:
    choice = process.choose([one(7), one(8)], 8, "sendmail")
    assert (choice.daemon, choice.surplus) == (one(8), (7,)) and choice.fault


@pytest.mark.parametrize("unit", [SCOPE, "", "sendmail-out.service"])
@pytest.mark.parametrize("named", [7, None])
def test_a_daemon_outside_of_the_service_is_restarted(unit: str, named: int | None) -> None:
    choice = process.choose([one(7, unit=unit)], named, "sendmail")
    assert choice == Choice(one(7, unit=unit), "it runs outside of the service sendmail", reload_helps=False)


def test_another_instance_is_left_alone() -> None:
    mine, other = one(7), one(8, unit="sendmail-out.service")
    assert process.choose([mine, other], 7, "sendmail") == Choice(mine)
    assert process.choose([mine, other], None, "sendmail").daemon == mine


def test_several_outside_are_named() -> None:
    with pytest.raises(MailtlsError, match="processes 7, 8: no daemon of the service sendmail runs, but 2 others do"):
        process.choose([one(7, unit=SCOPE), one(8, unit=SCOPE)], None, "sendmail")


def test_the_title_is_read() -> None:
    assert process.parse_title("sendmail: MTA: accepting connections\0\0\0") == LISTENS
    assert process.parse_title("/usr/sbin/sendmail-mta\0-bd\0-q10m\0") == "/usr/sbin/sendmail-mta -bd -q10m"


@pytest.mark.parametrize(
    ("groups", "first", "unit"),
    [
        ("0::/system.slice/sendmail.service\n", "0::/init.scope\n", UNIT),
        ("9:name=systemd:/libpod/libpod-1/system.slice/sendmail.service\n8:pids:/libpod/libpod-1\n",
         "9:name=systemd:/libpod/libpod-1/init.scope\n8:pids:/libpod/libpod-1\n", UNIT),
        ("0::/user.slice/user-0.slice/session-1.scope\n", "0::/init.scope\n", SCOPE),
        ("0::/machine.slice/libpod-1.scope/system.slice/sendmail.service\n",
         "0::/machine.slice/libpod-1.scope/init.scope", UNIT),
        ("0::/\n", "0::/init.scope\n", ""),
        ("0::/\n", "0::/\n", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_the_unit_is_read(groups: str, first: str, unit: str | None) -> None:
    assert process.parse_unit(groups, first) == unit


LOCKS = """1: POSIX  ADVISORY  WRITE 11 fe:01:77 0 EOF
2: FLOCK  ADVISORY  WRITE 22 fe:01:77 0 EOF
2: -> FLOCK  ADVISORY  WRITE 33 fe:01:77 0 EOF
3: FLOCK  ADVISORY  WRITE 44 00:2a:78 0 EOF
4: FLOCK  ADVISORY  WRITE 0 fe:01:79 0 EOF
"""


@pytest.mark.parametrize(
    ("device", "inode", "pid"),
    [((254, 1), 77, 22), ((0, 42), 78, 44), ((0, 42), 77, None), ((254, 1), 7, None), ((254, 1), 79, None)],
)
def test_who_holds_a_lock(device: tuple[int, int], inode: int, pid: int | None) -> None:
    assert process.parse_holder(LOCKS, device, inode) == pid
