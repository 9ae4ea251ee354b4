# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import Entry, compile_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.entry import parse_entries
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.release import Release

TODAY = datetime.date(2026, 11, 25)
EXCEPTION = {"owner": "a", "reason": "b", "until": "2027-01-01"}
OUT, IN = "sendmail_tls_policy.outbound", "sendmail_tls_policy.inbound"


def compiled(
    raw: t.Any, release: Release = (8, 18, 1), further: t.Sequence[Entry] = (), **options: t.Any
) -> dict[str, str]:
    policy = parse_policy({"sendmail_tls_policy": raw}, today=TODAY, **options)
    return {entry.key: entry.value for _place, entry in compile_policy(policy, release, further)}


def peers(*items: t.Any, **default: t.Any) -> t.Any:
    return {"outbound": {"default": default, "peers": list(items)}}


def clients(*items: t.Any, **default: t.Any) -> t.Any:
    return {"inbound": {"default": default, "clients": list(items)}}


# sendmail 8.15.2, 8.17.1.9 and 8.18.1 were seen to do with these (sendmail -bt, TLS sessions) as the level says.
@pytest.mark.parametrize(
    ("default", "value"),
    [
        ({}, "TEMP+ENCR:128"),
        ({"level": "encrypt", "min_bits": 256, "failure": "permanent"}, "PERM+ENCR:256"),
        ({"level": "verify"}, "TEMP+VERIFY:128+CN"),
        ({"level": "secure", "name": "Mail Service"}, "TEMP+VERIFY:128+CN:Mail+20Service"),
        ({"level": "verify", "issuer": "/O=a b/CN=c"}, "TEMP+VERIFY:128+CI:/O=a+20b/CN=c++CN"),
        (
            {"level": "secure", "name": "x", "issuer": "/O=a", "subject": "/O=b"},
            "TEMP+VERIFY:128+CI:/O=a++CS:/O=b++CN:x",
        ),
    ],
)
def test_levels_in_sendmails_words(default: t.Any, value: str) -> None:
    assert compiled(peers(**default)) == {"TLS_Srv:": value}


@pytest.mark.parametrize(
    ("next_hop", "key"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("[10.1.2.3]", "10.1.2.3"),
        ("10.1.2.0/24", "10.1.2"),
        ("10.0.0.0/8", "10"),
        ("MTA3.example.org", "mta3.example.org"),
        ("[IPv6:2001:db8::7]", "IPv6:2001:db8:0:0:0:0:0:7"),
        ("2001:db8:5::/48", "IPv6:2001:db8:5"),
    ],
)
def test_next_hops_as_sendmail_looks_them_up(next_hop: str, key: str) -> None:
    assert list(compiled(peers({"next_hop": next_hop}))) == ["TLS_Srv:", f"TLS_Srv:{key}"]


@pytest.mark.parametrize("next_hop", ["10.1.2.0/23", "10.1.2.128/25", "2001:db8:0:8000::/49"])
def test_a_network_sendmail_cannot_match_is_refused(next_hop: str) -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_tls_policy\.outbound\.peers\[0\]: sendmail cannot match"):
        compiled(peers({"next_hop": next_hop}))


def test_level_none_is_not_tried_and_hosts_inside_are() -> None:
    rows = compiled(
        peers({"next_hop": "10.1.2.0/24", "level": "none", "exception": EXCEPTION}, {"next_hop": "10.1.2.3"})
    )
    assert rows == {
        "TLS_Srv:": "TEMP+ENCR:128",
        "TLS_Srv:10.1.2": "OK",
        "TLS_Srv:10.1.2.3": "TEMP+ENCR:128",
        "Try_TLS:10.1.2": "NO",
        "Try_TLS:10.1.2.3": "OK",
    }


def test_an_exception_by_name_needs_no_raw_entry() -> None:
    item = {"next_hop": "old.example", "level": "may", "exception": EXCEPTION, "accept_dns_risk": True}
    assert compiled(peers(item))["TLS_Srv:old.example"] == "OK"
    with pytest.raises(MailtlsError, match="whatever host DNS calls"):
        parse_entries([{"key": "TLS_Srv:old.example", "value": "OK"}], "raw")


