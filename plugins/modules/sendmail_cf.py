#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module sendmail_cf: the mc text becomes sendmail.mc and sendmail.cf."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_cf
short_description: Compile sendmail.mc to sendmail.cf, checked and swapped in at once
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Runs m4 over the text, checks the result, and only then replaces C(sendmail.mc) and C(sendmail.cf), each by a
    rename.
  - The result is, but for the lines that say who built it and when, what Debian's C(make -C /etc/mail) makes of the
    same text.
  - Refused is a result in which the access map is optional (C(-o)) or lacks C(-T<TMPF>), or in which
    C(TLSFallbacktoClear) is on.
  - Refused is a result with which C(sendmail -bt) lets mail go in clear text, to a stranger or to any name or address
    that the result speaks of. It is asked without any access map, and about a stranger with the one of today. So
    O(content) needs a belt in C(LOCAL_TLS_SERVER).
  - Compares what the files say. What Debian's make would find out of date, such as the list of databases that it makes
    of C(sendmail.mc), is made too, so that a start of the service finds nothing to do.
  - A run that was killed half way leaves a whole C(sendmail.cf) and nothing for make, and is completed by the next.
  - Does not touch the running daemon; M(mailtls.relay.sendmail_daemon) does.
requirements:
  - the packages sendmail-bin, sendmail-cf and m4 on the host
options:
  content:
    description: The text of C(sendmail.mc).
    type: str
    required: true
  mc:
    description: Where it is kept. M(mailtls.relay.sendmail_origin) keeps what stood there before.
    type: path
    default: /etc/mail/sendmail.mc
  cf:
    description: Where the result goes, in the same folder.
    type: path
    default: /etc/mail/sendmail.cf
  access_keys:
    description:
      - The keys of the access map. A next hop on the host itself, such as a content filter on loopback or mailboxes
        over LMTP, that the built cf names and none of the keys speaks about is refused, because mail for it would be
        held for ever.
      - When left out, nobody looks.
    type: list
    elements: str
attributes:
  check_mode:
    description: Compiles and checks, and changes nothing. Without m4 on the host the prediction is made from O(mc)
      alone.
    support: full
  diff_mode:
    description: Shows the difference between the mc texts.
    support: full
  platform:
    description: The systems it works on.
    support: full
    platforms: Debian
"""

EXAMPLES = r"""
- name: Ensure sendmail is configured
  mailtls.relay.sendmail_cf:
    content: "{{ lookup('ansible.builtin.template', 'sendmail.mc.j2') }}"
"""

RETURN = r"""
rebuilt:
  description: Whether C(sendmail.cf) is another one now, or would be; with an unchanged O(content) after an upgrade
    of sendmail, for example.
  returned: always
  type: bool
warnings_of_m4:
  description: What m4 remarked.
  returned: always
  type: list
  elements: str
"""

import os
import typing as t
from contextlib import nullcontext

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import cf, localhop, mc
from ..module_utils._core.errors import MailtlsError
from ..module_utils._host import compile as compiler
from ..module_utils._host import debianmake, files

_OPTIONS = {
    "content": {"type": "str", "required": True},
    "mc": {"type": "path", "default": "/etc/mail/sendmail.mc"},
    "cf": {"type": "path", "default": "/etc/mail/sendmail.cf"},
    "access_keys": {"type": "list", "elements": "str", "no_log": False},
}
_ACCESS = files.Access("root", "smmsp", 0o644)
_NO_MAP = "/nonexistent/access"


class Plan(t.NamedTuple):
    """What is there, what shall be, and which of the two files differ; ``built`` is None where m4 is missing."""

    present: str
    content: str
    built: compiler.Built | None
    mc_differs: bool
    cf_differs: bool


def read_text(path: str) -> str | None:
    """The text of a file, undecodable bytes kept apart, or None."""
    found = files.read_bytes(path)
    return None if found is None else found.decode(errors="surrogateescape")


def plan(wish: t.Mapping[str, t.Any], *, guess: bool) -> Plan:
    """Compile aside and compare; ``guess`` allows an answer where sendmail is not installed yet."""
    content = mc.parse_content(wish["content"])
    present, old = read_text(wish["mc"]), read_text(wish["cf"])
    mc_differs = present != content or files.read_access(wish["mc"]) != _ACCESS
    if guess and not compiler.is_present():
        return Plan(present or "", content, None, mc_differs, mc_differs or old is None)
    built = compiler.build(content, wish["mc"])
    differs = old is None or cf.normalise(old) != cf.normalise(built.text) or outdated(wish)
    return Plan(present or "", content, built, mc_differs, differs or files.read_access(wish["cf"]) != _ACCESS)


def outdated(wish: t.Mapping[str, t.Any]) -> bool:
    """Whether Debian's make would take the cf, or what else it makes of the mc, for older than the mc."""
    older = os.path.exists(wish["mc"]) and os.stat(wish["mc"]).st_mtime_ns > os.stat(wish["cf"]).st_mtime_ns
    return older or debianmake.has_work(os.path.dirname(wish["mc"]), wish["cf"])


