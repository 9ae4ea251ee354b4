#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_info: one look at a host before anything is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_info
short_description: Look at a host that is or shall become a sendmail relay
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Reads which packages are there, how the host is called, what its kernel can do, and whether certificate, key and
    CA file fit together.
  - Changes nothing. Never returns anything of the key.
requirements:
  - Debian 11, 12 or 13 on the host
options:
  packages:
    description: The packages that are needed.
    type: list
    elements: str
    default: [sendmail-bin]
  version_package:
    description: The package whose version is sendmail's.
    type: str
    default: sendmail-bin
  certificate_file:
    description: A certificate to look at, PEM; empty for none.
    type: path
    default: ""
  key_file:
    description: Its key, PEM without a passphrase; empty for none.
    type: path
    default: ""
  ca_file:
    description: The CA certificates, PEM; empty for none.
    type: path
    default: ""
  root_alias:
    description: Who shall read root's mail, as in M(mailtls.relay.sendmail_local_mail).
    type: str
    default: ""
  mc:
    description: The mc file.
    type: path
    default: /etc/mail/sendmail.mc
  service:
    description: The name of sendmail's service; empty when nobody wants to know of it.
    type: str
    default: ""
  next_hops:
    description: Names of next hops, for which sendmail is asked to which hosts mail would go.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Works in check mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
"""

EXAMPLES = r"""
- name: Read what is there
  mailtls.relay.sendmail_info:
    packages: [sendmail, sendmail-bin, sendmail-cf, m4, make]
    certificate_file: /etc/mail/certs/host.crt
    key_file: /etc/mail/certs/host.key
  register: relay
"""

RETURN = r"""
installed:
  description: Whether every package of O(packages) is installed.
  returned: always
  type: bool
missing:
  description: Those that are not.
  returned: always
  type: list
  elements: str
other_mtas:
  description: Packages that are there, whole or not, and would have to go for sendmail, because they provide
    C(mail-transport-agent) too.
  returned: always
  type: list
  elements: str
  sample: [exim4-daemon-light]
version:
  description: sendmail's version, empty when it is not installed.
  returned: always
  type: str
  sample: 8.17.1.9
fqdn:
  description: The host's qualified name as sendmail finds it; empty when there is none, and then sendmail waits 60
    seconds at each start.
  returned: always
  type: str
  sample: mta1.example.test
tools:
  description: Path of C(sendmail), C(m4), C(makemap) and C(make); empty when missing.
  returned: always
  type: dict
cf_present:
  description: Whether C(/etc/mail/sendmail.cf) is there.
  returned: always
  type: bool
starts_at_boot:
  description: Whether every package of O(packages) is installed and O(service) starts at boot.
  returned: always
  type: bool
queue_interval:
  description: How often C(/etc/mail/sendmail.conf) says that the queue is run; empty when there is no such file.
  returned: always
  type: str
  sample: 10m
daemon_runs_queue:
  description: Whether C(/etc/mail/sendmail.conf) lets the daemon itself run the queue, and not cron or a process of
    its own.
  returned: always
  type: bool
settings_fault:
  description: What in C(/etc/mail/sendmail.conf) opens or stops a relay whatever its cf says, or what in a file that
    Debian's C(sendmail.mc) includes opens TLS or moves the mail; empty when nothing does.
  returned: always
  type: str
origin_kept:
  description: Whether O(mc) is this collection's own, so that M(mailtls.relay.sendmail_origin) has done its work.
  returned: always
  type: bool
access_map:
  description: The text of the access map that C(/etc/mail/sendmail.cf) names; empty when it names none.
  returned: always
  type: str
  sample: /etc/mail/access
ipv6:
  description: Whether the kernel has IPv6.
  returned: always
  type: bool
v6only:
  description: Whether IPv6 wildcard sockets leave IPv4 alone (C(net.ipv6.bindv6only)).
  returned: always
  type: bool
addresses:
  description: The host's own addresses, loopback included, link-local ones left out.
  returned: always
  type: list
  elements: str
submission_detour:
  description: The host to which C(/etc/mail/submit.cf) hands mail of local programs beside this host's daemon, and so
    beside its TLS policy; empty when it is this host.
  returned: always
  type: str
local_mail:
  description: Mail that stays on this host.
  returned: always
  type: dict
  contains:
    hops:
      description: Next hops on the host itself, of a mailertable in use and of a cf that is not this collection's.
        Each has C(where) it stands, the C(hop), and the C(keys) sendmail asks the access map for.
      type: list
      elements: dict
    submission:
      description: The DaemonPortOptions that open port 587 in a cf that is not this collection's, or in the one that
        was kept; none where there is no such cf.
      type: list
      elements: str
    runner_fault:
      description: What keeps the queue of locally submitted mail from being run; empty when nothing does.
      type: str
    wanting:
      description: Whether M(mailtls.relay.sendmail_local_mail) would change something.
      type: bool
