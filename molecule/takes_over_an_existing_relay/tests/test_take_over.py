# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-made relays are taken over and reverted: mail of their kind flows before, during and after, or the refusal is
exact; what was there comes back byte for byte.
"""

from __future__ import annotations

import re
import shlex
import typing as t
import uuid

import pytest
from configurations import CONFIGURATIONS, Configuration, Mail
from lab import Lab, Play, lab_name

SCENARIO = "molecule/takes_over_an_existing_relay"
TAKE_OVER, REVERT = f"{SCENARIO}/take_over.yml", "playbooks/revert.yml"
# Certificates come from another role; the folder itself shows that something in it was changed.
FILES = "find /etc/mail /etc/aliases -path /etc/mail/certs -prune -o ! -path /etc/mail"
LOOK = (
    f"{FILES} -printf '%p %y %m %u:%g %T@ %l\\n' | sort; {FILES} -type f -exec sha256sum {{}} + | sort -k2; "
    "systemctl is-active sendmail; systemctl is-enabled sendmail 2>/dev/null || true"
)
TAKEN = {name: one for name, one in CONFIGURATIONS.items() if not one.stops}
STOPPED = {name: one for name, one in CONFIGURATIONS.items() if one.stops}


@pytest.fixture(scope="module")
def lab() -> t.Iterator[Lab]:
    lab = Lab(lab_name())
    lab.read(
        "mta1", "test -e /root/stock.tar || tar -C / --exclude=etc/mail/certs -cf /root/stock.tar etc/mail etc/aliases"
    )
    yield lab


def lay(lab: Lab, one: Configuration) -> str:
    """Make MTA1 a host with this configuration, running, and return what it looks like."""
    script = [
        "find /etc/mail -mindepth 1 -maxdepth 1 ! -name certs -exec rm -rf {} +; tar -C / -xpf /root/stock.tar",
        *([f"printf %s {shlex.quote(one.mc)} > /etc/mail/sendmail.mc"] if one.mc else []),
        f"printf %s {shlex.quote(one.access)} >> /etc/mail/access",
    ]
    for name, text in one.files.items():
        script.append(
            f"printf %s {shlex.quote(text)} > /etc/mail/{name} && makemap hash /etc/mail/{name} < /etc/mail/{name}"
        )
    # The service rebuilds what is older than its source, as on any Debian host; an edit comes behind that.
    script += [
        "systemctl restart sendmail",
        one.edit or "true",
        "kill -HUP $(head -n 1 /run/sendmail/mta/sendmail.pid)",
    ]
    script += ["rm -f /var/mail/carol /etc/mail/*.errors", "sleep 2"]
    lab.read("mta1", " && ".join(f"{{ {line}; }}" for line in script))
    return looks(lab)


def looks(lab: Lab) -> str:
    """All files with their sums, modes, owners and times, and the service."""
    return lab.read("mta1", LOOK)


def flows(lab: Lab, mails: t.Iterable[Mail]) -> None:
    """Mail of the host's kind gets where it should, looking as it should."""
    for mail in mails:
        mark = f"mark-{uuid.uuid4().hex[:12]}"
        text = f"From: {mail.sender}\nTo: {mail.recipient}\nSubject: {mark}\n\n{mark}\n"
        lab.read("mta1", f"printf %s {shlex.quote(text)} | sendmail -oi -f {mail.sender} {mail.recipient}")
        found = arrived(lab, mail, mark)
        assert re.search(mail.looks, found, re.S), found


def arrived(lab: Lab, mail: Mail, mark: str) -> str:
    """The message with this mark, once it is in the mailbox, with the line that parts it from others."""

    def look() -> str:
        # A daemon that was just reloaded may not have listened yet; the next run would come in 20 minutes.
        lab.on("mta1").run("sendmail -Ac -q; sendmail -Am -q")
        text = lab.on(mail.host).run(f"cat /var/mail/{mail.user}").stdout
        return next((one for one in re.split(r"\n(?=From )", text) if f"Subject: {mark}" in one), "")

    return lab.wait(f"{mark} in the mailbox of {mail.user} on {mail.host}", look)


def said(play: Play) -> str:
    """What a play said, in one line, as the layout of YAML does not count."""
    return re.sub(r"\s+", " ", play.output.replace("''", "'"))


@pytest.mark.parametrize("name", TAKEN)
def test_taken_over_and_reverted(lab: Lab, name: str) -> None:
    one = TAKEN[name]
    variables = {"sendmail_smart_host": "", **one.variables}
    before = lay(lab, one)
    flows(lab, one.mails)
    if one.refused:
        refused = lab.converge(TAKE_OVER, limit="mta1", sendmail_smart_host="")
        assert refused.code, "was taken over without a word"
        assert not [word for word in one.refused if word not in said(refused)], refused.output
        assert "lab-password" not in refused.output
        assert looks(lab) == before
        variables["sendmail_takeover"] = True

    taken = lab.converge(TAKE_OVER, limit="mta1", **variables)
    assert taken.code == 0, taken.output
    assert not [word for word in one.lives if word not in said(taken)], taken.output
    assert "lab-password" not in taken.output
    assert "TLS_Srv:" in lab.read("mta1", "makemap -u hash /etc/mail/access.db").replace("tls_srv", "TLS_Srv")
    flows(lab, one.mails)
    assert lab.converge(TAKE_OVER, limit="mta1", **variables).changed == {"mta1": 0}

    reverted = lab.converge(REVERT, limit="mta1")
    assert reverted.changed == {"mta1": 1}, reverted.output
    assert looks(lab) == before
    flows(lab, one.mails)
    assert looks(lab) == before


@pytest.mark.parametrize("name", STOPPED)
def test_refused_exactly(lab: Lab, name: str) -> None:
    one = STOPPED[name]
    before = lay(lab, one)
    flows(lab, one.mails)
    play = lab.converge(TAKE_OVER, limit="mta1", sendmail_smart_host="", sendmail_takeover=True)
    assert play.code, "was taken over"
    assert not [word for word in one.stops if word not in said(play)], play.output
    assert looks(lab) == before
    flows(lab, one.mails)


def test_the_guide(lab: Lab) -> None:
    one = TAKEN["a milter"]
    before = lay(lab, one)
    variables = {"sendmail_smart_host": "", "tls_audit_canary_recipient": "", **one.variables}
    looked = lab.converge(limit="mta1", options=["--check", "--diff"], **variables)
    assert looked.code and "sendmail_takeover: true" in said(looked) and looks(lab) == before
    taken = lab.converge(limit="mta1", sendmail_takeover=True, **variables)
    assert taken.code == 0 and "changed" in taken.output, taken.output
    assert lab.converge(REVERT, limit="mta1").code == 0
    assert looks(lab) == before


def test_a_second_revert_changes_nothing(lab: Lab) -> None:
    assert lab.converge(REVERT, limit="mta1").changed == {"mta1": 0}
