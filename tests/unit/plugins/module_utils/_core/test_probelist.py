# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.aim import read_targets
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.probelist import Listing, list_targets

TODAY = datetime.date(2026, 11, 25)
UNTIL = {"owner": "mail team", "reason": "old", "until": "2027-03-31"}


def peers(*items: t.Any) -> dict[str, t.Any]:
    whole = [item if isinstance(item, dict) else {"next_hop": item} for item in items]
    return {"outbound": {"peers": whole}}


def recipients(*addresses: str) -> dict[str, t.Any]:
    return {"outbound": {"recipients": [{"recipient": address, "level": "encrypt"} for address in addresses]}}


def hop(where: t.Any, recipient: str = "") -> dict[str, t.Any]:
    return {"smart_host": where, **({"recipient": recipient} if recipient else {})}


# Variables of a relay -> targets.
TARGETS: dict[str, tuple[dict[str, t.Any], list[t.Any]]] = {
    "nothing": ({}, []),
    "empty variables": ({"sendmail_smart_host": "", "sendmail_mailertable": {}, "sendmail_access_entries": []}, []),
    "empty list": ({"sendmail_smart_host": []}, []),
    "smart host": ({"sendmail_smart_host": "mta2.example.org"}, [hop("mta2.example.org")]),
    "smart host in brackets": ({"sendmail_smart_host": "[mta2.example.org]"}, [hop("[mta2.example.org]")]),
    "smart host with a mailer": (
        {"sendmail_smart_host": "relay:[mta2.example.org]:[mta3.example.org]"},
        [hop("relay:[mta2.example.org]:[mta3.example.org]")],
    ),
    "list": (
        {"sendmail_smart_host": ["mta2.example.org", "[192.0.2.3]"]},
        [hop(["mta2.example.org", "[192.0.2.3]"])],
    ),
    "routes": (
        {"sendmail_mailertable": {"a.example": "mta3.example.org", ".a.example": "smtp:[192.0.2.3]"}},
        [hop("mta3.example.org"), hop("smtp:[192.0.2.3]")],
    ),
    "many domains with one route": (
        {"sendmail_mailertable": {"a.example": "MTA3.example.org.", "b.example": "relay:mta3.example.org"}},
        [hop("MTA3.example.org.")],
    ),
    "a route that refuses": ({"sendmail_mailertable": {"a.example": "error:5.7.1:550 no mail there"}}, []),
    "what keeps mail from bouncing": (
        {"sendmail_smart_host": "relay:[255.255.255.255]:mta2.example.org"},
        [hop("relay:[255.255.255.255]:mta2.example.org")],
    ),
    "named peer": ({"sendmail_tls_policy": peers("MTA3.example.org")}, [hop("mta3.example.org")]),
    "peers by address": (
        {"sendmail_tls_policy": peers("[192.0.2.7]", "192.0.2.8", "2001:db8::7", "[IPv6:2001:db8::8]")},
        [
            hop("[192.0.2.7]"),
            hop("[192.0.2.8]"),
            hop("[IPv6:2001:db8:0:0:0:0:0:7]"),
            hop("[IPv6:2001:db8:0:0:0:0:0:8]"),
        ],
    ),
    "peers of all layers": (
        {
            "sendmail_tls_policy_50_site": peers("[192.0.2.8]"),
            "sendmail_tls_policy_90_host": peers("[192.0.2.9]"),
            "sendmail_tls_exception_notice": "30d",
        },
        [hop("[192.0.2.8]"), hop("[192.0.2.9]")],
    ),
    "a peer that is the smart host": (
        {"sendmail_smart_host": "[Mta2.example.org]", "sendmail_tls_policy": peers("mta2.example.org")},
        [hop("[Mta2.example.org]")],
    ),
    "a peer among the smart hosts": (
        {"sendmail_smart_host": ["a.example", "[IPv6:2001:db8::7]"], "sendmail_tls_policy": peers("2001:db8::7")},
        [hop(["a.example", "[IPv6:2001:db8::7]"])],
    ),
    "recipients by MX": (
        {"sendmail_tls_policy": recipients("partner.example", "board@other.example")},
        [
            {"mx": "partner.example", "recipient": "partner.example"},
            {"mx": "other.example", "recipient": "board@other.example"},
        ],
    ),
    "recipients through the smart host": (
        {"sendmail_smart_host": "[192.0.2.3]", "sendmail_tls_policy": recipients("partner.example")},
        [hop("[192.0.2.3]"), hop("[192.0.2.3]", "partner.example")],
    ),
    "recipients through their routes": (
        {
            "sendmail_smart_host": "[192.0.2.3]",
            "sendmail_mailertable": {"Partner.example": "[192.0.2.4]", ".partner.example": "[192.0.2.5]"},
            "sendmail_tls_policy": recipients("partner.example", "bob@eu.partner.example"),
        },
        [
            hop("[192.0.2.3]"),
            hop("[192.0.2.4]", "partner.example"),
            hop("[192.0.2.5]", "partner.example"),
            hop("[192.0.2.5]", "bob@eu.partner.example"),
        ],
    ),
    "a rule for a domain speaks for those below it": (
        {
            "sendmail_mailertable": {"eu.partner.example": "[192.0.2.4]", "notpartner.example": "[192.0.2.5]"},
            "sendmail_tls_policy": recipients("partner.example"),
        },
        [
            hop("[192.0.2.4]", "eu.partner.example"),
            hop("[192.0.2.5]"),
            {"mx": "partner.example", "recipient": "partner.example"},
        ],
    ),
    "a peer is asked for without the recipient, too": (
        {
            "sendmail_mailertable": {"partner.example": "[192.0.2.4]"},
            "sendmail_tls_policy": {
                "outbound": {**recipients("partner.example")["outbound"], **peers("[192.0.2.4]")["outbound"]}
            },
        },
        [hop("[192.0.2.4]", "partner.example"), hop("[192.0.2.4]")],
    ),
}

