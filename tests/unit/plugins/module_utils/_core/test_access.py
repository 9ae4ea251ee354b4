# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import (
    Entry,
    access_entries,
    compile_policy,
    parse_entries,
    require_floor,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import Policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

FLOOR = Entry("TLS_Srv:", "TEMP+ENCR:128")


TODAY = datetime.date(2026, 11, 25)


def policy(raw: t.Any = None, **options: t.Any) -> Policy:
    return parse_policy({"sendmail_tls_policy": raw or {}}, today=TODAY, **options)


def refusal(key: t.Any, value: t.Any) -> str:
    with pytest.raises(MailtlsError) as refused:
        parse_entries([{"key": key, "value": value}], "entries")
    return str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TLS_Srv:", "TEMP+ENCR:128"),
        ("tls_srv:MTA2.example", "verify:128+cn"),
        ("TLS_Srv:10.1.2.3", "OK"),
        ("TLS_Srv:10.1", "OK"),
        ("TLS_Srv:10", "OK"),
        ("TLS_Srv:127", "OK"),
        ("TLS_Srv:192.168", "OK"),
        ("TLS_Srv:223.255.255.255", "OK"),
        ("TLS_Srv:IPv6:0:0:0:0:0:0:0:1", "OK"),
        ("TLS_Srv:IPv6:fd00:1:2", "OK"),
        ("TLS_Srv:local", "OK"),
        ("TLS_Srv:LOCAL", "OK"),
        ("TLS_Srv:IPv6:2001:db8:0:0:0:0:0:7", "OK"),
        ("TLS_Clt:", "ENCR:128"),
        ("TLS_Clt:127.0.0.1", "OK"),
        ("TLS_Rcpt:user@example.org", "VERIFY"),
        ("TLS_Rcpt:user@", "VERIFY"),
        ("TLS_Rcpt:example.org", "VERIFY+CN:mta2.example"),
        ("TLS_Rcpt:", "ENCR:128"),
        ("Try_TLS:mta2.example", "NO"),
        ("Try_TLS:10.1.2", "no"),
        ("Srv_Features:mta1.example", "S"),
        ("Srv_Features:10.89.1.5", "S s V g2"),
        ("Clt_Features:mta2.example", "D M"),
        ("TLS_Srv_Features:mta1.example", "CertFile=/etc/a.crt; KeyFile=/etc/a.key"),
        ("TLS_Clt_Features:10.1.2.3", "CipherList=HIGH:!aNULL;Options=SSL_OP_NO_TLSv1"),
        ("CERTISSUER:/O=Facts/CN=Facts+20Test+20CA", "SUBJECT"),
        ("CertSubject:/O=Facts/CN=mta1.example", "RELAY"),
        ("Connect:mta1.example", "RELAY"),
        ("Connect:127", "RELAY"),
        ("Connect:169.254", "REJECT"),
        ("Connect:example", 'ERROR:5.7.1:550 "go away"'),
        ("Connect:IPv6:2001:db8", "SKIP"),
        ("From:spammer@example.org", "550 Spam not accepted"),
        ("From:<@>", "REJECT"),
        ("To:user@example.org", "RELAY"),
        ("Spam:postmaster@", "FRIEND"),
        ("GreetPause:", 5000),
        ("GreetPause:127", "0"),
        ("ClientRate:", 10),
        ("ClientConn:IPv6:0:0:0:0:0:0:0:1", 0),
        ("reject@", "REJECT"),
        ("example.org", "QUARANTINE:looked odd"),
        ("10.1.2", "ERROR:421 later"),
        ("IPv6:2001:db8", "DISCARD"),
    ],
)
def test_what_sendmail_enforces_is_taken_as_it_is(key: str, value: t.Any) -> None:
    assert parse_entries([{"key": key, "value": value}], "entries") == (Entry(key, str(value)),)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (
            "TLS_Srv:mta2.example",
            "OK",
            "OK lifts the requirement for whatever host DNS calls mta2.example. Allowed: [TEMP+",
        ),
        ("TLS_Srv:", "OK", "OK lifts it for all hosts"),
        *(
            ("TLS_Srv:" + key, "OK", "OK for an address, or a network of at least two octets")
            for key in ("0", "1", "192", "0.0", "0.0.0.0", "224.0", "255.255.255.255")
        ),
        ("TLS_Srv:0", "OK", "for every host whose address begins with 0, or for none"),
        ("TLS_Clt:11", "OK", "address begins with 11"),
        ("TLS_Srv:IPv6:2001", "OK", "three groups"),
        ("TLS_Srv:IPv6:2001:db8", "OK", "three groups"),
        ("TLS_Srv:IPv6:0:0:0", "OK", "three groups"),
        ("TLS_Srv:10.1.2.3", "ok", "OK lifts"),
        ("TLS_Clt:mta1.example", "OK", "whatever host DNS calls"),
        ("TLS_Clt:local", "OK", "whatever host DNS calls local"),
        ("TLS_Srv:mta1.local", "OK", "whatever host DNS calls mta1.local"),
        ("TLS_Rcpt:example.org", "OK", "TLS_Rcpt has no exceptions"),
        ("TLS_Srv:", "SKIP", "only what sendmail was seen to enforce"),
        ("TLS_Srv:mta2.example", "VERIFY:128+CITag:MyCA", "name the issuer with CI:"),
        ("Try_TLS:mta2.example", "YES", "'YES' is refused as the value of Try_TLS:mta2.example. Allowed: NO, or OK."),
        ("Srv_Features:mta1.example", "SV", "single letters"),
        ("Srv_Features:mta1.example", "I", "single letters"),
        ("Srv_Features:mta1.example", "S  V", "single letters"),
        ("Clt_Features:mta2.example", "S", "D, M or both"),
        ("TLS_Srv_Features:a.example", "bogusopt=x", "key=value"),
        ("CERTISSUER:/O=ca", "OK", "Allowed: RELAY or SUBJECT."),
        ("CERTSUBJECT:/O=ca", "SUBJECT", "Allowed: RELAY."),
        ("Connect:a.example", "ENCR:128", "Allowed: RELAY, OK"),
        ("Connect:a.example", "relay", "Allowed: RELAY, OK"),
        ("Connect:a.example", "ERROR:550 %1", "Allowed: RELAY, OK"),
        ("From:a.example", "RELAY", "Allowed: OK, REJECT"),
        ("Spam:postmaster@", "OK", "FRIEND or HATER"),
        ("GreetPause:", "-1", "a whole number"),
        ("ClientRate:", "ten", "a whole number"),
    ],
)
def test_a_value_that_is_not_enforced_is_refused(key: str, value: t.Any, told: str) -> None:
    said = refusal(key, value)
    assert said.startswith(f"entries[0].value: {value!r} is refused as the value of {key}") and told in said


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("TLS_Srv:.example", "After TLS_Srv: comes nothing (all others), a host or domain name"),
        ("TLS_Srv:[10.1.2.3]", "is not a key sendmail would look up"),
        ("TLS_Srv:mta2.example.", "is not a key sendmail would look up"),
        ("TLS_Srv:*.example", "is not a key sendmail would look up"),
        ("TLS_Srv:user@example", "is not a key sendmail would look up"),
        ("TLS_Srv:10.1.2.300", "is not a key sendmail would look up"),
        ("TLS_Srv:10.1.2.0/24", "is not a key sendmail would look up"),
        ("TLS_Srv:IPv6:2001:db8::7", "is not a key sendmail would look up"),
        ("TLS_Srv_Features:", "is not a key sendmail would look up"),
        ("Connect:", "is not a key sendmail would look up"),
        ("Connect:IPv6:::1", "or IPv6: with the address or its leading groups in full"),
        ("ClientRate:mta1.example", "comes nothing (all others), an IPv4 address"),
        ("TLS_Rcpt:10.1.2.3", "user@domain"),
        ("CERTISSUER:", "a distinguished name"),
        ("CERTISSUER:O=ca", "a distinguished name"),
        ("a@b@c", "After no tag comes user@domain"),
        ("TLSSrv:mta2.example", "has no tag this collection knows. Did you mean TLS_Srv:?"),
        ("tls-srv:mta2.example", "Did you mean TLS_Srv:?"),
        ("TLS_Server:", "Did you mean TLS_Srv:?"),
        ("Srv_Feature:", "Did you mean Srv_Features:?"),
        ("Conect:10", "Did you mean Connect:?"),
        ("zzzzzz:10", "has no tag this collection knows. Known are: TLS_Srv:, "),
        (":10", "has no tag this collection knows"),
        ("TLS_Srv", "has no tag this collection knows. Did you mean TLS_Srv:?"),
        ("AuthInfo:mta2.example", "a password has no place in this map"),
        ("#TLS_Srv:", "cannot be a key"),
        ("TLS_Srv: mta2.example", "cannot be a key"),
        ("Connect:" + "a." * 124 + "b", "at most 256 characters"),
    ],
)
def test_a_key_that_is_never_looked_up_is_refused(key: str, told: str) -> None:
    said = refusal(key, "VERIFY")
    assert said.startswith("entries[0].key: ") and told in said


