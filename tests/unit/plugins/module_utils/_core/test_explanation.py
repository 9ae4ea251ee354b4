# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.access import compile_policy, parse_entries
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.explanation import Hop, explain, read_hop
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import parse_policy
from ansible_collections.mailtls.relay.plugins.module_utils._core.release import NEWEST, OLDEST

TODAY = datetime.date(2026, 11, 25)
FAX = {"owner": "mail team", "reason": "the fax gateway knows no TLS", "until": "2027-03-31"}
SECURE = {"level": "secure", "name": "mta2.example.org", "issuer": "/O=Example/CN=Example CA", "subject": "/CN=m 2"}

OTHER_CN = "waits: 403 4.7.0 CN other.invalid does not match mta2.example.org"


def columns(*rows: tuple[str, str]) -> list[str]:
    width = max(len(words) for words, _outcome in rows)
    return [f"{words:{width}}  {outcome}" for words, outcome in rows]


def lines(
    outbound: dict[str, t.Any],
    hop: Hop,
    recipient: str = "",
    further: t.Sequence[dict[str, str]] = (),
    release: tuple[int, ...] = NEWEST,
) -> list[str]:
    policy = parse_policy({"sendmail_tls_policy": {"outbound": outbound}}, today=TODAY)
    placed = compile_policy(policy, release, parse_entries(further, "sendmail_access_entries"))
    return explain(policy, placed, release, hop, recipient).splitlines()


def test_the_whole_answer() -> None:
    outbound = {
        "default": SECURE,
        "recipients": [{"recipient": "partner.example", "level": "encrypt", "min_bits": 256}],
    }
    assert lines(outbound, Hop("mta2.example.org", "192.0.2.2"), "bob@partner.example") == [
        "Mail for bob@partner.example through mta2.example.org [192.0.2.2], sendmail 8.18.1",
        "",
        "The next hop must offer TLS with at least 128 bits and a certificate of a trusted CA whose CN is"
        " mta2.example.org, issued by /O=Example/CN=Example CA, with the subject /CN=m 2.",
        "  TLS_Srv: TEMP+VERIFY:128+CI:/O=Example/CN=Example+20CA++CS:/CN=m+202++CN:mta2.example.org"
        "  from sendmail_tls_policy.outbound.default",
        "For the recipient it must offer TLS with at least 256 bits.",
        "  TLS_Rcpt:partner.example TEMP+ENCR:256  from sendmail_tls_policy.outbound.recipients[0]",
        "  This is asked after the sender was named: whoever passes the first rule learns that address.",
        "",
        *columns(
            ("If the next hop", "the mail"),
            ("offers no STARTTLS", "waits: 403 4.7.0 other side does not support STARTTLS"),
            ("fails at the handshake", "waits: 403 4.7.0 TLS handshake failed."),
            ("shows a certificate that no trusted CA has signed", "waits: 403 4.7.0 authentication failed"),
            ("shows a trusted certificate for other.invalid", OTHER_CN),
            ("shows a trusted certificate for mta2.example.org", "goes out under TLS"),
            ("shows it, under a cipher of 128 bits", "waits: 403 4.7.0 encryption too weak 128 less than 256"),
            (
                "is other.invalid by a forged DNS answer, without STARTTLS",
                "waits: 403 4.7.0 other side does not support STARTTLS",
            ),
            ("is that host, with a trusted certificate of its own", OTHER_CN),
        ),
    ]


def test_an_exception_says_who_answers_for_it_and_what_leaves_in_clear() -> None:
    peers = [{"next_hop": "192.0.2.39"}, {"next_hop": "192.0.2.40", "level": "may", "exception": FAX}]
    outbound = {"peers": peers}
    told = lines(outbound, Hop("[192.0.2.40]", "192.0.2.40"))
    assert told[2:5] == [
        "The next hop need not offer TLS: without it, mail goes out in clear text.",
        "  TLS_Srv:192.0.2.40 OK  from sendmail_tls_policy.outbound.peers[1]",
        "  An exception until 2027-03-31: the fax gateway knows no TLS (mail team).",
    ]
    assert told[7].endswith("goes out in CLEAR TEXT")
    assert told[8].endswith("waits: 454 4.7.0 TLS handshake failed.")


def test_an_exception_by_address_is_not_for_what_dns_leads_there() -> None:
    outbound = {"peers": [{"next_hop": "192.0.2.40", "level": "may", "exception": FAX}]}
    told = lines(outbound, Hop("fax.example.org", "192.0.2.40"))
    assert told[2:6] == [
        "The next hop must offer TLS with at least 128 bits.",
        "  TLS_Srv: TEMP+ENCR:128  from sendmail_tls_policy.outbound.default",
        "  The exception sendmail_tls_policy.outbound.peers[0] is for this address as a next hop in brackets, not for a"
        " name.",
        "",
    ]
    assert told[7].endswith("waits: 403 4.7.0 encryption too weak 0 less than 128")
    assert not [line for line in told if "CLEAR" in line]


