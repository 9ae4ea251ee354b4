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
    requirement_value,
    session_value,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import MAY, Requirement, SessionSettings


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
