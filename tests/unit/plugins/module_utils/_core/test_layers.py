# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.layers import ordered
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import Policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy

BASE, GROUP, HOST = "sendmail_tls_policy", "sendmail_tls_policy_group", "sendmail_tls_policy_host"
TODAY = datetime.date(2026, 11, 25)
EXCEPTION = {"owner": "a", "reason": "b", "until": "2027-01-01"}


def read(**layers: t.Any) -> Policy:
    return parse_policy(layers, today=TODAY)


def default(**fields: t.Any) -> t.Any:
    return {"outbound": {"default": fields}}


def peers(*items: t.Any) -> t.Any:
    return {"outbound": {"peers": list(items)}}


def test_the_first_variable_comes_first_and_the_others_by_name() -> None:
    names = [layer.place for layer in ordered({HOST: 1, BASE: 2, "sendmail_tls_policy_A": 3, GROUP: 4, "a": 5})]
    assert names == [BASE, "a", "sendmail_tls_policy_A", GROUP, HOST]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([default(min_bits=256)], ("encrypt", 256, "")),
        ([default(min_bits=256), default(min_bits=112)], ("encrypt", 112, "")),
        ([default(min_bits=256), default(level="verify")], ("verify", 256, "")),
        ([default(level="verify"), default(level="secure", name="a"), default(name="b")], ("secure", 128, "b")),
        ([default(min_bits=256), {}, {"inbound": {}}], ("encrypt", 256, "")),
        ([{}, default(min_bits=256)], ("encrypt", 256, "")),
        ([default(level="secure", name="a"), default(level="verify", name=None)], ("verify", 128, "")),
        ([default(min_bits=256), default(min_bits=None)], ("encrypt", 128, "")),
    ],
)
def test_mappings_merge_field_by_field(layers: list[t.Any], expected: tuple[str, int, str]) -> None:
    assert read(**dict(zip((BASE, GROUP, HOST), layers))).outbound.default[:3] == expected


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ([default(min_bits=7), {}], f"{BASE}.outbound.default.min_bits"),
        ([default(min_bits=256), default(min_bits=7)], f"{GROUP}.outbound.default.min_bits"),
        ([default(level="secure", name="a"), default(level="verify")], f"{BASE}.outbound.default.name"),
        ([{}, default(level=None)], f"{GROUP}.outbound.default.level"),
        ([{}, {"outbond": {}}], f"{GROUP}.outbond"),
        ([{}, None], GROUP),
        ([{}, peers({"next_hop": "a.example", "level": "x"})], f"{GROUP}.outbound.peers[0].level"),
        ([default(), default(level="may")], f"{GROUP}.outbound.default.level"),
    ],
)
def test_a_fault_is_told_where_it_stands(layers: list[t.Any], place: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        read(**dict(zip((BASE, GROUP, HOST), layers)))
    assert refused.value.where == place


@pytest.mark.parametrize(
    ("layers", "places"),
    [
        (
            [peers({"next_hop": "a.example"}), peers({"next_hop": "b.example"})],
            [f"{BASE}.outbound.peers[0]", f"{GROUP}.outbound.peers[0]"],
        ),
        ([peers({"next_hop": "a.example"}), peers({"next_hop": "A.example"})], [f"{GROUP}.outbound.peers[0]"]),
        (
            [peers({"next_hop": "10.1.2.3"}, {"next_hop": "b.example"}), peers({"next_hop": "[10.1.2.3]"})],
            [f"{GROUP}.outbound.peers[0]", f"{BASE}.outbound.peers[1]"],
        ),
        ([peers({"next_hop": "2001:db8::1"}), {}, peers({"next_hop": "2001:DB8:0::1"})], [f"{HOST}.outbound.peers[0]"]),
    ],
)
def test_an_item_takes_the_place_of_its_like(layers: list[t.Any], places: list[str]) -> None:
    found = read(**dict(zip((BASE, GROUP, HOST), layers))).outbound.peers
    assert [peer.place for peer in found] == places


def test_an_item_is_replaced_whole() -> None:
    one = {"next_hop": "10.1.2.3", "level": "may", "exception": EXCEPTION}
    merged = read(**{BASE: peers(one), HOST: peers({"next_hop": "10.1.2.3"})}).outbound.peers[0]
    assert merged.exception is None and merged.requirement.level == "encrypt"


def test_an_exception_that_was_replaced_may_have_ended() -> None:
    over = {"next_hop": "10.1.2.3", "level": "may", "exception": {**EXCEPTION, "until": "2020-01-01"}}
    assert read(**{BASE: peers(over), HOST: peers({"next_hop": "10.1.2.3"})})


def test_a_default_raised_by_a_layer_makes_exceptions_of_items() -> None:
    with pytest.raises(MailtlsError, match=r"\(sendmail_tls_policy_host\.outbound\.default\)") as refused:
        read(
            **{
                BASE: {"outbound": {"default": {}, "peers": [{"next_hop": "10.1.2.3", "level": "encrypt"}]}},
                HOST: default(level="verify"),
            }
        )
    assert refused.value.where == f"{BASE}.outbound.peers[0].exception"


@pytest.mark.parametrize(
    ("section", "item"),
    [
        (("outbound", "recipients"), {"recipient": "a.example"}),
        (("inbound", "clients"), {"client": "10.1.2.3"}),
        (("relaying", "certificates"), {"issuer": "/O=a"}),
    ],
)
def test_all_lists_merge_alike(section: tuple[str, str], item: t.Any) -> None:
    layer = {section[0]: {section[1]: [item]}}
    merged = read(**{BASE: layer, HOST: layer})
    found = (*merged.outbound.recipients, *merged.inbound.clients, *merged.certificates)
    assert [one.place for one in found] == [f"{HOST}.{section[0]}.{section[1]}[0]"]
    with pytest.raises(MailtlsError, match="stands there twice") as refused:
        read(**{HOST: {section[0]: {section[1]: [item, item]}}})
    assert refused.value.where == f"{HOST}.{section[0]}.{section[1]}[0] and {HOST}.{section[0]}.{section[1]}[1]"
