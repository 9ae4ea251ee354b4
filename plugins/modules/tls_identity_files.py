#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tls_identity_files
short_description: Install key, certificate and CA bundle of a mail relay together
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Installs C(host.key) (mode 0600), C(host.crt) and C(ca.crt) (0644) and an empty C(ca.d) (0700), all of root, in one
    folder (0755), as sendmail accepts them.
  - All files are built aside and checked with OpenSSL, then renamed one directly after the other. When the module is
    killed between two renames, M(mailtls.relay.tls_identity_info) tells that key and certificate do not match.
  - Refuses a folder above that others can write to, for sendmail would silently offer no STARTTLS.
  - Needs only the Python standard library on the host, and root.
options:
  directory:
    description: The folder; it is made when it is missing, with those above it.
    type: path
    default: /etc/mail/certs
  key:
    description:
      - The private key as PEM text, without passphrase. Needs O(certificate) too.
      - When missing, the installed key is kept.
    type: str
  certificate:
    description:
      - The certificate as PEM text. sendmail reads the first one only, so intermediates belong into O(ca).
      - When missing, the installed certificate is kept.
    type: str
  ca:
    description:
      - Intermediates of the own chain and the CAs to trust, as PEM text.
      - When missing, the installed file is kept.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and tell what would change.
    support: full
  diff_mode:
    description: Shows what has changed in diff mode.
    support: full
    details: Shows what the certificates say, owners and modes; of the key only whether it is a new one.
  platform:
    description: Systems the module works on.
    platforms: linux
    support: full
seealso:
  - module: mailtls.relay.tls_identity_info
"""

EXAMPLES = r"""
- name: Ensure the identity is in place
  mailtls.relay.tls_identity_files:
    key: "{{ lookup('ansible.builtin.unvault', 'mta1.key') }}"
    certificate: "{{ lookup('ansible.builtin.file', 'mta1.crt') }}"
    ca: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
  become: true

- name: Ensure owners and modes are as sendmail accepts them
  mailtls.relay.tls_identity_files:
  become: true
"""

RETURN = r"""
directory:
  description: The folder.
  type: str
  returned: always
written:
  description: Names of what was made or replaced; the empty name is the folder itself.
  type: list
  elements: str
  returned: always
  sample: [host.key, host.crt]
repaired:
  description: What had another owner, group or mode.
  type: list
  elements: str
  returned: always
  sample: ["/etc/mail/certs/host.key is root:root 0640, not root:root 0600"]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import identity as layout
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.identity import Change, Identity
from ..module_utils._host import identity_folder, keypair

OPTIONS: dict[str, dict[str, t.Any]] = {
    "directory": {"type": "path", "default": "/etc/mail/certs"},
    "key": {"type": "str", "no_log": True},
    "certificate": {"type": "str"},
    "ca": {"type": "str"},
}
Contents = dict[str, t.Optional[bytes]]


def read_wish(params: t.Mapping[str, str | None]) -> Contents:
    options = {layout.KEY: "key", layout.CERTIFICATE: "certificate", layout.CA: "ca"}
    texts = {name: params[option] for name, option in options.items()}
    return {name: text.rstrip().encode() + b"\n" if text is not None else None for name, text in texts.items()}


def refuse(present: Identity, contents: Contents) -> None:
    """Stop before anything is touched, in check mode as well."""
    reasons = layout.judge_surroundings(present)
    if reasons:
        raise MailtlsError(" ".join(reasons).rstrip("."))
    problem = identity_folder.keypair_problem(contents)
    if problem:
        remedy = "Give a key without passphrase and the certificate made for it."
        raise MailtlsError(f"key and certificate cannot be used: {problem}", where=present.directory, remedy=remedy)
    problem = identity_folder.ca_problem(contents)
    if problem:
        raise MailtlsError(f"the CA file cannot be used: {problem}", where=present.directory, remedy="Give PEM text.")


def render_diff(present: Identity, change: Change, contents: Contents) -> dict[str, str]:
    names = (layout.CERTIFICATE, layout.CA)
    before = {layout.CERTIFICATE: keypair.describe(present.certificate), layout.CA: keypair.describe(present.ca)}
    after = {name: keypair.describe((contents[name] or b"").decode(errors="replace")) for name in names}
    wished = {name: layout.desired_entry(present.directory, name) for name in layout.LAYOUT}
    kept = "private key: as it is (never shown)"
    new = "private key: a new one (never shown)" if layout.KEY in change.written else kept
    return {
        "before_header": present.directory,
        "after_header": present.directory,
        "before": layout.render_listing(present.entries, before, kept),
        "after": layout.render_listing(wished, after, new),
    }


def converge(module: AnsibleModule) -> dict[str, t.Any]:
    directory = os.path.normpath(module.params["directory"])
    actual = identity_folder.read_contents(directory)
    present = identity_folder.read_identity(directory, actual)
    wish = read_wish(module.params)
    contents = {name: actual[name] if wish[name] is None else wish[name] for name in wish}
    change = layout.plan(present, wish, actual)
    refuse(present, contents)
    answer = {"changed": change is not None, "directory": directory, "written": [], "repaired": []}
    if change is None:
        return answer
    drift = [layout.describe_drift(present, name) for name in change.repaired]
    if not module.check_mode:
        identity_folder.install(present, change, contents)
    return {**answer, "written": change.written, "repaired": drift, "diff": render_diff(present, change, contents)}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True, required_together=[("key", "certificate")])
    try:
        answer = converge(module)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    for drift in answer["repaired"]:
        module.warn(f"{drift}: sendmail may have refused it")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
