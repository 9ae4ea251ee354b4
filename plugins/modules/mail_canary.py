#!/usr/bin/python

# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_canary
short_description: Send one marked message through this relay and follow it
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Hands one small message to the sendmail on this host and follows it through queue and mail log until its fate is
    known - held in the queue with sendmail's own reason, accepted by the next hop and under which TLS, or refused.
  - The message has an empty sender, asks for no delivery notice, says in its body what it is, and carries a random
    mark in the header C(X-Mailtls-Canary).
  - Whether it reached a mailbox behind the next hop cannot be seen from here. Ask M(mailtls.relay.mail_log_info) there.
notes:
  - It always reports C(changed=false). The message is a question, not a setting. What it leaves on this relay are log
    lines - a held canary is removed, an empty sender gets no bounce - so that a second run of a playbook
    finds the relay as the first one left it. With O(remove_held=false) a held canary does stay in the queue.
  - Needs root's rights for the queue and the mail log.
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details: Nothing is sent, and RV(state) is V(not_run).
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: N/A
    details: This module changes nothing that lasts.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
options:
  recipient:
    description: The address to write to. It must lie behind the next hop, as mail for this relay itself proves nothing.
    type: str
    required: true
  host:
    description: The address where the sendmail of this host listens.
    type: str
    default: 127.0.0.1
  port:
    description: Its port.
    type: int
    default: 25
  timeout:
    description: How many seconds to follow the message at most.
    type: int
    default: 60
  remove_held:
    description:
      - Whether a canary that is still in the queue when its fate was read is removed from it.
      - It is found by its own mark and removed under sendmail's own lock. No other message is touched.
    type: bool
    default: true
  queue_directory:
    description: The folder of the queue, or the one that holds the queue's folders.
    type: path
    default: /var/spool/mqueue
seealso:
  - module: mailtls.relay.mail_log_info
"""

EXAMPLES = r"""
- name: Read what this relay does with mail for the other side
  mailtls.relay.mail_canary:
    recipient: canary@example.test
  register: __canary
"""

RETURN = r"""
state:
  description:
    - V(held), it stays in the queue. V(accepted), the next hop took it. V(bounced), the next hop refused it for good.
      V(rejected), this relay refused it for good. V(inconclusive), nobody knows yet, see RV(reason).
      V(not_run), nothing was sent.
  returned: success
  type: str
  sample: held
reason:
  description: Sendmail's own words, uncut, or why there is no verdict.
  returned: success
  type: str
  sample: "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
ruleset:
  description: The ruleset that held it, V(tls_server) or V(tls_rcpt) where this was the TLS policy.
  returned: success
  type: str
  sample: tls_server
relay:
  description: The next hop as sendmail writes it.
  returned: success
  type: str
  sample: mta2.example.test. [192.0.2.2]
tls:
  description: The TLS session with the next hop. V(null) if the log shows none; with V(accepted) that is clear text.
  returned: success
  type: dict
  contains:
    version:
      description: The TLS version.
      type: str
    cipher:
      description: The cipher suite.
      type: str
    bits:
      description: The cipher's strength.
      type: int
    verify:
      description: What sendmail thinks of the next hop's certificate.
      type: str
  sample: {version: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, bits: 256, verify: OK}
dsn:
  description: The status code of the attempt.
  returned: success
  type: str
  sample: 4.7.0
queue_id:
  description: The queue ID on this relay.
  returned: success
  type: str
  sample: 6ANIRXFc000295
remote_queue_id:
  description: The queue ID on the next hop, if it told one.
  returned: success
  type: str
  sample: 6ANIRtID000237
message_id:
  description: The C(Message-ID), by which the next hop's log knows the message.
  returned: success
  type: str
  sample: <mailtls-canary.5d41402abc4b2a76b9719d911017c592@mta1.example.test>
mark:
  description: The mark in the header C(X-Mailtls-Canary).
  returned: success
  type: str
  sample: 5d41402abc4b2a76b9719d911017c592
recipient:
  description: The address it was sent to.
  returned: success
  type: str
  sample: canary@example.test
removed:
  description: Whether it was removed from the queue.
  returned: success
  type: bool
left_in_queue:
  description: Whether it is still in the queue.
  returned: success
  type: bool
