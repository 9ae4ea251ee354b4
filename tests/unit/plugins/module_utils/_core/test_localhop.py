# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import localhop
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._core.localhop import LocalHop

FIXTURES = pathlib.Path(__file__).parents[4] / "fixtures/cf"
V4, V6, LOCAL = "TLS_Srv:127.0.0.1", "TLS_Srv:IPv6:0:0:0:0:0:0:0:1", "TLS_Srv:local"


# What sendmail asked the map for, seen with 8.15, 8.17 and 8.18.
@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("[127.0.0.1]", [V4]),
        ("127.0.0.1", [V4]),
        ("esmtp:[127.0.0.1]", [V4]),
        ("smtp:127.8.0.1", ["TLS_Srv:127.8.0.1"]),
        ("relay:localhost", [V4, V6]),
        ("[localhost.localdomain.]", [V4, V6]),
        ("mta2:[127.0.0.1]", [V4]),
        ("mta2.example.test:localhost", [V4, V6]),
        ("[IPv6:::1]", [V6]),
        ("[::1]", [V6]),
        ("::1", [V6]),
        ("esmtp:[IPv6:::1]:mta2.example.test", [V6]),
        ("mta2.example.test", []),
        ("[192.0.2.1]", []),
        ("localhost.example.test", []),
        ("local:", []),
        ("local:bob", []),
        ("error:5.1.1:550 no such user", []),
        ("", []),
    ],
)
def test_next_hops_on_loopback(value: str, keys: list[str]) -> None:
    found = localhop.find_in_hosts(value, "here")
    assert [key for hop in found for key in hop.keys] == keys
    assert [(hop.where, hop.hop) for hop in found] == [("here", value)] * bool(keys)


# The mailers as the m4 macros of 8.17 write them, over three lines.
@pytest.mark.parametrize(
    ("mailer", "hop", "key"),
    [
        (
            "Mlocal,\t\tP=[IPC], F=lsDFMAw5:/|@qPSXnz9, S=A,\n\t\tT=DNS/RFC822/SMTP,\n\t\tA=FILE /run/x",
            "FILE /run/x",
            LOCAL,
        ),
        (
            "Mlocal, P=/usr/libexec/sendmail/mail.local, F=lsDz9, S=A,\n\t\tA=mail.local -l",
            "/usr/libexec/sendmail/mail.local",
            LOCAL,
        ),
        ("Mfilter, P=[IPC], F=mDFMuXk, E=\\r\\n, L=2040, A=TCP [127.0.0.1] 10024", "[127.0.0.1]", V4),
        ("Mfilter, Path=[TCP], Flags=mD, Argv=TCP [::1] 24", "[::1]", V6),
    ],
)
def test_mailers_that_stay_on_the_host(mailer: str, hop: str, key: str) -> None:
    (found,) = localhop.find_in_cf(f"O Foo=1\n{mailer}\n", "cf")
    assert found == LocalHop(f"cf: mailer {mailer[1:].split(',')[0]}", hop, (key,))


@pytest.mark.parametrize(
    "line",
    [
        "Msmtp, P=[IPC], F=mDFMuX, E=\\r\\n, A=TCP $h",
        "Mlocal, P=/usr/sbin/sensible-mda, F=lsDFMAw5:/|@qPn9S, A=sensible-mda $g $u $h ${client_addr}",
        "Modd, P=[IPC], F=m",
        "Xclamav, S=inet:8894@127.0.0.1, F=T, T=S:4m;R:4m",
        "DSmta2.example.test",
        "DS",
        "D{x}localhost",
        "#DSlocalhost",
        "O DaemonPortOptions=Port=smtp, Addr=127.0.0.1",
        "R$* < @ localhost > $*\t$#relay $@ mta2.example.test $: $1",
        "R$*\t$#error $@ 5.7.1 $: localhost is not allowed",
    ],
)
def test_what_is_no_local_next_hop(line: str) -> None:
    assert localhop.find_in_cf(line, "cf") == ()


@pytest.mark.parametrize("fixture", sorted(FIXTURES.glob("*.cf")), ids=lambda path: path.name)
def test_the_roles_own_cf_has_none(fixture: pathlib.Path) -> None:
    text = fixture.read_text(encoding="utf-8")
    assert localhop.find_in_cf(text, "cf") == ()
    assert localhop.table_of(text) == ""


