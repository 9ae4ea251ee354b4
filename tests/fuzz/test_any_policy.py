# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is given for a policy, it is read or refused: nothing but ``MailtlsError``, nothing unsound gets through.

These need Hypothesis, which ansible-test does not bring along; ``make unit`` runs them.
"""

from __future__ import annotations

import copy
import datetime
import typing as t

from ansible_collections.mailtls.relay.plugins.module_utils._core.access import compile_policy, parse_entries
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import (
    KNOWN,
    parse_policy,
    sole_next_hop,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TODAY = datetime.date(2026, 11, 25)
EXCEPTION = {"owner": "a", "reason": "b", "until": "2027-03-31"}
SESSION = {"min_protocol": "TLSv1.3", "cipher_list": "HIGH:!aNULL", "certificate_file": "/a", "key_file": "/b"}
SOUND: dict[str, t.Any] = {
    "outbound": {
        "default": {"level": "verify", "min_bits": 128, "issuer": "/O=a/CN=b", "failure": "temporary"},
        "peers": [
            {
                "next_hop": "mta3.example.org",
                "level": "may",
                "exception": EXCEPTION,
                "accept_dns_risk": True,
                "dane": False,
            },
            {
                "next_hop": "[192.0.2.7]",
                "level": "secure",
                "name": "x",
                "issuer": "/O=a",
                "subject": "/O=b",
                "session": SESSION,
            },
            {"next_hop": "10.1.2.0/24", "level": "none", "exception": EXCEPTION},
        ],
        "recipients": [{"recipient": "user@partner.example", "level": "secure", "name": "y", "min_bits": 256}],
    },
    "inbound": {
        "default": {"level": "encrypt"},
        "clients": [
            {"client": "2001:db8::/48", "level": "verify", "session": SESSION},
            {"client": "mta1.example", "starttls_offered": True, "request_certificate": False, "accept_dns_risk": True},
        ],
    },
    "relaying": {"certificates": [{"issuer": "/O=a", "subjects": ["/O=b"]}]},
}
WORDS = sorted(
    {key for names in KNOWN.values() for key in names}
    | {
        "none",
        "may",
        "encrypt",
        "verify",
        "secure",
        "dane",
        "temporary",
        "permanent",
        "TLSv1.3",
        "10.1.2.3",
        "a.example",
    }
    | {"[192.0.2.7]", "[IPv6:::1]", "::/0", "user@", "/O=a/CN=b", "/O=a+20b", "2027-03-31", "2020-01-01", "true", "128"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=5)
    | st.sampled_from(WORDS)
    | st.text(st.characters(), max_size=30)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=5), max_leaves=25
)


def paths(value: t.Any, here: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield here
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*here, key))


PATHS = [path for path in paths(SOUND) if path]
CHANGES = st.tuples(st.sampled_from(PATHS), VALUES, st.sampled_from(["set", "drop", "key", "twice"]))


def judge(layers: dict[str, t.Any], smart_host: t.Any = "") -> None:
    try:
        policy = parse_policy(layers, today=TODAY, sole_next_hop=sole_next_hop(smart_host))
        placed = compile_policy(policy, (8, 18, 1))
    except MailtlsError as error:
        assert str(error).startswith("sendmail_tls_policy") and len(str(error)) < 2000
        return
    assert any(entry.key == "TLS_Srv:" and entry.value != "OK" for _place, entry in placed)
    for place, entry in placed:
        assert place.startswith("sendmail_tls_policy")
        if entry.value != "OK":
            parse_entries([{"key": entry.key, "value": entry.value}], place)


def test_the_sound_one_is_sound() -> None:
    assert compile_policy(parse_policy({"sendmail_tls_policy": SOUND}, today=TODAY), (8, 18, 1))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES)
def test_any_value(raw: t.Any, smart_host: t.Any) -> None:
    judge({"sendmail_tls_policy": raw}, smart_host)


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(PATHS), VALUES, st.sampled_from(["set", "drop", "key", "twice"])),
        min_size=1,
        max_size=3,
    )
)
def test_a_sound_policy_with_changes(changes: t.Any) -> None:
    raw = copy.deepcopy(SOUND)
    for path, value, kind in changes:
        holder: t.Any = raw
        try:
            for step in path[:-1]:
                holder = holder[step]
            if kind == "drop":
                del holder[path[-1]]
            elif kind == "twice":
                holder.append(holder[path[-1]])
            else:
                key = value if kind == "key" and isinstance(holder, dict) else path[-1]
                holder[key] = value
        except (LookupError, TypeError, AttributeError):
            continue  # an earlier change took the place away
    judge({"sendmail_tls_policy": raw, "sendmail_tls_policy_host": {}})


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_any_layer(raw: t.Any) -> None:
    judge({"sendmail_tls_policy": SOUND, "sendmail_tls_policy_host": raw})
