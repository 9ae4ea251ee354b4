# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import listener as lst
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

PROC = pathlib.Path(__file__).parents[4] / "fixtures/proc"
DUAL, APART, OLD = lst.Network(True, False), lst.Network(True, True), lst.Network(False, False)
V4, V6 = lst.Listener("inet"), lst.Listener("inet6")
MSA = lst.Listener("inet", "127.0.0.1", 587)
LOCAL = lst.Listener("inet", "127.0.0.1", 25)


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ([{"family": "inet"}, {"family": "inet6"}], (V4, V6)),
        ([{"family": "inet", "address": None, "port": None}], (V4,)),
        ([{"family": "inet", "address": "0.0.0.0", "port": "2525"}], (lst.Listener("inet", "", 2525),)),
        ([{"family": "inet6", "address": "2001:DB8:0::1"}], (lst.Listener("inet6", "2001:db8::1"),)),
    ],
)
def test_listeners_are_read(wish: list[dict[str, t.Any]], found: tuple[lst.Listener, ...]) -> None:
    assert lst.parse_listeners(wish) == found


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ([], "there is no listener"),
        ([{}], r"sendmail_listeners\[0\]: family '' is neither"),
        ([{"family": "inet4"}], "neither inet nor inet6"),
        ([{"family": "inet", "port": 70000}], "not a TCP port"),
        ([{"family": "inet", "port": "smtp"}], "not a TCP port"),
        ([{"family": "inet"}, {"family": "inet", "address": "mta1"}], r"\[1\].address: 'mta1' is not an address"),
        ([{"family": "inet", "address": "::1"}], "is no inet address"),
        ([{"family": "inet6", "address": "192.0.2.1"}], "is no inet6 address"),
        ([{"family": "inet"}, {"family": "inet", "address": "0.0.0.0"}], "there twice"),
    ],
)
def test_a_wrong_listener_is_refused(wish: list[dict[str, t.Any]], told: str) -> None:
    with pytest.raises(MailtlsError, match=told):
        lst.parse_listeners(wish)


@pytest.mark.parametrize(
    ("wish", "network", "sockets"),
    [
        ((V4, V6), DUAL, (V6, MSA)),
        ((V4, V6), APART, (V4, V6, MSA)),
        ((V4, V6), OLD, (V4, MSA)),
        ((V4,), DUAL, (V4, MSA)),
        ((V6,), APART, (V6, LOCAL, MSA)),
        ((V6,), OLD, (LOCAL, MSA)),
        ((lst.Listener("inet", "192.0.2.1"),), DUAL, (lst.Listener("inet", "192.0.2.1"), LOCAL, MSA)),
        ((LOCAL,), DUAL, (LOCAL, MSA)),
        ((V4, lst.Listener("inet", "", 587)), DUAL, (V4, lst.Listener("inet", "", 587))),
        ((V6, lst.Listener("inet", "192.0.2.1", 2525)), DUAL, (V6, lst.Listener("inet", "192.0.2.1", 2525), MSA)),
    ],
)
def test_the_sockets_follow_the_kernel(
    wish: tuple[lst.Listener, ...], network: lst.Network, sockets: tuple[lst.Listener, ...]
) -> None:
    assert lst.plan_sockets(wish, network) == sockets


@pytest.mark.parametrize(
    ("wish", "network", "told"),
    [
        ((V4, lst.Listener("inet6", "2001:db8::1")), OLD, "no IPv6"),
        ((V4, lst.Listener("inet", "192.0.2.1")), APART, "beside a listener for every address"),
        ((V6, lst.Listener("inet", "192.0.2.1")), DUAL, "beside a listener for every address"),
        ((V6, lst.Listener("inet6", "2001:db8::1")), DUAL, "beside a listener for every address"),
    ],
)
def test_sockets_that_cannot_be_are_refused(wish: tuple[lst.Listener, ...], network: lst.Network, told: str) -> None:
    with pytest.raises(MailtlsError, match=told):
        lst.plan_sockets(wish, network)


