# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access maps and sessions of every kind, as Hypothesis strategies: what we would write, and what nobody should."""

from __future__ import annotations

import datetime
import random
import typing as t

from hypothesis import strategies as st
from relay import ASKED, ROOT, Placed, Question, Session

from plugins.module_utils._core.access import Entry, compile_policy
from plugins.module_utils._core.policy_reader import parse_policy

Lot = tuple[list[Placed], list[Question]]

HOSTS = [
    "mta2.example",
    "mta3.sub.example",
    "sub.example",
    "example",
    "MTA2.Example",
    "mta2.local",
    "local",
    "localhost",
    "a-b.mta2.example",
    "10.1.2.3",
    "evil.10",
    "evil.10.",
    "[10.1.2.3]",
    "[192.0.2.9]",
    "[IPv6:2001:db8:0:0:0:0:0:7]",
    "IPv6:2001:db8:0:0:0:0:0:7",
    "[mta2.example]",
    "a..b",
    ".example",
    "mta2.example.",
    "verify",
    "no",
    "x_y.example",
    "3",
]
ADDRESSES = [
    "10.1.2.3",
    "10.1.2.30",
    "192.0.2.9",
    "local",
    "0",
    "IPv6:2001:db8:0:0:0:0:0:7",
    "IPv6:0:0:0:0:0:0:0:1",
    "IPv6:2001:DB8:0:0:0:0:0:7",
    "IPv6:2001:db8::7",
    "IPv6:0:0:0:0:0:FFFF:10.1.2.3",
    "relay",
]
AROUND = [
    "",
    "10",
    "10.1",
    "10.1.2",
    "192.0",
    "IPv6:2001:db8",
    "IPv6:2001",
    "IPv6",
    "[10.1.2]",
    "[10]",
    "[IPv6:2001:db8]",
]
RECIPIENTS = [
    "bob@mta2.example",
    "bob@sub.example",
    "Bob@Sub.Example",
    "bob+box@sub.example",
    "bob",
    "bob+box",
    "+box@example",
    "bob+a+b@example",
    "carol@mta3.sub.example",
]
MAILBOXES = [
    "bob@",
    "bob+box@",
    "bob+*@",
    "bob+*@sub.example",
    "carol@mta3.sub.example",
    "bob+box@sub.example",
    "+*@example",
]
NAMES = ["", "mta2.example", "other.example", "Mail+20Service", "MTA2.example", "x", "a,b;c", "mta3.sub.example"]
DISTINGUISHED = ["", "/O=Example/CN=Example+20CA", "/O=Example/CN=mta2.example", "/C=XX,YY/O=B/CN=C", "/O=Evil/CN=CA"]
VERIFIES = [
    "OK",
    "OK",
    "OK",
    "TRUSTED",
    "FAIL",
    "NO",
    "NOT",
    "NONE",
    "NONE",
    "TEMP",
    "CLEAR",
    "SOFTWARE",
    "PROTOCOL",
    "CONFIG",
    "DANE_FAIL",
    "DANE_NOTLS",
    "DANE_TEMP",
    "ok",
    "BOGUS",
]
WORDS = [
    " ",
    "VERIFY",
    "ENCR",
    "TEMP",
    "PERM",
    "+",
    "++",
    ":",
    "CN",
    "CS",
    "CI",
    "CITag",
    "128",
    "0",
    "0x80",
    "0200",
    "256",
    "-5",
    "OK",
    "SKIP",
    "?",
    "<",
    ">",
    "<TMPF>",
    '"',
    "(",
    ")",
    ",",
    ";",
    "x",
    "mta2.example",
    "/O=Example",
    "NO",
    "tag",
]
TABLE = [
    line.split("\t")[0]
    for line in (ROOT / "tests/fixtures/rhs.txt").read_text(encoding="utf-8").splitlines()
    if line[0] != "#"
]

_extensions = st.one_of(
    st.just("CN"),
    st.sampled_from(NAMES).map("CN:{}".format),
    st.sampled_from(DISTINGUISHED).map("CS:{}".format),
    st.sampled_from(DISTINGUISHED).map("CI:{}".format),
    st.sampled_from(["CITag:tag", "citag:TAG", "CITag:x", "FOO:bar", "CN:", "CS", ""]),
)


