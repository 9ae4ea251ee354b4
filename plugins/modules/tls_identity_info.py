#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_identity_info
short_description: Read the TLS identity that a mail relay has installed
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Reads certificate and CA file, and owner and mode of everything that sendmail looks at before it offers STARTTLS.
  - Tells whether OpenSSL takes key and certificate together. The private key itself is never returned.
  - Needs only the Python standard library on the host, and root.
options:
  directory:
    description: The folder of C(host.key), C(host.crt), C(ca.crt) and C(ca.d).
    type: path
    default: /etc/mail/certs
attributes:
  check_mode:
    description: Can run in check mode and return the same as without.
    support: full
    details: It only looks.
  diff_mode:
    description: Shows what has changed in diff mode.
    support: N/A
    details: It changes nothing.
  platform:
    description: Systems the module works on.
    platforms: posix
    support: full
seealso:
  - module: mailtls.relay.tls_identity_files
  - plugin: mailtls.relay.identity_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the installed identity
  mailtls.relay.tls_identity_info:
  become: true
  register: installed

- name: Refuse a key of another certificate
  ansible.builtin.assert:
    that: installed.keypair_problem | length == 0
    fail_msg: "{{ installed.keypair_problem }}"
"""

RETURN = r"""
directory:
  description: The folder that was read.
  type: str
  returned: always
entries:
  description: The folder itself (empty name), C(ca.d), C(ca.crt), C(host.key) and C(host.crt).
  type: dict
  returned: always
  sample:
    host.key: {path: /etc/mail/certs/host.key, kind: file, owner: root, group: root, mode: "0600"}
parents:
  description: The folders above, nearest first, in the same form.
  type: list
  elements: dict
  returned: always
strays:
  description: What lies in C(ca.d), which has to be empty.
  type: list
  elements: str
  returned: always
certificate:
  description: The certificate file, empty when there is none.
  type: str
  returned: always
not_after:
  description: Until when the first certificate of that file is valid, UTC; empty when that is not known.
  type: str
  returned: always
  sample: "2027-11-30T13:52:31Z"
days_left:
  description: Whole days until then by the relay's clock, less than 0 when it has expired; null when that is not known.
  type: int
  returned: always
  sample: 364
ca:
  description: The CA file, empty when there is none.
  type: str
  returned: always
keypair_problem:
  description: Why OpenSSL does not take key and certificate together; empty when it does.
  type: str
  returned: always
  sample: the key does not belong to the certificate
ca_problem:
  description: Why OpenSSL does not take the CA file; empty when it does.
  type: str
  returned: always
hazards:
  description: What to mend by hand because sendmail refuses it, such as a folder above that others can write to.
  type: list
  elements: str
  returned: always
"""

import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import identity as layout
from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import identity_folder, keypair

OPTIONS: dict[str, dict[str, t.Any]] = {"directory": {"type": "path", "default": "/etc/mail/certs"}}


def lifetime(certificate: str) -> dict[str, t.Any]:
    """Until when a certificate is valid, for people and for comparisons."""
    valid = keypair.period(certificate)
    if valid is None:
        return {"not_after": "", "days_left": None}
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(valid[1]))
    return {"not_after": text, "days_left": int((valid[1] - time.time()) // 86400)}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    directory = os.path.normpath(module.params["directory"])
    try:
        installed = identity_folder.read_identity(directory, identity_folder.read_contents(directory))
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    told = {**installed.to_dict(), **lifetime(installed.certificate)}
    module.exit_json(changed=False, hazards=layout.judge_surroundings(installed), **told)


if __name__ == "__main__":
    main()
