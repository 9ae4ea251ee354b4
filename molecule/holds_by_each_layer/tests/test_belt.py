# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The belt, asked offline in both relays' sendmail: holds what the map would let go, leaves the rest to the map."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t

import pytest
from lab import Lab, lab_name

SILENT = "403 the access map says nothing of TLS"
WEAK = "403 encryption too weak 0 less than 128"
NAMED_LIKE_AN_ADDRESS = "403 the next hop %s has an address for a name"
DEFAULT = "TLS_Srv:\tTEMP+ENCR:128"
FOR_LOCAL = "TLS_Srv:local\tOK"
LAST = "last.example"
NAME_OF_ITS_OWN = "TLS_Srv:\tTEMP+VERIFY:128+CN"
IPV6 = "IPv6:2001:db8:0:0:0:0:0:9"
FOR_IPV6 = f"TLS_Srv:{IPV6}\tOK"


class Asked(t.NamedTuple):
    """A map's content, a session (server name, its address, bits, verify, CN), and what sendmail must answer.

    ``hop`` is the next hop as the configuration has it.
    """

    rows: tuple[str, ...]
    name: str
    address: str
    bits: int
    verify: str
    answer: str
    cn: str = ""
    hop: str = "mta2.example"


def clear(
    *rows: str, answer: str, name: str = "mta2.example", address: str = "192.0.2.9", hop: str = "mta2.example"
) -> Asked:
    return Asked(rows, name, address, 0, "NONE", answer, hop=hop)


def encrypted(*rows: str, answer: str, verify: str = "FAIL", name: str = "mta2.example", cn: str = "") -> Asked:
    return Asked(rows, name, "192.0.2.9", 256, verify, answer, cn)


