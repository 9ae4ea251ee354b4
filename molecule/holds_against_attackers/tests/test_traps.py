# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The known traps of rules written by hand, each in real sendmail, and how the compiled policy closes it.

Shown elsewhere: the next host of a list is tried after a refusal, and must meet the policy too
(keeps_to_routes_and_limits); the default's key and LMTP (local_mail_goes_on); what happens without the default, or with
a value that means nothing, and names that read like addresses (holds_by_each_layer).
"""

from __future__ import annotations

import contextlib
import re
import shlex
import time
import typing as t

import pytest
from lab import RECIPIENT, SENDER, Lab
from siege import (
    BY_NAME,
    LEVELS,
    MTA2,
    NO_BELT,
    NOT_OFFERED,
    OTHER_NAME,
    PRINTER,
    SECURE,
    UNTRUSTED,
    WAIVED,
    WEAK,
    Siege,
    other_cf,
    outbound,
    policy,
)

from plugins.module_utils._core.errors import MailtlsError

PINNED = f"TEMP+VERIFY:128+CN:{MTA2}"
ENCRYPTED = {"TLS_Srv:": "TEMP+ENCR:128"}
ALTNAMES = r"sed 's/^FEATURE(`access_db.*/&\nFEATURE(`check_cert_altnames'\'')dnl/'"


def answer(lab: Lab, macros: t.Mapping[str, str], ruleset: str) -> str:
    """What the real rulesets of MTA1 say of a session, offline."""
    typed = "".join(f".D{{{name}}}{value}\n" for name, value in macros.items()) + f"{ruleset}\n"
    output = lab.read("mta1", f"printf '%s' {shlex.quote(typed)} | sendmail -bt -Am")
    said = re.findall(rf"^(?:> )?{ruleset.split()[0]}\s+returns: (.*)$", output, re.M)[-1]
    words = said.partition("$:")[2] or said
    return re.sub(r"\s+", " ", re.sub(r"\s*([.:])\s*", r"\1", words.replace('"', ""))).strip()


@contextlib.contextmanager
def refused(place: str, words: str) -> t.Iterator[None]:
    """The collection refuses a policy at this place of the variable."""
    with pytest.raises(MailtlsError, match=re.escape(words)) as caught:
        yield
    assert caught.value.where == f"sendmail_tls_policy.{place}"


# A name that DNS decides


@pytest.mark.parametrize("attack", ["MX spoof, self-signed", "CNAME spoof of [host], self-signed"])
def test_a_pin_by_name_is_missed_where_dns_says_another_name(siege: Siege, attack: str) -> None:
    siege.stage(BY_NAME[attack])
    siege.enforce({**ENCRYPTED, f"TLS_Srv:{MTA2}": PINNED})
    assert siege.send(BY_NAME[attack].recipient).read == {"under TLS"}
    with refused("outbound.peers[0].accept_dns_risk", f"DNS can lead mail for {MTA2} to a host of another name"):
        siege.compiled(outbound({"next_hop": MTA2, "level": "secure", "name": MTA2}, level="encrypt"))
    siege.enforce(siege.compiled(policy(SECURE)))
    assert siege.send(BY_NAME[attack].recipient).held == UNTRUSTED


def test_a_pin_by_address_is_missed_where_dns_says_another_address(siege: Siege) -> None:
    siege.stage(BY_NAME["self-signed, name kept"])
    address = siege.key("mta2")
    siege.enforce({**ENCRYPTED, f"TLS_Srv:{address}": PINNED})
    assert siege.send(RECIPIENT).read == {"under TLS"}
    with refused("outbound.peers[0].accept_dns_risk", f"DNS can lead mail for {address} to a host of another name"):
        siege.compiled(outbound({"next_hop": address, "level": "secure", "name": MTA2}, level="encrypt"))
    siege.enforce(siege.compiled(policy(SECURE)))
    assert siege.send(RECIPIENT).held == UNTRUSTED


def test_a_pin_by_name_is_missed_where_the_next_hop_is_an_address(siege: Siege) -> None:
    """The words tell which key was found: the name's would have been other ones."""
    siege.stage(None)
    siege.enforce({**ENCRYPTED, "TLS_Srv:mta3.example.test": "TEMP+VERIFY:128"})
    assert siege.send(PRINTER).held == WEAK
    strict = {"next_hop": f"[{siege.key('mta3')}]", "level": "secure", "name": "mta3.example.test"}
    siege.enforce(siege.compiled(outbound(strict, level="encrypt")))
    assert siege.send(PRINTER).held == NOT_OFFERED
    with refused("outbound.peers[0].next_hop", "is a name in brackets"):
        siege.compiled(outbound({**strict, "next_hop": "[mta3.example.test]"}, level="encrypt"))


