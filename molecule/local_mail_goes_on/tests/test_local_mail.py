# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local mail of a relay that was made by hand goes on behind the role; what the policy would hold is named before."""

from __future__ import annotations

import re
import time
import typing as t

import pytest
from lab import Lab, Play, lab_name

BY_HAND = "# of this host\nops: bob\nabuse:\n  ops\n"
PROVIDER = "/etc/mail/m4/provider.m4"
CF, AUDIT = "/etc/mail/sendmail.cf", "mailtls.relay.tls_audit : Report what mail waits, and how long already"
LMTP = "FEATURE(`local_lmtp', `[IPC]', `FILE /run/lmtp.sock')dnl"
FILTER = r"""MAILER_DEFINITIONS
Mfilter, P=[IPC], F=mDFMuXk, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\r\n, L=2040, T=DNS/RFC822/SMTP, A=TCP $h 10025
divert(0)dnl"""
FOR_LOCAL = {"key": "TLS_Srv:local", "value": "OK"}
FOR_LOOPBACK = {"key": "TLS_Srv:127.0.0.1", "value": "OK"}
HELD = "Deferred: 403 4.7.0 encryption too weak 0 less than 128"


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(lab_name())
    start = "setsid python3 /root/acceptor.py /root/taken > /root/acceptor.log 2>&1 < /dev/null &"
    source = "molecule/local_mail_goes_on/files/acceptor.py"
    text = (lab.state.parents[2] / source).read_text(encoding="utf-8")
    lab.read("mta1", f"cat > /root/acceptor.py << 'END'\n{text}\nEND\n{start}")
    lab.wait("the acceptor", lambda: lab.on("mta1").run("test -S /run/lmtp.sock").rc == 0)
    return lab


@pytest.fixture
def provider(lab: Lab) -> t.Iterator[t.Callable[[str], None]]:
    """Adds lines to the relay's own features; takes them away behind the test, with all that came of them."""
    kept = lab.read("mta1", f"cat {PROVIDER}")
    table = lab.read("mta1", "cat /etc/mail/mailertable")

    def add(lines: str) -> None:
        lab.read("mta1", f"cat >> {PROVIDER} << 'END'\n{lines}\nEND")

    yield add
    lab.read("mta1", f"cat > {PROVIDER} << 'END'\n{kept}END")
    route(lab, table)
    assert relay(lab).code == 0


def route(lab: Lab, table: str) -> None:
    lab.read("mta1", f"cd /etc/mail && cat > mailertable << 'END'\n{table}END\nmakemap hash mailertable < mailertable")


def relay(lab: Lab, **variables: t.Any) -> Play:
    return lab.converge("molecule/local_mail_goes_on/only_sendmail.yml", limit="mta1", **variables)


def words(play: Play) -> str:
    return " ".join(play.output.split())


def mailbox(lab: Lab, user: str) -> str:
    return lab.on("mta1").run(f"cat /var/mail/{user}").stdout


def submit(lab: Lab, recipient: str, mark: str, options: str = "") -> None:
    # Its exit status is that of a delivery, which may be meant to fail.
    lab.on("mta1").run(f"printf 'Subject: {mark}\\n\\nline of {mark}\\n' | sendmail -odi {options} {recipient}")


def arrives(lab: Lab, user: str, mark: str, seconds: float = 60) -> str:
    """The whole message, once it is in the mailbox."""

    def look() -> str:
        found = [one for one in re.split(r"(?m)^(?=From )", mailbox(lab, user)) if f"Subject: {mark}\n" in one]
        return found[0] if found else ""

    return lab.wait(f"{mark} in the mailbox of {user}", look, seconds)


def state(lab: Lab) -> str:
    """All that a refused play could have touched."""
    look = "find /etc -type f -not -path '/etc/mail/m4/*' -not -name 'mailertable*' -printf '%p %T@\\n' | sort"
    return lab.read(
        "mta1", f"{look}; sha256sum {CF} /etc/mail/access.db /etc/mail/aliases.db; cat /run/sendmail/mta/*.pid"
    )


def test_the_role_writes_below_etc_mail_and_the_aliases_only(lab: Lab) -> None:
    """It comes first: other tests write too. No firewall, no AppArmor, no SELinux, no unit."""
    look = "find /etc /usr /boot -newer /root/made-by-hand -not -type d -not -path '/etc/mail/*'"
    assert lab.read("mta1", look).split() == ["/etc/aliases"]
    assert lab.read("mta1", f"find {CF} -newer /root/made-by-hand").strip() == CF


# Aliases