@pytest.mark.parametrize(
    ("sockets", "network", "lines"),
    [
        (
            (V6, MSA),
            DUAL,
            (
                "Family=inet6, Name=MTA, Port=25, Listen=256",
                "Family=inet, Name=MSP-v4, Port=587, Addr=127.0.0.1, M=Ea, Listen=256",
            ),
        ),
        (
            (V4, V6),
            APART,
            ("Family=inet, Name=MTA-v4, Port=25, Listen=256", "Family=inet6, Name=MTA-v6, Port=25, Listen=256"),
        ),
        (
            (LOCAL, lst.Listener("inet", "192.0.2.1")),
            DUAL,
            (
                "Family=inet, Name=MTA-v4, Port=25, Addr=127.0.0.1, Listen=256",
                "Family=inet, Name=MTA-v4-2, Port=25, Addr=192.0.2.1, Listen=256",
            ),
        ),
    ],
)
def test_each_socket_is_a_line_with_its_own_name(
    sockets: tuple[lst.Listener, ...], network: lst.Network, lines: tuple[str, ...]
) -> None:
    assert lst.render_options(sockets, network) == lines


def proc(name: str) -> str:
    return (PROC / name).read_text()


def test_listening_sockets_are_read_and_others_are_not() -> None:
    assert lst.parse_listening(proc("tcp"), proc("tcp6"), "little") == {
        lst.Endpoint("127.0.0.1", 587),
        lst.Endpoint("::", 25),
    }


@pytest.mark.parametrize(
    ("row", "byteorder", "endpoint"),
    [
        ("0: 0C034D0A:0019 00000000:0000 0A", "little", lst.Endpoint("10.77.3.12", 25)),
        ("0: 0A4D030C:0019 00000000:0000 0A", "big", lst.Endpoint("10.77.3.12", 25)),
        ("0: 030077FD000000000000000012000000:0019 0:0 0A", "little", lst.Endpoint("fd77:3::12", 25)),
    ],
)
def test_addresses_are_in_the_hosts_byte_order(
    row: str, byteorder: t.Literal["little", "big"], endpoint: lst.Endpoint
) -> None:
    assert lst.parse_listening(row, "", byteorder) == {endpoint}


def test_the_hosts_addresses_are_read_without_link_local_ones() -> None:
    found = lst.parse_addresses(proc("fib_trie"), proc("if_inet6"))
    assert found == ("10.77.3.12", "127.0.0.1", "fd77:3::12", "::1")


@pytest.mark.parametrize(("flags", "usable"), [("80", True), ("00", True), ("40", False), ("c8", False), ("08", False)])
def test_an_ipv6_address_that_is_not_ready_is_left_out(flags: str, usable: bool) -> None:
    row = f"fd770003000000000000000000000012 02 40 00 {flags}     eth0\n"
    assert lst.parse_addresses("", row) == (("fd77:3::12",) if usable else ())


ADDRESSES = ("10.77.3.12", "127.0.0.1", "fd77:3::12", "::1")


def host(listening: list[tuple[str, int]], network: lst.Network, addresses: tuple[str, ...] = ADDRESSES) -> lst.Host:
    return lst.Host(frozenset(lst.Endpoint(*one) for one in listening), addresses, network)


@pytest.mark.parametrize(
    ("wish", "state", "places"),
    [
        ((V4, V6), host([("::", 25)], DUAL), ["10.77.3.12:25", "[fd77:3::12]:25"]),
        ((V4, V6), host([("0.0.0.0", 25), ("::", 25)], APART), ["10.77.3.12:25", "[fd77:3::12]:25"]),
        ((V4,), host([("0.0.0.0", 25)], DUAL), ["10.77.3.12:25"]),
        ((V6,), host([("::", 25)], APART), ["[fd77:3::12]:25"]),
        ((V4, V6), host([("0.0.0.0", 25)], OLD), ["10.77.3.12:25"]),
        ((lst.Listener("inet", "10.77.3.12", 2525),), host([("10.77.3.12", 2525)], DUAL), ["10.77.3.12:2525"]),
        ((V4, V6), host([("::", 25)], DUAL, ("127.0.0.1", "::1")), ["127.0.0.1:25", "[::1]:25"]),
        ((LOCAL,), host([("127.0.0.1", 25)], DUAL), ["127.0.0.1:25"]),
    ],
)
def test_the_proof_reaches_every_address_strangers_reach(
    wish: tuple[lst.Listener, ...], state: lst.Host, places: list[str]
) -> None:
    assert lst.find_missing(wish, state) == ()
    assert [str(point) for point in lst.plan_proof(wish, state)] == places


