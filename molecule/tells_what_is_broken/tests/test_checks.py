# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks for users' own tests: each red when one thing on a relay is broken, and green when it is mended."""

from __future__ import annotations

import typing as t

import pytest
from lab import Lab
from mailtls_checks import (
    check_access_map,
    check_closed_default,
    check_files,
    check_queue,
    check_service,
    check_starttls,
)

REBUILD = (
    "cp -a /etc/mail/access.db /root/ && makemap -u hash /etc/mail/access > /root/rows && "
    "%s | makemap hash /etc/mail/access"
)
MAP_BACK = "cp -a /root/access.db /etc/mail/access.db"
CF_BACK = "cp -a /root/sendmail.cf /etc/mail/sendmail.cf"


class Broken(t.NamedTuple):
    """What is done to a relay and undone, and what a check then says."""

    breaks: str
    mends: str
    check: t.Callable[[t.Any], t.Any]
    says: tuple[str, ...]


BROKEN = {
    "a key that all can read": Broken(
        "chmod 644 /etc/mail/certs/host.key",
        "chmod 600 /etc/mail/certs/host.key",
        check_files,
        (
            "/etc/mail/certs/host.key is root:root 0644 instead of root:root 0600",
            "lets others read the key, so sendmail would turn STARTTLS off",
        ),
    ),
    "a folder that others may write": Broken(
        "chmod 775 /etc/mail/certs",
        "chmod 755 /etc/mail/certs",
        check_files,
        ("/etc/mail/certs: mode 0775 lets others write",),
    ),
    "a map of another owner": Broken(
        "chown root /etc/mail/access.db",
        "chown smmta /etc/mail/access.db",
        check_files,
        ("/etc/mail/access.db is root:smmsp 0640 instead of smmta:smmsp 0640",),
    ),
    "a map without its default, seen in the map": Broken(
        REBUILD % "grep -v ^tls_srv: /root/rows",
        MAP_BACK,
        lambda host: check_access_map(host, {"TLS_Srv:": "TEMP+ENCR:128"}),
        ("the access map answers 'TLS_Srv:' with 'nothing' instead of 'TEMP+ENCR:128'",),
    ),
    "a map without its default": Broken(
        REBUILD % "grep -v ^tls_srv: /root/rows",
        MAP_BACK,
        check_closed_default,
        ("/etc/mail/access: the empty key TLS_Srv: says nothing, which demands no TLS of anybody",),
    ),
    "an exception that nobody wants": Broken(
        REBUILD % "{ cat /root/rows; printf 'tls_srv:old.example\\tOK\\n'; }",
        MAP_BACK,
        lambda host: check_access_map(host, {}, lacks=["TLS_Srv:old.example"]),
        ("the access map answers 'TLS_Srv:old.example' with 'OK', but that key should not be there",),
    ),
    "a cf without the belt": Broken(
        "cd /etc/mail && cp -a sendmail.cf /root/ && sed -i '/^SLocal_tls_server/,/^SLocal_tls_client/d' sendmail.cf",
        CF_BACK,
        check_closed_default,
        ("the belt is missing", "a stranger go in clear text with an access map that says nothing"),
    ),
    "a map that may be missing": Broken(
        "cp -a /etc/mail/sendmail.cf /root/ && sed -i 's/^Kaccess hash /&-o /' /etc/mail/sendmail.cf",
        CF_BACK,
        check_closed_default,
        ("the access map is optional (-o)",),
    ),
    "a service that does not start at boot": Broken(
        "systemctl disable sendmail", "systemctl enable sendmail", check_service, ("sendmail is disabled at boot",)
    ),
    "a daemon that died under its unit": Broken(
        "kill $(head -n 1 /run/sendmail/mta/sendmail.pid) && sleep 1",
        "systemctl restart sendmail",
        check_service,
        ("the process that /var/run/sendmail/mta/sendmail.pid names accepts no connections: unknown",),
    ),
    "no STARTTLS": Broken(
        REBUILD % "{ cat /root/rows; printf 'srv_features:\\tS\\n'; }",
        MAP_BACK,
        check_starttls,
        (":25: STARTTLS is not offered (EHLO shows ",),
    ),
    "nobody who answers": Broken(
        "kill $(head -n 1 /run/sendmail/mta/sendmail.pid) && sleep 1",
        "systemctl restart sendmail",
        check_starttls,
        (":25: whether STARTTLS is offered could not be found out (ConnectionRefusedError",),
    ),
    "STARTTLS where it should not be": Broken(
        "true", "true", lambda host: check_starttls(host, offered=False), (":25: STARTTLS is offered (TLSv1.3 ",)
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_check_says_what_is_broken(lab: Lab, broken: Broken) -> None:
    relay = lab.on("mta1")
    lab.read("mta1", broken.breaks)
    try:
        with pytest.raises(AssertionError) as raised:
            broken.check(relay)
    finally:
        lab.read("mta1", broken.mends)
    lab.show(str(raised.value))
    assert not [words for words in broken.says if words not in str(raised.value)]
    if broken.breaks != "true":
        broken.check(relay)


def test_the_queue_is_told_message_by_message(lab: Lab) -> None:
    relay = lab.on("mta1")
    assert check_queue(relay, oldest="4h") == []
    _message, queue_id = lab.send_marked("waits")
    lab.fate("mta1", queue_id)
    (held,) = check_queue(relay, oldest="4h", reasons="encryption too weak")
    assert held.queue_id == queue_id and held.recipients == ("<alice@mta2.example.test>",) and held.tries == 1
    with pytest.raises(
        AssertionError, match=rf"another reason than 'lookup': {queue_id}, .* encryption too weak 0 less"
    ):
        check_queue(relay, oldest="4h", reasons="lookup")
    lab.read("mta1", f"sed -i 's/^T.*/T1/' /var/spool/mqueue/qf{queue_id}")
    with pytest.raises(AssertionError, match=rf"waits for longer than 4h: {queue_id}, .* old, for <alice@"):
        check_queue(relay, oldest="4h")
    lab.empty_queue()


def test_a_check_that_cannot_look_fails(lab: Lab) -> None:
    nobody = lab.on("mta1", user="mail")
    for check in (check_closed_default, lambda host: check_access_map(host, {}), lambda host: check_queue(host, "4h")):
        with pytest.raises(AssertionError, match="could not look"):
            check(nobody)