# Names in the certificate


def test_check_cert_altnames_takes_the_pin_away(siege: Siege, lab: Lab) -> None:
    siege.stage(BY_NAME["MX spoof, same CA"])
    siege.enforce(siege.compiled(policy(SECURE)))
    held = siege.send(RECIPIENT)
    assert held.held == OTHER_NAME
    with other_cf(lab, ALTNAMES):
        assert siege.retry(held).read == {"under TLS"}
    play = lab.converge(limit="mta1", sendmail_mc_extra="FEATURE(`check_cert_altnames')dnl")
    assert play.code != 0 and "it replaces the name that a CN: pin asks for by the one that DNS says" in " ".join(
        play.output.split()
    )
    assert siege.send(RECIPIENT).held == OTHER_NAME


def test_a_blank_in_an_issuer_is_spelt_as_sendmail_does(siege: Siege) -> None:
    siege.stage(None)
    issuer = "/CN=mailtls.relay CA"
    siege.enforce({"TLS_Srv:": f"TEMP+VERIFY:128+CI:{issuer}++CN:{MTA2}"})
    held = siege.send(RECIPIENT)
    assert held.held.startswith("403 4.7.0 Cert Issuer /CN=mailtls.relay+20CA does not match /CN=")
    siege.enforce(siege.compiled(outbound(level="secure", name=MTA2, issuer=issuer)))
    assert not siege.retry(held).held


# How it is refused


def test_a_permanent_failure_loses_the_mail_where_there_is_one_way_out(siege: Siege, lab: Lab) -> None:
    """One forged record at one moment: the mail comes back to its sender, and the bounce takes the same way."""
    siege.stage(BY_NAME["MX spoof in clear"])
    siege.enforce({"TLS_Srv:": "PERM+ENCR:128"})
    lost = siege.send(RECIPIENT)
    assert not lost.held and lab.fate("mta1", lost.queue_id).endswith("dsn=5.7.0, stat=Service unavailable")
    (bounce,) = re.findall(r": (\w+): DSN: Service unavailable", lab.fate("mta1", lost.queue_id, "DSN: "))
    assert lab.fate("mta1", bounce, f"to=<{SENDER}>").endswith("dsn=5.7.0, stat=Service unavailable")
    # What comes back a second time is for MTA1's own postmaster; the sender never hears of it.
    (notice,) = re.findall(r": (\w+): return to sender", lab.fate("mta1", bounce, "return to sender"))
    assert "to=root" in lab.fate("mta1", notice, "stat=Sent")
    for level in LEVELS:
        siege.enforce(siege.compiled(policy(level), sole_next_hop=MTA2))
        assert siege.send(RECIPIENT).held.startswith("403 4.7.0 ")
    with refused("outbound.default.failure", f"all mail leaves through {MTA2}"):
        siege.compiled(outbound(level="encrypt", failure="permanent"), sole_next_hop=MTA2)


# Rules for recipients


def test_a_rule_for_a_recipient_alone_shows_the_sender_in_clear(siege: Siege, lab: Lab) -> None:
    rule = {f"TLS_Rcpt:{MTA2}": PINNED}
    siege.stage(BY_NAME["MX spoof in clear"])
    siege.enforce({**ENCRYPTED, **rule})
    held = siege.send(RECIPIENT)
    assert held.held == WEAK and not [line for line in held.heard if SENDER in line["line"]]
    # Red: without a default, which the policy always writes, the rule holds the mail, but too late for the sender.
    siege.enforce(rule)
    with other_cf(lab, NO_BELT):
        shown = siege.retry(held)
    assert shown.held and ("MAIL", "in clear") in shown.commands and ("RCPT", "in clear") not in shown.commands


def test_a_rule_for_a_recipient_shows_the_sender_to_whoever_meets_the_default(siege: Siege) -> None:
    """That is so: the default is asked first, then MAIL FROM goes out, and only then the recipient's rule is asked."""
    siege.stage(BY_NAME["MX spoof, self-signed"])
    siege.enforce({**ENCRYPTED, f"TLS_Rcpt:{MTA2}": PINNED})
    held = siege.send(RECIPIENT)
    assert held.held == UNTRUSTED.removeprefix("403 4.7.0 ")
    assert ("MAIL", "under TLS") in held.commands and not {"RCPT", "DATA"} & {verb for verb, _how in held.commands}


# Rules for clients


