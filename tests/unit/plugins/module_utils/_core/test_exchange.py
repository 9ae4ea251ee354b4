# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.exchange import (
    find_misnamed,
    find_null,
    parse_exchanges,
    render_questions,
)

# What sendmail 8.17 printed.
ANSWERS = """ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)
Enter <ruleset> <address>
> getmxrr(mta3.example.test) returns 1 value(s):
\tmta3.example.test.
> getmxrr(example.test) returns 2 value(s):
\tMTA2.example.test.
\tmta3.example.test.
> getmxrr(nosuch.example.test) returns 0 value(s):
> """
EXCHANGES = {
    "mta3.example.test": ["mta3.example.test"],
    "example.test": ["mta2.example.test", "mta3.example.test"],
    "nosuch.example.test": [],
}


def test_the_answers_of_sendmail() -> None:
    assert parse_exchanges(ANSWERS) == EXCHANGES


def test_a_domain_that_takes_no_mail() -> None:
    told = ANSWERS + "getmxrr(Null.example.test) returns null MX (See RFC7505)\n> "
    assert find_null(told) == {"null.example.test"} and parse_exchanges(told) == EXCHANGES
    assert find_null(ANSWERS) == set()


def test_questions() -> None:
    assert render_questions(["example.test", "mta3.example.test"]) == "/mx example.test\n/mx mta3.example.test\n"
    assert render_questions([]) == ""


@pytest.mark.parametrize("name", ["", "a b", "a\n/quit", "[192.0.2.7]", "a" * 254])
def test_what_could_be_another_command(name: str) -> None:
    with pytest.raises(MailtlsError, match="next_hops"):
        render_questions([name])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mta3.example.test", []),
        ("nosuch.example.test", []),
        ("unasked.example.test", []),
        (
            "example.test",
            [
                "sendmail_tls_policy.outbound.peers[0].next_hop: mail for example.test goes to mta2.example.test,"
                " mta3.example.test, and sendmail looks for the rule of the host that it connects to. Name the hosts of"
                " its MX records, or use outbound.recipients."
            ],
        ),
    ],
)
def test_names_that_are_never_looked_up(name: str, told: list[str]) -> None:
    assert find_misnamed({"sendmail_tls_policy.outbound.peers[0]": name}, EXCHANGES) == told
