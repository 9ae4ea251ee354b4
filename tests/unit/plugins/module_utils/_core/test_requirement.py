# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.fields import Fields
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import Requirement, Waiver
from ansible_collections.mailtls.relay.plugins.module_utils._core.requirement import (
    read_bits,
    read_date,
    read_dn,
    read_requirement,
    read_waiver,
)


@pytest.mark.parametrize(
    ("values", "requirement"),
    [
        ({}, Requirement()),
        ({"level": "none"}, Requirement("none", 0)),
        (
            {"level": "verify", "issuer": "/O=a", "subject": "/O=b"},
            Requirement("verify", issuer="/O=a", subject="/O=b"),
        ),
        (
            {"level": "secure", "name": "x", "failure": "permanent"},
            Requirement("secure", name="x", failure="permanent"),
        ),
    ],
)
def test_requirements(values: t.Any, requirement: Requirement) -> None:
    assert read_requirement(Fields(values, "here"), "encrypt") == requirement


@pytest.mark.parametrize("raw", [40, 256, "128"])
def test_bits(raw: t.Any) -> None:
    assert read_bits(raw, "") == int(raw)


@pytest.mark.parametrize("raw", [datetime.date(2027, 3, 31), "2027-03-31"])
def test_days(raw: t.Any) -> None:
    waiver = read_waiver({"owner": "a", "reason": "b", "until": raw}, "here")
    assert waiver == Waiver("a", "b", datetime.date(2027, 3, 31))


@pytest.mark.parametrize(
    "read", [lambda: read_date("soon", "here"), lambda: read_dn("a", "here"), lambda: read_bits(7, "here")]
)
def test_refusals_name_their_place(read: t.Callable[[], t.Any]) -> None:
    with pytest.raises(MailtlsError, match=r"^here: "):
        read()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"level": "high"},
            "here.level: the level 'high' is not known. Allowed: none, may, encrypt, verify, secure.",
        ),
        (
            {"level": "dane"},
            "here.level: the level 'dane' is reserved for a later release."
            " Allowed: none, may, encrypt, verify, secure.",
        ),
        (
            {"level": "may", "failure": "permanent"},
            "here.failure: failure has no meaning at level may, which demands nothing."
            " Leave it out, or raise the level.",
        ),
        (
            {"level": "verify", "name": "a"},
            "here.name: name is compared at level secure only, not at verify."
            " Raise the level to secure, or leave it out.",
        ),
        (
            {"level": "encrypt", "subject": "/O=a"},
            "here.subject: subject proves nothing at level encrypt, where no certificate is verified."
            " Raise the level to verify or secure, or leave it out.",
        ),
        (
            {"level": "secure"},
            "here.name: level secure has no name to compare with."
            " Write the CN of the other side's certificate, as openssl x509 -subject prints it.",
        ),
        (
            {"level": "secure", "name": 7},
            "here.name: 7 is not the name in a certificate. Write it as one line of text.",
        ),
        (
            {"level": "verify", "issuer": "CN=a"},
            "here.issuer: 'CN=a' is not a distinguished name as OpenSSL writes it on one line."
            " Write /O=Example/CN=Example CA, as openssl x509 -nameopt compat prints it.",
        ),
        ({"level": "verify", "issuer": 7}, "here.issuer: 7 is not a distinguished name. Write it as one line of text."),
        (
            {"failure": "later"},
            "here.failure: 'later' is not a kind of failure. Allowed: temporary, permanent.",
        ),
        (
            {"min_bits": 39},
            "here.min_bits: 39 is not a number of cipher bits."
            " Write a whole number from 40 to 256; the default is 128.",
        ),
    ],
)
def test_a_refused_requirement_says_what_to_write(values: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        read_requirement(Fields(values, "here"), "encrypt")
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"owner": ""}, "here.owner: '' is not an owner. Write it as one line of text."),
        ({"reason": ""}, "here.reason: '' is not a reason. Write it as one line of text."),
        ({"until": "soon"}, "here.until: 'soon' is not a day. Write it as 2027-03-31."),
    ],
)
def test_a_refused_exception_says_what_to_write(changed: t.Any, told: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        read_waiver({"owner": "a", "reason": "b", "until": "2027-03-31", **changed}, "here")
    assert str(refused.value) == told


@pytest.mark.parametrize("field", ["owner", "reason", "until"])
def test_an_exception_is_complete(field: str) -> None:
    values = {key: value for key, value in (("owner", "a"), ("reason", "b"), ("until", "2027-03-31")) if key != field}
    with pytest.raises(MailtlsError) as refused:
        read_waiver(values, "here")
    assert str(refused.value) == (
        f'here.{field}: the exception has no {field}. Write {{owner: ..., reason: ..., until: "2027-03-31"}}.'
    )
