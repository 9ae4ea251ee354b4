# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only interpreter of what the user wishes: plain data of any kind in, a ``Policy`` out, or a ``MailtlsError``."""

from __future__ import annotations

import datetime
import typing as t

from .errors import MailtlsError
from .fields import Fields, read_boolean, read_mapping
from .layers import VARIABLE, Layer, merge_fields, ordered
from .nexthop import hosts_of
from .policy import Inbound, Outbound, Policy
from .policy_items import (
    CERTIFICATE_FIELDS,
    CLIENT_FIELDS,
    PEER_FIELDS,
    RECIPIENT_FIELDS,
    read_certificates,
    read_clients,
    read_peers,
    read_recipients,
)
from .relayclient import read_relay_clients, read_unthrottled
from .requirement import EXCEPTION_FIELDS, REQUIREMENT_FIELDS, read_requirement
from .session import SESSION_FIELDS
from .soundness import refuse_unsound

# Path in the policy -> its keys. The role's argument specification says the same (tests/unit/roles/test_sendmail.py).
KNOWN: t.Mapping[str, tuple[str, ...]] = {
    "": ("outbound", "inbound", "relaying"),
    "outbound": ("default", "peers", "recipients"),
    "outbound.default": REQUIREMENT_FIELDS,
    "outbound.peers": PEER_FIELDS,
    "outbound.peers.exception": EXCEPTION_FIELDS,
    "outbound.peers.session": SESSION_FIELDS,
    "outbound.recipients": RECIPIENT_FIELDS,
    "inbound": ("default", "clients"),
    "inbound.default": REQUIREMENT_FIELDS,
    "inbound.clients": CLIENT_FIELDS,
    "inbound.clients.exception": EXCEPTION_FIELDS,
    "inbound.clients.session": SESSION_FIELDS,
    "relaying": ("certificates",),
    "relaying.certificates": CERTIFICATE_FIELDS,
}


def parse_policy(
    layers: t.Mapping[str, t.Any],
    *,
    today: datetime.date,
    sole_next_hop: str = "",
    starttls_offered: t.Any = True,
    relay_clients: t.Any = (),
    unthrottled_clients: t.Any = (),
) -> Policy:
    """Read the variables ``sendmail_tls_policy`` and ``sendmail_tls_policy_*``, by name, and those of the arguments.

    ``today`` decides which exceptions have ended. ``sole_next_hop`` is the smart host when all mail goes to one.
    Raises ``MailtlsError`` that names the variable with the path in it, the value, and what is allowed.
    """
    whole = [Layer(read_mapping(raw, place, KNOWN[""]), place) for raw, place in ordered(layers)]
    outbound, inbound, relaying = (_section(whole, name) for name in KNOWN[""])
    out_fields = _default(outbound, "outbound")
    in_fields = _default(inbound, "inbound")
    out_default = read_requirement(out_fields, "encrypt")
    in_default = read_requirement(in_fields, "may")
    policy = Policy(
        Outbound(
            out_default,
            read_peers(_part(outbound, "peers"), out_default),
            read_recipients(_part(outbound, "recipients")),
            _place(out_fields),
        ),
        Inbound(in_default, read_clients(_part(inbound, "clients"), in_default), _place(in_fields)),
        read_certificates(_part(relaying, "certificates")),
        read_boolean(starttls_offered, "sendmail_starttls_offered"),
        read_relay_clients(relay_clients, "sendmail_relay_clients"),
        read_unthrottled(unthrottled_clients, "sendmail_unthrottled_clients"),
    )
    refuse_unsound(policy, today, sole_next_hop, out_fields.at("failure"))
    return policy


def _section(layers: t.Sequence[Layer], name: str) -> list[Layer]:
    """What each layer says under one key of the policy."""
    return [Layer(read_mapping(raw, place, KNOWN[name]), place) for raw, place in _part(layers, name)]


def _part(layers: t.Sequence[Layer], name: str) -> list[Layer]:
    return [Layer(layer.raw[name], f"{layer.place}.{name}") for layer in layers if name in layer.raw]


def _default(section: t.Sequence[Layer], side: str) -> Fields:
    path = f"{side}.default"
    parts = [Fields(read_mapping(raw, place, KNOWN[path]), place) for raw, place in _part(section, "default")]
    return merge_fields(parts) if parts else Fields({}, f"{VARIABLE}.{path}")


def _place(default: Fields) -> str:
    """Where the level of a default was said."""
    return default.at("level").rpartition(".")[0]


def read_layers(first: t.Any, further: t.Any, place: str) -> dict[str, t.Any]:
    """The layers as ``parse_policy`` takes them, from the value of the first variable and a mapping of the others."""
    if not isinstance(further, t.Mapping) or not all(isinstance(name, str) for name in further):
        raise MailtlsError("the layers are not a mapping of variables", where=place, remedy="Write {name: policy}.")
    return {VARIABLE: first, **further}


def sole_next_hop(smart_host: t.Any) -> str:
    """The host through which all mail leaves, in lower case; empty when there is none or more than one."""
    hosts = hosts_of(smart_host) if isinstance(smart_host, str) else smart_host
    if not isinstance(hosts, (list, tuple)) or len(hosts) != 1 or not isinstance(hosts[0], str):
        return ""
    return hosts[0].rstrip(".").lower()