def test_settings_of_sessions_and_none_for_the_others() -> None:
    session = {
        "min_protocol": "TLSv1.3",
        "cipher_list": "HIGH:!aNULL",
        "cipher_suites": "TLS_AES_256_GCM_SHA384",
    }
    files = {"min_protocol": "TLSv1.2", "certificate_file": "/a", "key_file": "/b"}
    rows = compiled(
        peers(
            {"next_hop": "[10.1.2.3]", "session": session},
            {"next_hop": "[10.1.2.4]", "session": files},
            {"next_hop": "a.example"},
        )
    )
    assert rows["TLS_Clt_Features:10.1.2.3"] == (
        "Options=SSL_OP_NO_TLSv1,SSL_OP_NO_TLSv1_1,SSL_OP_NO_TLSv1_2; CipherList=HIGH:!aNULL;"
        " CipherSuites=TLS_AES_256_GCM_SHA384"
    )
    assert rows["TLS_Clt_Features:10.1.2.4"] == "Options=SSL_OP_NO_TLSv1,SSL_OP_NO_TLSv1_1; CertFile=/a; KeyFile=/b"
    assert rows["TLS_Clt_Features:a.example"] == "Options=0"
    assert not [key for key in rows if not key.startswith(("TLS_Srv:", "TLS_Clt_Features:"))]


def test_dane_and_mta_sts_are_left_out_by_name() -> None:
    rows = compiled(
        peers(
            {"next_hop": "a.example", "dane": False},
            {"next_hop": "b.example", "dane": False, "mta_sts": False},
            {"next_hop": "c.example"},
            {"next_hop": "10.1.2.3"},
        )
    )
    assert {key: value for key, value in rows.items() if not key.startswith("TLS_Srv:")} == {
        "Clt_Features:a.example": "D m",
        "Clt_Features:b.example": "D M",
        "Clt_Features:c.example": "d m",
    }