def test_lines_that_were_there_are_as_they_were(lab: Lab) -> None:
    text = lab.read("mta1", "cat /etc/aliases")
    assert text.startswith(BY_HAND)
    rest = [line for line in text[len(BY_HAND) :].splitlines() if not line.startswith("#")]
    assert rest == ["postmaster: root", "mailer-daemon: postmaster"]
    assert lab.read("mta1", "stat --format '%U:%G %a' /etc/mail/aliases.db").startswith("smmta:smmsp 6")


@pytest.mark.parametrize("recipient", ["ops", "abuse@mta1.example.test", "info@virtual.example.test"])
def test_aliases_and_virtual_users_reach_their_reader(lab: Lab, recipient: str) -> None:
    mark = f"alias-{time.time_ns()}"
    submit(lab, recipient, mark)
    arrives(lab, "bob", mark)


def test_debians_make_has_nothing_to_do_with_them(lab: Lab) -> None:
    assert "Updating ALIAS_FILE" not in lab.read("mta1", "make --dry-run --directory /etc/mail")
    # Red: it would, were the text younger.
    lab.read("mta1", "touch /etc/aliases")
    assert "Updating ALIAS_FILE" in lab.read("mta1", "make --dry-run --directory /etc/mail")
    assert relay(lab).changed["mta1"] == 1
    assert "Updating ALIAS_FILE" not in lab.read("mta1", "make --dry-run --directory /etc/mail")


def test_root_gets_a_reader_who_is_asked_for_and_goes_again(lab: Lab) -> None:
    assert relay(lab, sendmail_root_alias="bob").changed["mta1"] == 1
    submit(lab, "postmaster", "for-root")
    arrives(lab, "bob", "for-root")
    assert relay(lab, sendmail_root_alias="bob").changed["mta1"] == 0
    assert relay(lab).changed["mta1"] == 1


def test_somebody_elses_line_for_root_is_not_changed(lab: Lab) -> None:
    lab.read("mta1", "cp --archive /etc/aliases /root/ && echo 'root: bob' >> /etc/aliases && newaliases")
    before = lab.read("mta1", "sha256sum /etc/aliases")
    play = relay(lab, sendmail_root_alias="alice")
    after = lab.read("mta1", "sha256sum /etc/aliases && cp --archive /root/aliases /etc/ && newaliases > /root/said")
    assert play.code != 0 and "root's mail goes to 'bob' there, and sendmail_root_alias says 'alice'" in words(play)
    assert after == before


def test_an_alias_that_sendmail_cannot_read_leaves_the_old_ones_in_force(lab: Lab) -> None:
    lab.read("mta1", "cp --archive /etc/aliases /root/ && echo 'no colon' >> /etc/aliases")
    dump = lab.read("mta1", "makemap -u hash /etc/mail/aliases")
    play = relay(lab)
    assert play.code != 0 and "missing colon" in words(play) and "were left as they are" in words(play)
    assert lab.read("mta1", "makemap -u hash /etc/mail/aliases") == dump
    assert not lab.read("mta1", "find /etc -name '*mailtls-aside*'")
    lab.read("mta1", "cp --archive /root/aliases /etc/ && newaliases")


def bounce(lab: Lab, options: str = "") -> str:
    """A message from nobody to nobody: its bounce cannot be delivered, so the postmaster gets it, if there is one."""
    mark = f"bounce-{time.time_ns()}"
    submit(lab, "nosuchuser@mta1.example.test", mark, f"{options} -f nobody-here@mta1.example.test")
    return mark


@pytest.mark.parametrize("options", ["", "-Am"], ids=["of local programs", "of the daemon"])
def test_bounces_are_read_by_postmaster(lab: Lab, options: str) -> None:
    """Each has its own cf, which says where such bounces go."""
    mark = bounce(lab, options)
    lab.wait("the bounce in root's mailbox", lambda: mark in mailbox(lab, "root"))


def test_without_the_alias_nobody_reads_them(lab: Lab) -> None:
    lab.read("mta1", f"cp --archive /etc/aliases /root/ && printf '{BY_HAND}' > /etc/aliases && newaliases")
    mark = bounce(lab)
    lost = lab.on("mta1").run(f"grep {mark} /var/lib/sendmail/dead.letter").stdout
    lab.read("mta1", "cp --archive /root/aliases /etc/ && newaliases")
    assert mark in lost and mark not in mailbox(lab, "root")


# Routes, milter, procmail


def test_the_mailertable_goes_on_under_tls(lab: Lab) -> None:
    mark = f"routed-{time.time_ns()}"
    submit(lab, "alice@routed.example.test", mark)
    lab.wait("the message in MTA2's mailbox", lambda: mark.encode() in lab.mailbox())
    sent = lab.log("mta1", r"to=<?alice@routed\.example\.test.*mailer=esmtp.*stat=Sent")[-1]
    process = re.findall(r"\[(\d+)\]:", sent)[0]
    assert lab.log("mta1", rf"\[{process}\]: .*STARTTLS=client, relay=mta2\.example\.test\., version=TLS")


