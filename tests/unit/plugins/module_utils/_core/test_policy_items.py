# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.layers import Layer
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    Client,
    Peer,
    RelayCertificate,
    Requirement,
    SessionSettings,
    Target,
    Waiver,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_items import (
    read_certificates,
    read_clients,
    read_peers,
    read_recipients,
)

ENCRYPT = Requirement()


def test_equal_is_not_alike() -> None:
    """A requirement that was read once is not read again, but 128.0 is not 128."""
    layer = Layer(
        [{"next_hop": "a.example", "level": "encrypt", "min_bits": 128}, {"next_hop": "b.example", "level": "encrypt"}],
        "p",
    )
    one, other = read_peers([layer], ENCRYPT)
    assert one.requirement == other.requirement == ENCRYPT
    wrong = Layer([layer.raw[0], {"next_hop": "b.example", "level": "encrypt", "min_bits": 128.0}], "p")
    with pytest.raises(MailtlsError, match=r"^p\[1\]\.min_bits: 128\.0"):
        read_peers([wrong], ENCRYPT)


SECURE = {"level": "secure", "name": "a", "issuer": "/O=a", "subject": "/O=b"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("level", "encrypt"),
        ("min_bits", 256),
        ("name", "b"),
        ("issuer", "/O=c"),
        ("subject", "/O=c"),
        ("failure", "permanent"),
    ],
)
def test_items_that_differ_in_one_field_are_read_apart(field: str, value: t.Any) -> None:
    said = {"level": "verify"} if field == "level" else SECURE
    layer = Layer([{"next_hop": "a.example", **said}, {"next_hop": "b.example", **said, field: value}], "p")
    one, other = read_peers([layer], ENCRYPT)
    assert other.requirement == one.requirement._replace(**{field: value})


@pytest.mark.parametrize("field", ["level", "min_bits", "name", "issuer", "subject", "failure"])
def test_nothing_in_the_place_of_a_value_is_not_silence(field: str) -> None:
    said = {key: value for key, value in SECURE.items() if key != field} if field != "level" else {}
    said = {"level": "verify"} if field == "name" else said
    layer = Layer([{"next_hop": "a.example", **said}, {"next_hop": "b.example", **said, field: None}], "p")
    with pytest.raises(MailtlsError) as refused:
        read_peers([layer], ENCRYPT)
    assert refused.value.where == f"p[1].{field}"


def test_an_item_that_asks_for_nothing_is_as_the_default() -> None:
    default = Requirement("verify", issuer="/O=a")
    assert read_peers([Layer([{"next_hop": "a.example"}], "p")], default)[0].requirement == default
    assert read_clients([Layer([{"client": "10.1.2.3"}], "p")], default)[0].requirement == default


def test_items_know_their_place() -> None:
    assert read_recipients([Layer([{"recipient": "a.example"}], "p")])[0].place == "p[0]"
    assert read_certificates([Layer([{"issuer": "/O=a", "subjects": ["/O=b"]}], "p")])[0].subjects == ("/O=b",)


EXCEPTION = {"owner": "a", "reason": "b", "until": "2027-01-01"}
WAIVER = Waiver("a", "b", datetime.date(2027, 1, 1))
SESSION = SessionSettings("TLSv1.3")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, {}),
        (
            {"exception": EXCEPTION, "accept_dns_risk": True, "session": {"min_protocol": "TLSv1.3"}},
            {"exception": WAIVER, "accept_dns_risk": True, "session": SESSION},
        ),
        ({"dane": False}, {"dane": False}),
        ({"mta_sts": False}, {"mta_sts": False}),
        ({"accept_dns_risk": False}, {}),
    ],
)
def test_all_that_is_said_of_a_next_hop(said: dict[str, t.Any], meant: dict[str, t.Any]) -> None:
    (peer,) = read_peers([Layer([{"next_hop": "10.1.2.3", **said}], "p")], ENCRYPT)
    assert peer == Peer("p[0]", Target(4, "10.1.2.3", 32), ENCRYPT, **meant)
    assert all(isinstance(flag, bool) for flag in (peer.accept_dns_risk, peer.dane, peer.mta_sts))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, {}),
        (
            {"exception": EXCEPTION, "accept_dns_risk": True, "session": {"min_protocol": "TLSv1.3"}},
            {"exception": WAIVER, "accept_dns_risk": True, "session": SESSION},
        ),
        ({"starttls_offered": False}, {"starttls_offered": False}),
        ({"starttls_offered": "yes"}, {"starttls_offered": True}),
        ({"request_certificate": False}, {"request_certificate": False}),
        ({"level": "none"}, {"requirement": Requirement("none", 0), "starttls_offered": False}),
        (
            {"level": "none", "starttls_offered": False},
            {"requirement": Requirement("none", 0), "starttls_offered": False},
        ),
    ],
)
def test_all_that_is_said_of_a_client(said: dict[str, t.Any], meant: dict[str, t.Any]) -> None:
    (client,) = read_clients([Layer([{"client": "10.1.2.3", **said}], "p")], ENCRYPT)
    assert client == Client("p[0]", Target(4, "10.1.2.3", 32), **{"requirement": ENCRYPT, **meant})
    assert client.accept_dns_risk in (False, True) and client.request_certificate in (False, True)