ASKED = [
    # The map says nothing that sendmail would enforce: the belt speaks.
    *(
        clear(*rows, answer=WEAK)
        for rows in (
            (),
            ("TLS_Srv:\tOK",),
            ("TLS_Srv:\tTRUE",),
            ("TLS_Srv:\tENCR:0",),
            ("TLS_Srv:\tENCR:-5",),
            ("TLS_Srv:\tENCR=128",),
            ("TLS_Srv:\tTEMP+ENCR:high",),
            ("TLS_Srv:\tTEMP+PERM+ENCR:128",),
            ("TLS_Srv:\tVERIFY:",),
            ("TLS_Srv:\tENCR:128> TRUE",),
            ("TLS_Srv:\t(a comment, which sendmail cannot read)",),
            ("TLS_Srv:mta2.example\tOK",),
            ("TLS_Srv:192.0.2.9\tOK",),
        )
    ),
    # Only the map knows whether a certificate was pinned: without its word, mail waits under TLS, too.
    encrypted(answer=SILENT),
    encrypted("TLS_Srv:\tOK", answer=SILENT),
    encrypted("TLS_Srv:\tENCR:0", answer=SILENT, verify="OK"),
    # The map demands something: its own words, and its own choice between temporary and permanent.
    clear(DEFAULT, answer=WEAK),
    clear("TLS_Srv:\tTEMP+ENCR:256", answer="403 encryption too weak 0 less than 256"),
    clear("TLS_Srv:\tPERM+ENCR:128", answer="503 encryption too weak 0 less than 128"),
    clear("TLS_Srv:\tTEMP+VERIFY", answer="403 other side does not support STARTTLS"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", answer="403 authentication failed"),
    encrypted("TLS_Srv:\tPERM+VERIFY:128+CN:mta2.example", answer="503 authentication failed"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", answer="OK", verify="OK"),
    encrypted(DEFAULT, answer="OK"),
    # An exception by address, beside the default, passes where the next hop is written so; DNS can neither lead others
    # there nor call another host by that address.
    *(
        clear(DEFAULT, exception, answer="OK", name="[192.0.2.9]", hop=hop)
        for hop in ("[192.0.2.9]", "[255.255.255.255]:[192.0.2.9]", "[192.0.2.1]:[192.0.2.9]:mta2.example")
        for exception in ("TLS_Srv:192.0.2.9\tOK", "TLS_Srv:192.0.2\tOK", "TLS_Srv:[192.0.2.9]\tOK")
    ),
    *(
        clear(DEFAULT, "TLS_Srv:192.0.2.9\tOK", answer=WEAK, name=name, hop=hop)
        for name in ("mta2.example", "other.example", "[192.0.2.9]")
        for hop in ("mta2.example", "[255.255.255.255]:mta2.example", "[mta2.example]", "[192.0.2.99]", "", "192.0.2.9")
    ),
    clear(DEFAULT, FOR_IPV6, answer="OK", name="[IPv6:2001:db8::9]", address=IPV6, hop="[IPv6:2001:db8::9]"),
    clear(DEFAULT, FOR_IPV6, answer=WEAK, name="[IPv6:2001:db8::9]", address=IPV6),
    clear(DEFAULT, FOR_IPV6, answer=WEAK, address=IPV6),
    clear("TLS_Srv:\tPERM+VERIFY:128", "TLS_Srv:192.0.2.9\tOK", answer="503 other side does not support STARTTLS"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", "TLS_Srv:192.0.2.9\tOK", answer="403 authentication failed"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", "TLS_Srv:192.0.2.9\tOK", answer="OK", verify="OK"),
    # What an address demands beyond the default is demanded wherever it is met.
    clear(DEFAULT, "TLS_Srv:192.0.2.9\tTEMP+VERIFY:128", answer=WEAK),
    encrypted(DEFAULT, "TLS_Srv:192.0.2.9\tTEMP+VERIFY:128", answer="403 authentication failed"),
    # An exception by name holds for whatever DNS calls so; loopback is this host.
    clear(DEFAULT, "TLS_Srv:mta2.example\tOK", answer="OK"),
    clear(DEFAULT, "TLS_Srv:example\tOK", answer="OK", hop="other.example"),
    clear(DEFAULT, "TLS_Srv:127.0.0.1\tOK", answer="OK", name="localhost", address="127.0.0.1", hop="localhost"),
    clear(
        DEFAULT,
        "TLS_Srv:IPv6:0:0:0:0:0:0:0:1\tOK",
        answer="OK",
        name="localhost",
        address="IPv6:0:0:0:0:0:0:0:1",
        hop="localhost",
    ),
    clear(DEFAULT, "TLS_Srv:192.0.2.9\tOK", answer=WEAK, address="192.0.2.1"),
    clear(
        DEFAULT,
        "TLS_Srv:192.0.2.9\tOK",
        name="192.0.2.9",
        address="192.0.2.1",
        answer=NAMED_LIKE_AN_ADDRESS % "192.0.2.9",
    ),
    clear(DEFAULT, "TLS_Srv:192\tOK", name="evil.192", address="192.0.2.1", answer=NAMED_LIKE_AN_ADDRESS % "evil.192"),
    # The exception for LMTP on this host ("local" is all the address that a program or a socket has) is for it alone.
    clear(DEFAULT, answer=WEAK, name="local", address="local"),
    clear(DEFAULT, FOR_LOCAL, answer="OK", name="local", address="local"),
    clear(DEFAULT, FOR_LOCAL, answer="OK", name="localhost", address="local"),
    clear(FOR_LOCAL, answer=WEAK, name="local", address="local"),
    clear(DEFAULT, FOR_LOCAL, answer=WEAK, name="local"),
    clear(DEFAULT, FOR_LOCAL, answer=WEAK, name="mta2.local"),
    clear("TLS_Srv:\tTEMP+ENCR:256", FOR_LOCAL, answer="403 encryption too weak 0 less than 256", name="mta2.local"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", FOR_LOCAL, answer="403 authentication failed", name="mta2.local"),
    encrypted("TLS_Srv:\tTEMP+VERIFY:128", FOR_LOCAL, answer="OK", name="mta2.local", verify="OK"),
    encrypted(DEFAULT, FOR_LOCAL, answer="OK", name="mta2.local"),
    # A bare +CN means the host at hand, not the one of the connection before (LAST).
    encrypted(NAME_OF_ITS_OWN, FOR_LOCAL, name="mta2.local", verify="OK", cn="mta2.local", answer="OK"),
    encrypted(
        NAME_OF_ITS_OWN,
        FOR_LOCAL,
        name="mta2.local",
        verify="OK",
        cn="last.example",
        answer="403 CN last.example does not match mta2.local",
    ),
    clear(DEFAULT, name="IPv6:2001:db8:0:0:0:0:0:1", answer=WEAK),
    encrypted(DEFAULT, name="IPv6:2001:db8:0:0:0:0:0:1", answer=NAMED_LIKE_AN_ADDRESS % "IPv6:2001:db8:0:0:0:0:0:1"),
]


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(lab_name())


@contextlib.contextmanager
def other_map(lab: Lab, host: str, rows: tuple[str, ...]) -> t.Iterator[None]:
    build = "makemap hash /etc/mail/access && chown smmta:smmsp /etc/mail/access.db"
    lab.read(host, "cp --archive /etc/mail/access.db /root/access.db")
    # makemap complains of values it finds odd; what counts is what sendmail reads.
    lab.on(host).run(f"printf '%s\\n' {' '.join(shlex.quote(row) for row in rows)} | {build}")
    try:
        yield
    finally:
        lab.read(host, "cp --archive /root/access.db /etc/mail/access.db")


def answer(lab: Lab, host: str, asked: Asked) -> str:
    session = {"server_name": asked.name, "server_addr": asked.address, "cipher_bits": asked.bits}
    macros = {**session, "cn_subject": asked.cn, "TLS_Name": LAST, "h": asked.hop}
    return ask(lab, host, "tls_server", macros, asked.verify)


def ask(lab: Lab, host: str, ruleset: str, session: dict[str, t.Any], argument: str) -> str:
    typed = "".join(f".D{{{macro}}}{value}\n" for macro, value in session.items()) + f"{ruleset} {argument}\n"
    output = lab.read(host, f"printf '%s' {shlex.quote(typed)} | sendmail -bt -Am")
    said = ["", *re.findall(rf"^(?:> )*{ruleset}\s+returns: (.*)$", output, re.M)][-1]
    words = said.partition("$:")[2] or said
    return re.sub(r"\s+", " ", re.sub(r"\s*([.:])\s*", r"\1", words.replace('"', ""))).strip()


@pytest.mark.parametrize("host", ["mta1", "mta2"])
@pytest.mark.parametrize(
    "asked", ASKED, ids=lambda asked: f"{'; '.join(asked.rows) or 'empty'} {asked.hop} {asked.name} {asked.bits}"
)
def test_the_belt_and_the_map(lab: Lab, host: str, asked: Asked) -> None:
    with other_map(lab, host, asked.rows):
        assert answer(lab, host, asked) == asked.answer


@pytest.mark.parametrize("host", ["mta1", "mta2"])
@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("client.example.test", False),
        ("[192.0.2.9]", False),
        ("localhost", False),
        ("mx10.example.test", False),
        ("x.192.0.2.9", True),
        ("evil.192", True),
        ("192.0.2.9", True),
    ],
)
def test_a_client_is_not_called_like_an_address(lab: Lab, host: str, name: str, held: bool) -> None:
    """By its PTR record it would meet an exception for that address: sendmail asks by name first."""
    said = ask(lab, host, "tls_client", {"client_name": name, "client_addr": "198.51.100.1"}, "NONE")
    assert said == (f"403 the client {name} has an address for a name" if held else "NONE")
