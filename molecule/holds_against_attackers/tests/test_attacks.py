# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each level of the policy against real attacks: what it promises to hold is held, and the rest is told as it is."""

from __future__ import annotations

import capture
import pytest
from forgery import Forged
from lab import RECIPIENT, Lab
from siege import (
    ATTACKS,
    BRACKETED,
    BY_NAME,
    CLEAR,
    ENCRYPT,
    LEVELS,
    MTA2,
    NO_BELT,
    OTHER_NAME,
    PRINTER,
    SECURE,
    Attack,
    Outcome,
    Siege,
    other_cf,
    policy,
    promises,
)

EXCEPTION = pytest.mark.parametrize("exception", [False, True], ids=["no exception", "an exception"])
LEVEL = pytest.mark.parametrize("level", LEVELS)
# Nothing of a message: not even that there is one.
HARMLESS = {"EHLO", "STARTTLS", "QUIT", "RSET"}

# How DNS can lead the mail for MTA2 to an address, for which there is an exception in the policy.
LEADS = {
    "an A record": lambda address: Forged(MTA2, addresses=(address,)),
    "an MX record": lambda address: Forged(MTA2, mx=EVIL_PRINTER, more=((EVIL_PRINTER, address),)),
    "an MX record with an address in brackets": lambda address: Forged(MTA2, mx=f"[{address}]"),
}
EVIL_PRINTER = "printer.evil.example"


def enforce(siege: Siege, level: str, exception: bool) -> None:
    siege.enforce(siege.compiled(policy(level, siege.excepted if exception else "")))


def is_held(outcome: Outcome, answer: str) -> None:
    assert outcome.held == answer
    assert {command for command, _how in outcome.commands} <= HARMLESS


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_table_says_what_the_levels_promise(attack: Attack) -> None:
    assert set(attack.answers) == {level for level in LEVELS if promises(level, attack)}


# The attack changes most seldom: a forgery takes longer than a map.
@EXCEPTION
@LEVEL
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack(
    siege: Siege, seen: dict[tuple[str, str, bool], str], attack: Attack, level: str, exception: bool
) -> None:
    siege.stage(attack)
    enforce(siege, level, exception)
    outcome = siege.send(attack.recipient)
    assert outcome.heard, "MTA1 never came to the attacker: nothing is proven"
    if promises(level, attack):
        is_held(outcome, attack.answers[level])
        seen[attack.name, level, exception] = "held"
    else:
        assert (outcome.held, outcome.read) == ("", {"under TLS"})
        seen[attack.name, level, exception] = "lost*"


def test_nothing_of_all_that_left_mta1_in_clear(siege: Siege, lab: Lab) -> None:
    """Whether held or read under TLS by the attacker: so far no cell was allowed to be seen on the wire."""
    assert lab.left_mta1(siege.begin)
    assert not capture.leaks(lab.left_mta1(siege.begin), ["siege", "MAIL FROM", "RCPT TO"])


@EXCEPTION
@LEVEL
@pytest.mark.parametrize("recipient", [RECIPIENT, BRACKETED])
def test_in_peace_the_mail_arrives(siege: Siege, lab: Lab, recipient: str, level: str, exception: bool) -> None:
    siege.stage(None)
    enforce(siege, level, exception)
    outcome = siege.send(recipient)
    assert not outcome.held and f"relay={MTA2}. " in lab.fate("mta1", outcome.queue_id, r"stat=Sent \(")
    assert not outcome.heard


@pytest.mark.parametrize("attack", ["STARTTLS stripped", "MX spoof in clear", "CNAME spoof of [host] in clear"])
def test_without_the_policy_the_attacker_reads_it_in_clear(siege: Siege, lab: Lab, attack: str) -> None:
    """Red: a map that demands nothing, and a cf without the belt."""
    siege.stage(BY_NAME[attack])
    enforce(siege, ENCRYPT, exception=False)
    held = siege.send(BY_NAME[attack].recipient)
    is_held(held, CLEAR[ENCRYPT])
    siege.enforce({})
    with other_cf(lab, NO_BELT):
        lost = siege.retry(held)
    assert (lost.held, lost.read) == ("", {"in clear"})
    # Whoever strips STARTTLS passes the mail on, and nobody notices.
    assert (lost.mark.encode() in lab.mailbox()) == (attack == "STARTTLS stripped")


def test_the_role_writes_what_was_attacked(siege: Siege, lab: Lab) -> None:
    """What the cells above put into MTA1's map by hand is what the play makes of the variable."""
    wish = policy(SECURE, siege.excepted)
    play = lab.converge("molecule/shared/change.yml", limit="mta1", sendmail_tls_policy=wish)
    assert play.code == 0, play.output
    siege.in_force = {key: value for key, value in siege.map().items() if key.startswith("tls_")}
    assert siege.in_force == siege.compiled(wish)
    siege.stage(BY_NAME["MX spoof, same CA"])
    is_held(siege.send(RECIPIENT), OTHER_NAME)


# The exception


@LEVEL
def test_the_exception_passes_for_its_address(siege: Siege, lab: Lab, level: str) -> None:
    siege.stage(None)
    enforce(siege, level, exception=False)
    held = siege.send(PRINTER)
    assert held.held == CLEAR[level]
    enforce(siege, level, exception=True)
    assert not siege.retry(held).held
    assert any(held.mark in record["text"] for record in lab.sink()), "MTA3 did not get it"


@LEVEL
def test_a_name_like_the_excepted_address_is_held(siege: Siege, lab: Lab, level: str) -> None:
    """sendmail looks a name up, and what follows its dots, before the address."""
    name = f"evil.{siege.excepted}"
    siege.forge(Forged(MTA2, mx=name, more=((name, lab.addresses("attacker")[0]),)))
    enforce(siege, level, exception=True)
    is_held(siege.send(RECIPIENT), f"403 4.7.0 the next hop {name} has an address for a name")


@LEVEL
@pytest.mark.parametrize("lead", LEADS)
def test_dns_leads_no_other_mail_to_the_excepted_address(siege: Siege, lead: str, level: str) -> None:
    """Whoever listens there in passing would read all mail of the relay."""
    siege.forge(LEADS[lead](siege.excepted))
    enforce(siege, level, exception=True)
    assert siege.send(RECIPIENT).held == CLEAR[level]


@pytest.mark.parametrize("lead", LEADS)
def test_without_the_belt_it_does(siege: Siege, lab: Lab, lead: str) -> None:
    """Red: the map alone, at its strictest."""
    siege.forge(LEADS[lead](siege.excepted))
    enforce(siege, SECURE, exception=True)
    held = siege.send(RECIPIENT)
    with other_cf(lab, NO_BELT):
        assert not siege.retry(held).held
    assert any(held.mark in record["text"] for record in lab.sink()), "MTA3 did not get it"