@pytest.mark.parametrize(
    ("line", "where", "keys"),
    [
        ("DSesmtp:[127.0.0.1]", "cf: DS", (V4,)),
        ("DHlocalhost", "cf: DH", (V4, V6)),
        ("O FallbackMXhost=[127.0.0.1]", "cf: O FallbackMXhost=", (V4,)),
        ("O FallBackSmartHost=[::1]", "cf: O FallBackSmartHost=", (V6,)),
        ("R$* < @ $+ > $*\t$#esmtp $@ [127.0.0.1] $: $1", "cf: R$* < @ $+ > $*\t$#esmtp $@ [127.0.0.1] $: $1", (V4,)),
    ],
)
def test_relays_and_rules_of_a_cf(line: str, where: str, keys: tuple[str, ...]) -> None:
    (found,) = localhop.find_in_cf(f"{line}\n{line}\n", "cf")
    assert (found.where, found.keys) == (where, keys)


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        (
            "FEATURE(`local_lmtp', `[IPC]', `FILE /run/dovecot/lmtp')dnl",
            ["FEATURE(local_lmtp, [IPC], FILE /run/dovecot/lmtp)"],
        ),
        ("FEATURE(local_lmtp)", ["FEATURE(local_lmtp)"]),
        ("MAILER(`cyrusv2')dnl", ["MAILER(cyrusv2)"]),
        ("define(`LOCAL_MAILER_PATH', `[IPC]')dnl", ["LOCAL_MAILER_PATH, [IPC]"]),
        ("define(`MAIL_HUB', `smtp:[127.0.0.1]')dnl", ["smtp:[127.0.0.1]"]),
        ("define(`LUSER_RELAY',`localhost')", ["localhost"]),
        ("define(`confFALLBACK_MX', `[127.0.0.1]')", ["[127.0.0.1]"]),
        ("MAILER_DEFINITIONS\nMx, P=[IPC], F=m,\n\tA=TCP [127.0.0.1] 24\n", ["[127.0.0.1]"]),
        ("dnl FEATURE(`local_lmtp')\ndefine(`SMART_HOST', `mta2.example.test')dnl MAIL_HUB', `localhost'", []),
        ("INPUT_MAIL_FILTER(`clamav', `S=inet:8894@127.0.0.1, F=T')dnl", []),
        ("FEATURE(`local_procmail')dnl", []),
    ],
)
def test_words_of_an_mc(text: str, hops: list[str]) -> None:
    assert [hop.hop for hop in localhop.find_in_mc(text, "sendmail_mc_extra")] == hops


def test_a_mailertable_on_disk() -> None:
    text = "# a comment\n\nexample.org\tesmtp:[127.0.0.1]\n.example.net smtp:mta3.example.test \nlonely\n"
    rows = localhop.parse_table(text)
    assert rows == {"example.org": "esmtp:[127.0.0.1]", ".example.net": "smtp:mta3.example.test"}
    hop = LocalHop("/etc/mail/mailertable: example.org", "esmtp:[127.0.0.1]", (V4,))
    assert localhop.find_in_table(rows, "/etc/mail/mailertable") == (hop,)


@pytest.mark.parametrize(
    ("line", "table"),
    [
        ("Kmailertable hash -o /etc/mail/mailertable", "/etc/mail/mailertable"),
        ("Kmailertable hash /etc/mail/mailertable.db", "/etc/mail/mailertable"),
        ("#Kmailertable hash /etc/mail/mailertable", ""),
        ("Kaccess hash -T<TMPF> /etc/mail/access", ""),
    ],
)
def test_which_mailertable_is_in_use(line: str, table: str) -> None:
    assert localhop.table_of(f"O x=y\n{line}\n") == table


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([V4], ["TLS_Srv:127.0.0.1"]),
        ([V4], ["tls_srv:127.0"]),
        ([V4], ["TLS_Srv:127"]),
        ([V6], ["TLS_Srv:ipv6:0:0:0:0"]),
        ([LOCAL], ["TLS_SRV:Local"]),
        ([V4, V6], [V6, V4]),
        ([], []),
    ],
)
def test_what_the_map_speaks_about_is_meant(keys: list[str], said: list[str]) -> None:
    localhop.refuse_unsaid([LocalHop("here", "x", tuple(keys))], said)


@pytest.mark.parametrize("said", [[], ["TLS_Srv:"], ["TLS_Srv:127.0.0.2"], ["TLS_Clt:127.0.0.1"], ["Connect:127"]])
def test_nothing_is_excepted_silently(said: list[str]) -> None:
    hops = [LocalHop("smart", "[127.0.0.1]", (V4,)), LocalHop("mailer local", "FILE /run/x", (LOCAL,))]
    with pytest.raises(MailtlsError) as refusal:
        localhop.refuse_unsaid(hops, said)
    assert "[127.0.0.1] (smart); FILE /run/x (mailer local)" in str(refusal.value)
    lines = '\n  - {key: "TLS_Srv:127.0.0.1", value: OK}\n  - {key: "TLS_Srv:local", value: OK}\n'
    assert f"\nsendmail_access_entries:{lines}" in str(refusal.value)


@pytest.mark.parametrize("hop", ["127.0.0.1", "esmtp:127.0.0.1", "::1", "esmtp:::1"])
def test_a_bare_address_is_refused_whatever_the_map_says(hop: str) -> None:
    found = localhop.find_in_hosts(hop, "table")
    with pytest.raises(MailtlsError, match=r"^table: the next hop .* without brackets.* Write \["):
        localhop.refuse_unsaid(found, [V4, V6])


@pytest.mark.parametrize(
    "value",
    [
        "mta1.example.test",
        "esmtp:[MTA1.example.test.]",
        "mta1",
        "a.example:mta1",
        "[192.0.2.1]",
        "localhost",
        "[IPv6:::1]",
    ],
)
def test_the_daemon_itself_is_no_next_hop(value: str) -> None:
    with pytest.raises(MailtlsError, match=r"^here: the next hop .* is this very host"):
        localhop.refuse_loop(value, "here", {"mta1.example.test", "mta1"}, ["192.0.2.1", "127.0.0.1", "::1"])


@pytest.mark.parametrize(
    "value", ["", "mta2", "mta1.example.org", "[192.0.2.2]", "[127.0.0.2]", "error:5.7.1:550 mta1"]
)
def test_other_hosts_and_other_daemons_are(value: str) -> None:
    localhop.refuse_loop(value, "here", {"mta1.example.test", "mta1"}, ["192.0.2.1", "127.0.0.1", "::1"])
