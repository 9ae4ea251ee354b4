#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_daemon: the daemon runs what is on disk, and EHLO proves it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_daemon
short_description: Make the sendmail daemon run what is on disk, and prove that STARTTLS is offered
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Starts the service when no daemon runs. Sends HUP when one of O(files) changed after the daemon started. Both are
    proven by the new process, not by what systemd says. Notification plays no part, so a play that was killed is
    completed by the next.
  - A daemon that runs outside of O(service), with whatever it was started with, is ended, and the service is started.
    What a restart left that could not end the old daemon (without CAP_SYS_PTRACE Debian's init script ends nothing and
    says that it did) is put in order, and the daemon reads everything anew.
  - HUP leaves the daemon its arguments. So where it runs the queue at another interval than O(queue_interval), or has
    another cf (C(-C)), options (C(-O), C(-o)) or macros (C(-M)) among them, it is ended and started anew. The same
    where it was not called by its full path, because sendmail ends on HUP then.
  - Then asks with EHLO, on every run and on every address other hosts can reach, whether STARTTLS is offered, because
    sendmail stays active with TLS silently off. The questions come from V(127.0.0.1) and V(::1), which the access map
    must not slow down.
  - Where STARTTLS is offered, the certificate that is shown is compared with the one in O(certificate_file).
  - If STARTTLS is missing, or another certificate is shown, although nothing on disk looks newer than the daemon, makes
    it read them once more, which helps when only the mode of a folder was repaired, or a symbolic link leads elsewhere.
  - An address that gives no answer, or is throttled, is asked again until O(timeout), and then counts as
    inconclusive, which is a failure. Where the daemon rejects connections because of the load (C(RefuseLA)), that is
    said.
options:
  files:
    description: The files the daemon reads only at its start. All must be there, but not yet in check mode.
    type: list
    elements: path
    required: true
  files_pending:
    description:
      - Whether earlier tasks of this run would change one of O(files).
      - Needed in check mode only, where those tasks leave no trace on disk.
    type: bool
    default: false
  listeners:
    description: Where it listens, as in the role's C(sendmail_listeners).
    type: list
    elements: dict
    required: true
    suboptions:
      family:
        description: IPv4 or IPv6.
        type: str
        choices: [inet, inet6]
        required: true
      address:
        description: One address; empty for every one.
        type: str
        default: ""
      port:
        description: The TCP port.
        type: int
        default: 25
  starttls_offered:
    description: Whether STARTTLS shall be offered.
    type: bool
    default: true
  certificate_file:
    description: The certificate that must be shown, PEM; not compared when empty.
    type: path
    default: ""
  queue_interval:
    description:
      - How often the daemon shall run the queue, as in C(10m); M(mailtls.relay.sendmail_conf) makes the service
        start it so.
      - Empty when something else runs the queue.
    type: str
    default: ""
  service:
    description: The name of the service.
    type: str
    default: sendmail
  pid_file:
    description: Where the daemon writes its process number.
    type: path
    default: /run/sendmail/mta/sendmail.pid
  timeout:
    description: How many seconds the proof may take in all.
    type: int
    default: 60
attributes:
  check_mode:
    description: Tells by processes, arguments and times whether the daemon would be started, restarted or reloaded.
    details: Asks nothing with EHLO, because what earlier tasks would change, the access map too, has not changed yet.
      So nothing is proven, and a reload for which only the answers would be a reason is not foretold.
    support: partial
  diff_mode:
    description: Shows the action.
    support: full
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
"""

EXAMPLES = r"""
- name: Ensure the daemon runs what is on disk and offers STARTTLS
  mailtls.relay.sendmail_daemon:
    files: [/etc/mail/sendmail.cf, /etc/mail/certs/host.crt, /etc/mail/certs/host.key, /etc/mail/certs/ca.crt]
    listeners:
      - family: inet
      - family: inet6
"""

RETURN = r"""
pid:
  description: The daemon's process number, 0 in check mode when none runs.
  returned: always
  type: int
action:
  description: What was done, or would be - V(none), V(started), V(restarted) or V(reloaded).
  returned: always
  type: str
proven:
  description: The addresses and ports that were asked and answered as wished.
  returned: when not in check mode
  type: list
  elements: str
  sample: ["192.0.2.10:25", "[2001:db8::10]:25"]
starttls_offered:
  description: What they answered.
  returned: when not in check mode
  type: bool
