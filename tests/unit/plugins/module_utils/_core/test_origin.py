# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import origin
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FRAME = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"
OURS = (
    f"dnl # role mailtls.relay.sendmail: it's ours (\n{FRAME}OSTYPE(`debian')dnl\n"
    "define(`SMART_HOST', `[10.1.2.3]')dnl\n"
    "FEATURE(`access_db', , `skip')dnl\ndnl FEATURE(`redirect')dnl\nMAILER(`smtp')dnl\ndnl as said in FEATURE(`x'\n"
    "LOCAL_TLS_SERVER\nR$*\t$@ OK\n"
)


def judge(*statements: str, ours: str = OURS, **present: object) -> origin.Judgement:
    text = FRAME + "".join(f"{one}\n" for one in statements)
    there = origin.Present(**{"mc": text, "cf": None, "built": None, **present})  # type: ignore[arg-type]
    return origin.judge(there, ours, "/etc/mail/sendmail.mc")


def test_what_the_package_wrote_is_nobodys() -> None:
    stock = [
        f"{one.name}({', '.join(f'`{arg}' + chr(39) if arg else '' for arg in one.args)})dnl" for one in origin.STOCK
    ]
    judgement = judge(*stock, "VERSIONID(`$Id: sendmail.mc, v 8.15.2 $')")
    assert not judgement.is_foreign and origin.render_stop(judgement, takeover=False) == ""


@pytest.mark.parametrize(
    "statement",
    ["FEATURE(`access_db', , `skip')", "define(`SMART_HOST', `[10.1.2.3]')", "FEATURE(`redirect')", "dnl whatever"],
)
def test_what_our_own_says_or_leaves_behind_needs_no_word(statement: str) -> None:
    assert not judge(statement).is_foreign


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("define(`confTLS_FALLBACK_TO_CLEAR', `True')", "in clear text"),
        ("define(`confTLS_FALLBACK_TO_CLEAR')", "in clear text"),
        ("FEATURE(`tls_failures')", "in clear text"),
        ("LOCAL_CONFIG\nO TLSFallbacktoClear=true", "in clear text"),
        ("FEATURE(`check_cert_altnames')", "CN: pin"),
        ("FEATURE(`access_db', `hash -o -T<TMPF> /etc/mail/access')", "-o makes"),
        ("FEATURE(`access_db', `hash /etc/mail/access')", "without -T<TMPF>"),
        ("FEATURE(`access_db', `hash -T<TMPF> /etc/mail/other')", "at another place"),
        ("LOCAL_CONFIG\nKaccess hash /x", "at another place"),
        ("LOCAL_TLS_SERVER\nR$*\t$@ FINE", "the rules for servers"),
        ("LOCAL_RULESETS\nSLocal_tls_server", "the rules for servers"),
        ("LOCAL_RULESETS\nSTLS_connection", "the rules for servers"),
        ("define(`SMART_HOST', `hub.example')", "routed elsewhere: set sendmail_smart_host: 'hub.example'"),
        ("DShub.example", "routed elsewhere: set sendmail_smart_host: 'hub.example'"),
        ("define(`SMART_HOST', `')", "routed elsewhere: set sendmail_smart_host: ''"),
        ("define(`MAIL_HUB', `10.9.9.9')", "no such name: in sendmail_mc_extra, write [10.9.9.9]"),
        ("LOCAL_CONFIG\nO FallbackMXhost=10.9.9.9", "no such name: in sendmail_mc_extra, write [10.9.9.9]"),
    ],
)
def test_what_opens_tls_or_moves_the_mail_is_refused_in_any_case(statement: str, reason: str) -> None:
    judgement = judge(statement)
    assert [why for _one, why in judgement.refused if reason in why] and not judgement.homeless
    assert reason in origin.render_stop(judgement, takeover=True)


def test_a_smart_host_is_refused_where_the_role_has_none() -> None:
    assert judge("define(`SMART_HOST', `hub')", ours=FRAME).refused


def test_a_route_in_brackets_stands_for_the_one_without() -> None:
    ours = f"{OURS}define(`MAIL_HUB', `[10.9.9.9]')dnl\n"
    judgement = judge("define(`MAIL_HUB', `10.9.9.9')", ours=ours)
    assert [owner for _one, owner in judgement.owned] == ["sendmail_mc_extra"] and not judgement.stops_takeover
    assert [str(one) for one in judge("define(`MAIL_HUB', `hub')", ours=ours).homeless] == ["define(MAIL_HUB, hub)"]


@pytest.mark.parametrize(
    ("statement", "owner"),
    [
        ("DAEMON_OPTIONS(`Port=smtp, Name=MTA')", "sendmail_listeners"),
        ("include(`/etc/mail/tls/starttls.m4')", "sendmail_key_file"),
        ("define(`confSERVER_CERT', `/a')", "sendmail_certificate_file"),
        ("define(`confCLIENT_KEY', `/a')", "sendmail_key_file"),
        ("define(`confCACERT', `/a')", "sendmail_ca_file"),
        ("define(`confCACERT_PATH', `/a')", "sendmail_ca_directory"),
        ("define(`confLOG_LEVEL', `14')", "sendmail_log_level"),
        ("define(`SMART_HOST', `relay:10.1.2.3')", "sendmail_smart_host"),
        ("OSTYPE(`linux')", "the role itself"),
        ("define(`confTO_QUEUERETURN', `7d')", "sendmail_queue_return"),
        ("define(`confTO_STARTTLS', `1h')", "sendmail_starttls_timeout"),
        ("define(`confCONNECTION_RATE_THROTTLE', `3')", "the role itself"),
        ("FEATURE(`access_db')", "the role itself"),
        ("FEATURE(`access_db', `hash -T<TMPF> /etc/mail/access.db')", "the role itself"),
        ("FEATURE(`access_db', `hash -T<TMPF> /etc/mail/access', `skip')", "the role itself"),
    ],
)
def test_what_a_variable_says_is_named_with_it(statement: str, owner: str) -> None:
    judgement = judge(statement)
    assert [name for _one, name in judgement.owned if owner in name] and not judgement.stops_takeover
    assert owner in origin.render_stop(judgement, takeover=False)
    assert origin.render_stop(judgement, takeover=True) == ""
    assert owner in origin.render_diff(judgement)


