#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_origin: what was there before is judged, kept once, and put back when asked."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_origin
short_description: Keep what a mail server was before, and put it back byte for byte
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - With O(state=kept), judges a C(sendmail.mc) that this collection did not write, and keeps the files before they are
    changed for the first time. What only Debian's package wrote is kept without a question.
  - Anything else is refused with what would become of each statement and row, until O(takeover) is true.
  - Refused in any case are statements that would open TLS, a smart host that O(content) does not have, and
    statements that O(content) neither holds nor names in a line that begins with C(dnl).
  - With O(state=restored), puts the files back with their content, mode, owner and time, removes what was not there,
    makes the daemon read them, proves that it runs, and forgets what was kept. Mail in the queue stays.
options:
  state:
    description: Whether what is there shall be kept, or what was kept shall be put back.
    type: str
    choices: [kept, restored]
    default: kept
  content:
    description: The mc text that is about to be written.
    type: str
    default: ""
  entries:
    description: The entries of the access map that are about to be written.
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description: As in M(mailtls.relay.sendmail_map).
        type: str
        required: true
      value:
        description: As in M(mailtls.relay.sendmail_map).
        type: str
        required: true
  dns_risk_accepted:
    description: As in M(mailtls.relay.sendmail_map).
    type: list
    elements: str
    default: []
  takeover:
    description: Whether somebody else's configuration may be replaced.
    type: bool
    default: false
  import_access:
    description: Whether M(mailtls.relay.sendmail_map) will import foreign rows of the access map.
    type: bool
    default: true
  files:
    description: Everything that may be changed and shall be kept.
    type: list
    elements: path
    default: [/etc/mail/sendmail.mc, /etc/mail/sendmail.cf, /etc/mail/access, /etc/mail/access.db]
  folder:
    description: Where it is kept, in a folder that only root can read.
    type: path
    default: /etc/mail/before-mailtls
  mc:
    description: The mc file.
    type: path
    default: /etc/mail/sendmail.mc
  cf:
    description: The cf file.
    type: path
    default: /etc/mail/sendmail.cf
  access:
    description: The text of the access map.
    type: path
    default: /etc/mail/access
  service:
    description: The name of the service.
    type: str
    default: sendmail
  pid_file:
    description: Where the daemon writes its process number.
    type: path
    default: /run/sendmail/mta/sendmail.pid
attributes:
  check_mode:
    description: Judges and refuses all the same, and keeps or puts back nothing.
    support: full
  diff_mode:
    description: Shows what becomes of each statement and row, or which files are put back. Passwords are hidden.
    support: full
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
"""

EXAMPLES = r"""
- name: Keep what was there
  mailtls.relay.sendmail_origin:
    content: "{{ lookup('ansible.builtin.template', 'sendmail.mc.j2') }}"
    takeover: true

- name: Put it back
  mailtls.relay.sendmail_origin:
    state: restored
"""

RETURN = r"""
report:
  description: What becomes of each foreign statement and row, in words; empty when there is none.
  returned: when O(state=kept)
  type: str
imported:
  description: Keys of the access map that live on.
  returned: when O(state=kept)
  type: list
  elements: str
overruled:
  description: Keys of the old access map to which the variables give another value.
  returned: when O(state=kept)
  type: list
  elements: str
restored:
  description: The files that were put back or removed.
  returned: when O(state=restored)
  type: list
  elements: str
pid:
  description: The daemon that runs now, 0 when none does or in check mode.
  returned: when O(state=restored)
  type: int
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import access, imported, mapfile
from ..module_utils._core import origin as core
from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import archive as host
from ..module_utils._host import compile as compiler
from ..module_utils._host import files, service

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["kept", "restored"], "default": "kept"},
    "content": {"type": "str", "default": ""},
    "entries": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "required": True},
        },
    },
    "dns_risk_accepted": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "takeover": {"type": "bool", "default": False},
    "import_access": {"type": "bool", "default": True},
    "files": {
        "type": "list",
        "elements": "path",
        "default": ["/etc/mail/sendmail.mc", "/etc/mail/sendmail.cf", "/etc/mail/access", "/etc/mail/access.db"],
    },
    "folder": {"type": "path", "default": "/etc/mail/before-mailtls"},
    "mc": {"type": "path", "default": "/etc/mail/sendmail.mc"},
    "cf": {"type": "path", "default": "/etc/mail/sendmail.cf"},
    "access": {"type": "path", "default": "/etc/mail/access"},
    "service": {"type": "str", "default": "sendmail"},
    "pid_file": {"type": "path", "default": "/run/sendmail/mta/sendmail.pid"},
}


def read_text(path: str) -> str | None:
    """The text of a file, undecodable bytes kept apart, or None."""
    found = files.read_bytes(path)
    return None if found is None else found.decode(errors="surrogateescape")