@pytest.mark.parametrize(
    "text", ["", " ", " a", "a ", "a\tb", "a\n", "a\nb", "a\rb", "a\x00", "a\x7f", "é", None, 1.5, ["a"], {"a": 1}]
)
def test_only_plain_text_is_taken(text: t.Any) -> None:
    assert refusal(text, "RELAY").startswith(f"entries[0].key: {text!r} is not plain text.")
    assert refusal("Connect:10", text).startswith(f"entries[0].value: {text!r} is not plain text.")


def test_a_yaml_boolean_is_told() -> None:
    assert refusal("Try_TLS:a.example", False).startswith("entries[0].value: YAML read it as the boolean False.")


def test_a_line_too_long_for_makemap_is_refused() -> None:
    assert refusal("From:a@example", "550 " + "x" * 1000).startswith("entries[0]: the entry is too long for makemap.")


@pytest.mark.parametrize("raw", [None, "x", {"key": "a", "value": "b"}, 5])
def test_entries_are_a_list(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"^entries: .* is not a list\."):
        parse_entries(raw, "entries")


@pytest.mark.parametrize("raw", ["a", None, {}, {"key": "a"}, {"key": "Connect:1", "value": "OK", "valeu": 1}])
def test_an_entry_is_a_key_and_a_value(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"^entries\[1\]: this is not an entry\."):
        parse_entries([{"key": "Connect:1", "value": "OK"}, raw], "entries")