@pytest.mark.parametrize(
    ("raw", "release", "place", "told"),
    [
        (
            peers({"next_hop": "[10.1.2.3]", "session": {"min_protocol": "TLSv1.3"}}),
            (8, 15, 2),
            f"{OUT}.peers[0].session",
            "8.15.2",
        ),
        (peers({"next_hop": "a.example", "dane": False}), (8, 17, 1, 9), f"{OUT}.peers[0].dane", "knows no DANE"),
        (
            peers({"next_hop": "a.example", "mta_sts": False}),
            (8, 17, 1, 9),
            f"{OUT}.peers[0].mta_sts",
            "cannot do this",
        ),
        (
            peers({"next_hop": "10.1.2.3", "dane": False}),
            (8, 18, 1),
            f"{OUT}.peers[0].dane",
            "dane: sendmail asks for this by the name of a host only, not for 10.1.2.3."
            " Write the name that the next hop's MX record has.",
        ),
        (
            clients({"client": "10.1.2.3", "session": {"min_protocol": "TLSv1.3"}}),
            (8, 15, 2),
            f"{IN}.clients[0].session",
            "8.15.2",
        ),
    ],
)
def test_what_a_release_does_not_enforce_is_refused_for_it(raw: t.Any, release: Release, place: str, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        compiled(raw, release)
    assert refused.value.where == place and told in str(refused.value)


def test_recipients() -> None:
    raw = {
        "outbound": {
            "recipients": [
                {"recipient": "Partner.example", "level": "secure", "name": "mx.partner.example"},
                {"recipient": "user@"},
                {"recipient": "user@a.example"},
            ]
        }
    }
    assert compiled(raw) == {
        "TLS_Srv:": "TEMP+ENCR:128",
        "TLS_Rcpt:partner.example": "TEMP+VERIFY:128+CN:mx.partner.example",
        "TLS_Rcpt:user@": "TEMP+ENCR:128",
        "TLS_Rcpt:user@a.example": "TEMP+ENCR:128",
    }


def test_a_demand_on_all_clients_spares_this_host() -> None:
    assert compiled(clients(level="encrypt")) == {
        "TLS_Srv:": "TEMP+ENCR:128",
        "TLS_Clt:": "TEMP+ENCR:128",
        "TLS_Clt:127.0.0.1": "OK",
        "TLS_Clt:IPv6:0:0:0:0:0:0:0:1": "OK",
    }


@pytest.mark.parametrize(
    ("items", "further", "left"),
    [
        ([{"client": "127.0.0.0/8"}], [], ["TLS_Clt:IPv6:0:0:0:0:0:0:0:1"]),
        ([{"client": "::1"}], [], ["TLS_Clt:127.0.0.1"]),
        ([], [Entry("TLS_Clt:127.0.0.1", "ENCR:128")], ["TLS_Clt:127.0.0.1", "TLS_Clt:IPv6:0:0:0:0:0:0:0:1"]),
    ],
)
def test_what_is_said_about_this_host_stands(items: t.Any, further: list[Entry], left: list[str]) -> None:
    rows = compiled(clients(*items, level="encrypt"), further=further)
    assert sorted(key for key in rows if key in ("TLS_Clt:127.0.0.1", "TLS_Clt:IPv6:0:0:0:0:0:0:0:1")) == sorted(
        {*left, *(["TLS_Clt:IPv6:0:0:0:0:0:0:0:1"] if items and items[0]["client"] == "::1" else [])}
    )


def test_nothing_is_demanded_of_clients_by_default() -> None:
    assert compiled(clients({"client": "10.1.2.3"})) == {"TLS_Srv:": "TEMP+ENCR:128"}


@pytest.mark.parametrize(
    ("offered", "fields", "letters"),
    [
        (True, {"starttls_offered": False}, "S v"),
        (True, {"request_certificate": False}, "s V"),
        (False, {"request_certificate": False}, "S V"),
        (False, {"starttls_offered": True}, "s v"),
        (True, {"level": "none", "exception": EXCEPTION}, "S v"),
    ],
)
def test_the_letters_of_a_client_are_complete(offered: bool, fields: t.Any, letters: str) -> None:
    rows = compiled(clients({"client": "10.1.0.0/16", **fields}, {"client": "10.1.2.3"}), starttls_offered=offered)
    assert rows["Srv_Features:10.1"] == letters and rows["Srv_Features:10.1.2.3"] == ("s v" if offered else "S v")


def test_clients_with_demands_and_sessions() -> None:
    rows = compiled(
        clients(
            {"client": "10.1.0.0/16", "level": "verify", "session": {"min_protocol": "TLSv1.3"}}, {"client": "10.1.2.3"}
        )
    )
    assert rows["TLS_Clt:10.1"] == "TEMP+VERIFY:128+CN" and rows["TLS_Clt:10.1.2.3"] == "OK"
    assert rows["TLS_Srv_Features:10.1.2.3"] == "Options=0" and "TLSv1_2" in rows["TLS_Srv_Features:10.1"]


def test_relaying_by_certificate() -> None:
    raw = {
        "relaying": {
            "certificates": [
                {"issuer": "/O=a b"},
                {"issuer": "/O=c", "subjects": ["/CN=x", "/CN=y"]},
                {"issuer": "/O=d", "subjects": ["/CN=Y", "/CN=X"]},
            ]
        }
    }
    assert compiled(raw) == {
        "TLS_Srv:": "TEMP+ENCR:128",
        "CERTISSUER:/O=a+20b": "RELAY",
        "CERTISSUER:/O=c": "SUBJECT",
        "CERTSUBJECT:/CN=x": "RELAY",
        "CERTSUBJECT:/CN=y": "RELAY",
        "CERTISSUER:/O=d": "SUBJECT",
    }


def test_a_raw_entry_of_the_same_key_is_told_with_both_places() -> None:
    with pytest.raises(MailtlsError) as refused:
        compiled(peers({"next_hop": "10.1.2.3"}), further=[Entry("tls_srv:10.1.2.3", "VERIFY")])
    assert refused.value.where == f"{OUT}.peers[0] and sendmail_access_entries[0]"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"relaying": {"certificates": [{"issuer": "/O=" + " " * 100}]}}, "cannot be a key"),
        (
            peers(level="secure", name="<" * 60, issuer="/O=" + "<" * 150, subject="/O=" + "<" * 150),
            "the entry is too long for makemap",
        ),
        ({"outbound": {"recipients": [{"recipient": f"{'a' * 64}@{'a.' * 93}example"}]}}, "cannot be a key"),
    ],
)
def test_the_limits_of_the_map_hold(raw: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError, match=told):
        compiled(raw)


