# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-made configurations of a mail server: what is there, and what it must still do."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field

OLD = os.environ.get("MAILTLS_MTA1_SUITE") == "bullseye"
ALICE = "alice@mta2.example.test"
FRAME = """divert(-1)
# What this host's administrator made of it over the years. Don't touch!
divert(0)dnl
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`hand-made')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl        #DAEMON_HOSTSTATS=
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp, Addr=127.0.0.1')dnl
FEATURE(`use_cw_file')dnl
"""
ACCESS_DB = "FEATURE(`access_db', , `skip')dnl\n"
MAILERS = "MAILER(`local')dnl\nMAILER(`smtp')dnl\n"


def lines(*statements: str) -> str:
    return "".join(f"{one}dnl\n" for one in statements)


def hand_made(*statements: str, access_db: str = ACCESS_DB) -> str:
    return FRAME + access_db + lines(*statements) + MAILERS


@dataclass(frozen=True)
class Mail:
    """A message of the kind the host is there for: to whom, whose mailbox it reaches, and what it then looks like."""

    recipient: str = ALICE
    host: str = "mta2"
    user: str = "alice"
    looks: str = "Received: "
    sender: str = "carol"


@dataclass(frozen=True)
class Configuration:
    """``mc`` None is Debian's own; ``files`` are maps below /etc/mail; ``edit`` is a command run at the end.

    ``refused`` are words of the refusal without, and ``stops`` with sendmail_takeover; without ``stops`` it is taken
    over with ``variables``, and ``lives`` are words of what is shown then.
    """

    mc: str | None = None
    access: str = ""
    files: t.Mapping[str, str] = field(default_factory=dict)
    edit: str = ""
    mails: tuple[Mail, ...] = (Mail(),)
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    lives: tuple[str, ...] = ()


def extra(*statements: str, **variables: t.Any) -> dict[str, t.Any]:
    return {"sendmail_mc_extra": lines(*statements), **variables}


HUB = ("define(`MAIL_HUB', `mta2.example.test')", "MASQUERADE_AS(`mta2.example.test')", "FEATURE(`allmasquerade')")
MASQUERADE = ("MASQUERADE_AS(`example.test')", "FEATURE(`masquerade_envelope')")
MILTER = ("INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@127.0.0.1')",)
QUEUES = ("QUEUE_GROUP(`slow', `P=/var/spool/mqueue/slow, I=1h')", "FEATURE(`queuegroup')")
VIRTUAL = ("FEATURE(`virtusertable', `hash /etc/mail/virtusertable')", "VIRTUSER_DOMAIN(`shop.test')")
MAILERTABLE = ("FEATURE(`mailertable', `hash /etc/mail/mailertable')",)
CREDENTIALS = ("define(`confAUTH_MECHANISMS', `CRAM-MD5')",)
RED_HAT = (
    "define(`confDEF_USER_ID', ``8:12'')",
    "define(`confTO_IDENT', `0')",
    "define(`confDONT_PROBE_INTERFACES', `True')",
    "define(`confAUTH_OPTIONS', `A')",
    "FEATURE(redirect)",
    "FEATURE(always_add_domain)",
    "FEATURE(`blacklist_recipients')",
    "EXPOSED_USER(`root')",
    "FEATURE(`accept_unresolvable_domains')",
    "LOCAL_DOMAIN(`localhost.localdomain')",
)
AUTHINFO = 'AuthInfo:mta2.example.test "U:relay" "I:relay" "P:lab-password" "M:CRAM-MD5" "R:mta2.example.test"\n'