def test_twins_are_refused_with_both_places() -> None:
    raw = [{"key": "Connect:a.example", "value": "OK"}, {"key": "Connect:1", "value": "OK"}]
    with pytest.raises(MailtlsError, match=r"^entries\[0\] and entries\[2\]: the key 'CONNECT:A.example' stands"):
        parse_entries([*raw, {"key": "CONNECT:A.example", "value": "RELAY"}], "entries")


def test_a_map_without_a_floor_is_refused() -> None:
    with pytest.raises(MailtlsError) as refused:
        require_floor([Entry("TLS_Srv:a.example", "ENCR:128"), Entry("TLS_Clt:", "ENCR:128")], "entries")
    assert str(refused.value) == (
        "entries: no entry has the key 'TLS_Srv:'."
        " Add TLS_Srv: with TEMP+ENCR:128; without it mail to unnamed servers leaves in clear text."
    )
    require_floor([Entry("tls_srv:", "ENCR:128")], "entries")


def test_the_policy_becomes_the_floor() -> None:
    wish = policy({"outbound": {"default": {"min_bits": "256"}}})
    assert access_entries(wish) == (Entry("TLS_Srv:", "TEMP+ENCR:256"),)


def test_no_starttls_is_the_letter_s_for_all() -> None:
    assert access_entries(policy(starttls_offered=False)) == (Entry("Srv_Features:", "S"), FLOOR)


@pytest.mark.parametrize(
    ("client", "subject"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("10.1.2.0/24", "10.1.2"),
        ("10.1.0.0/16", "10.1"),
        ("10.0.0.0/8", "10"),
        ("2001:db8::7", "IPv6:2001:db8:0:0:0:0:0:7"),
        ("::1", "IPv6:0:0:0:0:0:0:0:1"),
        ("2001:db8::/32", "IPv6:2001:db8"),
        ("fd00:0:0:5::/64", "IPv6:fd00:0:0:5"),
        ("2001:db8:a::/48", "IPv6:2001:db8:a"),
    ],
)
def test_a_client_by_address_may_relay_without_limits(client: str, subject: str) -> None:
    entries = access_entries(policy(relay_clients=[client]))
    limits = tuple(Entry(f"{tag}:{subject}", "0") for tag in ("GreetPause", "ClientRate", "ClientConn"))
    assert entries == (Entry(f"Connect:{subject}", "RELAY"), *limits, FLOOR)
    assert parse_entries([{"key": entry.key, "value": entry.value} for entry in entries], "entries") == entries


def test_a_client_by_name_may_relay() -> None:
    entries = access_entries(policy(relay_clients=["MTA1.example.org"]))
    assert entries == (Entry("Connect:mta1.example.org", "RELAY"), FLOOR)


@pytest.mark.parametrize("client", ["10.1.2.0/23", "10.1.2.128/25", "2001:db8::/33", "2000::/3", "10.1.2.2/31"])
def test_a_network_sendmail_cannot_match_is_refused(client: str) -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_relay_clients\[1\]: sendmail cannot match "):
        access_entries(policy(relay_clients=["192.0.2.7", client]))


