#!/usr/bin/python

# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_queue_info
short_description: Read what mail waits on this relay, why, and how long already
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Reads the control files of sendmail's queues, that of the daemon and that of local programs (MSP), and counts
    messages by the reason they wait for, with the age of the oldest and the age at which sendmail returns a message to
    its sender (C(Timeout.queuereturn)).
  - The reasons are whole, where C(mailq) cuts them off. Returns neither senders nor recipients but those that a
    reason names. Changes nothing.
notes:
  - Needs root's rights for the queue.
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
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
  cf:
    description: The daemon's cf, which says where its queue is and how long a message may wait.
    type: path
    default: /etc/mail/sendmail.cf
  submit_cf:
    description: The cf of local submission, for its queue.
    type: path
    default: /etc/mail/submit.cf
  messages:
    description:
      - List at most so many messages of each queue in RV(queues[].messages), the oldest first.
      - They name senders and recipients, so with the default none is listed.
    type: int
    default: 0
seealso:
  - module: mailtls.relay.mail_canary
"""

EXAMPLES = r"""
- name: Read what waits
  mailtls.relay.mail_queue_info:
  register: __queue

- name: Read what waits, with the hundred oldest messages
  mailtls.relay.mail_queue_info:
    messages: 100
  register: __queue
"""

RETURN = r"""
queues:
  description: The daemon's queue (V(mta)) and that of local programs (V(msp)).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: V(mta) or V(msp).
      type: str
    folder:
      description: Where it is.
      type: str
    count:
      description: How many messages wait.
      type: int
    oldest_age:
      description: How long the oldest has waited, in seconds.
      type: int
    oldest_id:
      description: Its queue id.
      type: str
    return_after:
      description: After how many seconds sendmail returns a message to its sender.
      type: int
    reasons:
      description: For each reason RV(queues[].reasons[].reason) the count, the age of the oldest and its queue id.
      type: list
      elements: dict
      contains:
        reason:
          description: sendmail's own words, V(not tried yet) where there are none.
          type: str
          sample: "Deferred: 403 4.7.0 encryption too weak 0 less than 128"
        count:
          description: How many messages wait for it.
          type: int
        oldest_age:
          description: How long the oldest of them has waited, in seconds.
          type: int
        oldest_id:
          description: Its queue id.
          type: str
    messages:
      description: The oldest messages, at most O(messages); no quarantined ones.
      type: list
      elements: dict
      contains:
        queue_id:
          description: The queue id.
          type: str
        age:
          description: How long it has waited, in seconds.
          type: int
        tries:
          description: How often sendmail has tried to send it.
          type: int
        reason:
          description: As in RV(queues[].reasons[].reason).
          type: str
        sender:
          description: The envelope sender, empty for a bounce.
          type: str
        recipients:
          description: Those who have not got it yet.
          type: list
          elements: dict
          contains:
            address:
              description: The address.
              type: str
            domain:
              description: The part behind the C(@), in lower case; empty where there is none.
              type: str
            reason:
              description: Why this recipient has not got it; that of the message where sendmail noted none of its own.
              type: str
    quarantined:
      description: How many messages are quarantined; they are in none of the other counts.
      type: int
    unread:
      description: How many could not be read, for example because sendmail was writing them.
      type: int
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import heldmail
from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import files, spool

OPTIONS: dict[str, t.Any] = {
    "cf": {"type": "path", "default": "/etc/mail/sendmail.cf"},
    "submit_cf": {"type": "path", "default": "/etc/mail/submit.cf"},
    "messages": {"type": "int", "default": 0},
}
_MSP_QUEUE = "/var/spool/mqueue-client"


def read(name: str, cf_path: str, default: str, listed: int) -> dict[str, t.Any]:
    """One queue, as its cf describes it."""
    now = time.time()
    cf = (files.read_bytes(cf_path) or b"").decode(errors="replace")
    folder = heldmail.parse_folder(cf) or default
    messages, unread, quarantined = spool.read_queue(folder)
    return {
        "name": name,
        "folder": folder,
        "return_after": heldmail.parse_limit(cf),
        **heldmail.summarise(messages, now),
        "messages": heldmail.list_oldest(messages, now, max(0, listed)),
        "quarantined": quarantined,
        "unread": unread,
    }


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    try:
        queues = [
            read("mta", module.params["cf"], spool.QUEUE, module.params["messages"]),
            read("msp", module.params["submit_cf"], _MSP_QUEUE, module.params["messages"]),
        ]
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, queues=queues)


if __name__ == "__main__":
    main()