@pytest.mark.parametrize(
    ("wish", "state", "missing"),
    [
        ((V4, V6), host([("127.0.0.1", 587)], DUAL), (V6,)),
        ((V4, V6), host([("0.0.0.0", 25)], APART), (V6,)),
        ((V4, V6), host([], OLD), (V4,)),
        ((lst.Listener("inet", "192.0.2.9"),), host([("127.0.0.1", 25)], DUAL), (lst.Listener("inet", "192.0.2.9"),)),
    ],
)
def test_a_socket_that_is_not_there_is_missed(
    wish: tuple[lst.Listener, ...], state: lst.Host, missing: tuple[lst.Listener, ...]
) -> None:
    assert lst.find_missing(wish, state) == missing


def test_a_listener_says_what_it_is() -> None:
    assert str(V4) == "every address (inet), port 25"
    assert str(LOCAL) == "127.0.0.1 (inet), port 25"


def test_an_address_of_another_host_is_refused() -> None:
    lst.refuse_foreign((V4, LOCAL, lst.Listener("inet", "10.77.3.12"), lst.Listener("inet", "127.0.0.9")), ADDRESSES)
    with pytest.raises(MailtlsError, match=r"192\.0\.2\.9 is not one of this host's addresses"):
        lst.refuse_foreign((lst.Listener("inet", "192.0.2.9"),), ADDRESSES)


STOCK = "Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1"


@pytest.mark.parametrize(
    ("cf", "found"),
    [
        ("", ()),
        (
            f"O DaemonPortOptions=Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1\nO DaemonPortOptions={STOCK}\n",
            (STOCK,),
        ),
        ("O DaemonPortOptions=Port=587, Name=MSA, M=E\n#O DaemonPortOptions=Port=587\n", ("Port=587, Name=MSA, M=E",)),
        ("O DaemonPortOptions=Port=5870\nO ClientPortOptions=Port=587\n", ()),
    ],
)
def test_port_587_of_a_cf(cf: str, found: tuple[str, ...]) -> None:
    assert lst.parse_submission(cf) == found


LINES = ("Family=inet6, Name=MTA, Port=25", "Family=inet, Name=MSP-v4, Port=587, Addr=127.0.0.1, M=Ea")


@pytest.mark.parametrize(
    ("listeners", "found", "lines"),
    [
        ((V6,), (STOCK,), LINES),
        ((V6,), ("Family=inet,  Port=submission, M=Ea",), (LINES[0], "Family=inet, Port=submission, M=Ea")),
        ((V6,), (STOCK, "Port=587, Addr=::1"), (LINES[0], STOCK.replace("  ", " "), "Port=587, Addr=::1")),
        ((V6,), (), LINES[:1]),
        ((V6, MSA), (), LINES),
        ((V6, MSA), ("Port=587, Name=MSA, M=E",), LINES),
    ],
)
def test_port_587_is_kept_unless_a_listener_asks_for_it(
    listeners: tuple[lst.Listener, ...], found: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    assert lst.keep_submission(LINES, listeners, found) == lines


def test_a_port_587_that_m4_would_misread_is_refused() -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_listeners: the listener .* cannot be kept.*port: 587"):
        lst.keep_submission(LINES, (V6,), ("Port=587, Name=`x'",))


@pytest.mark.parametrize(
    ("listeners", "address", "served"),
    [
        ([], "127.0.0.1", True),
        ([lst.Listener("inet")], "192.0.2.1", True),
        ([lst.Listener("inet", port=2525)], "192.0.2.1", False),
        ([lst.Listener("inet")], "2001:db8::1", False),
        ([lst.Listener("inet6")], "2001:db8::1", True),
        ([lst.Listener("inet6")], "192.0.2.1", True),
        ([lst.Listener("inet", "192.0.2.1")], "192.0.2.1", True),
        ([lst.Listener("inet", "192.0.2.1")], "127.0.0.2", False),
    ],
)
def test_where_the_daemon_takes_mail(listeners: list[lst.Listener], address: str, served: bool) -> None:
    assert lst.serves(listeners, address) is served
