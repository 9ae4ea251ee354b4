# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay's probe of its next hops comes to, as an audit reports it. Unknown is never fine."""

from __future__ import annotations

import typing as t

from .errors import MailtlsError
from .peer import FAIL, INCONCLUSIVE, PASS
from .peertable import render_table
from .probelist import AT_MOST
from .sighting import printable

MODES = ("fail", "warn", "none")
# Besides the three verdicts of a probe: nobody was there to ask, or nobody could be asked.
NOTHING, NOT_RUN = "nothing", "not_run"
_FINE = (PASS, NOTHING)


class ProbeVerdict(t.NamedTuple):
    """``ok`` says whether the play may go on, ``text`` what was found in one line.

    ``wrong`` are the lines for a person who must do something, empty when nobody must; ``lines`` are all that is known.
    """

    ok: bool
    state: str
    text: str
    wrong: list[str]
    lines: list[str]


def judge_probe(
    answer: t.Mapping[str, t.Any], listing: t.Mapping[str, t.Any], mode: str = "warn", relay: str = ""
) -> ProbeVerdict:
    """``answer`` is what module starttls_info returned, ``listing`` a ``Listing`` as plain data."""
    if mode not in MODES:
        raise MailtlsError(
            f"{mode!r} is not a mode", where="tls_audit_probe", remedy=f"Write one of {', '.join(MODES)}."
        )
    state, said = _read(answer, listing)
    text = f"{relay}: {said}" if relay else said
    peers = answer.get("peers") or []
    bad = [peer for peer in peers if peer["summary"] != PASS]
    notes = [f"  not probed: {note}" for note in listing["unprobed"]]
    if listing["left_out"]:
        notes.append(f"  not probed: {listing['left_out']} next hops more than {AT_MOST} allows.")
    fine = state in _FINE
    return ProbeVerdict(
        fine or mode != "fail",
        state,
        text,
        [text, *_table(bad), *notes] if notes or not fine else [],
        [text, *_table(peers), *notes],
    )


def _read(answer: t.Mapping[str, t.Any], listing: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """The state, and one line about it."""
    if "summary" not in answer:
        if listing["targets"]:
            reason = printable(str(answer.get("msg") or "the module ended without a word; -vvv shows more")).rstrip(".")
            return NOT_RUN, f"the next hops were NOT PROBED: {reason}."
        if listing["unprobed"] or listing["left_out"]:
            return INCONCLUSIVE, "none of the next hops that are named here could be probed."
        return NOTHING, "no next hop is named here, so nothing was probed."
    count = answer["summary"]
    said = "next hops probed: {targets}; {pass} pass, {fail} fail, {inconclusive} inconclusive.".format(**count)
    if count[FAIL]:
        return FAIL, said
    return (INCONCLUSIVE if count[INCONCLUSIVE] or listing["left_out"] else PASS), said


def _table(peers: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    return [f"  {line}" for line in render_table(peers).splitlines()]