NETWORK = {"next_hop": "10.1.0.0/16", "level": "may", "exception": UNTIL}
PINNED = {"next_hop": "[192.0.2.7]", "session": {"min_protocol": "TLSv1.3"}}
AT = "sendmail_tls_policy.outbound"
# Variables of a relay -> what is told, because it cannot be probed.
TOLD: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "network": (
        {"sendmail_tls_policy": peers(NETWORK)},
        [f"{AT}.peers[0]: 10.1.0.0/16 is a network. Name hosts of it in tls_audit_probe_targets to have them probed."],
    ),
    "recipient at any domain": (
        {"sendmail_tls_policy": recipients("bob@")},
        [f"{AT}.recipients[0]: bob@ is at any domain, so no next hop is its own."],
    ),
    "recipient whose mail is refused": (
        {
            "sendmail_mailertable": {"a.example": "error:5.7.1:550 no mail there"},
            "sendmail_tls_policy": recipients("a.example"),
        },
        [
            f"{AT}.recipients[0]: mail for a.example is refused by sendmail_mailertable['a.example'], so it has no next"
            " hop."
        ],
    ),
    "rows of one's own": (
        {
            "sendmail_access_entries": [
                {"key": "Connect:192.0.2.7", "value": "RELAY"},
                {"key": "TLS_Srv:127.0.0.1", "value": "OK"},
            ]
        },
        [
            "sendmail_access_entries[1]: TLS_Srv:127.0.0.1 is a row of your own. Name its host in"
            " tls_audit_probe_targets to have it probed."
        ],
    ),
    "a file of rows": (
        {"sendmail_access_file": "rows.txt"},
        [
            "sendmail_access_file: its rows are not read here. Neither are hosts of theirs probed, nor do the verdicts"
            " heed them."
        ],
    ),
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_next_hop_once(name: str) -> None:
    variables, targets = TARGETS[name]
    listing = list_targets(variables, TODAY)
    assert listing == Listing(tuple(targets))
    assert not targets or len(read_targets(listing.targets)) == len(targets), "starttls_info takes them"


