# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Malformed policies, each with the path and a word of what the message must say; and what sound ones mean."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy import (
    MAY,
    Inbound,
    Outbound,
    Policy,
    Requirement,
)
from ansible_collections.mailtls.relay.plugins.module_utils._core.policy_reader import (
    parse_policy,
    read_layers,
    sole_next_hop,
)

TODAY = datetime.date(2026, 11, 25)
EXCEPTION = {"owner": "mail team", "reason": "old printer", "until": "2027-03-31"}
BASE = "sendmail_tls_policy"


def read(raw: t.Any, **options: t.Any) -> Policy:
    return parse_policy({BASE: raw}, today=TODAY, **options)


def default(**fields: t.Any) -> t.Any:
    return {"outbound": {"default": fields}}


def peer(**fields: t.Any) -> t.Any:
    return {"outbound": {"peers": [{"next_hop": "[192.0.2.7]", **fields}]}}


def client(**fields: t.Any) -> t.Any:
    return {"inbound": {"clients": [{"client": "192.0.2.7", **fields}]}}


def recipient(**fields: t.Any) -> t.Any:
    return {"outbound": {"recipients": [{"recipient": "partner.example", **fields}]}}


def certificate(**fields: t.Any) -> t.Any:
    return {"relaying": {"certificates": [{"issuer": "/O=Example/CN=CA", **fields}]}}


class Tagged(str):
    """Ansible hands over strings of a class of its own."""


NESTED: t.Any = []
for _depth in range(5000):
    NESTED = [NESTED]
STRANGE: tuple[t.Any, ...] = (None, 7, 1.5, True, "text", "", ["a"], b"x", {1}, "x" * 100_000, 10**5000, NESTED)
NO_MAPPING = list(STRANGE)
NO_LIST = [value for value in STRANGE if not isinstance(value, list)]
NO_WORD: tuple[t.Any, ...] = (
    None,
    7,
    True,
    "",
    " ",
    [],
    {},
    ["encrypt"],
    "Encrypt",
    "x" * 1000,
    10**5000,
    NESTED,
    b"may",
)
NO_TARGET: tuple[t.Any, ...] = (
    *(None, 7, True, "", " ", [], {}, "localhost", "com", "mta1", ".example.org", "mta1.example.org.", "-a.example"),
    *("a..example", "a b.example", "10.1.2", "10.1.2.3/24", "10.1.2.256", "10.1.2.0/33", "010.1.2.3", "fe80::1%eth0"),
    *(
        "2001:db8:::1",
        "x" * 64 + ".org",
        "mailü.example",
        "a.example\n",
        "*.example.org",
        "x" * 10_000,
        10**5000,
        NESTED,
    ),
)
OUT, PEER = f"{BASE}.outbound", f"{BASE}.outbound.peers[0]"
IN, CLIENT = f"{BASE}.inbound", f"{BASE}.inbound.clients[0]"
RECIPIENT, CERTIFICATE = f"{BASE}.outbound.recipients[0]", f"{BASE}.relaying.certificates[0]"

