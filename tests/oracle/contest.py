# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our judge beside sendmail's own rule sets, over lots of maps and sessions; a disagreement is a bug in ours."""

from __future__ import annotations

import collections
import contextlib
import time
import typing as t

from cases import Lot, lots, ruled
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from relay import Placed, Question, Relay, Session, typed

QUESTIONS_A_MAP = 250
# Where lots come from -> each is handed to the first argument; then how many, and where chance starts.
Source = t.Callable[[t.Callable[[Lot], None], int, int], None]


ENOUGH = 5


class TooMany(Exception):
    """So many disagreements that more of them would teach nothing."""


class Tally:
    """Cases by rule set and release, and the seconds that each release took."""

    def __init__(self) -> None:
        self.cases: collections.Counter[tuple[str, str]] = collections.Counter()
        # Of these, the ones in which sendmail had something to say.
        self.spoken: collections.Counter[str] = collections.Counter()
        self.seconds: collections.Counter[str] = collections.Counter()
        self.disagreements: list[str] = []
        # How many of them were shown already.
        self.told = 0

    def table(self) -> str:
        releases = sorted({version for _ruleset, version in self.cases})
        rulesets = sorted({ruleset for ruleset, _version in self.cases})
        lines = ["".join([f"{'cases':<14}", *(f"{version:>12}" for version in releases)])]
        for ruleset in rulesets:
            lines.append("".join([f"{ruleset:<14}", *(f"{self.cases[ruleset, version]:>12}" for version in releases)]))
        totals = {version: sum(self.cases[ruleset, version] for ruleset in rulesets) for version in releases}
        lines.append("".join([f"{'all':<14}", *(f"{totals[version]:>12}" for version in releases)]))
        lines.append("".join([f"{'said something':<14}", *(f"{self.spoken[version]:>12}" for version in releases)]))
        lines.append("".join([f"{'seconds':<14}", *(f"{self.seconds[version]:>12.1f}" for version in releases)]))
        lines.append(f"{sum(totals.values())} cases, {len(self.disagreements)} disagreements")
        return "\n".join(lines)


def compare(relay: Relay, lot: Lot, tally: Tally) -> None:
    """Ask both about one lot, and note in which cases they differ."""
    placed, questions = lot[0], [question for question in lot[1] if relay.knows(question)]
    begin = time.monotonic()
    theirs = relay.ask(placed, questions)
    ours = relay.expected(placed, questions)
    tally.seconds[relay.version] += time.monotonic() - begin
    for question, their, our in zip(questions, theirs, ours):
        tally.cases[question.ruleset, relay.version] += 1
        tally.spoken[relay.version] += bool(their)
        if their != our:
            tally.disagreements.append(replay(relay, *shrink(relay, placed, question)))
            if len(tally.disagreements) >= ENOUGH:
                raise TooMany


def differ(relay: Relay, placed: list[Placed], question: Question) -> bool:
    return relay.ask(placed, [question]) != relay.expected(placed, [question])


def shrink(relay: Relay, placed: list[Placed], question: Question) -> tuple[list[Placed], Question]:
    """The same disagreement with fewer rows and fewer facts. One that needs the session before it stays as it is."""
    if not differ(relay, placed, question):
        return placed, question
    for row in list(placed):
        fewer = [other for other in placed if other != row]
        placed = fewer if differ(relay, fewer, question) else placed
    for field, value in (*Session._field_defaults.items(), ("peer_name", "x"), ("recipient", "x"), ("verify", "OK")):
        simpler = question._replace(session=question.session._replace(**{field: value}))
        # An empty name or address is not what sendmail has.
        if value or field not in {"peer_name", "peer_address", "recipient"}:
            question = simpler if differ(relay, placed, simpler) else question
    return placed, question


def replay(relay: Relay, placed: list[Placed], question: Question) -> str:
    """What to type to see it again."""
    rows = "\n".join(f"  {entry.key}\t{entry.value}" for _place, entry in placed)
    asked = "\n".join(f"  {line}" for line in typed([question]).splitlines())
    their, our = relay.ask(placed, [question])[0], relay.expected(placed, [question])[0]
    return (
        f"== {question.ruleset} of {relay.version}, in {relay.container}\n  sendmail: {their!r}\n  ours:     {our!r}\n"
        f"  {question.session}\n-- makemap hash /tmp/oracle/access\n{rows}\n"
        f"-- sendmail -bt -C/tmp/oracle/sendmail.cf\n{asked}"
    )


def anything(check: t.Callable[[Lot], None], number: int, start: int) -> None:
    """Maps of every kind, sound and broken, made by Hypothesis: one half. Compiled policies: the other."""
    for strategy, share in ((lots(QUESTIONS_A_MAP), number - number // 2), (ruled(QUESTIONS_A_MAP), number // 2)):
        if share:
            generate(check, strategy, share, start)


def generate(check: t.Callable[[Lot], None], strategy: SearchStrategy[Lot], number: int, start: int) -> None:
    @seed(start)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(lot: Lot) -> None:
        check(lot)

    one()


def contest(suite: str, cases: int, start: int, tally: Tally, source: Source = anything) -> None:
    """At least that many cases for one release, or until there are too many disagreements."""
    relay = Relay(suite)
    with contextlib.suppress(TooMany):
        # clt_features is not asked of every release, so a lot may come out smaller.
        while (missing := cases - sum(tally.cases.values())) > 0:
            source(lambda lot: compare(relay, lot, tally), -(-missing // QUESTIONS_A_MAP), start)
            start += 1
    relay.close()
