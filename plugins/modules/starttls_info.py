#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: starttls_info
short_description: See what mail servers really offer when this host talks to them
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Talks SMTP and TLS with every target from the host that the task runs on, so it sees what a relay there would see.
    Every MX and every IPv4 and IPv6 address of a target is probed, all at the same time.
  - Returns a record for each target and address. It tells what was said, what is offered before and after STARTTLS,
    protocol, cipher and certificates, whether the chain can be trusted and the name is right, how long each step took,
    and one RV(peers[].outcome).
  - Sums each target up as V(pass), V(fail) or V(inconclusive). A peer that is busy, silent or out of reach is tried
    again while there is time, and is then inconclusive. It is never taken for one without TLS.
  - The task itself does not fail because of what a peer is like. Say C(failed_when) with RV(summary), as the examples
    do.
  - With O(policy) it tells for each peer what this relay, with this version of sendmail, would do with mail, in
    sendmail's own words, and which rule decides (RV(peers[].judgement)).
  - Never says C(DATA), and so delivers nothing. Says C(QUIT) wherever the session still allows it. Keeps to one
    connection at a time for each address unless told otherwise, and probes each address once however many targets lead
    there.
requirements:
  - On the host only Python 3.9 or newer with its standard library.
  - >-
    On the controller the Python library cryptography, which reads certificates there so that hosts need no such
    library. The collection community.crypto needs it as well.
  - >-
    For targets with O(targets[].mx), or with a smart host that is a name without brackets, sendmail and its
    C(/etc/mail/sendmail.cf) on the host, or dnspython there.