MALFORMED: list[tuple[t.Any, str, str]] = [
    # --- shape ---
    *((value, BASE, "is not a mapping. Allowed keys: outbound, inbound, relaying.") for value in NO_MAPPING),
    *(({"outbound": value}, OUT, "Allowed keys: default, peers, recipients.") for value in NO_MAPPING),
    *(({"inbound": value}, IN, "Allowed keys: default, clients.") for value in NO_MAPPING[:4]),
    *(({"relaying": value}, f"{BASE}.relaying", "Allowed keys: certificates.") for value in NO_MAPPING[:4]),
    *(({"outbound": {"default": value}}, f"{OUT}.default", "Allowed keys: level,") for value in NO_MAPPING[:6]),
    *(
        ({"outbound": {"peers": value}}, f"{OUT}.peers", "is not a list. Write a list of next hops.")
        for value in NO_LIST
    ),
    *(
        ({"outbound": {"recipients": value}}, f"{OUT}.recipients", "Write a list of recipients.")
        for value in NO_LIST[:5]
    ),
    *(({"inbound": {"clients": value}}, f"{IN}.clients", "Write a list of clients.") for value in NO_LIST[:5]),
    *(({"outbound": {"peers": [value]}}, PEER, "is not a mapping. Allowed keys: next_hop,") for value in NO_MAPPING),
    *(({"inbound": {"clients": [value]}}, CLIENT, "is not a mapping") for value in NO_MAPPING[:4]),
    ({"relaying": {"certificates": None}}, f"{BASE}.relaying.certificates", "Write a list of certificates."),
    ({"relaying": {"certificates": ["/O=a"]}}, CERTIFICATE, "Allowed keys: issuer, subjects."),
    # --- keys ---
    ({"outbond": {}}, f"{BASE}.outbond", "Did you mean outbound?"),
    ({7: {}}, f"{BASE}.7", "7 is not a key of the policy. Known are: outbound,"),
    ({None: {}}, f"{BASE}.None", "is not a key"),
    ({"x" * 5000: {}}, f"{BASE}.xxx", "is not a key of the policy"),
    ({"outbound": {"defalt": {}}}, f"{OUT}.defalt", "Did you mean default?"),
    ({"inbound": {"client": []}}, f"{IN}.client", "Did you mean clients?"),
    (default(lvl="encrypt"), f"{OUT}.default.lvl", "Did you mean level?"),
    (peer(nexthop="a.example"), f"{PEER}.nexthop", "Did you mean next_hop?"),
    (peer(level="encrypt", minbits=128), f"{PEER}.minbits", "Did you mean min_bits?"),
    (client(starttls=False), f"{CLIENT}.starttls", "Did you mean starttls_offered?"),
    (recipient(level="encrypt", exception=EXCEPTION), f"{RECIPIENT}.exception", "is not a key"),
    (certificate(subject="/O=a"), f"{CERTIFICATE}.subject", "Did you mean subjects?"),
    (peer(session={"min_protcol": "TLSv1.3"}), f"{PEER}.session.min_protcol", "Did you mean min_protocol?"),
    (peer(session={}), f"{PEER}.session", "says nothing"),
    (peer(session=None), f"{PEER}.session", "is not a mapping"),
    (peer(level="may", exception={**EXCEPTION, "untill": 1}), f"{PEER}.exception.untill", "Did you mean until?"),
    # --- levels and bits ---
    *(
        (default(level=value), f"{OUT}.default.level", "is not known. Allowed: none, may, encrypt,")
        for value in NO_WORD
    ),
    (default(level="dane"), f"{OUT}.default.level", "reserved for a later release"),
    (default(level="none"), f"{OUT}.default.level", "would let mail leave in clear text"),
    (default(level="may"), f"{OUT}.default.level", "Allowed: encrypt, verify, secure."),
    (peer(level="dane"), f"{PEER}.level", "reserved"),
    (peer(level="maximum"), f"{PEER}.level", "'maximum' is not known"),
    *(
        (default(min_bits=bits), f"{OUT}.default.min_bits", "from 40 to 256; the default is 128.")
        for bits in (
            0,
            39,
            257,
            -128,
            1280,
            "high",
            "",
            "128 ",
            "0x80",
            128.0,
            True,
            None,
            [128],
            "١٢٨",
            10**5000,
            NESTED,
        )
    ),
    (peer(level="encrypt", min_bits=39), f"{PEER}.min_bits", "39 is not a number of cipher bits"),
    (peer(level="encrypt", min_bits=128.0), f"{PEER}.min_bits", "128.0 is not a number of cipher bits"),
    (peer(level="encrypt", min_bits=[128]), f"{PEER}.min_bits", "is not a number of cipher bits"),
    (peer(level=["encrypt"]), f"{PEER}.level", "is not known"),
    (peer(level="may", min_bits=128, exception=EXCEPTION), f"{PEER}.min_bits", "no meaning at level may"),
    (peer(level="none", failure="permanent"), f"{PEER}.failure", "no meaning at level none"),
    (peer(min_bits=256), f"{PEER}.level", "min_bits stands without a level"),
    (client(name="x"), f"{CLIENT}.level", "name stands without a level"),
    # --- names and pins ---
    (default(level="secure"), f"{OUT}.default.name", "has no name to compare with"),
    (default(level="encrypt", name="a"), f"{OUT}.default.name", "at level secure only, not at encrypt"),
    (default(level="verify", name="a"), f"{OUT}.default.name", "at level secure only, not at verify"),
    (default(level="encrypt", issuer="/O=a"), f"{OUT}.default.issuer", "proves nothing at level encrypt"),
    (default(level="encrypt", subject="/O=a"), f"{OUT}.default.subject", "proves nothing at level encrypt"),
    *(
        (default(level="secure", name=name), f"{OUT}.default.name", "is not the name in a certificate")
        for name in (None, 7, "", " ", [], {}, "a\nb", "a\x00", NESTED)
    ),
    *(
        (default(level="verify", issuer=dn), f"{OUT}.default.issuer", "distinguished name")
        for dn in (None, 7, "", "CN=a,O=b", "O=a", "/", "/a", "/O=a\n", ["/O=a"])
    ),
    (default(level="verify", subject="CN=a"), f"{OUT}.default.subject", "-nameopt compat"),
    (default(failure="later"), f"{OUT}.default.failure", "Allowed: temporary, permanent."),
    (default(failure=None), f"{OUT}.default.failure", "is not a kind of failure"),
    # --- next hops ---
    *((peer(next_hop=hop), f"{PEER}.next_hop", "is not a next hop") for hop in NO_TARGET),
    ({"outbound": {"peers": [{"level": "encrypt"}]}}, f"{PEER}.next_hop", "has no next_hop"),
    (peer(next_hop="[mta2.example.org]"), f"{PEER}.next_hop", "is a name in brackets"),
    (peer(next_hop="[10.1.2.0/24]"), f"{PEER}.next_hop", "is a network in brackets"),
    (peer(next_hop="[]"), f"{PEER}.next_hop", "is not a next hop"),
    (peer(next_hop="[IPv6:]"), f"{PEER}.next_hop", "is not a next hop"),
    (peer(next_hop="0.0.0.0/0"), f"{PEER}.next_hop", "is the whole Internet"),
    (peer(next_hop="::/0"), f"{PEER}.next_hop", "is the whole Internet"),
    (peer(next_hop="0.0.0.0"), f"{PEER}.next_hop", "is no host's address"),
    (peer(next_hop="::"), f"{PEER}.next_hop", "is no host's address"),
    (peer(next_hop="224.0.0.1"), f"{PEER}.next_hop", "is no host's address"),
    (peer(next_hop="ff02::1"), f"{PEER}.next_hop", "is no host's address"),
    (peer(next_hop="[::ffff:10.0.0.1]"), f"{PEER}.next_hop", "Write 10.0.0.1."),
    # --- exceptions ---
    (peer(level="may"), f"{PEER}.exception", "level may is below encrypt (sendmail_tls_policy.outbound.default)"),
    (peer(level="none"), f"{PEER}.exception", "an exception without an owner"),
    (peer(level="encrypt", min_bits=64), f"{PEER}.exception", "64 bits are less than 128"),
    (peer(level="may", exception=None), f"{PEER}.exception", "is not a mapping. Allowed keys: owner, reason, until."),
    (peer(level="may", exception="printer"), f"{PEER}.exception", "is not a mapping"),
    *(
        (peer(level="may", exception={**EXCEPTION, field: value}), f"{PEER}.exception.{field}", "one line of text")
        for field in ("owner", "reason")
        for value in (None, 7, "", " ", [], "a\nb")
    ),
    *(
        (
            peer(level="may", exception={key: value for key, value in EXCEPTION.items() if key != field}),
            f"{PEER}.exception.{field}",
            f"the exception has no {field}",
        )
        for field in EXCEPTION
    ),
    *(
        (peer(level="may", exception={**EXCEPTION, "until": day}), f"{PEER}.exception.until", "is not a day")
        for day in (None, 20270331, "", "soon", "31.03.2027", "2027-02-30", "2027-3-1", [], "٢٠٢٧-٠٣-٣١")
    ),
    (
        peer(level="may", exception={**EXCEPTION, "until": datetime.datetime(2027, 3, 31)}),
        f"{PEER}.exception.until",
        "is not a day",
    ),
    (
        peer(level="may", exception={**EXCEPTION, "until": "2026-11-24"}),
        f"{PEER}.exception.until",
        "ended on 2026-11-24 (owner: mail team)",
    ),
    (peer(level="encrypt", exception={**EXCEPTION, "until": "2020-01-01"}), f"{PEER}.exception.until", "ended on"),
    *(
        (peer(next_hop=wide, level="may", exception=EXCEPTION), PEER, "is too wide for an exception")
        for wide in ("11.0.0.0/8", "192.0.0.0/12", "2001:db8::/32")
    ),
    # --- DNS ---
    *(
        (
            peer(next_hop="mta3.example", **fields, exception=EXCEPTION),
            f"{PEER}.accept_dns_risk",
            "DNS decides which hosts",
        )
        for fields in ({"level": "may"}, {"level": "none"}, {"level": "encrypt", "min_bits": 112})
    ),
    *(
        (peer(next_hop=hop, **fields), f"{PEER}.accept_dns_risk", "DNS can lead mail")
        for hop in ("mta3.example", "192.0.2.7", "192.0.2.0/24", "2001:db8::7")
        for fields in (
            {"level": "verify"},
            {"level": "secure", "name": "mta3.example"},
            {"level": "encrypt", "min_bits": 256},
            {"session": {"min_protocol": "TLSv1.3"}},
        )
    ),
    (
        peer(next_hop="a.example", level="verify", accept_dns_risk="perhaps"),
        f"{PEER}.accept_dns_risk",
        "neither true nor",
    ),
    (peer(next_hop="a.example", dane="perhaps"), f"{PEER}.dane", "neither true nor false"),
    (peer(next_hop="a.example", mta_sts=None), f"{PEER}.mta_sts", "neither true nor false"),
    # --- sessions ---
    (peer(session={"min_protocol": "TLSv1.1"}), f"{PEER}.session.min_protocol", "Allowed: TLSv1.2, TLSv1.3."),
    (peer(session={"min_protocol": 1.3}), f"{PEER}.session.min_protocol", "Allowed: TLSv1.2, TLSv1.3."),
    *(
        (peer(session={"cipher_list": ciphers}), f"{PEER}.session.cipher_list", word)
        for ciphers, word in (
            ("DEFAULT:@SECLEVEL=0", "security level"),
            ("DEFAULT:@seclevel=2", "security level"),
            ("ALL", "protect nothing"),
            ("HIGH:aNULL", "protect nothing"),
            ("eNULL", "protect nothing"),
            ("RC4-SHA", "protect nothing"),
            ("ECDHE+RC4", "protect nothing"),
            ("HIGH:DES-CBC3-SHA", "protect nothing"),
            ("a;b", "is not a list of ciphers"),
            ("a b", "is not a list of ciphers"),
            ("HIGH; flags=C", "is not a list of ciphers"),
            ("", "is not a list of ciphers"),
            (None, "is not a list of ciphers"),
            ("x" * 1000, "is not a list of ciphers"),
        )
    ),
    (peer(session={"cipher_suites": "TLS_AES_128_GCM_SHA256;flags=C"}), f"{PEER}.session.cipher_suites", "not a list"),
    (peer(session={"certificate_file": "/a"}), f"{PEER}.session.certificate_file", "stands alone"),
    (peer(session={"key_file": "/a"}), f"{PEER}.session.key_file", "stands alone"),
    (
        peer(session={"key_file": "a", "certificate_file": "/a"}),
        f"{PEER}.session.key_file",
        "is not the path of a file",
    ),
    (peer(session={"key_file": "/a", "certificate_file": 7}), f"{PEER}.session.certificate_file", "is not the path"),
    (
        peer(session={"key_file": "/a", "certificate_file": "/b;c"}),
        f"{PEER}.session.certificate_file",
        "is not the path",
    ),
    (peer(session={"require_crl": True}), f"{PEER}.session.require_crl", "is not a key"),
    (
        peer(level="none", exception=EXCEPTION, session={"min_protocol": "TLSv1.3"}),
        f"{PEER}.session",
        "level none has no TLS session",
    ),
    # --- recipients ---
    *(
        (recipient(recipient=who), f"{RECIPIENT}.recipient", "is not a recipient")
        for who in (None, 7, "", "@", "a@b@", "a b@")
    ),
    *(
        (recipient(recipient=who), f"{RECIPIENT}.recipient", "is not a recipient")
        for who in (".example", "a@com", "10.1.2.3")
    ),
    ({"outbound": {"recipients": [{"level": "verify"}]}}, f"{RECIPIENT}.recipient", "has no recipient"),
    (recipient(level="may"), f"{RECIPIENT}.level", "can only add to what next hops must offer"),
    (recipient(level="none"), f"{RECIPIENT}.level", "Allowed: encrypt, verify, secure."),
    (recipient(level="secure"), f"{RECIPIENT}.name", "has no name to compare with"),
    (recipient(min_bits=1), f"{RECIPIENT}.min_bits", "1 is not a number of cipher bits"),
    # --- inbound ---
    ({"inbound": {"default": {"level": "none"}}}, f"{IN}.default.level", "sendmail_starttls_offered: false instead"),
    ({"inbound": {"default": {"level": "may", "min_bits": 128}}}, f"{IN}.default.min_bits", "no meaning at level may"),
    (client(client="com"), f"{CLIENT}.client", "is not a client"),
    (client(client="[10.1.2.3]"), f"{CLIENT}.client", "is not a client"),
    ({"inbound": {"clients": [{}]}}, f"{CLIENT}.client", "has no client"),
    (client(client="mta1.example"), f"{CLIENT}.accept_dns_risk", "or none at all"),
    (client(level="none", starttls_offered=True), f"{CLIENT}.starttls_offered", "Write may."),
    (client(level="encrypt", starttls_offered=False), f"{CLIENT}.level", "STARTTLS is not offered to 192.0.2.7"),
    (
        client(level="verify", request_certificate=False),
        f"{CLIENT}.request_certificate",
        "without the client's certificate",
    ),
    (client(starttls_offered=None), f"{CLIENT}.starttls_offered", "neither true nor false"),
    (client(request_certificate="x"), f"{CLIENT}.request_certificate", "neither true nor false"),
    (client(exception={**EXCEPTION, "until": "2020-01-01"}), f"{CLIENT}.exception.until", "ended on 2020-01-01"),
    (
        {"inbound": {"default": {"level": "encrypt"}, "clients": [{"client": "192.0.2.7", "level": "may"}]}},
        f"{CLIENT}.exception",
        "level may is below encrypt (sendmail_tls_policy.inbound.default)",
    ),
    (
        {"outbound": {"default": {"level": "verify"}, "peers": [{"next_hop": "[192.0.2.7]", "level": "verify"}]}},
        f"{PEER}.level",
        "[192.0.2.7] has none",
    ),
    # --- relaying ---
    (certificate(issuer=None), f"{CERTIFICATE}.issuer", "is not a distinguished name"),
    ({"relaying": {"certificates": [{}]}}, f"{CERTIFICATE}.issuer", "has no issuer"),
    (certificate(subjects="/O=a"), f"{CERTIFICATE}.subjects", "is not a list"),
    (certificate(subjects=[]), f"{CERTIFICATE}.subjects", "no subject may relay"),
    (certificate(subjects=["/O=a", None]), f"{CERTIFICATE}.subjects[1]", "is not a distinguished name"),
    (certificate(subjects=["/O=a", "/o=A"]), f"{CERTIFICATE}.subjects[1]", "stands there twice"),
    (
        {
            "relaying": {
                "certificates": [{"issuer": "/O=a", "subjects": ["/O=x"]}, {"issuer": "/O=b", "subjects": ["/O=y"]}]
            }
        },
        f"{CERTIFICATE}.subjects and {BASE}.relaying.certificates[1].subjects",
        "not bound to their issuer",
    ),
    # --- twins ---
    *(
        (
            {"outbound": {"peers": [{"next_hop": one}, {"next_hop": "a.example"}, {"next_hop": other}]}},
            f"{PEER} and {OUT}.peers[2]",
            "stands there twice",
        )
        for one, other in (
            ("mta1.example", "MTA1.example"),
            ("[10.1.2.3]", "10.1.2.3"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("2001:db8::7", "[IPv6:2001:DB8:0::7]"),
        )
    ),
    (
        {"outbound": {"recipients": [{"recipient": "a@B.example"}, {"recipient": "A@b.example"}]}},
        f"{RECIPIENT} and {OUT}.recipients[1]",
        "the recipient stands there twice",
    ),
]


def test_the_table_is_long_enough() -> None:
    assert len(MALFORMED) >= 200


@pytest.mark.parametrize("number", range(len(MALFORMED)))
def test_a_malformed_policy_is_refused_at_its_place(number: int) -> None:
    raw, place, told = MALFORMED[number]
    with pytest.raises(MailtlsError) as refused:
        read(raw)
    said = str(refused.value)
    assert said.startswith(place) and told in said and len(said) < 1000


def test_nothing_said_is_the_default_of_old() -> None:
    for raw in (
        {},
        {"outbound": {}},
        default(),
        default(level="encrypt"),
        default(level=Tagged("encrypt"), min_bits="128"),
    ):
        assert read(raw) == Policy(Outbound(), Inbound(MAY))
    assert read(default(min_bits=256)).outbound.default == Requirement("encrypt", 256)


@pytest.mark.parametrize("raw", [True, "yes", "True", "on", "1", 1, Tagged("true")])
def test_booleans_are_read_from_the_command_line_too(raw: t.Any) -> None:
    assert read({}, starttls_offered=raw).starttls_offered is True


@pytest.mark.parametrize("raw", [False, "no", "False", "off", "0", 0])
def test_no_is_no(raw: t.Any) -> None:
    assert read({}, starttls_offered=raw).starttls_offered is False


@pytest.mark.parametrize("raw", ["", "maybe", None, 2, []])
def test_what_is_neither_true_nor_false_is_refused(raw: t.Any) -> None:
    with pytest.raises(MailtlsError, match=r"^sendmail_starttls_offered: .* is neither true nor false"):
        read({}, starttls_offered=raw)


@pytest.mark.parametrize("option", ["relay_clients", "unthrottled_clients", "starttls_offered"])
def test_what_stands_in_a_variable_of_its_own_is_refused_by_its_name(option: str) -> None:
    with pytest.raises(MailtlsError) as refused:
        read({}, **{option: {"a": 1}})
    assert refused.value.where == f"sendmail_{option}"


def test_a_default_that_nobody_is_offered_is_refused() -> None:
    with pytest.raises(MailtlsError, match=r"inbound\.default\.level: .*sendmail_starttls_offered is false"):
        read({"inbound": {"default": {"level": "encrypt"}}}, starttls_offered=False)
    assert (
        read(client(level="encrypt", starttls_offered=True), starttls_offered=False).inbound.clients[0].starttls_offered
    )


SOUND: dict[str, t.Any] = {
    "stronger, at a literal address": peer(level="secure", name="mta3.example", failure="permanent"),
    "stronger, at a literal IPv6 address": peer(next_hop="[IPv6:2001:db8::7]", session={"min_protocol": "TLSv1.3"}),
    "stronger, by name, accepted": peer(next_hop="mta3.example", level="verify", accept_dns_risk=True),
    "weaker, by address": peer(next_hop="10.1.2.0/24", level="none", exception=EXCEPTION),
    "weaker, by name, accepted": peer(next_hop="a.example", level="may", exception=EXCEPTION, accept_dns_risk="yes"),
    "weaker, in the private network": peer(next_hop="10.0.0.0/8", level="may", exception=EXCEPTION),
    "until today": peer(level="may", exception={**EXCEPTION, "until": TODAY}),
    "as the default": peer(next_hop="a.example", dane=False),
    "a certificate of our own": peer(next_hop="a.example", session={"certificate_file": "/a", "key_file": "/b"}),
    "other name, as strong": {
        "outbound": {
            "default": {"level": "secure", "name": "a.example"},
            "peers": [{"next_hop": "b.example", "level": "secure", "name": "b.example"}],
        }
    },
    "same subjects": {
        "relaying": {
            "certificates": [{"issuer": "/O=a", "subjects": ["/O=x"]}, {"issuer": "/O=b", "subjects": ["/o=X"]}]
        }
    },
    "client by name": client(client="mta1.example", level="verify", accept_dns_risk=True),
    "user": recipient(recipient="user@", level="verify"),
    "user at domain": recipient(recipient="User@Partner.example", level="secure", name="x"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_policy_is_taken(name: str) -> None:
    assert read(SOUND[name])


@pytest.mark.parametrize(
    ("smart_host", "sole"),
    [
        ("", ""),
        ("mta2.example", "mta2.example"),
        ("relay:MTA2.example.", "mta2.example"),
        ("[192.0.2.7]", "[192.0.2.7]"),
        ("[IPv6:2001:db8::7]", "[ipv6:2001:db8::7]"),
        ("a.example:b.example", ""),
        (["mta2.example"], "mta2.example"),
        (["a.example", "b.example"], ""),
        ([7], ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_the_only_way_out(smart_host: t.Any, sole: str) -> None:
    assert sole_next_hop(smart_host) == sole


@pytest.mark.parametrize(
    ("raw", "sole", "place"),
    [
        (default(failure="permanent"), "mta2.example", f"{OUT}.default.failure"),
        (peer(level="encrypt", failure="permanent"), "[192.0.2.7]", f"{PEER}.failure"),
        (peer(next_hop="mta2.example", level="encrypt", failure="permanent"), "MTA2.example", f"{PEER}.failure"),
        (
            peer(next_hop="[IPv6:2001:db8::7]", level="encrypt", failure="permanent"),
            "[ipv6:2001:db8::7]",
            f"{PEER}.failure",
        ),
    ],
)
def test_no_bounce_where_there_is_one_way_out(raw: t.Any, sole: str, place: str) -> None:
    with pytest.raises(MailtlsError, match="so the bounce would meet the same refusal") as refused:
        read(raw, sole_next_hop=sole)
    assert refused.value.where == place
    assert read(raw, sole_next_hop="other.example" if "peers" in place else "")


def test_layers_are_named() -> None:
    assert read_layers({"a": 1}, {"sendmail_tls_policy_x": {}}, "layers") == {
        BASE: {"a": 1},
        "sendmail_tls_policy_x": {},
    }
    for further in ([], None, {7: {}}):
        with pytest.raises(MailtlsError) as refused:
            read_layers({}, further, "layers")
        assert str(refused.value) == "layers: the layers are not a mapping of variables. Write {name: policy}."