@st.composite
def sound(draw: st.DrawFn) -> str:
    """A value as the compiler may write it, and its near relatives."""
    force = draw(st.sampled_from(["ENCR:", "VERIFY:", "VERIFY", "verify:", "encr:"]))
    bits = draw(st.sampled_from(["128", "256", "112", "1", "40", "168"])) if force.endswith(":") else ""
    extensions = "++".join(draw(st.lists(_extensions, max_size=3)))
    return (
        draw(st.sampled_from(["TEMP+", "PERM+", "", "temp+"])) + force + bits + (f"+{extensions}" if extensions else "")
    )


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sound value with one piece too many, or too few."""
    value = draw(sound())
    place = draw(st.integers(0, len(value)))
    return value[:place] + draw(st.sampled_from([*WORDS, ""])) + value[place + draw(st.integers(0, 3)) :]


broken = st.one_of(
    mutated(), st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map("".join), st.sampled_from(TABLE)
)
requirements = st.one_of(sound(), sound(), broken, st.sampled_from(["OK", "SKIP", "(comment)", "?", "x<TMPF>"]))
hosts = st.sampled_from([*HOSTS, *ADDRESSES, *AROUND, "", "", ""])
letters = st.one_of(st.sampled_from(["S", "V", "S V", "D", "M", "SKIP", "NO", "no", "REJECT", "?", "(x)"]), broken)
entries = st.one_of(
    st.tuples(st.sampled_from(["TLS_Srv", "TLS_Srv", "TLS_Clt", "tls_clt"]), hosts, requirements),
    st.tuples(st.just("TLS_Srv"), st.just(""), requirements),
    st.tuples(st.just("TLS_Rcpt"), st.one_of(hosts, st.sampled_from([*MAILBOXES, *RECIPIENTS])), requirements),
    st.tuples(st.sampled_from(["Try_TLS", "Srv_Features", "Clt_Features"]), hosts, letters),
    st.tuples(
        st.sampled_from(["CERTISSUER", "CERTSUBJECT", "tag", "x"]),
        st.sampled_from(DISTINGUISHED),
        st.sampled_from(["RELAY", "SUBJECT", "OK", "relay", "?", "(x)", "OK (x)", "NO"]),
    ),
)


def usable(value: str) -> bool:
    """What a line of makemap's input can carry. A backslash is not among the words."""
    return bool(value.strip())


@st.composite
def lots(draw: st.DrawFn, questions: int) -> Lot:
    """A map, and questions about it: sessions put together from what was drawn."""
    rows = draw(
        st.lists(
            entries.filter(lambda row: usable(row[2])), max_size=14, unique_by=lambda row: f"{row[0]}:{row[1]}".lower()
        )
    )
    placed = [
        Placed(f"entry {number}", Entry(f"{tag}:{key}", value.strip())) for number, (tag, key, value) in enumerate(rows)
    ]
    chance = random.Random(draw(st.integers(0, 2**32 - 1)))
    # Hosts and certificates that the map speaks of come more often.
    known = [key for tag, key, _value in rows if key and tag.lower() in {"tls_srv", "tls_clt", "try_tls"}] or HOSTS
    return placed, [question(chance, known) for _number in range(questions)]


def question(chance: random.Random, known: t.Sequence[str]) -> Question:
    pick = chance.choice
    host = pick(known) if chance.random() < 0.4 else pick(HOSTS)
    name = pick(["", "", "x."]) + host
    # IPv6 has eight look-ups of its own, and sendmail -bt writes a line for each: a few are enough.
    far = ADDRESSES if chance.random() < 0.25 else ADDRESSES[:5]
    near = [address for address in ADDRESSES if address.lower().startswith(host.lower())] or far
    session = Session(
        peer_name=name if not name.startswith("x.[") else host,
        peer_address=pick(near),
        verify=pick(VERIFIES),
        bits=pick([0, 0, 40, 112, 128, 168, 256, 256]),
        cert_cn=pick([*NAMES, host if host[:1].isalpha() else "x"]),
        cert_subject=pick(DISTINGUISHED),
        cert_issuer=pick(DISTINGUISHED),
        recipient=pick(RECIPIENTS),
        auth_ssf=pick([0, 0, 0, 0, 56, 128, 256]),
        next_hop=pick(["", host, name, name.upper(), f"[255.255.255.255]:{name}", "[10.1.2.3]:mta2.example", "x"]),
    )
    return Question(pick([*ASKED, "tls_server", "tls_server", "tls_client", "tls_rcpt"]), session)


