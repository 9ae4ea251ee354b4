# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a peer writes, the client's half of SMTP ends with a documented error or a reply within the limits.

``FUZZ_EXAMPLES`` asks for more of them (``make fuzz``).
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from peer_properties import PROPERTIES, check_shown, packets

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400"))
CODES = st.sampled_from(
    [b"200", b"220", b"250", b"221", b"354", b"421", b"450", b"454", b"502", b"530", b"554", b"999", b"2", b""]
)
ODD = "\x85\u00ad\u180e\u2028\u202e\U000e0041 \u00fc".encode()
TEXTS = st.sampled_from(
    [
        b"",
        ODD,
        b"x",
        b"STARTTLS",
        b"SIZE 1",
        b"4.7.0 TLS",
        b"\x1b[2J",
        b"\xff\x00",
        b"x" * 2041,
        b"x" * 2048,
        b"x" * 3000,
        b"250 y",
    ]
)
LINES = st.builds(
    lambda code, mark, text, end: code + mark + text + end,
    CODES,
    st.sampled_from([b" ", b" ", b"-", b"-", b"", b"\t"]),
    TEXTS | st.binary(max_size=20),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]),
)
RECORDS = st.builds(
    lambda kind, version, body: bytes([kind]) + version + len(body).to_bytes(2, "big") + body,
    st.sampled_from([20, 21, 22, 23, 128]),
    st.sampled_from([b"\x03\x01", b"\x03\x03", b"\x03\x00", b"\x00\x00"]),
    st.binary(max_size=80),
)
ANYTHING = st.lists(LINES | RECORDS | st.binary(max_size=30), max_size=12).map(b"".join)
# Whole replies to each step of a probe, some that may be unfriendly, and then something else.
STEPS = (b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"530 x\r\n")
ANSWERS = st.lists(CODES.map(lambda code: code + b" x\r\n"), max_size=3).map(b"".join)
POLITE = st.integers(0, len(STEPS)).map(lambda count: b"".join(STEPS[:count]))
LATER = st.builds(lambda polite, answers, rest: polite + answers + rest, POLITE, ANSWERS, ANYTHING)
# Ends of a probe that are seldom drawn, and a seed with which their packets are whole replies.
ENDS = (
    (STEPS[0], b"450 x\r\n"),
    (STEPS[0], b"500 x\r\n", b"250 x\r\n"),
    (STEPS[0], b"500 x\r\n", b"450 x\r\n"),
    (*STEPS[:2], b"454 x\r\n"),
)
WHOLE = 5
STREAMS = ANYTHING | LATER | LATER | st.binary(max_size=400)


@pytest.mark.parametrize("number", range(len(PROPERTIES)))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@example(stream=b"220\r\r\n220 \r\n", seed=0)
@example(stream=b"".join(ENDS[0]), seed=WHOLE)
@example(stream=b"".join(ENDS[1]), seed=WHOLE)
@example(stream=b"".join(ENDS[2]), seed=WHOLE)
@example(stream=b"".join(ENDS[3]), seed=WHOLE)
@given(stream=STREAMS, seed=st.integers(0, 255))
def test_any_peer(number: int, stream: bytes, seed: int) -> None:
    PROPERTIES[number](stream, random.Random(seed))


@pytest.mark.parametrize("number", range(len(PROPERTIES)))
@pytest.mark.parametrize("line", [b"220-x\r\n", b"x" * 999, b"\n"])
def test_a_peer_that_never_ends(number: int, line: bytes) -> None:
    for seed in range(10):
        PROPERTIES[number](line * (50_000 // len(line)), random.Random(seed))


@pytest.mark.parametrize("replies", ENDS)
def test_the_seed_of_the_ends_cuts_after_whole_replies(replies: tuple[bytes, ...]) -> None:
    assert packets(b"".join(replies), random.Random(WHOLE)) == list(replies)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_made_printable(text: str) -> None:
    check_shown(text)