def test_an_exception_of_the_user_by_address_is_not_for_what_dns_leads_there_either() -> None:
    told = lines({}, Hop("fax.example.org", "192.0.2.40"), "", [{"key": "TLS_Srv:192.0.2.40", "value": "OK"}])
    assert told[2:5] == [
        "The next hop must offer TLS with at least 128 bits.",
        "  TLS_Srv: TEMP+ENCR:128  from sendmail_tls_policy.outbound.default",
        "  The exception sendmail_access_entries[0] is for this address as a next hop in brackets, not for a name.",
    ]


def test_what_an_address_demands_beyond_the_default_is_demanded_of_names_too() -> None:
    outbound = {"peers": [{"next_hop": "[192.0.2.40]", "level": "secure", "name": "fax.example.org"}]}
    told = lines(outbound, Hop("fax.example.org", "192.0.2.40"))
    assert told[3].startswith("  TLS_Srv:192.0.2.40 TEMP+VERIFY:128+CN:fax.example.org")


def test_a_name_that_dns_decides_is_called_so() -> None:
    outbound = {"peers": [{"next_hop": "old.example.org", "level": "none", "exception": FAX, "accept_dns_risk": True}]}
    told = lines(outbound, Hop("old.example.org"))
    assert told[2] == "STARTTLS is not tried with this next hop: mail goes out in clear text."
    assert told[5].endswith("(accept_dns_risk).")
    assert told[-1] == "offers no STARTTLS  goes out in CLEAR TEXT"


def test_entries_of_the_user_are_shown_as_they_are() -> None:
    further = [
        {"key": "TLS_Srv:192.0.2.40", "value": "PERM+ENCR:256"},
        {"key": "TLS_Rcpt:partner.example", "value": "ENCR:128"},
    ]
    told = lines({}, Hop("[192.0.2.40]", "192.0.2.40"), "bob@partner.example", further)
    assert told[2:6] == [
        "The next hop must offer what this entry says.",
        "  TLS_Srv:192.0.2.40 PERM+ENCR:256  from sendmail_access_entries[0]",
        "For the recipient it must offer what this entry says.",
        "  TLS_Rcpt:partner.example ENCR:128  from sendmail_access_entries[1]",
    ]
    assert told[9].endswith("goes back to its sender: 503 5.7.0 encryption too weak 0 less than 256")
    assert not [line for line in told if "forged DNS" in line], "no name stands for an address in brackets"


def test_peers_that_demand_as_much_and_no_exception() -> None:
    other = {"next_hop": "mta3.example.org", "level": "secure", "name": "mta3.example.org"}
    outbound = {"default": {"level": "secure", "name": "mta2.example.org"}, "peers": [other]}
    told = lines(outbound, Hop("mta3.example.org"), release=OLDEST)
    assert told[0] == "Mail through mta3.example.org, sendmail 8.15.2"
    assert told[3].endswith("from sendmail_tls_policy.outbound.peers[0]") and told[4] == ""


@pytest.mark.parametrize("name", ["Mail Service", "Gr\u00f6\u00dfe 7"])
def test_a_name_with_odd_characters_is_that_of_the_right_certificate(name: str) -> None:
    told = lines({"default": {"level": "secure", "name": name}}, Hop("mta2.example.org"))
    assert (
        [line for line in told if "goes out" in line]
        == [line for line in told if line.startswith(f"shows a trusted certificate for {name} ")]
        != []
    )


def test_rules_that_no_session_satisfies() -> None:
    recipient = {"recipient": "partner.example", "level": "secure", "name": "mx.partner.example"}
    outbound = {"default": {"level": "secure", "name": "mta2.example.org"}, "recipients": [recipient]}
    told = lines(outbound, Hop("mta2.example.org"), "bob@partner.example")
    assert (
        told[-1] == "No session satisfies these rules: such mail is never sent, and goes back to its sender in the end."
    )
    assert not [line for line in told if "goes out" in line]


def test_a_belt_that_speaks_is_named() -> None:
    assert "  belt" in lines({}, Hop("10.1.2.3.evil.10"))


@pytest.mark.parametrize(
    ("next_hop", "address", "hop"),
    [
        ("MTA2.example.org", "", Hop("mta2.example.org")),
        ("mta2.example.org", "192.0.2.7", Hop("mta2.example.org", "192.0.2.7")),
        ("mta2.example.org", "2001:db8::7", Hop("mta2.example.org", "IPv6:2001:db8:0:0:0:0:0:7")),
        ("192.0.2.7", "", Hop("[192.0.2.7]", "192.0.2.7")),
        ("[192.0.2.7]", "", Hop("[192.0.2.7]", "192.0.2.7")),
        ("[IPv6:2001:db8::7]", "", Hop("[IPv6:2001:db8:0:0:0:0:0:7]", "IPv6:2001:db8:0:0:0:0:0:7")),
    ],
)
def test_a_next_hop_as_sendmail_sees_it(next_hop: str, address: str, hop: Hop) -> None:
    assert read_hop(next_hop, address) == hop


@pytest.mark.parametrize("next_hop", ["", None, "[mta2.example.org]", "bob@example.org", 7])
def test_what_is_no_next_hop(next_hop: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"tls_policy_explain\.next_hop"):
        read_hop(next_hop)