options:
  targets:
    description:
      - Whom to probe. A string is a host, as for O(targets[].host). A mapping holds exactly one of O(targets[].host),
        O(targets[].mx) and O(targets[].smart_host).
    type: list
    elements: raw
    required: true
    suboptions:
      host:
        description:
          - The name of a host, or an address, with or without brackets. MX records are not looked up.
          - sendmail calls a name in brackets by the name that DNS calls canonical. So does this module.
        type: str
      mx:
        description:
          - A domain. Every host that its MX records name is probed; without such records the domain is the host.
          - Where sendmail is on the host it is asked for them, so that the answer is what the relay would do. It tells
            the order of the hosts, but not their preferences. Otherwise dnspython is asked.
        type: str
      smart_host:
        description:
          - A next hop as sendmail reads it from C(SMART_HOST) or a mailertable, such as V(mta2.example.org),
            V([mta2.example.org]), V([192.0.2.25]) or V(relay:[mta2.example.org]:[mta3.example.org]); or a list of
            hosts.
          - For a name without brackets MX records count, as with sendmail.
        type: raw
      port:
        description: The port. Left out, it is 25, or 465 with O(targets[].tls_on_connect).
        type: int
      tls_on_connect:
        description: Whether TLS begins with the connection, without STARTTLS, as on port 465.
        type: bool
        default: false
      name:
        description: The name that the certificate shall bear and that rules of the policy are looked up by, if it is
          another than the one that leads there, for example before DNS knows it.
        type: str
      recipient:
        description:
          - For whom mail would be, V(user@domain) or V(domain), so that the policy's rules for recipients are asked,
            too.
          - For O(targets[].mx) somebody at the domain, when left out.
        type: str
  level:
    description:
      - What a target must be like to pass where there is no O(policy). The names are those of the policy's levels.
      - V(none) and V(may) ask that mail would leave, be it in clear text. V(encrypt) asks for TLS with at least 128
        bits. V(verify) also asks for a trusted chain and the right name. V(secure) also asks that the name is one that
        you wrote, or lies below the domain that you wrote, because the name in an MX record is but what DNS says.
      - Names are judged by RFC 9525 here, alternative names first. With O(policy) they are judged as sendmail does,
        which compares the CN alone.
    type: str
    choices: [none, may, encrypt, verify, secure]
    default: verify
  minimum_days:
    description: A certificate of the peer with fewer days left makes its target fail; V(0) for no such demand.
    type: int
    default: 0
  policy:
    description:
      - The TLS policy of the relay. A mapping of the variable C(sendmail_tls_policy), all C(sendmail_tls_policy_*), and
        where the relay has them C(sendmail_access_entries) and C(sendmail_smart_host), to their values; or what is in
        C(sendmail_tls_policy) alone.
      - Then the policy decides what passes. A target passes when mail would go out.
    type: dict
  release:
    description:
      - The release of sendmail whose rules judge, such as V(8.17.1.9).
      - Left out, that of the Debian package C(sendmail-bin) on the host, or the newest one known where there is none.
    type: str
    default: ""
  ca_path:
    description:
      - A file on the host with the certificates of the authorities to trust, PEM, such as the relay's own
        C(/etc/mail/certs/ca.crt). Left out, those that OpenSSL trusts on that host.
      - For predictions name the file that sendmail has in C(confCACERT).
    type: path
  sni:
    description: Whether the name of the host is sent in the TLS handshake (SNI). sendmail sends none.
    type: bool
    default: false
  ehlo_name:
    description: What to call oneself in EHLO. Left out, the local address as a literal, such as V([192.0.2.1]).
    type: str
    default: ""
  source:
    description: The local address to come from. Left out, the kernel chooses.
    type: str
    default: ""
  family:
    description:
      - Which addresses of names to probe.
      - A host without a route to IPv6 finds every IPv6 address out of reach, and so inconclusive; say V(ipv4) there.
    type: str
    choices: [any, ipv4, ipv6]
    default: any
  client_certificate:
    description: A file on the host with a client certificate to show to peers that ask for one, PEM.
    type: path
  client_key:
    description: Its key.
    type: path
  refusal:
    description:
      - Whether to try that the peer refuses to take mail where it should, over a connection in clear text, over one
        under TLS without a client certificate, and with O(wrong_certificate) over one with that.
      - What is said is C(MAIL) with an empty sender, and where that is taken C(RCPT) with C(postmaster), then C(QUIT).
      - A peer that takes mail there fails. Leave this off for peers that are meant to take mail in clear text.
    type: bool
    default: false
  wrong_certificate:
    description: A file on the host with a client certificate that the peer should not accept, PEM.
    type: path
  wrong_key:
    description: Its key.
    type: path
  ladder:
    description: Whether to find out which of TLS 1.0 to 1.3 the peer accepts, which takes further connections.
    type: bool
    default: false
  connect_timeout:
    description: Seconds for a connection to be made.
    type: float
    default: 10
  reply_timeout:
    description: Seconds for each reply, and for a handshake.
    type: float
    default: 30
  resolve_timeout:
    description: Seconds for all questions to DNS together.
    type: float
    default: 10
  timeout:
    description: Seconds for the whole call, and so for any target with all its attempts. What is not known by then is
      inconclusive.
    type: float
    default: 60
  attempts:
    description: How often at most to try a peer that is busy, silent or out of reach, with growing pauses.
    type: int
    default: 3
  at_once:
    description: Connections at the same time, to all peers together.
    type: int
    default: 512
  per_host:
    description: Connections at the same time to one address.
    type: int
    default: 1
  processes:
    description: Processes that share the work; V(0) for as many as help.
    type: int
    default: 0
  _judged:
    description: What the controller's half of this module asks for, not for users; whether a release is needed.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and return the same as without.
    support: full
    details: It only looks.
  diff_mode:
    description: Shows what has changed in diff mode.
    support: N/A
    details: It changes nothing.
  action:
    description: Has a part that runs on the controller.
    support: full
  async:
    description: Can be left to itself by the keyword C(async).
    support: none
  platform:
    description: Systems the module works on.
    platforms: posix
    support: full