"""

import platform
import secrets
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import canary, maillog
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.sighting import CONNECT
from ..module_utils._core.smtp import DialogueError
from ..module_utils._host import journal, probe, spool

OPTIONS: dict[str, t.Any] = {
    "recipient": {"type": "str", "required": True},
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int", "default": 25},
    "timeout": {"type": "int", "default": 60},
    "remove_held": {"type": "bool", "default": True},
    "queue_directory": {"type": "path", "default": spool.QUEUE},
}
_PAUSE = 0.5
# How long the log may take to show a message whose queue id the relay did not tell.
_SEARCH = 5.0
# How long the process that made the attempt may keep the message locked.
_UNLOCK = 5.0


def _send_and_follow(letter: canary.Letter, options: dict[str, t.Any]) -> dict[str, t.Any]:
    start, deadline = time.time(), time.monotonic() + options["timeout"]
    sent = _hand_in(letter, options)
    # Without a clear answer the message may be on its way all the same.
    queue_id = sent.queue_id or (_search(letter, start) if sent.outcome == canary.TAKEN else "")
    if not queue_id:
        state = canary.INCONCLUSIVE if sent.outcome == canary.TAKEN else sent.outcome
        return _result(letter, canary.Fate(state, sent.words, settled=True))
    fate = _follow(queue_id, start, deadline, options["queue_directory"])
    return dict(_result(letter, fate), queue_id=queue_id, **_clear_away(queue_id, letter, options))


def _hand_in(letter: canary.Letter, options: dict[str, t.Any]) -> canary.Submission:
    try:
        submission: canary.Submission = probe.converse(
            options["host"], options["port"], lambda local: canary.hand_in(local, letter), timeout=options["timeout"]
        )
        return submission
    except DialogueError as error:
        outcome = canary.INCONCLUSIVE if error.outcome == CONNECT else canary.TAKEN
        return canary.Submission(outcome, f"the relay at {options['host']} port {options['port']}: {error.what}")


def _records(start: float) -> tuple[maillog.Record, ...]:
    return maillog.parse_records(journal.read_lines(start))


def _search(letter: canary.Letter, start: float) -> str:
    until = time.monotonic() + _SEARCH
    while True:
        queue_id = canary.find_queue_id(letter, _records(start))
        if queue_id or time.monotonic() > until:
            return queue_id
        time.sleep(_PAUSE)


def _follow(queue_id: str, start: float, deadline: float, queue: str) -> canary.Fate:
    while True:
        # The queue first: what leaves it in between is then explained by the log.
        queued = spool.read_message(queue_id, queue)
        fate = canary.judge(queue_id, queued, _records(start))
        if fate.settled or time.monotonic() > deadline:
            return fate
        time.sleep(_PAUSE)


def _clear_away(queue_id: str, letter: canary.Letter, options: dict[str, t.Any]) -> dict[str, bool]:
    queue, removed = options["queue_directory"], False
    until = time.monotonic() + _UNLOCK
    while options["remove_held"] and spool.read_message(queue_id, queue):
        removed = spool.remove_message(queue_id, canary.HEADER, letter.mark, queue)
        if removed or time.monotonic() > until:
            break
        time.sleep(_PAUSE)
    return {"removed": removed, "left_in_queue": spool.read_message(queue_id, queue) is not None}


def _result(letter: canary.Letter, fate: canary.Fate) -> dict[str, t.Any]:
    attempt, session = fate.delivery, fate.session
    return {
        "state": fate.state,
        "reason": fate.reason,
        "ruleset": fate.ruleset,
        "relay": attempt.relay if attempt else "",
        "dsn": attempt.dsn if attempt else "",
        "remote_queue_id": attempt.remote_queue_id if attempt else "",
        "tls": {name: getattr(session, name) for name in ("version", "cipher", "bits", "verify")} if session else None,
        "queue_id": "",
        "message_id": letter.message_id,
        "mark": letter.mark,
        "recipient": letter.recipient,
        "removed": False,
        "left_in_queue": False,
    }


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    try:
        letter = canary.address(module.params["recipient"], secrets.token_hex(16), platform.node())
        if module.check_mode:
            result = _result(letter, canary.Fate(canary.NOT_RUN, "nothing is sent in check mode", settled=True))
        else:
            result = _send_and_follow(letter, module.params)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