def test_the_milter_is_asked(lab: Lab) -> None:
    mark = f"milter-{time.time_ns()}"
    submit(lab, "bob", mark)
    assert "\nAuthentication-Results: " in arrives(lab, "bob", mark)
    lab.read("mta1", "systemctl stop opendkim")
    submit(lab, "bob", f"without-{mark}")
    assert "\nAuthentication-Results: " not in arrives(lab, "bob", f"without-{mark}")
    lab.read("mta1", "systemctl start opendkim")


def test_procmail_delivers_by_the_users_own_rules(lab: Lab) -> None:
    mark = f"for-procmail-{time.time_ns()}"
    submit(lab, "bob", mark)
    look = f"grep '^Subject: {mark}' /home/bob/sorted"
    lab.wait("the message in the user's folder", lambda: lab.on("mta1").run(look).stdout)
    assert mark not in mailbox(lab, "bob")


# Next hops on the host itself


def refused(lab: Lab, task: str, keys: list[str], **variables: t.Any) -> None:
    before = state(lab)
    play = relay(lab, **variables)
    assert play.code != 0
    said = words(play)
    for key in keys:
        assert f'- {{key: "{key}", value: OK}}' in said.replace('\\"', '"'), said
    failed = re.findall(r"TASK \[([^\]]*)\] \*+\n(?:\[ERROR\].*\n)*(?:.*\n){0,12}?fatal: ", play.output)
    assert failed and task in failed[-1], failed
    assert state(lab) == before


PREFLIGHT = "Refuse a host that sendmail could not work on"
CONFIG = "Ensure sendmail.mc and sendmail.cf say what the variables say"


def test_a_smart_host_on_loopback_is_named_before_anything_is_touched(lab: Lab) -> None:
    other_port = "define(`RELAY_MAILER_ARGS', `TCP $h 10025')dnl"
    keys = ["TLS_Srv:127.0.0.1", "TLS_Srv:IPv6:0:0:0:0:0:0:0:1"]
    refused(lab, PREFLIGHT, keys[:1], sendmail_smart_host="[127.0.0.1]", sendmail_mc_extra=other_port)
    refused(lab, PREFLIGHT, keys, sendmail_smart_host="localhost", sendmail_mc_extra=other_port)


def test_a_content_filter_behind_the_mailertable_needs_its_exception(
    lab: Lab, provider: t.Callable[[str], None]
) -> None:
    provider(FILTER)
    assert relay(lab).code == 0
    table = lab.read("mta1", "cat /etc/mail/mailertable")
    route(lab, table + "filtered.example.test\tfilter:[127.0.0.1]\n")
    # Red: without the exception the policy holds what is meant for the filter.
    submit(lab, "x@filtered.example.test", "held-filter")
    lab.wait("the message to be held", lambda: lab.log("mta1", rf"x@filtered\.example\.test.*stat={HELD}"))
    refused(lab, PREFLIGHT, ["TLS_Srv:127.0.0.1"])
    assert relay(lab, sendmail_access_entries=[FOR_LOOPBACK]).code == 0
    lab.run_queue()
    lab.wait("the filter", lambda: "Subject: held-filter" in lab.read("mta1", "cat /root/taken"))


def test_lmtp_needs_its_exception_and_a_name_below_local_does_not_profit(
    lab: Lab, provider: t.Callable[[str], None]
) -> None:
    provider(LMTP)
    refused(lab, CONFIG, ["TLS_Srv:local"])
    # Red: built by hand, without the exception, the mailboxes are out of reach.
    lab.read("mta1", f"cd /etc/mail && m4 sendmail.mc > {CF} 2> /dev/null")
    submit(lab, "bob", "held-lmtp", "-Am")
    lab.wait("the message to be held", lambda: lab.log("mta1", rf"mailer=local.*stat={HELD}"))
    assert relay(lab, sendmail_access_entries=[FOR_LOCAL]).code == 0
    lab.run_queue()
    lab.wait("the mailboxes", lambda: "Subject: held-lmtp" in lab.read("mta1", "cat /root/taken"))
    asked = ".D{server_name}mta3.local\n.D{server_addr}192.0.2.9\n.D{cipher_bits}0\ntls_server NONE\n"
    assert "encryption too weak" in lab.read("mta1", f"printf '%s' '{asked}' | sendmail -bt -Am")


# The queue of local programs