def test_the_base_comes_first_and_gives_way() -> None:
    base = (Entry("Connect:127", "RELAY"), Entry("GreetPause:", "5000"), Entry("Connect:10.1.2.3", "REJECT"))
    further = (Entry("greetpause:", "1000"), Entry("TLS_Srv:a.example", "VERIFY"))
    entries = access_entries(policy(relay_clients=["10.1.2.3"]), further, base)
    assert entries[0] == Entry("Connect:127", "RELAY")
    assert entries[1] == Entry("Connect:10.1.2.3", "RELAY")
    assert entries[-3:] == (FLOOR, *further)
    assert len(entries) == 8 and len({entry.folded_key for entry in entries}) == 8


@pytest.mark.parametrize("key", ["TLS_Srv:", "tls_srv:"])
def test_the_floor_belongs_to_the_policy(key: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        access_entries(policy(), [Entry("Connect:1", "OK"), Entry(key, "VERIFY:256")])
    assert str(refused.value) == (
        "sendmail_access_entries[1].key: the key 'TLS_Srv:' belongs to the policy."
        " Set sendmail_tls_policy.outbound.default instead."
    )


@pytest.mark.parametrize(
    ("offered", "value", "refused"), [(True, "V", False), (True, "V S", True), (True, "s", False), (False, "V", True)]
)
def test_the_offer_to_all_belongs_to_its_variable(offered: bool, value: str, refused: bool) -> None:
    wish, further = policy(starttls_offered=offered), [Entry("Srv_Features:", value)]
    if refused:
        with pytest.raises(MailtlsError) as refused:
            access_entries(wish, further)
        assert str(refused.value) == (
            "sendmail_access_entries[0]: whether STARTTLS is offered to all is said by sendmail_starttls_offered,"
            " not by 'Srv_Features:'. Set that variable, or name the client in the key."
        )
    else:
        assert access_entries(wish, further) == (FLOOR, *further)


def test_an_entry_beside_a_client_is_a_twin() -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_relay_clients\[0\] and sendmail_access_entries\[0\]: "):
        access_entries(policy(relay_clients=["10.1.2.3"]), [Entry("ClientRate:10.1.2.3", "5")])


def test_an_unthrottled_client_has_no_limits_and_may_not_relay() -> None:
    entries = access_entries(policy(unthrottled_clients=["10.1.2.0/24"]))
    assert [(entry.key, entry.value) for entry in entries if "10.1.2" in entry.key] == [
        ("GreetPause:10.1.2", "0"),
        ("ClientRate:10.1.2", "0"),
        ("ClientConn:10.1.2", "0"),
    ]


def test_a_relay_client_is_unthrottled_already() -> None:
    entries = access_entries(policy(relay_clients=["10.1.2.3"], unthrottled_clients=["10.1.2.3"]))
    assert entries == access_entries(policy(relay_clients=["10.1.2.3"]))


def test_an_unthrottled_network_sendmail_cannot_match_is_refused() -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_unthrottled_clients\[0\]: sendmail cannot match "):
        access_entries(policy(unthrottled_clients=["10.1.0.0/20"]))


def test_each_entry_knows_the_variable_it_came_from() -> None:
    wish = policy(relay_clients=["10.1.2.3", "a.example"], unthrottled_clients=["10.5.0.0/16"], starttls_offered=False)
    placed = compile_policy(wish, further=[Entry("From:b.example", "REJECT")])
    assert [(entry.key, place) for place, entry in placed] == [
        *(
            (f"{tag}:10.1.2.3", "sendmail_relay_clients[0]")
            for tag in ("Connect", "GreetPause", "ClientRate", "ClientConn")
        ),
        ("Connect:a.example", "sendmail_relay_clients[1]"),
        *((f"{tag}:10.5", "sendmail_unthrottled_clients[0]") for tag in ("GreetPause", "ClientRate", "ClientConn")),
        ("Srv_Features:", "sendmail_starttls_offered"),
        ("TLS_Srv:", "sendmail_tls_policy.outbound.default"),
        ("From:b.example", "sendmail_access_entries[0]"),
    ]


def test_a_map_is_written_for_a_release() -> None:
    peer = {"next_hop": "[10.1.2.3]", "session": {"min_protocol": "TLSv1.3"}}
    wish = policy({"outbound": {"peers": [peer]}})
    assert Entry("TLS_Srv:10.1.2.3", "TEMP+ENCR:128") in access_entries(wish, release=(8, 18, 1))
    with pytest.raises(MailtlsError, match=r"peers\[0\]\.session: sendmail 8\.15\.2 cannot do this"):
        access_entries(wish)