notes:
  - Many peers belong into one task. A loop over one target each takes many times as long.
  - Names that peers chose are shown with every character written out that a terminal would obey.
  - The filter P(mailtls.relay.probe_report#filter) makes a table of the answer.
seealso:
  - plugin: mailtls.relay.probe_report
    plugin_type: filter
  - plugin: mailtls.relay.tls_policy_explain
    plugin_type: filter
  - module: mailtls.relay.mail_canary
    description: What happens to a real message.
"""

EXAMPLES = r"""
- name: See what a mail server offers
  mailtls.relay.starttls_info:
    targets: mta2.example.org
  register: probe

- name: Show it as a table
  ansible.builtin.debug:
    msg: "{{ (probe | mailtls.relay.probe_report).splitlines() }}"

- name: Stop unless every mail server has TLS and a certificate that is valid for two more weeks
  mailtls.relay.starttls_info:
    targets: [mta2.example.org, mta3.example.org]
    ca_path: /etc/mail/certs/ca.crt
    minimum_days: 14
  register: partners
  failed_when: partners.summary.pass < partners.summary.targets

- name: Stop only where something is wrong, not where somebody was busy
  mailtls.relay.starttls_info:
    targets: [mta2.example.org]
    ca_path: /etc/mail/certs/ca.crt
  register: partners
  failed_when: partners.summary.fail > 0

- name: Probe all mail hosts of a domain, a submission port, a port with TLS from the start, and an address
  mailtls.relay.starttls_info:
    targets:
      - mx: example.org
      - {host: submission.example.org, port: 587}
      - {host: smtps.example.org, tls_on_connect: true}
      - {host: "[192.0.2.25]", name: mta2.example.org}
    level: encrypt

- name: Ask what this relay would do with mail for its next hop
  mailtls.relay.starttls_info:
    targets:
      - smart_host: "relay:[mta2.example.org]:[mta3.example.org]"
    ca_path: /etc/mail/certs/ca.crt
    policy:
      sendmail_tls_policy:
        outbound:
          default: {level: verify}
  register: forecast

- name: Show sendmail's words for each address, and the rule that decides
  ansible.builtin.debug:
    msg: "{{ item.host }}: {{ item.judgement.action }} {{ item.judgement.text }}, by {{ item.judgement.place }}"
  loop: "{{ forecast.peers }}"
  loop_control: {label: "{{ item.address }}"}

- name: Prove that our own relay takes no mail in clear text, and none without a certificate of ours
  mailtls.relay.starttls_info:
    targets: [mta2.example.org]
    ca_path: /etc/mail/certs/ca.crt
    client_certificate: /etc/mail/certs/host.crt
    client_key: /etc/mail/certs/host.key
    refusal: true
    wrong_certificate: /etc/mail/certs/stranger.crt
    wrong_key: /etc/mail/certs/stranger.key

- name: Find out which protocols are accepted, and be content whatever the answer is
  mailtls.relay.starttls_info:
    targets: [mta2.example.org]
    ladder: true
    level: none
  register: protocols

- name: Probe five hundred peers and give up on those that have not answered after 20 seconds
  mailtls.relay.starttls_info:
    targets: "{{ partners_of_ours }}"
    timeout: 20
    connect_timeout: 5
    reply_timeout: 10
"""

RETURN = r"""
peers:
  description: A record for each target and address, in the order of the targets and then in the order in which sendmail
    would try them. What was not seen is empty, and RV(peers[].not_observed) says why where that is not plain.
  type: list
  elements: dict
  returned: success
  contains:
    target:
      description: The target as it was asked for, with V(mx:) or V(smart_host:) before it.
      type: str
      sample: mx:example.org
    host:
      description: The host whose certificate is expected, and whose name decides which rule of the policy speaks. An
        address where there is no name.
      type: str
      sample: mta2.example.org
    mx_preference:
      description: The preference of its MX record; null where there is none, or only the order is known.
      type: int
      sample: 10
    address:
      description: Its address; empty where the name leads to none.
      type: str
      sample: 192.0.2.25
    port:
      description: The port.
      type: int
      sample: 25
    tls_on_connect:
      description: Whether TLS began with the connection.
      type: bool
    outcome:
      description:
        - V(ok), or the first thing in the session that was not.
        - V(resolve), the name leads to no address. V(connect), no connection. V(timeout), no answer in time.
          V(greeting), the peer does not greet as a mail server does. V(throttled), it is busy (421, or a temporary
          refusal before STARTTLS). V(protocol), what it says is no SMTP, or it hangs up in between. With these six
          nothing is known about its TLS.
        - V(no_starttls), STARTTLS is not offered. V(starttls_refused), it is offered and then refused.
          V(early_plaintext), clear text follows the consent to STARTTLS, where somebody on the way could put it in.
          V(handshake), the TLS handshake fails. V(protocol_too_old), it has only protocols before TLS 1.2.
        - V(untrusted), the chain of the certificate ends at no authority of O(ca_path). V(expired), a certificate in it
          is not valid any more. V(name_mismatch), the certificate is for another name.
      type: str
      sample: ok
    detail:
      description: The outcome in a sentence; empty with V(ok).
      type: str
      sample: the peer offers no STARTTLS
    summary:
      description: V(pass), V(fail) or V(inconclusive), as O(level) or O(policy), O(minimum_days) and O(refusal) ask.
      type: str
      sample: pass
    text:
      description: Why, in one line.
      type: str
      sample: under TLSv1.3 with 256 bits, certificate trusted, name exact, 80 days left
    judgement:
      description: What this relay would do with mail; empty without O(policy).
      type: dict
      contains:
        action:
          description: V(deliver), V(defer) (the mail waits in the queue), V(reject) (it goes back to its sender), or
            V(inconclusive) where too little was seen.
          type: str
        text:
          description: sendmail's own words, empty with V(deliver). With V(inconclusive) the reason.
          type: str
        ruleset:
          description: sendmail's rule set that decides, such as V(tls_server).
          type: str
        key:
          description: The key of the access map that decides, such as V(TLS_Srv:).
          type: str
        place:
          description: Where that rule stands in the policy; V(belt) for the rule in the cf that holds mail when the map
            says nothing, V(no rule) where none speaks.
          type: str
        under_tls:
          description: Whether the session would be under TLS.
          type: bool
      sample:
        action: defer
        text: 403 4.7.0 authentication failed
        ruleset: tls_server
        key: "TLS_Srv:"
        place: sendmail_tls_policy.outbound.default
        under_tls: true
    greeting:
      description: The first reply, lines with a line feed between them.
      type: str
      sample: 220 mta2.example.org ESMTP
    replies:
      description: The other replies in the same form; C(ehlo), C(starttls) and C(ehlo_tls), those that were seen.
      type: dict
      sample: {starttls: 220 2.0.0 Ready to start TLS}
    capabilities:
      description: What EHLO offers before STARTTLS.
      type: list
      elements: str
      sample: [STARTTLS, SIZE 10240000]
    capabilities_tls:
      description: The same under TLS.
      type: list
      elements: str
      sample: [SIZE 10240000]
    protocol:
      description: The TLS protocol.
      type: str
      sample: TLSv1.3
    cipher:
      description: The cipher suite, as OpenSSL names it.
      type: str
      sample: TLS_AES_256_GCM_SHA384
    bits:
      description: The strength of the cipher in bits; 0 without TLS.
      type: int
      sample: 256
    group:
      description: The group of the key exchange, where it is known.
      type: str
      sample: x25519
    chain:
      description: Whether the certificates lead to an authority of O(ca_path).
      type: dict
      contains:
        verdict:
          description: V(trusted), V(untrusted), V(expired), V(not_yet_valid) or V(not_checked).
          type: str
        code:
          description: OpenSSL's number (C(X509_V_ERR_*)); V(0) for trusted, V(-1) where it did not come to that.
          type: int
        message:
          description: OpenSSL's words.
          type: str
        source:
          description: What told the certificates. V(python), V(handshake), or V(leaf only) where the host's
            Python shows no more than the peer's own; empty for none.
          type: str
      sample: {verdict: untrusted, code: 18, message: self-signed certificate, source: python}
    name:
      description: Whether the peer's certificate is for RV(peers[].host).
      type: dict
      contains:
        verdict:
          description: V(exact), V(wildcard), V(cn_only) (no DNS name among its alternative names, but the CN is right),
            V(mismatch) or V(not_checked).
          type: str
        names:
          description: The names that it is for, at most the first 100.
          type: list
          elements: str
      sample: {verdict: exact, names: [mta2.example.org]}
    certificates:
      description: The certificates as the peer presented them, its own first.
      type: list
      elements: dict
      contains:
        subject:
          description: Whom it names, with OpenSSL's short names.
          type: str
          sample: O=Example, CN=mta2.example.org
        issuer:
          description: Who signed it.
          type: str
          sample: O=Example, CN=Example CA
        sans:
          description: Subject alternative names, at most the first 100.
          type: list
          elements: str
          sample: ["DNS:mta2.example.org", "IP:192.0.2.25"]
        sans_total:
          description: How many there are.
          type: int
        key_type:
          description: V(RSA), V(EC), V(Ed25519), V(Ed448) or V(DSA).
          type: str
        key_size:
          description: The size of the key in bits.
          type: int
        curve:
          description: The curve of an EC key.
          type: str
          sample: secp256r1
        signature:
          description: The algorithm of the signature.
          type: str
          sample: sha256WithRSAEncryption
        serial:
          description: The serial number, in hexadecimal digits.
          type: str
        sha256:
          description: The fingerprint, in hexadecimal digits.
          type: str
        sha1:
          description: The old fingerprint.
          type: str
        not_before:
          description: From when it is valid, UTC.
          type: str
          sample: "2026-11-01T00:00:00Z"
        not_after:
          description: Until when.
          type: str
          sample: "2027-02-01T00:00:00Z"
        days_left:
          description: Whole days until then by the controller's clock, less than 0 when it has expired; null where that
            is not known.
          type: int
        problem:
          description: What could not be read; empty when all could.
          type: str
    ladder:
      description: With O(ladder) which protocols are accepted; null where that was not observed.
      type: dict
      sample: {TLSv1: false, TLSv1.1: false, TLSv1.2: true, TLSv1.3: true}
    refusal:
      description: With O(refusal) what the peer said to mail in C(clear) text, with C(no_certificate) and with the
        C(wrong_certificate). Each has a C(verdict), V(refused), V(accepted) or V(inconclusive), and the C(reply).
      type: dict
      sample: {clear: {verdict: refused, reply: 530 5.7.0 Must issue a STARTTLS command first}}
    timings:
      description: Seconds for C(connect), C(greeting), C(ehlo), C(starttls), C(handshake) and C(ehlo_tls), as far as
        the session got, and the C(total).
      type: dict
      sample: {connect: 0.021, greeting: 0.043, total: 0.31}
    attempts:
      description: How often the peer was tried.
      type: int
    connections:
      description: How many connections that took.
      type: int
    not_observed:
      description: What could not be observed, with the reason.
      type: dict
      sample: {group: "the key exchange has no group"}
targets:
  description: A verdict for each target, in their order. It fails where one of its addresses does, is inconclusive
    where one of them is, and passes otherwise.
  type: list
  elements: dict
  returned: success
  contains:
    target:
      description: As in RV(peers[].target).
      type: str
    summary:
      description: V(pass), V(fail) or V(inconclusive).
      type: str
    text:
      description: Why, in one line; that of the worst address.
      type: str
  sample:
    - {target: mta2.example.org, summary: fail, text: "no_starttls: the peer offers no STARTTLS"}
summary:
  description: How many targets C(pass), C(fail) and are C(inconclusive), how many C(targets) and C(peers) there are,
    and how many peers had which of the C(outcomes).
  type: dict
  returned: success
  sample: {targets: 2, pass: 1, inconclusive: 0, fail: 1, peers: 3, outcomes: {no_starttls: 1, ok: 2}}
"""

import base64
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import aim
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.nexthop import parse_address
from ..module_utils._core.parcel import pack
from ..module_utils._core.sighting import Aim, Limits, Wishes
from ..module_utils._host import presence, resolving
from ..module_utils._host.probe import probe_all

OPTIONS: dict[str, dict[str, t.Any]] = {
    "targets": {"type": "list", "elements": "raw", "required": True},
    "level": {"type": "str", "choices": ["none", "may", "encrypt", "verify", "secure"], "default": "verify"},
    "minimum_days": {"type": "int", "default": 0},
    "policy": {"type": "dict"},
    "release": {"type": "str", "default": ""},
    "ca_path": {"type": "path"},
    "sni": {"type": "bool", "default": False},
    "ehlo_name": {"type": "str", "default": ""},
    "source": {"type": "str", "default": ""},
    "family": {"type": "str", "choices": ["any", "ipv4", "ipv6"], "default": "any"},
    "client_certificate": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "refusal": {"type": "bool", "default": False},
    "wrong_certificate": {"type": "path"},
    "wrong_key": {"type": "path", "no_log": False},
    "ladder": {"type": "bool", "default": False},
    "connect_timeout": {"type": "float", "default": 10},
    "reply_timeout": {"type": "float", "default": 30},
    "resolve_timeout": {"type": "float", "default": 10},
    "timeout": {"type": "float", "default": 60},
    "attempts": {"type": "int", "default": 3},
    "at_once": {"type": "int", "default": 512},
    "per_host": {"type": "int", "default": 1},
    "processes": {"type": "int", "default": 0},
    # From the controller's half: whether it needs to know which sendmail is here.
    "_judged": {"type": "bool", "default": False},
}
TOGETHER = [("client_certificate", "client_key"), ("wrong_certificate", "wrong_key")]
_FILES = ("ca_path", "client_certificate", "client_key", "wrong_certificate", "wrong_key")
# A day in seconds, and far more connections than any host can hold.
_MOST = 86400
_POSITIVE = (
    "connect_timeout",
    "reply_timeout",
    "resolve_timeout",
    "timeout",
    "attempts",
    "at_once",
    "per_host",
)


def refuse_nonsense(params: t.Mapping[str, t.Any]) -> None:
    """Raise MailtlsError for limits that allow nothing, and for files that are not there."""
    for name in _POSITIVE:
        if not 0 < params[name] <= _MOST:
            raise MailtlsError(f"{params[name]:g} is no limit", where=name, remedy=f"Write more than 0, up to {_MOST}.")
    refuse_contents(params)
    for name in _FILES:
        _refuse_file(name, params[name])
    if params["source"] and parse_address(params["source"]) is None:
        raise MailtlsError(f"{params['source']!r} is no address", where="source", remedy="Write one of this host's.")


def refuse_contents(params: t.Mapping[str, t.Any]) -> None:
    """Raise MailtlsError for what a file holds in the place of its path. It may be a private key, and is not shown."""
    for name in _FILES:
        path = str(params.get(name) or "")
        if len(path.splitlines()) > 1 or "-----BEGIN" in path:
            raise MailtlsError("this is what a file holds, not its path", where=name, remedy="Name a file on the host.")


def _refuse_file(name: str, path: str | None) -> None:
    if path == "":
        raise MailtlsError("the path is empty", where=name, remedy="Name a file on this host, or leave the option out.")
    if path and not os.path.isfile(path):
        raise MailtlsError("there is no such file on this host", where=f"{name} ({path})")


def find_places(targets: t.Sequence[aim.Target], params: t.Mapping[str, t.Any]) -> list[aim.Place]:
    """Where the targets lead, as DNS tells it to this host."""
    began, limit = time.monotonic(), min(params["resolve_timeout"], params["timeout"])
    exchanges = resolving.read_mail_hosts(aim.find_domains(targets), limit)
    left = max(1.0, limit - (time.monotonic() - began))
    addresses = resolving.read_addresses(aim.find_names(targets, exchanges), left, params["family"])
    return aim.lead(targets, exchanges, addresses)


def look(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Everything that can be seen from here; raises MailtlsError."""
    began = time.monotonic()
    refuse_nonsense(params)
    targets = aim.read_targets(params["targets"])
    places = find_places(targets, params)
    aims = [to_aim(place, targets[place.target], params["sni"]) for place in places]
    wanted = list(dict.fromkeys(one for one in aims if one is not None))
    spent = time.monotonic() - began
    sightings, certificates = probe_all(wanted, to_wishes(params), to_limits(params, spent)) if wanted else ({}, {})
    numbers = {one: number for number, one in enumerate(wanted)}
    return {
        "places": [
            {**place._asdict(), "sighting": None if one is None else numbers[one]} for place, one in zip(places, aims)
        ],
        "sightings": [sightings[one].to_dict() for one in wanted],
        "certificates": {digest: base64.b64encode(der).decode() for digest, der in certificates.items()},
        "release": presence.read_release() if params["_judged"] and not params["release"] else params["release"],
    }


def to_aim(place: aim.Place, target: aim.Target, sni: bool) -> Aim | None:
    """What is probed at a place; None where there is no address."""
    if not place.address:
        return None
    named = sni and parse_address(place.host) is None
    return Aim(place.address, target.port, target.tls_on_connect, place.host if named else "")


def to_wishes(params: t.Mapping[str, t.Any]) -> Wishes:
    """What shall be found out, as the engine takes it."""
    plain: dict[str, t.Any] = {name: params[name] for name in ("ehlo_name", "refusal", "ladder", "source")}
    plain.update((name, params[name] or "") for name in _FILES[1:])
    # Brackets and a tag, as sendmail writes addresses, are nothing to bind to.
    plain["source"] = str(parse_address(params["source"])) if params["source"] else ""
    return Wishes(ca_file=params["ca_path"] or "", **plain)


def to_limits(params: t.Mapping[str, t.Any], spent: float) -> Limits:
    """The limits as the engine takes them; seconds that were spent already count."""
    counts = {name: params[name] for name in ("attempts", "at_once", "per_host", "processes")}
    left = max(1.0, params["timeout"] - spent)
    return Limits(params["connect_timeout"], params["reply_timeout"], left, **counts)


def main() -> None:
    module = AnsibleModule(OPTIONS, required_together=TOGETHER, supports_check_mode=True)
    try:
        seen = look(module.params)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    # The controller's half unpacks it; nobody else reads it.
    module.exit_json(changed=False, parcel=pack(seen))


if __name__ == "__main__":
    main()
