# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import cf
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FIXTURES = pathlib.Path(__file__).parents[4] / "fixtures"
RELEASES = ("8.15", "8.17", "8.18")


def read(release: str) -> str:
    return (FIXTURES / f"cf/sendmail-{release}.cf").read_text()


@pytest.fixture(params=RELEASES)
def text(request: pytest.FixtureRequest) -> str:
    return read(request.param)


def test_the_trailer_is_the_mc_as_comments() -> None:
    built = cf.assemble("V10/Debian\n", "dnl one\n\n\tdnl\n", "/etc/mail/sendmail.mc")
    assert built == "V10/Debian\n### /etc/mail/sendmail.mc ###\n# dnl one\n# \n# \tdnl\n"


def test_two_builds_differ_only_in_their_header(text: str) -> None:
    other = re.sub(r"built by \S+ on .*", "built by root@elsewhere on Tue Jan  1 00:00:00 UTC 2030", text)
    other = re.sub(r"^##### in /.*$", "##### in /etc/mail", other, flags=re.MULTILINE)
    assert other != text
    assert cf.normalise(other) == cf.normalise(text)
    assert cf.normalise(text.replace("LogLevel=9", "LogLevel=5")) != cf.normalise(text)


def test_the_maps_are_read(text: str) -> None:
    access = [line for line in cf.parse_maps(text) if line.name == "access"]
    assert access == [cf.MapLine("access", "hash", ("-T<TMPF>",), "/etc/mail/access")]
    assert cf.MapLine("arith", "arith", (), "") in cf.parse_maps(text)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("Kaccess hash -T<TMPF> /etc/mail/access", "/etc/mail/access"),
        ("Kaccess btree -T<TMPF> /etc/mail/mailtls-access", "/etc/mail/mailtls-access"),
        ("Kaccess hash -o /etc/mail/access.db", "/etc/mail/access"),
        ("Kother hash /etc/mail/access", ""),
    ],
)
def test_the_access_map_is_found(line: str, path: str) -> None:
    assert cf.find_access_map(f"DSx\n{line}\nKlast hash /x\n") == path


def test_a_map_that_the_cf_does_not_name_is_refused() -> None:
    for text in ("", "Kaccess hash /x.db\n"):
        cf.refuse_unnamed(text, "/x", "f")
    with pytest.raises(MailtlsError, match=r"^f: names the access map /y, so /x would never be asked"):
        cf.refuse_unnamed("Kaccess btree /y\n", "/x", "f")


def test_a_map_without_a_class_is_read() -> None:
    assert cf.parse_maps("Kempty\n") == (cf.MapLine("empty", "", (), ""),)


def test_the_options_are_read_and_the_last_one_wins() -> None:
    assert cf.parse_options("O LogLevel=9\n#O LogLevel=3\nO  Timeout.starttls = 2m\nO LogLevel=14\nDSx\n") == {
        "loglevel": "14",
        "timeout.starttls": "2m",
    }


def test_what_the_role_builds_is_fit(text: str) -> None:
    assert cf.judge(text) == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (r"^Kaccess.*$", "", "defined 0 times"),
        (r"^(Kaccess.*)$", r"\1\n\1", "defined 2 times"),
        (r" -T<TMPF>", "", "lacks -T<TMPF>"),
        (r" -T<TMPF>", " -T<TMPF> -o", "optional"),
        (r"^SLocal_tls_server.*$", "", "the belt is missing"),
        (r'\$>"Local_tls_server"', '$>"Else"', "never called"),
        (r"^O LogLevel", "O TLSFallbacktoClear=true\nO LogLevel", "TLSFallbacktoClear"),
        (r"^O LogLevel", "O TLSFallbacktoClear=Yes\nO LogLevel", "TLSFallbacktoClear"),
        (r"^O LogLevel", "O TLSFallbacktoClear=\nO LogLevel", "TLSFallbacktoClear"),
    ],
)
def test_what_would_let_mail_go_in_clear_text_is_found(text: str, old: str, new: str, told: str) -> None:
    damaged = re.sub(old, new, text, flags=re.MULTILINE)
    assert damaged != text
    faults = cf.judge(damaged)
    assert len(faults) == 1 and told in faults[0]


def test_an_option_switched_off_is_fine(text: str) -> None:
    assert cf.judge(text.replace("O LogLevel", "O TLSFallbacktoClear=false\nO LogLevel")) == ()


def test_the_map_can_be_taken_away(text: str) -> None:
    bare = cf.with_access_map(text, "/nonexistent/access")
    assert "\nKaccess hash -T<TMPF> /nonexistent/access\n" in bare
    assert len(bare.splitlines()) == len(text.splitlines())
    assert cf.access_kind(text) == "hash" and cf.access_kind("Kother hash /x\n") == ""