def test_each_entry_knows_the_item_it_came_from() -> None:
    raw = {
        "outbound": {
            "default": {},
            "peers": [
                {"next_hop": "a.example", "dane": False},
                {"next_hop": "10.1.2.3", "session": {"min_protocol": "TLSv1.3"}, "accept_dns_risk": True},
                {"next_hop": "10.1.2.4", "level": "none", "exception": EXCEPTION},
            ],
            "recipients": [{"recipient": "b.example"}],
        },
        "inbound": {
            "default": {"level": "encrypt"},
            "clients": [{"client": "10.1.2.5", "starttls_offered": True, "session": {"min_protocol": "TLSv1.3"}}],
        },
        "relaying": {"certificates": [{"issuer": "/O=a", "subjects": ["/CN=x", "/CN=y"]}]},
    }
    keys: dict[str, list[str]] = {}
    for place, entry in compile_policy(parse_policy({"sendmail_tls_policy": raw}, today=TODAY), (8, 18, 1)):
        keys.setdefault(place.removeprefix("sendmail_tls_policy."), []).append(entry.key)
    assert keys == {
        "outbound.default": ["TLS_Srv:"],
        "outbound.peers[0]": [
            "TLS_Srv:a.example",
            "Try_TLS:a.example",
            "TLS_Clt_Features:a.example",
            "Clt_Features:a.example",
        ],
        **{
            f"outbound.peers[{number}]": [f"{tag}:10.1.2.{last}" for tag in ("TLS_Srv", "Try_TLS", "TLS_Clt_Features")]
            for number, last in ((1, 3), (2, 4))
        },
        "outbound.recipients[0]": ["TLS_Rcpt:b.example"],
        "inbound.default": ["TLS_Clt:", "TLS_Clt:127.0.0.1", "TLS_Clt:IPv6:0:0:0:0:0:0:0:1"],
        "inbound.clients[0]": ["TLS_Clt:10.1.2.5", "Srv_Features:10.1.2.5", "TLS_Srv_Features:10.1.2.5"],
        "relaying.certificates[0]": ["CERTISSUER:/O=a"],
        "relaying.certificates[0].subjects[0]": ["CERTSUBJECT:/CN=x"],
        "relaying.certificates[0].subjects[1]": ["CERTSUBJECT:/CN=y"],
    }


PINNED = {"level": "verify", "issuer": "/O=a$b"}


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (peers(**PINNED), f"{OUT}.default.issuer"),
        (peers({"next_hop": "a.example", "accept_dns_risk": True, **PINNED}), f"{OUT}.peers[0].issuer"),
        ({"outbound": {"recipients": [{"recipient": "a.example", **PINNED}]}}, f"{OUT}.recipients[0].issuer"),
        (clients(**PINNED), f"{IN}.default.issuer"),
        (clients({"client": "10.1.2.3", **PINNED}), f"{IN}.clients[0].issuer"),
        (
            {"relaying": {"certificates": [{"issuer": "/O=a$b"}]}},
            "sendmail_tls_policy.relaying.certificates[0].issuer",
        ),
        (
            {"relaying": {"certificates": [{"issuer": "/O=a", "subjects": ["/O=b", "/O=a$b"]}]}},
            "sendmail_tls_policy.relaying.certificates[0].subjects[1]",
        ),
    ],
)
def test_a_name_that_sendmail_cannot_compare_is_refused_where_it_stands(raw: t.Any, place: str) -> None:
    with pytest.raises(MailtlsError, match=r"holds '\$', which sendmail cannot compare") as refused:
        compiled(raw)
    assert refused.value.where == place


def test_a_client_needs_a_key_only_where_something_is_said_of_clients() -> None:
    odd = {"client": "10.1.2.0/23"}
    assert compiled(clients(odd)) == {"TLS_Srv:": "TEMP+ENCR:128"}
    with pytest.raises(MailtlsError, match="sendmail cannot match") as refused:
        compiled(clients({"client": "10.1.2.3", "starttls_offered": False}, odd))
    assert refused.value.where == f"{IN}.clients[1]"


@pytest.mark.parametrize("around", ["IPv6:0", "ipv6:0:0:0", "IPv6:0:0:0:0:0:0:0"])
def test_what_is_said_of_a_network_around_this_host_stands(around: str) -> None:
    rows = compiled(clients(level="encrypt"), further=[Entry(f"TLS_Clt:{around}", "ENCR:128")])
    assert "TLS_Clt:127.0.0.1" in rows and "TLS_Clt:IPv6:0:0:0:0:0:0:0:1" not in rows
