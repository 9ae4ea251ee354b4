# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access_grammar import TAGS
from ansible_collections.mailtls.relay.plugins.module_utils._core.access_words import (
    NO_SESSION,
    network_key,
    read_least_protocol,
    refuse_width,
    requirement_value,
    session_value,
    target_key,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    MAY,
    Requirement,
    SessionSettings,
    Target,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.tokens import scan


@pytest.mark.parametrize(
    "requirement",
    [
        Requirement(),
        Requirement("verify", 256),
        Requirement("secure", 128, 'A (b) <c> "d"', "/O=a +b", "/O=ü", "permanent"),
        Requirement("secure", 40, "x!&'*,-.:;=?@[]^_`{|}~y"),
    ],
)
def test_what_is_written_passes_the_grammar(requirement: Requirement) -> None:
    assert TAGS["tls_srv"].values.fits(requirement_value(requirement, "here"))


def test_no_demand_is_ok() -> None:
    assert requirement_value(MAY, "") == "OK"


def test_a_pin_that_cannot_be_compared_is_refused_at_its_field() -> None:
    for field in ("name", "issuer", "subject"):
        with pytest.raises(MailtlsError, match=rf"^here\.{field}: .* cannot compare"):
            requirement_value(Requirement("secure", **{"name": "x", field: "/O=a$b"}), "here")  # type: ignore[arg-type]


def test_sessions_pass_the_grammar() -> None:
    for value in (NO_SESSION, session_value(SessionSettings("TLSv1.3", "HIGH:!aNULL", "", "/a", "/b"))):
        assert TAGS["tls_clt_features"].values.fits(value)


@pytest.mark.parametrize(("network", "key"), [("10.1.2.0/24", "10.1.2"), ("2001:db8::/32", "IPv6:2001:db8")])
def test_networks(network: str, key: str) -> None:
    assert network_key(ipaddress.ip_network(network), "") == key


@pytest.mark.parametrize(
    ("session", "value"),
    [
        (SessionSettings(), ""),
        (SessionSettings("TLSv1.2"), "Options=SSL_OP_NO_TLSv1,SSL_OP_NO_TLSv1_1"),
        (SessionSettings("", "HIGH", "TLS_A"), "CipherList=HIGH; CipherSuites=TLS_A"),
        (SessionSettings(certificate_file="/a", key_file="/b"), "CertFile=/a; KeyFile=/b"),
    ],
)
def test_a_session_in_sendmails_words(session: SessionSettings, value: str) -> None:
    assert session_value(session) == value


@pytest.mark.parametrize(
    ("value", "protocol"),
    [
        ("", ""),
        (NO_SESSION, ""),
        (session_value(SessionSettings("TLSv1.2")), "TLSv1.2"),
        (session_value(SessionSettings("TLSv1.3")), "TLSv1.3"),
        (session_value(SessionSettings("TLSv1.3", "HIGH")), None),
    ],
)
def test_the_least_protocol_is_read_back(value: str, protocol: str | None) -> None:
    assert read_least_protocol(scan(value)) == protocol


def test_a_width_sendmail_does_not_know_is_told() -> None:
    for refuse in (
        lambda: target_key(Target(4, "10.1.2.0", 23), "here"),
        lambda: network_key(ipaddress.ip_network("10.1.2.0/23"), "here"),
        lambda: refuse_width("10.1.2.0/23", "here"),
    ):
        with pytest.raises(MailtlsError) as refused:
            refuse()
        assert str(refused.value) == (
            "here: sendmail cannot match 10.1.2.0/23: it knows IPv4 networks of 8, 16 or 24 bits, and IPv6 networks"
            " of a multiple of 16 bits. List the smaller networks it is made of."
        )