CONFIGURATIONS = {
    "debian": Configuration(mails=(Mail(), Mail("carol", "mta1", "carol"))),
    "debian with starttls.m4": Configuration(
        edit="sed -i '/^include.*provider/a include(`/etc/mail/tls/starttls.m4'\"'\"')dnl' /etc/mail/sendmail.mc"
        " && make -C /etc/mail",
        refused=("include(/etc/mail/tls/starttls.m4) -> sendmail_certificate_file",),
        lives=("starttls.m4",),
    ),
    "a null client": Configuration(
        mc="divert(0)dnl\ndefine(`_USE_ETC_MAIL_')dnl\ninclude(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"
        "OSTYPE(`debian')dnl\nDOMAIN(`debian-mta')dnl\nundefine(`confHOST_STATUS_DIRECTORY')dnl\n"
        "FEATURE(`nullclient', `mta2.example.test')dnl\n",
        mails=(Mail(looks="From: carol@mta2.example.test"),),
        variables=extra(*HUB, "FEATURE(`masquerade_envelope')", sendmail_smart_host="mta2.example.test"),
        refused=("mail would be routed elsewhere: set sendmail_smart_host: 'mta2.example.test'", "MAIL_HUB"),
    ),
    "a smart host with AUTH": Configuration(
        mc=hand_made("define(`SMART_HOST', `mta2.example.test')", *CREDENTIALS),
        access=AUTHINFO,
        mails=(Mail("alice@mta2.example.test", looks=r"\(authenticated"),),
        variables=extra(*CREDENTIALS, sendmail_smart_host="mta2.example.test"),
        refused=("confAUTH_MECHANISMS", "AuthInfo:mta2.example.test (hidden)", "set sendmail_smart_host"),
        lives=("AuthInfo:mta2.example.test (hidden)",),
    ),
    "a milter": Configuration(
        mc=hand_made(*MILTER),
        mails=(Mail(looks=r"DKIM-Signature: .*d=mta1\.example\.test"),),
        variables=extra(*MILTER),
        refused=("INPUT_MAIL_FILTER(`opendkim'",),
    ),
    "a mailertable": Configuration(
        mc=hand_made("define(`SMART_HOST', `[nowhere.example.test]')", *MAILERTABLE),
        files={"mailertable": "mta2.example.test\tesmtp:[mta2.example.test]\n"},
        variables=extra(*MAILERTABLE, sendmail_smart_host="[nowhere.example.test]"),
        refused=("FEATURE(`mailertable'", "set sendmail_smart_host: '[nowhere.example.test]'"),
    ),
    "masquerading": Configuration(
        mc=hand_made(*MASQUERADE),
        mails=(Mail(looks="From: carol@example.test"), Mail(looks="From carol@example.test")),
        variables=extra(*MASQUERADE),
        refused=("MASQUERADE_AS(`example.test')",),
    ),
    "virtual domains": Configuration(
        mc=hand_made(*VIRTUAL),
        files={"virtusertable": "sales@shop.test\talice@mta2.example.test\n@shop.test\tcarol\n"},
        mails=(Mail("sales@shop.test"), Mail("anybody@shop.test", "mta1", "carol")),
        variables=extra(*VIRTUAL),
        refused=("VIRTUSER_DOMAIN(`shop.test')",),
    ),
    "queue groups": Configuration(
        mc=hand_made(*QUEUES),
        access="QGRP:mta2.example.test\tslow\n",
        variables=extra(*QUEUES),
        refused=("QUEUE_GROUP(`slow'", "QGRP:mta2.example.test slow"),
        lives=("QGRP:mta2.example.test slow",),
    ),
    "red hat": Configuration(
        mc=FRAME + "FEATURE(`access_db', `hash -T<TMPF> /etc/mail/access.db')dnl\n" + lines(*RED_HAT) + MAILERS,
        access="To:nobody@mta2.example.test\tREJECT\n",
        mails=(Mail(), Mail("carol", "mta1", "carol", "To: carol@mta1.example.test")),
        variables=extra(*RED_HAT),
        refused=("FEATURE(always_add_domain)", "To:nobody@mta2.example.test REJECT"),
        lives=("To:nobody@mta2.example.test REJECT",),
    ),
    "an edited cf beside its mc": Configuration(
        mc=hand_made(),
        edit="sed -i 's/^O LogLevel=.*/O LogLevel=5/' /etc/mail/sendmail.cf",
        refused=("sendmail.cf is not what its sendmail.mc makes", "-O LogLevel=5", "+O LogLevel=9"),
        lives=("-O LogLevel=5",),
    ),
    "access_db with -o": Configuration(
        mc=hand_made(access_db="FEATURE(`access_db', `hash -T<TMPF> -o /etc/mail/access.db')dnl\n"),
        stops=("-o makes the access map optional",),
    ),
    "access_db without -T": Configuration(
        mc=hand_made(access_db="FEATURE(`access_db', `hash /etc/mail/access')dnl\n"),
        stops=("without -T<TMPF>",),
    ),
    "access_db at another place": Configuration(
        mc=hand_made(access_db="FEATURE(`access_db', `hash -T<TMPF> /etc/mail/customers')dnl\n"),
        files={"customers": "Connect:10.1 RELAY\n"},
        stops=("a second access map, at another place",),
    ),
    "a fallback to clear text": Configuration(
        mc=hand_made("define(`confTLS_FALLBACK_TO_CLEAR', `True')"),
        stops=("in clear text",),
    ),
    "names that DNS says": Configuration(
        mc=hand_made("FEATURE(`check_cert_altnames')"),
        # 8.15 has no such feature: m4 is the first to refuse it.
        stops=("m4 refuses it", "check_cert_altnames.m4") if OLD else ("the name that a CN: pin asks for",),
    ),
    "a smart host in the words of the cf": Configuration(
        mc=hand_made() + "LOCAL_CONFIG\nDSmta2.example.test\n",
        stops=("mail would be routed elsewhere: set sendmail_smart_host: 'mta2.example.test'",),
    ),
    "an exception by name": Configuration(
        mc=hand_made(),
        access="TLS_Srv:old.example.test OK\n",
        stops=("TLS_Srv:old.example.test OK is refused", "sendmail_access_entries, which wins"),
    ),
    "a broken mc": Configuration(
        mc=hand_made(),
        edit="echo 'define(`confMAX_MESSAGE_SIZE' >> /etc/mail/sendmail.mc",
        stops=("/etc/mail/sendmail.mc", "m4 refuses it", "end of file"),
    ),
    "an edited cf without mc": Configuration(
        mc=hand_made(),
        edit="sed -i 's/^O LogLevel=.*/O LogLevel=10/' /etc/mail/sendmail.cf && rm /etc/mail/sendmail.mc",
        stops=("sendmail.cf is there, but no /etc/mail/sendmail.mc that explains it", "no role can read a cf"),
    ),
}