def refuse_unfit(text: str, where: str) -> None:
    """Raise when this cf would let mail go in clear text, or none at all."""
    faults = list(cf.judge(text))
    if not faults:
        with compiler.trial_folder() as folder:
            faults += try_out(text, folder)
    if faults:
        raise MailtlsError("; ".join(faults), where=where, remedy="Nothing was changed. Correct the mc text.")


def try_out(text: str, folder: str) -> list[str]:
    """What sendmail itself would do wrong with this cf."""
    strong = cf.Session(bits=256)
    # Without its map first, so that a requirement in today's map cannot speak for the belt. Then nothing may go.
    bare = compiler.ask(cf.with_access_map(text, _NO_MAP), (*cf.parse_sessions(text), strong), folder)
    faults = list(cf.judge_held(bare, "when the access map is missing"))
    known = compiler.ask_with_default(text, [cf.Session(), strong], folder)
    faults += cf.judge_trials(known, "with an access map that demands TLS")
    # What today's map says of a name is for whoever writes the map to judge: it may be a foreign one, about to go.
    faults += cf.judge_trials(compiler.ask(text, [cf.Session()], folder), "with the access map of today")
    return faults


def apply(wish: t.Mapping[str, t.Any], change: Plan, built: compiler.Built) -> None:
    """Swap all in. Killed anywhere, a whole cf holds, Debian's make has nothing to do, and the next run goes on."""
    # Written in the order of make, each younger than what it is made from, and put in place the other way round.
    mc_aside = files.write_aside(wish["mc"], change.content.encode(), _ACCESS)
    made = [(mc_aside, wish["mc"]), (files.write_aside(wish["cf"], built.text.encode(), _ACCESS), wish["cf"])]
    made += debianmake.build(mc_aside, os.path.dirname(wish["mc"]))
    for name, path in reversed(made):
        files.swap(name, path)


def converge(wish: t.Mapping[str, t.Any], *, dry: bool) -> dict[str, t.Any]:
    """Do it, or when ``dry`` only tell; a second run waits until the first has ended."""
    place = os.path.dirname(wish["mc"])
    if not dry and not os.path.isdir(place):
        raise MailtlsError("there is no such folder", where=place, remedy="Install sendmail first.")
    with nullcontext() if dry else files.locked(place):
        change = plan(wish, guess=dry)
        changed = change.mc_differs or change.cf_differs
        if change.built and wish["access_keys"] is not None:
            localhop.refuse_unsaid(localhop.find_in_cf(change.built.text, wish["mc"]), wish["access_keys"])
        if changed and change.built:
            refuse_unfit(change.built.text, wish["mc"])
            if not dry:
                apply(wish, change, change.built)
    return {"changed": changed, **describe(wish, change)}


def describe(wish: t.Mapping[str, t.Any], change: Plan) -> dict[str, t.Any]:
    """What the user gets to see of it."""
    return {
        "rebuilt": change.cf_differs or change.mc_differs,
        "warnings_of_m4": list(change.built.warnings) if change.built else [],
        "diff": {
            "before_header": wish["mc"],
            "after_header": wish["mc"],
            "before": change.present.encode(errors="replace").decode(),
            "after": change.content,
        },
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