TODAY = datetime.date(2026, 11, 25)
# Every item may be whatever it likes: somebody answers for it, and knows what DNS can do.
ANSWERED = {"exception": {"owner": "a", "reason": "b", "until": "2027-03-31"}, "accept_dns_risk": True}
PEERS = [
    "mta2.example",
    "mta3.sub.example",
    "sub.example",
    "a-b.mta2.example",
    "10.1.2.3",
    "[10.1.2.3]",
    "[192.0.2.9]",
    "10.1.2.0/24",
    "10.1.0.0/16",
    "192.0.2.9",
    "2001:db8::7",
    "[IPv6:2001:db8::7]",
    "2001:db8:0::/48",
    "127.0.0.1",
]
PINS = ["/O=Example/CN=Example CA", "/O=Example/CN=mta2.example", "/O=Evil/CN=CA"]


@st.composite
def wishes(draw: st.DrawFn, levels: t.Sequence[str]) -> dict[str, t.Any]:
    """The fields of a requirement, sound for its level."""
    wish: dict[str, t.Any] = {"level": draw(st.sampled_from(levels))}
    if wish["level"] in {"encrypt", "verify", "secure"}:
        wish.update(
            min_bits=draw(st.sampled_from([128, 256, 112])), failure=draw(st.sampled_from(["temporary", "permanent"]))
        )
    if wish["level"] in {"verify", "secure"}:
        wish.update({pin: draw(st.sampled_from(PINS)) for pin in ("issuer", "subject") if draw(st.booleans())})
    if wish["level"] == "secure":
        wish["name"] = draw(st.sampled_from(["mta2.example", "other.example", "Mail Service", "mta3.sub.example"]))
    return wish


def items(key: str, of: st.SearchStrategy[str], levels: t.Sequence[str], more: t.Any) -> st.SearchStrategy[t.Any]:
    one = st.tuples(of, wishes(levels)).map(lambda pair: {key: pair[0], **pair[1], **more})
    return st.lists(one, max_size=5, unique_by=lambda item: item[key].strip("[]").lower().replace("ipv6:", ""))


def named(peer: dict[str, t.Any]) -> dict[str, t.Any]:
    """At level verify the certificate bears the host's name; an address in brackets has none, and so is given one."""
    nameless = peer["level"] == "verify" and peer["next_hop"].startswith("[")
    return {**peer, "level": "secure", "name": "mta2.example"} if nameless else peer


LEVELS = ["none", "may", "encrypt", "verify", "secure"]
policies = st.fixed_dictionaries(
    {
        "outbound": st.fixed_dictionaries(
            {
                "default": wishes(LEVELS[2:]),
                "peers": items("next_hop", st.sampled_from(PEERS), LEVELS, ANSWERED).map(
                    lambda peers: list(map(named, peers))
                ),
                "recipients": items(
                    "recipient",
                    st.sampled_from(["bob@mta2.example", "sub.example", "bob@", "mta3.sub.example"]),
                    LEVELS[2:],
                    {},
                ),
            }
        ),
        "inbound": st.fixed_dictionaries(
            {
                "default": wishes(LEVELS[1:]),
                "clients": items(
                    "client", st.sampled_from([peer for peer in PEERS if peer[0] != "["]), LEVELS[1:], ANSWERED
                ),
            }
        ),
    }
)


@st.composite
def ruled(draw: st.DrawFn, questions: int) -> Lot:
    """A policy as a user may write it, what the compiler makes of it, and sessions."""
    policy = draw(policies)
    placed = list(compile_policy(parse_policy({"sendmail_tls_policy": policy}, today=TODAY)))
    chance = random.Random(draw(st.integers(0, 2**32 - 1)))
    known = [peer["next_hop"] for peer in policy["outbound"]["peers"] if "/" not in peer["next_hop"]]
    return placed, [question(chance, known or HOSTS) for _number in range(questions)]