def test_subjects_stand_as_they_were_written() -> None:
    layer = Layer([{"issuer": "/O=A"}, {"issuer": "/O=b", "subjects": ["/CN=Y", "/CN=x"]}], "p")
    assert read_certificates([layer]) == (
        RelayCertificate("p[0]", "/O=A"),
        RelayCertificate("p[1]", "/O=b", ("/CN=Y", "/CN=x")),
    )


KEYS = "level, min_bits, name, issuer, subject, failure"


@pytest.mark.parametrize(
    ("read", "raw", "told"),
    [
        (read_peers, {}, "p: {} is not a list. Write a list of next hops."),
        (read_recipients, {}, "p: {} is not a list. Write a list of recipients."),
        (read_clients, {}, "p: {} is not a list. Write a list of clients."),
        (read_certificates, {}, "p: {} is not a list. Write a list of certificates."),
        (
            read_peers,
            [7],
            f"p[0]: 7 is not a mapping. Allowed keys: next_hop, {KEYS}, exception, accept_dns_risk, dane, mta_sts,"
            " session.",
        ),
        (read_recipients, [7], f"p[0]: 7 is not a mapping. Allowed keys: recipient, {KEYS}."),
        (
            read_clients,
            [7],
            f"p[0]: 7 is not a mapping. Allowed keys: client, {KEYS}, exception, accept_dns_risk, starttls_offered,"
            " request_certificate, session.",
        ),
        (read_certificates, [7], "p[0]: 7 is not a mapping. Allowed keys: issuer, subjects."),
        (read_peers, [{}], "p[0].next_hop: the item has no next_hop. Say of whom it speaks."),
        (read_recipients, [{}], "p[0].recipient: the item has no recipient. Say of whom it speaks."),
        (read_clients, [{}], "p[0].client: the item has no client. Say of whom it speaks."),
        (read_certificates, [{}], "p[0].issuer: the item has no issuer. Say of whom it speaks."),
        (
            read_peers,
            [{"next_hop": "a.example", "name": "b"}],
            "p[0].level: name stands without a level. Write the level, too.",
        ),
        (
            read_recipients,
            [{"recipient": "a.example", "level": "may"}],
            "p[0].level: level may is no demand, and a recipient can only add to what next hops must offer."
            " Allowed: encrypt, verify, secure. Exceptions stand in outbound.peers.",
        ),
        (
            read_clients,
            [{"client": "10.1.2.3", "level": "none", "starttls_offered": True}],
            "p[0].starttls_offered: level none means that STARTTLS is not offered. Write may.",
        ),
        (
            read_certificates,
            [{"issuer": "/O=a", "subjects": {}}],
            "p[0].subjects: {} is not a list. Write a list of subjects.",
        ),
        (
            read_certificates,
            [{"issuer": "/O=a", "subjects": ["/O=b", "/o=B"]}],
            "p[0].subjects[1]: '/o=B' stands there twice. Remove one of the two.",
        ),
        (
            read_certificates,
            [{"issuer": "/O=a", "subjects": []}],
            "p[0].subjects: no subject may relay. Leave it out to let all of this issuer relay.",
        ),
        *(
            (read, [{key: "10.1.2.3"}] * 2, f"p[0] and p[1]: the {what} stands there twice. Remove one of the two.")
            for read, key, what in ((read_peers, "next_hop", "next hop"), (read_clients, "client", "client"))
        ),
        (
            read_recipients,
            [{"recipient": "a.example"}] * 2,
            "p[0] and p[1]: the recipient stands there twice. Remove one of the two.",
        ),
        (
            read_certificates,
            [{"issuer": "/O=a"}, {"issuer": "/o=A"}],
            "p[0] and p[1]: the issuer stands there twice. Remove one of the two.",
        ),
    ],
)
def test_a_refused_item_says_what_to_write(read: t.Callable[..., t.Any], raw: t.Any, told: str) -> None:
    default = (ENCRYPT,) if read in (read_peers, read_clients) else ()
    with pytest.raises(MailtlsError) as refused:
        read([Layer(raw, "p")], *default)
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("exception", {}, "p[0].exception.owner"),
        ("accept_dns_risk", "x", "p[0].accept_dns_risk"),
        ("session", {}, "p[0].session"),
    ],
)
def test_a_refused_field_is_told_where_it_stands(field: str, value: t.Any, place: str) -> None:
    for read, key in ((read_peers, "next_hop"), (read_clients, "client")):
        with pytest.raises(MailtlsError) as refused:
            read([Layer([{key: "10.1.2.3", field: value}], "p")], ENCRYPT)
        assert refused.value.where == place
