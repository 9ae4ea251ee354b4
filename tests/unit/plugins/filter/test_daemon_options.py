# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailtls.relay.plugins.filter.daemon_options import FilterModule

daemon_options = FilterModule().filters()["daemon_options"]
BOTH = [{"family": "inet"}, {"family": "inet6"}]


@pytest.mark.parametrize(
    ("ipv6", "v6only", "families"),
    [(True, False, ["inet6", "inet"]), (True, True, ["inet", "inet6", "inet"]), (False, False, ["inet", "inet"])],
)
def test_plain_lines_come_out(ipv6: bool, v6only: bool, families: list[str]) -> None:
    lines = daemon_options(BOTH, ipv6=ipv6, v6only=v6only)
    assert [line.split(",")[0] for line in lines] == [f"Family={family}" for family in families]


def test_a_wrong_listener_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="sendmail_listeners"):
        daemon_options([{"family": "ip"}])


@pytest.mark.parametrize(("address", "fine"), [("192.0.2.1", True), ("127.0.0.9", True), ("192.0.2.2", False)])
def test_an_address_of_another_host_is_refused(address: str, fine: bool) -> None:
    wish = [{"family": "inet", "address": address}]
    if fine:
        assert f"Addr={address}" in daemon_options(wish, addresses=["192.0.2.1", "127.0.0.1"])[0]
    else:
        with pytest.raises(AnsibleFilterError, match=r"192\.0\.2\.2 is not one of this host's addresses"):
            daemon_options(wish, addresses=["192.0.2.1", "127.0.0.1"])


@pytest.mark.parametrize("submission", [None, [], ["Family=inet, Port=587, M=E"]])
def test_port_587_stays_as_it_was_found(submission: list[str] | None) -> None:
    lines = [line for line in daemon_options(BOTH, submission=submission) if "Port=587" in line]
    assert lines == (
        ["Family=inet, Name=MSP-v4, Port=587, Addr=127.0.0.1, M=Ea, Listen=256"] if submission is None else submission
    )
