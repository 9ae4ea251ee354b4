#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_conf: how often the queue is run, in Debian's own settings of the service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_conf
short_description: Say in Debian's sendmail.conf how often the queue is run
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Sets C(QUEUE_INTERVAL) in C(/etc/mail/sendmail.conf), from which Debian's init script takes the arguments of the
    daemon. The file is built aside and renamed into place.
  - Every other line stays as it is. The file keeps its time of change, so that Debian's C(make -C /etc/mail) does not
    write C(/etc/cron.d/sendmail) anew, which would come out the same.
  - Refused where C(DAEMON_MODE) or C(QUEUE_MODE) leave the queue to cron or to nobody.
  - Does not touch the running daemon; M(mailtls.relay.sendmail_daemon) does.
options:
  queue_interval:
    description: The time between two runs of the queue, as in C(10m).
    type: str
    required: true
  path:
    description: The file.
    type: path
    default: /etc/mail/sendmail.conf
attributes:
  check_mode:
    description: Can run in check mode and tell what would change. Where sendmail is not installed yet, it reckons with
      the interval that Debian's package brings, C(10m).
    support: full
  diff_mode:
    description: Shows the line before and after.
    support: full
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
"""

EXAMPLES = r"""
- name: Ensure held mail is tried again every five minutes
  mailtls.relay.sendmail_conf:
    queue_interval: 5m
"""

RETURN = r"""
queue_interval:
  description: What the file said before.
  returned: always
  type: str
"""

import os
import typing as t
from contextlib import nullcontext

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import conf
from ..module_utils._core.duration import parse
from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import files

_OPTIONS = {
    "queue_interval": {"type": "str", "required": True},
    "path": {"type": "path", "default": "/etc/mail/sendmail.conf"},
}
_PACKAGED = f'{conf.INTERVAL}="10m";\n'


def read_text(path: str, *, guess: bool) -> str:
    """The file's text; ``guess`` allows that of the package where there is none yet."""
    found = files.read_bytes(path)
    if found is None and not guess:
        raise MailtlsError("there is no such file", where=path, remedy="Install sendmail first.")
    return _PACKAGED if found is None else found.decode(errors="surrogateescape")


def converge(wish: t.Mapping[str, t.Any], *, dry: bool) -> dict[str, t.Any]:
    """Do it, or when ``dry`` only tell."""
    path, interval = wish["path"], parse(wish["queue_interval"], "queue_interval").word
    with nullcontext() if dry else files.locked(os.path.dirname(path)):
        text = read_text(path, guess=dry)
        present = conf.read_value(text, conf.INTERVAL)
        if present != interval:
            conf.refuse_other_runners(text, path)
            if not dry:
                put_in_force(path, conf.with_value(text, conf.INTERVAL, interval))
    lines = {side: f"{conf.INTERVAL}={value}\n" for side, value in (("before", present), ("after", interval))}
    diff = {**lines, "before_header": path, "after_header": path}
    return {"changed": present != interval, "queue_interval": present, "diff": diff}


def put_in_force(path: str, text: str) -> None:
    """Swap the text in, with the owner, mode and time of the file it replaces."""
    status, access = os.stat(path), files.read_access(path)
    aside = files.write_aside(
        path, text.encode(errors="surrogateescape"), access or files.Access("root", "root", 0o644)
    )
    os.utime(aside, ns=(status.st_atime_ns, status.st_mtime_ns))
    files.swap(aside, path)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        result = converge(module.params, dry=module.check_mode)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