def test_a_rule_for_all_clients_stops_local_submission(siege: Siege, lab: Lab) -> None:
    siege.stage(None)
    rule = {"TLS_Clt:": "TEMP+VERIFY:128"}
    siege.enforce({**siege.compiled(policy(SECURE)), **rule})
    mark = f"local{time.time_ns()}"
    submit = f"printf 'Subject: {mark}\\n\\n{mark}\\n' | sendmail -odi {RECIPIENT}"
    lab.on("mta1").run(submit)
    waits = lab.read("mta1", "grep -ah '^M' /var/spool/mqueue-client/qf*")
    assert waits == "MDeferred: 403 4.7.0 not authenticated\n"
    siege.enforce(siege.compiled({**policy(SECURE), "inbound": {"default": {"level": "verify"}}}))
    lab.read("mta1", "sendmail -Ac -q")
    lab.wait("the queue to be empty", lambda: not lab.read("mta1", "ls /var/spool/mqueue-client").strip())
    lab.wait("the message in MTA2's mailbox", lambda: mark.encode() in lab.mailbox())


# Two rules for one server


def test_of_two_entries_with_one_key_the_map_keeps_one(siege: Siege, lab: Lab) -> None:
    typed = r"printf 'TLS_Srv:\tOK\nTLS_Srv:\tTEMP+ENCR:128\n'"
    for option, kept in (("", "OK"), ("-r", "TEMP+ENCR:128")):
        done = lab.on("mta1").run(f"{typed} | makemap {option} hash /root/twins")
        assert bool(done.rc) == (not option)
        assert lab.read("mta1", "makemap -u hash /root/twins") == f"tls_srv:\t{kept}\n"
    twins = [{"next_hop": name, "level": "encrypt"} for name in ("mta3.example.test", "MTA3.example.test")]
    with refused("outbound.peers[0] and sendmail_tls_policy.outbound.peers[1]", "stands there twice"):
        siege.compiled(outbound(*twins, level="encrypt"))


def test_an_entry_for_a_domain_hides_the_one_for_an_address(siege: Siege, lab: Lab) -> None:
    strict = {**ENCRYPTED, "TLS_Srv:192.0.2.9": "TEMP+VERIFY:128"}
    session = {"server_name": "mta9.partner.example", "server_addr": "192.0.2.9", "cipher_bits": "256"}
    siege.enforce(strict)
    assert answer(lab, session, "tls_server FAIL") == UNTRUSTED.replace("4.7.0 ", "")
    siege.enforce({**strict, "TLS_Srv:partner.example": "OK"})
    assert answer(lab, session, "tls_server FAIL") == "OK"
    hiding = {"next_hop": "partner.example", "level": "may", "exception": WAIVED}
    with refused("outbound.peers[0].accept_dns_risk", "DNS decides which hosts bear the name partner.example"):
        siege.compiled(outbound(hiding, level="encrypt"))


def test_the_role_excepts_a_name_only_where_its_risk_was_accepted(lab: Lab) -> None:
    old = {"next_hop": "mta3.example.test", "level": "may", "exception": WAIVED}
    session = {"server_name": "mta3.example.test", "server_addr": lab.addresses("mta3")[0], "cipher_bits": "0"}
    try:
        play = lab.converge("playbooks/policy.yml", limit="mta1", sendmail_tls_policy=outbound(old, level="encrypt"))
        assert play.code != 0 and "outbound.peers[0].accept_dns_risk" in play.output
        old["accept_dns_risk"] = True
        play = lab.converge("playbooks/policy.yml", limit="mta1", sendmail_tls_policy=outbound(old, level="encrypt"))
        assert play.code == 0 and play.changed == {"mta1": 1}, play.output
        assert answer(lab, session, "tls_server NONE") == "OK"
        other = {**session, "server_name": "mta9.example.test"}
        assert answer(lab, other, "tls_server NONE") == WEAK.replace("4.7.0 ", "")
    finally:
        assert lab.converge("playbooks/policy.yml", limit="mta1").code == 0


def test_an_entry_for_a_host_hides_the_one_for_its_domain(siege: Siege, lab: Lab) -> None:
    host = {"next_hop": "mta9.partner.example", "level": "encrypt", "accept_dns_risk": True}
    domain = {"next_hop": "partner.example", "level": "verify", "accept_dns_risk": True}
    session = {"server_name": "mta9.partner.example", "server_addr": "192.0.2.9", "cipher_bits": "256"}
    for peers, said in (([domain], UNTRUSTED.replace("4.7.0 ", "")), ([domain, host], "OK")):
        siege.enforce(siege.compiled(outbound(*peers, level="encrypt")))
        assert answer(lab, session, "tls_server FAIL") == said
    (finding,) = siege.findings(outbound(domain, host, level="encrypt"))
    assert re.fullmatch(r".*outbound\.peers\[1\].* comes before .*outbound\.peers\[0\].*", finding)