@pytest.mark.parametrize(
    ("status", "built", "errors"),
    [
        (1, "", ""),
        (0, "", "m4:stdin:3: cannot open `/usr/share/x.m4': No such file or directory"),
        (0, "*** ERROR: MAILER(foo) unknown\n", ""),
        (0, "", "*** ERROR: FEATURE() should be before MAILER()"),
    ],
)
def test_an_error_of_m4_is_refused(status: int, built: str, errors: str) -> None:
    with pytest.raises(MailtlsError, match="m4 refuses it") as caught:
        cf.refuse_errors(status, built, cf.parse_messages(errors), "sendmail.mc")
    assert (errors or built).strip() in str(caught.value)


def test_a_warning_of_m4_is_no_error() -> None:
    messages = cf.parse_messages("*** WARNING: missing -T<TMPF>\n\n")
    assert messages == ("*** WARNING: missing -T<TMPF>",)
    cf.refuse_errors(0, "V10/Debian\n", messages, "sendmail.mc")


def test_a_session_with_whatever_the_cf_speaks_of_is_asked(text: str) -> None:
    more = "Rold.example $* $@ OK\nR$* [198.51.100.7] $@ OK\nDSmta2.example.test\n"
    more += "C{Mine}10.1.2.3 x.example\n# not.this.one\n"
    sessions = cf.parse_sessions(text + more)
    assert sessions[0] == cf.Session("nobody.invalid", "192.0.2.1", 0) and all(one.bits == 0 for one in sessions)
    names, addresses = {one.name for one in sessions}, {one.address for one in sessions}
    assert {"old.example", "a.old.example", "mta2.example.test", "x.example", "", "localhost"} <= names
    assert {"198.51.100.7", "10.1.2.3"} <= addresses and "not.this.one" not in names


@pytest.mark.parametrize(("bits", "question"), [(0, "tls_server NONE"), (256, "tls_server OK")])
def test_the_trial_asks_about_each_session(bits: int, question: str) -> None:
    typed = cf.render_trial([cf.Session(bits=bits), cf.Session("old.example", "192.0.2.9", bits)])
    assert typed.count(f".D{{cipher_bits}}{bits}\n{question}\n") == 2
    assert (
        ".D{server_name}nobody.invalid\n" in typed and ".D{server_name}old.example\n.D{server_addr}192.0.2.9\n" in typed
    )


@pytest.mark.parametrize("release", RELEASES)
def test_the_answers_of_sendmail_are_read(release: str) -> None:
    none, many, _rest = (FIXTURES / f"trial/sendmail-{release}.txt").read_text().split("%%")
    sessions = [cf.Session(), cf.Session(bits=256)]
    refused, taken = cf.parse_trials(none + many, sessions, "x")
    assert refused.refused and "403 encryption too weak" in refused.text
    assert taken == cf.Trial(sessions[1], False, "OK")
    assert cf.judge_trials([refused, taken], "now") == ()


@pytest.mark.parametrize(
    ("trial", "told"),
    [
        (cf.Trial(cf.Session(), False, "OK"), "lets mail for a stranger go in clear text now"),
        (cf.Trial(cf.Session("old.example"), False, "OK"), "lets mail for 'old.example' go in clear text now"),
        (cf.Trial(cf.Session(address="192.0.2.9"), False, "OK"), "lets mail for [192.0.2.9] go in clear text now"),
        (cf.Trial(cf.Session(bits=256), True, "$#error"), "refuses a session of 256 bits now"),
    ],
)
def test_a_wrong_answer_is_a_fault(trial: cf.Trial, told: str) -> None:
    (fault,) = cf.judge_trials([trial, cf.Trial(cf.Session(), True, "$#error")], "now")
    assert told in fault


def test_without_a_map_nothing_may_go() -> None:
    held = cf.Trial(cf.Session(), True, "$#error")
    assert cf.judge_held([held, cf.Trial(cf.Session(bits=256), True, "$#error")], "now") == ()
    clear, strong = cf.Trial(cf.Session(), False, "OK"), cf.Trial(cf.Session(bits=256), False, "OK")
    assert cf.judge_held([clear, strong], "now") == (
        "sendmail -bt lets mail for a stranger go in clear text now",
        "sendmail -bt lets mail go under 256 bits now",
    )


@pytest.mark.parametrize("said", ["", "t.cf: line 5: unknown configuration line"])
def test_no_answer_is_an_error_with_what_was_said(said: str) -> None:
    with pytest.raises(MailtlsError, match=said or "nothing"):
        cf.parse_trials(said, [cf.Session()], "x")