"""

import math
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import daemon as core
from ..module_utils._core import listener
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.process import Choice
from ..module_utils._host import service as host
from ..module_utils._host.proof import prove

_OPTIONS = {
    "files": {"type": "list", "elements": "path", "required": True},
    "files_pending": {"type": "bool", "default": False},
    "listeners": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "family": {"type": "str", "required": True, "choices": ["inet", "inet6"]},
            "address": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 25},
        },
    },
    "starttls_offered": {"type": "bool", "default": True},
    "certificate_file": {"type": "path", "default": ""},
    "queue_interval": {"type": "str", "default": ""},
    "service": {"type": "str", "default": "sendmail"},
    "pid_file": {"type": "path", "default": "/run/sendmail/mta/sendmail.pid"},
    "timeout": {"type": "int", "default": 60},
}
_ACTIONS = {
    core.NONE: "the daemon runs what is on disk\n",
    core.STARTED: "no daemon runs\n",
    core.RELOADED: "the daemon runs what was on disk before\n",
    core.RESTARTED: "the daemon runs outside of the service, or with other arguments than the service gives\n",
}


def plan(choice: Choice, newest: float, wish: t.Mapping[str, t.Any]) -> str:
    """What makes the daemon of ``choice`` run what is on disk as the service's own."""
    if choice.fault and not choice.reload_helps:
        return core.RESTARTED
    # One that is left of an earlier start may have read anything.
    return core.plan(daemon_of(choice, wish), math.inf if choice.fault else newest, wish["queue_interval"])


def daemon_of(choice: Choice, wish: t.Mapping[str, t.Any]) -> core.Daemon | None:
    found = choice.daemon
    return core.Daemon(found.pid, found.started, host.read_command(wish["pid_file"], found.pid)) if found else None


def act(action: str, wish: t.Mapping[str, t.Any], choice: Choice, newest: float) -> core.Daemon:
    """Start, restart or reload, and return the daemon that runs now."""
    running = daemon_of(choice, wish)
    host.end(choice.surplus)
    if running and action == core.RESTARTED:
        host.end([running.pid])
    if running is None or action == core.RESTARTED:
        daemon = host.start(wish["service"], wish["pid_file"])
        core.refuse_old_arguments(daemon, wish["queue_interval"], wish["pid_file"])
        return daemon
    return running if action == core.NONE else host.reload(running, wish["pid_file"], newest)


def examine(wish: t.Mapping[str, t.Any], daemon: core.Daemon) -> list[core.Answer]:
    """Ask every address; raises when a socket that was asked for is not there, or closed because of the load."""
    missing, answers = prove(listener.parse_listeners(wish["listeners"]), wish["timeout"])
    if missing or not all(answer.known for answer in answers):
        core.refuse_busy(host.read_title(daemon.pid), host.read_options(wish["files"]), f"process {daemon.pid}")
    if missing:
        reasons = core.parse_reasons(host.read_log(daemon.started))
        raise core.explain_missing([str(item) for item in missing], reasons, host.LOG)
    return answers


def converge(wish: t.Mapping[str, t.Any], *, dry: bool) -> dict[str, t.Any]:
    """Make the daemon run what is on disk and prove it, or when ``dry`` only tell."""
    times = host.read_times(wish["files"])
    choice, newest = host.look(wish["pid_file"], wish["service"]), max(times.values(), default=0.0)
    if dry:
        pending = time.time() if wish["files_pending"] else newest
        return describe(plan(choice, pending, wish), daemon_of(choice, wish))
    action, offered, certificate = plan(choice, newest, wish), wish["starttls_offered"], wish["certificate_file"]
    core.refuse_absent(wish["files"], times)
    core.refuse_future(times, time.time())
    shown = host.read_fingerprint(certificate) if certificate else ""
    daemon = act(action, wish, choice, newest)
    answers = examine(wish, daemon)
    if offered and action == core.NONE and core.judge(answers, offered, shown) == core.FAIL:
        # A repaired folder, or a link to an older file, leaves no trace in the times; a new look of sendmail's tells.
        action = plan(choice, math.inf, wish)
        daemon = act(action, wish, choice, newest)
        answers = examine(wish, daemon)
    if core.judge(answers, offered) != core.PASS:
        raise core.explain(answers, offered, core.parse_reasons(host.read_log(daemon.started)), host.LOG)
    if core.find_others(answers, shown):
        raise core.explain_certificate(answers, shown, certificate)
    proven = [answer.place for answer in answers]
    return {**describe(action, daemon), "proven": proven, "starttls_offered": offered}


def describe(action: str, daemon: core.Daemon | None) -> dict[str, t.Any]:
    """What the user gets to see of it."""
    return {
        "changed": action != core.NONE,
        "action": action,
        "pid": daemon.pid if daemon else 0,
        "diff": {"before": _ACTIONS[action], "after": _ACTIONS[core.NONE]},
    }


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