def read_map(wish: t.Mapping[str, t.Any]) -> imported.Import:
    """What the access map would hold; raises for rows that cannot live on."""
    text = read_text(wish["access"])
    accepted = {key.lower() for key in wish["dns_risk_accepted"]}
    entries = access.parse_entries(wish["entries"], "entries", accepted)
    if text is None and os.path.exists(f"{wish['access']}.db"):
        raise MailtlsError(
            f"there is a database {wish['access']}.db, but no text that explains it",
            where=wish["access"],
            remedy=f"Write it: makemap -u hash {wish['access']}.db > {wish['access']}. Nothing was changed.",
        )
    if text is None or mapfile.is_managed(text) or not wish["import_access"]:
        return imported.Import(entries)
    return imported.merge(entries, text, wish["access"])


def judge(wish: t.Mapping[str, t.Any], text: str | None, merged: imported.Import) -> core.Judgement:
    """What becomes of everything there; raises for what cannot be taken over at all."""
    built = compiler.build(text, wish["mc"]).text if text is not None and compiler.is_present() else None
    rows = [imported.render_row(row) for row in merged.entries if row.key in merged.imported]
    rows += [f"{key} (a variable says otherwise)" for key in merged.overruled]
    return core.judge(core.Present(text, read_text(wish["cf"]), built, rows), wish["content"], wish["mc"])


def refuse_changed(wish: t.Mapping[str, t.Any], kept: host.Origin) -> None:
    """Raise when somebody has changed what was kept; their work would neither be kept nor live on."""
    for path in (wish["mc"], wish["access"]):
        if host.look(path).sum != host.find(kept, path).sum and not mapfile.is_managed(read_text(path) or ""):
            raise MailtlsError(
                f"was changed since {wish['folder']} was made, but not by this collection",
                where=path,
                remedy="Save it elsewhere, put back what was kept (playbook revert), then make the change again."
                " Nothing was changed.",
            )


def keep(wish: t.Mapping[str, t.Any], *, dry: bool) -> dict[str, t.Any]:
    """Judge, refuse, keep; nothing of it when the mc there is our own."""
    text = read_text(wish["mc"])
    kept = host.read(wish["folder"])
    # Ours; or the package was installed anew.
    if (text is not None and not core.is_foreign(text)) or (kept and core.is_nobodys(text, wish["mc"])):
        return {"changed": False, "report": "", "imported": [], "overruled": []}
    if kept:
        refuse_changed(wish, kept)
        # A run was cut short, and what is there may be ours in part: the copies are what was there before.
        wish = {**wish, **{name: host.copy_of(wish["folder"], wish[name]) for name in ("cf", "access")}}
    merged = read_map(wish)
    judgement = judge(wish, text, merged)
    stop = core.render_stop(judgement, takeover=wish["takeover"])
    if stop:
        raise MailtlsError(stop)
    if not kept and not dry:
        active = service.find_daemon(wish["pid_file"]) is not None
        items = tuple(host.look(path) for path in wish["files"])
        host.keep(wish["folder"], host.Origin(items, active, service.is_enabled(wish["service"])))
    report = core.render_diff(judgement)
    shown = {"prepared": report} if report else {}
    lists = {"imported": list(merged.imported), "overruled": list(merged.overruled)}
    return {"changed": not kept, "report": report, "diff": shown, **lists}


def restore(wish: t.Mapping[str, t.Any], *, dry: bool) -> dict[str, t.Any]:
    """Put everything back and make the daemon read it; what was kept is forgotten last, so a killed run goes on."""
    origin = host.read(wish["folder"])
    if origin is None:
        return {"changed": False, "restored": [], "pid": 0}
    differing = [item for item in origin.items if host.look(item.path) != item]
    pid = 0
    if not dry:
        with files.locked(os.path.dirname(wish["folder"])):
            # The mc last: by it a run knows the host, and would take what is half put back for what was there before.
            for item in sorted(differing, key=lambda item: item.path == wish["mc"]):
                host.restore(wish["folder"], item)
            pid = settle(wish, origin)
            host.forget(wish["folder"])
    paths = [item.path for item in differing]
    shown = "".join(f"{'removed' if item.kind == 'absent' else 'put back'}: {item.path}\n" for item in differing)
    return {"changed": True, "restored": paths, "pid": pid, "diff": {"prepared": shown}}


def settle(wish: t.Mapping[str, t.Any], origin: host.Origin) -> int:
    """Make the daemon run what was put back, or stop it where none ran; returns its process number."""
    running = service.find_daemon(wish["pid_file"])
    service.set_enabled(wish["service"], origin.enabled)
    if not origin.active:
        service.stop(wish["service"], wish["pid_file"])
        return 0
    # A restart, because HUP would keep the arguments that Debian takes from sendmail.conf.
    started = service.start(wish["service"], wish["pid_file"])
    if running is None or started.pid != running.pid:
        return started.pid
    # It did nothing (a container without CAP_SYS_PTRACE). The new process is waited for; it has read what was put back.
    return service.reload(running, wish["pid_file"], 0).pid


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    act = keep if module.params["state"] == "kept" else restore
    try:
        result = act(module.params, dry=module.check_mode)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
