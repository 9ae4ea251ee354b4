# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several variables make one policy: ``sendmail_tls_policy``, then each ``sendmail_tls_policy_*`` in order of its name.

Mappings merge field by field, and the later one wins. An item whose next hop, recipient, client or issuer stands in an
earlier layer takes that item's place whole; any other is appended.
"""

from __future__ import annotations

import typing as t

from .errors import MailtlsError
from .fields import Fields

VARIABLE = "sendmail_tls_policy"
PREFIX = f"{VARIABLE}_"

Item = t.TypeVar("Item")


class Layer(t.NamedTuple):
    """One variable's part: a mapping or a list, and its place."""

    raw: t.Any
    place: str


def ordered(layers: t.Mapping[str, t.Any]) -> tuple[Layer, ...]:
    """The layers in the order in which they apply; the later one wins."""
    names = sorted(layers, key=lambda name: (name != VARIABLE, name))
    return tuple(Layer(layers[name], name) for name in names)


def merge_fields(layers: t.Sequence[Fields]) -> Fields:
    """One mapping of all. ``null`` takes back what an earlier layer said."""
    values: dict[str, t.Any] = {}
    places: dict[str, str] = {}
    for layer in layers:
        for field, value in layer.values.items():
            if value is None and field in values:
                del values[field], places[field]
            else:
                values[field], places[field] = value, layer.at(field)
    return Fields(values, layers[0].place, places)


def merge_items(
    layers: t.Iterable[t.Iterable[Item]], identity: t.Callable[[Item], t.Any], place: t.Callable[[Item], str], what: str
) -> tuple[Item, ...]:
    """One list of all. Raises ``MailtlsError`` with both places for two items of one identity within a layer."""
    merged: dict[t.Any, Item] = {}
    for layer in layers:
        own: dict[t.Any, Item] = {}
        for item in layer:
            name = identity(item)
            if name in own:
                raise MailtlsError(
                    f"the {what} stands there twice",
                    where=f"{place(own[name])} and {place(item)}",
                    remedy="Remove one of the two.",
                )
            own[name] = item
        merged.update(own)
    return tuple(merged.values())