def test_everything_else_must_stand_in_the_variables_and_the_block_can_be_pasted() -> None:
    judgement = judge(
        "define(`confTLS_FALLBACK_TO_CLEAR', `False')", "LOCAL_CONFIG", "Cwa b", "FEATURE(`redirect', 1)dnl"
    )
    text = origin.render_stop(judgement, takeover=True)
    block = (
        "sendmail_mc_extra: |\n  define(`confTLS_FALLBACK_TO_CLEAR', `False')dnl\n  FEATURE(`redirect', 1)dnl\n"
        "  LOCAL_CONFIG\n  Cwa b\n"
    )
    assert block in text and "Correct these" in text


def test_the_block_needs_no_section_without_lines_and_takes_plain_lines_without_one() -> None:
    assert origin.render_extra(judge("LOCAL_CONFIG", "Djx").homeless) == "sendmail_mc_extra: |\n  LOCAL_CONFIG\n  Djx\n"
    assert origin.render_extra(judge("Djx").homeless) == "sendmail_mc_extra: |\n  Djx\n"


def test_a_null_client_is_unfolded() -> None:
    judgement = judge("FEATURE(`nullclient', `hub.example')")
    assert "'hub.example'" in judgement.refused[0][1]
    assert "MASQUERADE_AS(`hub.example')" in origin.render_diff(judgement)


def test_a_cf_without_its_mc_is_refused() -> None:
    with pytest.raises(MailtlsError, match="no role can read a cf"):
        judge(mc=None, cf="V10\n")


def test_a_host_without_either_has_nothing_foreign() -> None:
    assert not judge(mc=None).is_foreign


def test_a_cf_that_is_not_what_its_mc_makes_is_shown_and_may_be_taken_over() -> None:
    cf = "# by hand\nDZ8.15\nV10\nO LogLevel=5\n"
    judgement = judge(cf=cf, built="DZ8.17\nV10\n\nO LogLevel=9\n")
    assert judgement.lines == ("-O LogLevel=5", "+O LogLevel=9") and not judgement.stops_takeover
    assert "  -O LogLevel=5\n" in origin.render_stop(judgement, takeover=False)


def test_long_lists_are_cut() -> None:
    text = origin.render_diff(judge(rows=[f"Connect:10.{number} RELAY" for number in range(40)]))
    assert "Connect:10.29 RELAY" in text and "Connect:10.30" not in text and "... and 10 more" in text


@pytest.mark.parametrize(
    ("text", "before", "behind"),
    [
        ("", "", ""),
        ("FEATURE(`a')\n", "FEATURE(`a')\n", ""),
        ("A(`a')\nMAILER(`procmail')\nB(`b')\n", "A(`a')\n", "MAILER(`procmail')\nB(`b')\n"),
        ("LOCAL_DOMAIN(`a')\nLOCAL_CONFIG\nCwx", "LOCAL_DOMAIN(`a')\n", "LOCAL_CONFIG\nCwx"),
        ("MAILER_DEFINITIONS\nMx\n", "", "MAILER_DEFINITIONS\nMx\n"),
    ],
)
def test_further_lines_are_parted_at_the_mailers(text: str, before: str, behind: str) -> None:
    assert origin.split_extra(text) == (before, behind)


@pytest.mark.parametrize(("text", "foreign"), [(None, False), ("role mailtls.relay.sendmail", False), ("x", True)])
def test_whose_a_file_is(text: str | None, foreign: bool) -> None:
    assert origin.is_foreign(text) is foreign


@pytest.mark.parametrize(
    ("text", "nobodys"), [(None, True), ("VERSIONID(`x')\nOSTYPE(`debian')dnl\n", True), ("FEATURE(`redirect')", False)]
)
def test_what_no_one_has_made(text: str | None, nobodys: bool) -> None:
    assert origin.is_nobodys(text, "x") is nobodys


def test_the_guide_shows_what_is_said() -> None:
    guide = pathlib.Path(__file__).resolve().parents[5] / "docs/taking_over.md"
    blocks = dict(re.findall(r"```(m4|text)\n(.*?)```", guide.read_text(encoding="utf-8"), re.S))
    rows = ["From:spam.example REJECT", "AuthInfo:hub.example.org (hidden)"]
    ours = f"{FRAME}OSTYPE(`debian')dnl\nFEATURE(`access_db', , `skip')dnl\nMAILER(`smtp')dnl\n"
    judgement = origin.judge(origin.Present(blocks["m4"], None, None, rows), ours, "mc")
    assert f"{origin.render_stop(judgement, takeover=False)}\n" == blocks["text"]
