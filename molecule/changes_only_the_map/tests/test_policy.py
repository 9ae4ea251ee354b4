# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The daily change touches the access map and nothing else, and is in force at once."""

from __future__ import annotations

import typing as t

import pytest
from lab import Lab, Message, Play
from story import Story, check

POLICY = "playbooks/policy.yml"
# MTA2 is not called so.
OTHER = {"sendmail_tls_policy": {"outbound": {"default": {"level": "secure", "name": "mta9.example.test"}}}}
HELD = "Deferred: 403 4.7.0 CN mta2.example.test does not match mta9.example.test"
# No file can be written without its time of change; what the relays write while mail flows lies elsewhere.
LOOK = "find /etc -type f -printf '%p %T@ %C@ %m %u:%g %s\\n'"
MAP = {"/etc/mail/access", "/etc/mail/access.db", "/etc/mail/.access.mailtls-receipt"}


class Change(t.NamedTuple):
    """``files``: which are others than before; the daemon before and after."""

    play: Play
    files: set[str]
    daemons: tuple[str, str]


def look(lab: Lab) -> set[str]:
    lines = lab.read("mta1", LOOK).splitlines()
    assert {*MAP, "/etc/mail/sendmail.cf", "/etc/mail/certs/host.key"} <= {line.split()[0] for line in lines}
    return set(lines)


def change(lab: Lab, **variables: t.Any) -> Change:
    before, daemon = look(lab), lab.daemon("mta1")
    play = lab.converge(POLICY, **variables)
    return Change(play, {line.split()[0] for line in before ^ look(lab)}, (daemon, lab.daemon("mta1")))


@pytest.fixture(scope="module")
def queued(lab: Lab) -> tuple[Message, str]:
    """A message that waits since before the change, because MTA2 was out of reach."""
    lab.read("mta2", "systemctl stop sendmail")
    sent, queue_id = lab.send_marked("before")
    assert "Connection refused" in lab.fate("mta1", queue_id)
    lab.read("mta2", "systemctl start sendmail")
    return sent, queue_id


@pytest.fixture(scope="module")
def changed(lab: Lab, queued: tuple[Message, str]) -> Change:
    assert queued
    return change(lab, **OTHER)


def test_only_the_map_is_another(changed: Change) -> None:
    assert (changed.play.code, changed.play.changed["mta1"]) == (0, 1), changed.play.output
    assert changed.files == MAP


def test_the_daemon_is_the_same(changed: Change) -> None:
    assert changed.daemons[0] == changed.daemons[1]


@pytest.mark.usefixtures("changed")
def test_the_next_run_of_the_queue_obeys(lab: Lab, queued: tuple[Message, str]) -> None:
    lab.try_again(queued[1])
    assert lab.waits(queued[1]) == HELD


@pytest.mark.usefixtures("changed")
def test_the_daemon_obeys(lab: Lab) -> None:
    _sent, queue_id = lab.send_marked("after")
    assert lab.fate("mta1", queue_id).endswith(f"stat={HELD}")


@pytest.mark.usefixtures("changed")
def test_a_second_run_changes_nothing(lab: Lab) -> None:
    again = change(lab, **OTHER)
    assert set(again.play.changed.values()) == {0} and not again.files


@pytest.mark.usefixtures("changed")
def test_changed_back_the_mail_goes_out(lab: Lab, queued: tuple[Message, str]) -> None:
    assert change(lab).files == MAP
    lab.try_again()
    check(Story(lab).arrival_rows(1, "before", *queued))