def test_the_queue_of_local_programs_is_run_by_cron(lab: Lab) -> None:
    """cron itself does it, every minute instead of every twenty."""
    conf = "/etc/mail/sendmail.conf"
    lab.read("mta1", f"cp --archive {conf} /root/ && sed -i 's/^MSP_INTERVAL=.*/MSP_INTERVAL=\"1m\";/' {conf}")
    lab.read("mta1", "/usr/share/sendmail/update_conf")
    mark = f"msp-{time.time_ns()}"
    submit(lab, "bob", mark, "-odq")
    assert lab.read("mta1", "ls /var/spool/mqueue-client").strip(), "it must have waited, else this proves nothing"
    arrives(lab, "bob", mark, 130)
    assert not lab.read("mta1", "ls /var/spool/mqueue-client").strip()
    lab.read("mta1", f"cp --archive /root/sendmail.conf {conf} && /usr/share/sendmail/update_conf")


def test_a_job_that_is_missing_is_made(lab: Lab) -> None:
    assert relay(lab).code == 0
    lab.read("mta1", "rm /etc/cron.d/sendmail")
    assert relay(lab).changed["mta1"] == 1
    assert "cron-msp" in lab.read("mta1", "grep -v '^#' /etc/cron.d/sendmail")
    assert relay(lab).changed["mta1"] == 0


@pytest.mark.parametrize(
    ("breaks", "mends", "told"),
    [
        ("systemctl stop cron", "systemctl start cron", "systemctl enable --now cron"),
        (
            "sed -i 's/^MSP_MODE=.*/MSP_MODE=\"None\";/' /etc/mail/sendmail.conf",
            "sed -i 's/^MSP_MODE=.*/MSP_MODE=\"Cron\";/' /etc/mail/sendmail.conf",
            "MSP_MODE is 'none'",
        ),
    ],
)
def test_a_queue_without_a_runner_is_named(lab: Lab, breaks: str, mends: str, told: str) -> None:
    lab.read("mta1", breaks)
    play = relay(lab)
    lab.read("mta1", mends)
    assert play.code != 0 and told in words(play)


# Port 587


def test_port_587_is_as_debian_has_it(lab: Lab) -> None:
    options = [
        line
        for line in lab.read("mta1", f"grep '^O DaemonPortOptions' {CF}").splitlines()
        if "587" in line or "submission" in line
    ]
    assert len(options) == 1 and "Addr=127.0.0.1" in options[0] and "M=Ea" in options[0]
    dialogue = lab.read(
        "mta1",
        'python3 -c "'
        + ("import smtplib; s = smtplib.SMTP('127.0.0.1', 587); s.ehlo(); print(s.mail('bob@mta1.example.test'))\""),
    )
    assert "530" in dialogue and "Authentication required" in dialogue
    assert (
        lab.on("client").run("python3 -c \"import socket; socket.create_connection(('mta1.example.test', 587), 5)\"").rc
        != 0
    )


# What waits


def test_the_audit_tells_what_waits_and_fails_as_asked(lab: Lab) -> None:
    lab.empty_queue()
    submit(lab, "carol@clear.example.test", "waits")
    submit(lab, "dave@clear.example.test", "waits-for-hours")
    lab.wait("both messages to be held", lambda: len(lab.queued("mta1")) == 2)
    # The second one has waited for longer: T is when it came.
    old = lab.read("mta1", "grep -l 'Subject: waits-for-hours' /var/spool/mqueue/qf*").strip()
    lab.read("mta1", f'sed -i "s/^T.*/T$(($(date +%s) - 9000))/" {old}')
    play = lab.converge(limit="mta1")
    assert play.code == 0 and play.changed == {"mta1": 0}, play.output
    told = rf"Queue: 2 held, the oldest for 2h\w+ of 5d: 2 x {HELD} \(oldest 2h\w+\)\. Queue of local programs: no mail"
    assert re.search(told, words(play))
    late = lab.converge(limit="mta1", tls_audit_oldest_held="2h")
    assert late.code != 0 and "TOO OLD: tls_audit_oldest_held is 2h." in words(late)
    times = {"sendmail_queue_return": "3h", "sendmail_queue_warning": "2h50m"}
    soon = lab.converge(limit="mta1", tls_audit_oldest_held="3h", **times)
    assert soon.code == 0, soon.output
    assert re.search(rf"of 3h: .*WARNING: {old.rpartition('/qf')[2]} goes back to its sender in \d+m", words(soon))
    wrong = lab.converge(limit="mta1", tls_audit_oldest_held="soon")
    assert wrong.code != 0 and "tls_audit_oldest_held: 'soon' is not a time as sendmail reads it" in words(wrong)
    assert relay(lab).code == 0
    lab.empty_queue()


def test_a_second_run_changes_nothing_in_the_end(lab: Lab) -> None:
    assert relay(lab).changed == {"mta1": 0}