@pytest.mark.parametrize("name", TOLD)
def test_what_cannot_be_probed_is_told(name: str) -> None:
    variables, told = TOLD[name]
    assert list(list_targets(variables, TODAY).unprobed) == told


WHOLE = {
    "sendmail_smart_host": "esmtp:[mta2.example.org]:[192.0.2.3]",
    "sendmail_tls_policy": {
        "outbound": {**recipients("partner.example")["outbound"], **peers("mta3.example.org")["outbound"]}
    },
}


def alone(place: str, host: str) -> str:
    return f"{place}: {host} is left alone, as tls_audit_probe_skip asks."


def test_hosts_that_are_left_alone() -> None:
    listing = list_targets(WHOLE, TODAY, skip=["192.0.2.3", "MTA3.example.org"])
    assert listing.targets == (hop(["[mta2.example.org]"]), hop(["[mta2.example.org]"], "partner.example"))
    assert listing.unprobed == (
        alone("sendmail_smart_host", "[192.0.2.3]"),
        alone(f"{AT}.peers[0]", "mta3.example.org"),
    )


def test_a_domain_that_is_left_alone() -> None:
    listing = list_targets({"sendmail_tls_policy": recipients("partner.example")}, TODAY, skip=["partner.example"])
    assert listing == Listing((), (alone(f"{AT}.recipients[0]", "partner.example"),))


def test_further_targets_stand_last_and_what_is_too_much_is_counted() -> None:
    further = ["mta9.example.org", {"host": "mta9.example.org", "port": 587}]
    every = list_targets(WHOLE, TODAY, further=further).targets
    assert every[-2:] == tuple(further) and len(every) == 5
    assert list_targets(WHOLE, TODAY, further=further, at_most=5) == Listing(every)
    assert list_targets(WHOLE, TODAY, further=further, at_most=3) == Listing(every[:3], left_out=2)


def test_a_name_in_brackets_is_another_host() -> None:
    variables = {"sendmail_smart_host": "example.org", "sendmail_mailertable": {"a.example": "[example.org]"}}
    assert list_targets(variables, TODAY).targets == ({"smart_host": "example.org"}, {"smart_host": "[example.org]"})


def test_fewer_than_none_is_no_number() -> None:
    with pytest.raises(MailtlsError, match=r"tls_audit_probe_at_most: -5 is no number of next hops\. Write 0"):
        list_targets(WHOLE, TODAY, at_most=-5)


@pytest.mark.parametrize(
    ("variables", "options", "told"),
    [
        ({"sendmail_tls_policy": []}, {}, "sendmail_tls_policy: "),
        ({"sendmail_tls_policy_x": {"outbund": {}}}, {}, "sendmail_tls_policy_x.outbund"),
        ({"sendmail_smart_host": "10.1.2.3"}, {}, "sendmail_smart_host: 10.1.2.3"),
        ({"sendmail_smart_host": 7}, {}, "sendmail_smart_host: 7"),
        ({"sendmail_mailertable": ["a"]}, {}, "sendmail_mailertable: "),
        ({"sendmail_mailertable": {"a.example": "10.1.2.3"}}, {}, "sendmail_mailertable['a.example']: "),
        ({"sendmail_access_entries": "TLS_Srv:"}, {}, "sendmail_access_entries: "),
        ({"sendmail_access_entries": ["TLS_Srv:", 7]}, {}, "sendmail_access_entries[1]: 7"),
        ({"sendmail_access_entries": [{"value": "OK"}]}, {}, "sendmail_access_entries[0]: "),
        ({}, {"further": "mta2.example.org"}, "tls_audit_probe_targets: "),
        ({}, {"further": ["mta2.example.org", {"hots": "a"}]}, "tls_audit_probe_targets[1].hots: "),
        ({}, {"skip": "mta2.example.org"}, "tls_audit_probe_skip: "),
        ({}, {"skip": [7]}, "tls_audit_probe_skip[0]: 7"),
    ],
)
def test_what_is_refused(variables: dict[str, t.Any], options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(MailtlsError) as refusal:
        list_targets(variables, TODAY, **options)
    assert str(refusal.value).startswith(told)
