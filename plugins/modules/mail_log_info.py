#!/usr/bin/python

# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_log_info
short_description: Read what sendmail's log says about one message
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Reads sendmail's mail log on this host (the systemd journal, or C(/var/log/mail.log) where there is no journal)
    and returns all that belongs to one message - how it came in, under which TLS session, and where it went.
  - Log lines about a TLS session carry no queue ID. They are joined by process and host name.
  - Only looks. It needs the right to read the log, usually root's.
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the same as without it.
    support: full
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: N/A
    details: This module changes nothing.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
options:
  message_id:
    description:
      - The message's C(Message-ID), as it stands in the header, angle brackets included.
      - Exactly one of O(message_id) and O(queue_id) is required.
    type: str
  queue_id:
    description: The message's queue ID on this host.
    type: str
  since:
    description: How many seconds to look back.
    type: int
    default: 3600
  timeout:
    description:
      - Wait at most this many seconds until the log shows that the message was delivered or refused.
      - With V(0) the log is read once.
    type: int
    default: 0
seealso:
  - module: mailtls.relay.mail_canary
"""

EXAMPLES = r"""
- name: Read what became of a canary on the host where its mailbox is
  mailtls.relay.mail_log_info:
    message_id: "{{ __canary.message_id }}"
    since: 120
    timeout: 30
  delegate_to: mta2.example.test
  register: __evidence
"""

RETURN = r"""
records:
  description: The records in the order of the log. Empty when this host does not know the message.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(receipt) (C(from=)), V(delivery) (C(to=)), V(tls) (C(STARTTLS=)) or V(refusal) (C(ruleset=)).
      type: str
    pid:
      description: The process that wrote it.
      type: int
    time:
      description: Seconds since 1970, V(null) where the log does not say it exactly.
      type: float
    queue_id:
      description: The queue ID on this host. Not with RV(records[].kind=tls).
      type: str
    relay:
      description: The other host, as sendmail writes it.
      type: str
    sender:
      description: The envelope sender. Only with RV(records[].kind=receipt).
      type: str
    message_id:
      description: The C(Message-ID). Only with RV(records[].kind=receipt).
      type: str
    proto:
      description: V(ESMTPS) if it came through TLS, V(ESMTP) if not. Only with RV(records[].kind=receipt).
      type: str
    under_tls:
      description: Whether it came through TLS. Only with RV(records[].kind=receipt).
      type: bool
    recipients:
      description: Whom this attempt was for. Only with RV(records[].kind=delivery).
      type: str
    mailer:
      description: Sendmail's mailer. Only with RV(records[].kind=delivery).
      type: str
    dsn:
      description: The status code. Only with RV(records[].kind=delivery).
      type: str
    stat:
      description: Sendmail's own words about this attempt. Only with RV(records[].kind=delivery).
      type: str
    reply:
      description: The other host's words, where sendmail logs them. Only with RV(records[].kind=delivery).
      type: str
    sent:
      description: Whether it was accepted. Only with RV(records[].kind=delivery).
      type: bool
    refused:
      description: Whether it was refused for good. Only with RV(records[].kind=delivery).
      type: bool
    final:
      description: Whether the mailer ends on this host (a mailbox). Only with RV(records[].kind=delivery).
      type: bool
    remote_queue_id:
      description: The next host's queue ID, if it told one. Only with RV(records[].kind=delivery).
      type: str
    role:
      description: V(client) or V(server). Only with RV(records[].kind=tls).
      type: str
    version:
      description: The TLS version. Only with RV(records[].kind=tls).
      type: str
    verify:
      description: What sendmail thinks of the other host's certificate. Only with RV(records[].kind=tls).
      type: str
    cipher:
      description: The cipher suite. Only with RV(records[].kind=tls).
      type: str
    bits:
      description: The cipher's strength. Only with RV(records[].kind=tls).
      type: int
    ruleset:
      description: The ruleset that refused. Only with RV(records[].kind=refusal).
      type: str
    reject:
      description: Its words. Only with RV(records[].kind=refusal).
      type: str
  sample:
    - {kind: receipt, queue_id: 6ANIRtID000237, proto: ESMTPS, under_tls: true, relay: "mta1.example.test [192.0.2.1]"}
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.maillog import Delivery, Record, of_message, parse_records, render_record
from ..module_utils._host.journal import read_lines

OPTIONS: dict[str, t.Any] = {
    "message_id": {"type": "str"},
    "queue_id": {"type": "str"},
    "since": {"type": "int", "default": 3600},
    "timeout": {"type": "int", "default": 0},
}
_PAUSE = 1.0


def _watch(message_id: str, queue_id: str, since: float, deadline: float) -> tuple[Record, ...]:
    while True:
        found = of_message(parse_records(read_lines(since)), message_id=message_id, queue_id=queue_id)
        done = any(isinstance(item, Delivery) and (item.sent or item.refused) for item in found)
        if done or time.monotonic() + _PAUSE > deadline:
            return found
        time.sleep(_PAUSE)


def main() -> None:
    module = AnsibleModule(
        OPTIONS,
        supports_check_mode=True,
        mutually_exclusive=[("message_id", "queue_id")],
        required_one_of=[("message_id", "queue_id")],
    )
    options = module.params
    since = time.time() - options["since"]
    try:
        found = _watch(
            options["message_id"] or "", options["queue_id"] or "", since, time.monotonic() + options["timeout"]
        )
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, records=[render_record(item) for item in found])


if __name__ == "__main__":
    main()
