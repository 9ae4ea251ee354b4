# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    ENCRYPT,
    Client,
    Inbound,
    Outbound,
    Peer,
    Policy,
    Requirement,
    Target,
    Waiver,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.soundness import refuse_unsound

TODAY = datetime.date(2026, 11, 25)
WAIVER = Waiver("a", "b", TODAY)
NAME, ADDRESS = Target(0, "a.example"), Target(4, "10.1.2.3", 32)


def judge(*peers: Peer, default: Requirement = ENCRYPT, clients: t.Sequence[Client] = (), sole: str = "") -> None:
    refuse_unsound(Policy(Outbound(default, peers), Inbound(clients=tuple(clients))), TODAY, sole, "default.failure")


@pytest.mark.parametrize("days", [0, 1, 400])
def test_an_exception_holds_to_its_last_day(days: int) -> None:
    judge(Peer("here", ADDRESS, Requirement("may", 0), WAIVER._replace(until=TODAY + datetime.timedelta(days))))


@pytest.mark.parametrize("days", [1, 400])
def test_an_exception_that_ended_is_refused(days: int) -> None:
    with pytest.raises(MailtlsError, match=r"^here\.exception\.until: the exception for 10\.1\.2\.3 ended on "):
        judge(Peer("here", ADDRESS, Requirement("may", 0), WAIVER._replace(until=TODAY - datetime.timedelta(days))))


def test_same_strength_by_name_is_nobodys_risk() -> None:
    judge(Peer("here", NAME, Requirement("secure", name="b")), default=Requirement("secure", name="a"))


@pytest.mark.parametrize("sole", ["", "b.example", "no host"])
def test_a_bounce_is_fine_where_there_is_another_way(sole: str) -> None:
    judge(Peer("here", NAME, Requirement(failure="permanent")), sole=sole)


def test_clients_by_name_are_a_risk_always() -> None:
    with pytest.raises(MailtlsError, match=r"^here\.accept_dns_risk: "):
        judge(clients=[Client("here", NAME, Requirement("may", 0))])
    judge(clients=[Client("here", NAME, Requirement("may", 0), accept_dns_risk=True)])


@pytest.mark.parametrize("sole", ["[192.0.2.7]", "[ipv6:2001:db8::7]"])
def test_an_address_has_no_name_that_level_verify_could_compare(sole: str) -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_tls_policy\.outbound\.default\.level: .* has none"):
        judge(default=Requirement("verify"), sole=sole)
    judge(default=Requirement("verify"), sole="mta2.example.org")
    judge(default=Requirement("secure", name="a"), sole=sole)
