#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_local_mail: bounces have a reader, and the queue of local programs has a runner."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_local_mail
short_description: Give bounces a reader and locally submitted mail a queue runner
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Adds C(postmaster) and C(mailer-daemon) to C(/etc/aliases) where they are missing and no user is called so. Lines
    that are there are never changed. The database is built aside, checked by sendmail, and swapped in, younger than
    the text, so that Debian's C(make) has nothing to do afterwards.
  - Lets Debian's C(update_conf) write C(/etc/cron.d/sendmail) where the job is missing that runs the queue of local
    programs. That happens when cron was installed after sendmail.
requirements:
  - Debian 11, 12 or 13 with package sendmail-bin on the host
options:
  root_alias:
    description:
      - Who reads root's mail, a user or an address, several with commas between them.
      - Empty leaves it to what is there - root's own mailbox, or a line of yours.
    type: str
    default: ""
attributes:
  check_mode:
    description: Shows the lines that would be added; where sendmail is missing, what its package would leave to do.
    support: full
  diff_mode:
    description: Shows the aliases.
    support: full
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
seealso:
  - module: mailtls.relay.sendmail_info
"""

EXAMPLES = r"""
- name: Ensure bounces have a reader
  mailtls.relay.sendmail_local_mail:
    root_alias: ops@example.test
"""

RETURN = r"""
aliases_changed:
  description: Whether the aliases or their database were written, or would be.
  returned: always
  type: bool
runner_mended:
  description: Whether Debian's crontab was written anew, or would be.
  returned: always
  type: bool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import files, localmail

_OPTIONS = {"root_alias": {"type": "str", "default": ""}}
_FOLDER = "/etc/mail"


def converge(root_alias: str, *, dry: bool) -> dict[str, t.Any]:
    """Do it, or when ``dry`` only tell."""
    present, wished = localmail.read_aliases(), localmail.plan_aliases(root_alias)
    mend = localmail.read_runner().mendable
    if not dry:
        with files.locked(_FOLDER):
            if wished is not None:
                localmail.write_aliases(wished)
            if mend:
                localmail.mend_runner()
    return {
        "changed": mend or wished is not None,
        "aliases_changed": wished is not None,
        "runner_mended": mend,
        "diff": {
            "before_header": "/etc/aliases",
            "after_header": "/etc/aliases",
            "before": present,
            "after": present if wished is None else wished,
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        result = converge(module.params["root_alias"], dry=module.check_mode)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