exchanges:
  description: For each name of O(next_hops) the hosts that sendmail would connect to, in its order. A name that DNS
    does not know has none; where DNS does not tell about all of them within a minute, nothing is known of any.
  returned: always
  type: dict
  sample: {"example.org": ["mx1.example.org", "mx2.example.org"]}
certificate_fault:
  description: What keeps certificate, key and CA file from being used together; empty when nothing does.
  returned: always
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import conf
from ..module_utils._core.cf import find_access_map
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.mc import is_managed
from ..module_utils._core.msp import CRONTAB
from ..module_utils._core.package import providers, upstream, versions
from ..module_utils._core.submission import find_detour
from ..module_utils._host import files, localmail, nexthops, presence, service

_OPTIONS = {
    "packages": {"type": "list", "elements": "str", "default": ["sendmail-bin"]},
    "version_package": {"type": "str", "default": "sendmail-bin"},
    "certificate_file": {"type": "path", "default": ""},
    "key_file": {"type": "path", "default": ""},
    "ca_file": {"type": "path", "default": ""},
    "root_alias": {"type": "str", "default": ""},
    "mc": {"type": "path", "default": "/etc/mail/sendmail.mc"},
    "service": {"type": "str", "default": ""},
    "next_hops": {"type": "list", "elements": "str", "default": []},
}
_TOOLS = ("sendmail", "m4", "makemap", "make")
_CF = "/etc/mail/sendmail.cf"
_SUBMIT_CF = "/etc/mail/submit.cf"
_CONF = "/etc/mail/sendmail.conf"
# Debian's network scripts may write them; our sendmail.mc includes them as Debian's does.
_INCLUDED = ("/etc/mail/m4/dialup.m4", "/etc/mail/m4/provider.m4")
# What every Debian package that brings /usr/sbin/sendmail provides and conflicts with (Debian Policy 11.6).
_MTA = "mail-transport-agent"


def read_text(path: str) -> str:
    """The text of a file, empty when there is none."""
    return (files.read_bytes(path) or b"").decode(errors="replace")


def find_settings_fault() -> str:
    """What stands beside the variables and would open or stop the relay; empty when nothing does."""
    text = read_text(_CONF)
    idle = conf.find_idle_cron(text, _CONF, read_text(CRONTAB), alive=localmail.is_alive("cron"))
    included = (conf.find_detour(read_text(path), path) for path in _INCLUDED)
    return conf.find_fault(text, _CONF) or idle or next(filter(None, included), "")


def look(wish: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Read everything at once; raises MailtlsError."""
    packages = presence.read_packages()
    installed = versions(packages)
    host = service.read_host()
    missing = [name for name in wish["packages"] if name not in installed]
    return {
        "installed": not missing,
        "missing": missing,
        "other_mtas": providers(packages, _MTA, besides=[*wish["packages"], wish["version_package"]]),
        "version": upstream(installed.get(wish["version_package"], "")),
        "fqdn": presence.read_fqdn(),
        "tools": presence.find_tools(_TOOLS),
        "cf_present": os.path.exists(_CF),
        "starts_at_boot": bool(wish["service"]) and not missing and service.is_enabled(wish["service"]),
        "queue_interval": conf.read_value(read_text(_CONF), conf.INTERVAL),
        "daemon_runs_queue": conf.runs_queue(read_text(_CONF)),
        "settings_fault": find_settings_fault(),
        "origin_kept": is_managed(read_text(wish["mc"])),
        "access_map": find_access_map(read_text(_CF)),
        "ipv6": host.network.ipv6,
        "v6only": host.network.v6only,
        "addresses": list(host.addresses),
        "submission_detour": find_detour(read_text(_SUBMIT_CF)),
        "local_mail": look_at_local_mail(wish["root_alias"], present=not missing),
        "exchanges": nexthops.read_exchanges(wish["next_hops"]),
        "certificate_fault": presence.find_certificate_fault(
            wish["certificate_file"], wish["key_file"], wish["ca_file"]
        ),
    }


def look_at_local_mail(root_alias: str, *, present: bool) -> dict[str, t.Any]:
    """Where mail goes on this host itself; without the packages there is neither an alias nor a queue to speak of."""
    runner = localmail.read_runner()
    return {
        "hops": localmail.read_hops(),
        "submission": localmail.read_submission(),
        "runner_fault": runner.fault if present else "",
        "wanting": not present or runner.mendable or localmail.plan_aliases(root_alias) is not None,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        found = look(module.params)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
