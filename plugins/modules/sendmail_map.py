#!/usr/bin/python
# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_map
short_description: Put a map of sendmail in force, the access map or the mailertable
version_added: 0.1.0
author:
  - mailtls.relay contributors (@mailtls)
description:
  - Writes the map as text and as a C(hash) database, the only type that Debian's own make knows.
  - Both are built aside, the database is read back and compared with what was asked for, then both are renamed over
    the old ones, the database last. When the module is killed at any point, the old map or the new one is in force,
    and the next run does what is left.
  - sendmail takes a TLS value that it does not understand as no requirement. So every entry is checked, and anything
    but what sendmail was seen to enforce is refused. In a mailertable only mailers that carry mail by SMTP are allowed.
  - No restart is needed; sendmail reads the new database with the next connection.
options:
  entries:
    description:
      - The whole map, in this order; filter P(mailtls.relay.access_entries#filter) makes it from the role's variables.
      - An access map must hold the key V(TLS_Srv:), which demands TLS of every server that no other key names.
    type: list
    elements: dict
    required: true
    suboptions:
      key:
        description: A tag and what it is about, such as V(Connect:10.1.2) or V(TLS_Srv:).
        type: str
        required: true
      value:
        description: What sendmail shall do, such as V(RELAY) or V(TEMP+ENCR:128).
        type: str
        required: true
  map:
    description: What the entries mean.
    type: str
    choices: [access, mailertable]
    default: access
  path:
    description: The text; the database stands beside it with C(.db) added.
    type: path
    default: /etc/mail/access
  imported_from:
    description:
      - The folder in which M(mailtls.relay.sendmail_origin) has kept what was at O(path). Its rows live on behind
        O(entries), apart from those that came with Debian's package and those whose key O(entries) has.
      - As long as nothing was kept there, O(path) itself is read. If it is this collection's own, the folder was lost,
        and with it the rows; that is refused.
      - Rows about TLS are checked like O(entries). Passwords (C(AuthInfo:)) are imported on the host and shown nowhere.
      - Left out, nothing is imported.
    type: path
  owner:
    description: Owner of the database; the text is always of root, mode 0600.
    type: str
    default: smmta
  group:
    description: Group of the database, which is the only one that may read it (mode 0640).
    type: str
    default: smmsp
attributes:
  check_mode:
    description: Can run in check mode and tell what would change.
    support: full
    details: Where sendmail is not installed yet, any map counts as a change.
  diff_mode:
    description: Shows what has changed in diff mode.
    support: full
    details: Shows the text before and after, and why the database is built anew. Passwords in an old text are hidden.
  platform:
    description: Systems the module works on.
    platforms: linux
    support: full
notes:
  - M(mailtls.relay.sendmail_origin) keeps a text that somebody else wrote.
seealso:
  - plugin: mailtls.relay.access_entries
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ensure mail leaves under TLS only
  mailtls.relay.sendmail_map:
    entries:
      - {key: "Connect:127", value: RELAY}
      - {key: "TLS_Srv:", value: "TEMP+ENCR:128"}
  become: true

- name: Ensure the access map says what the role's variables mean
  mailtls.relay.sendmail_map:
    entries: "{{ sendmail_tls_policy | mailtls.relay.access_entries(relay_clients=['mta1.example.org']) }}"
  become: true
"""

RETURN = r"""
path:
  description: The text of the map.
  type: str
  returned: always
database:
  description: The database of the map.
  type: str
  returned: always
entries:
  description: How many entries the map holds.
  type: int
  returned: always
imported:
  description: Keys that live on from O(imported_from).
  type: list
  elements: str
  returned: always
overruled:
  description: Keys of O(imported_from) to which O(entries) gives another value.
  type: list
  elements: str
  returned: always
reasons:
  description: Why the map was built anew (or would be), a sentence each; empty when nothing changed.
  type: list
  elements: str
  returned: always
  sample: ["/etc/mail/access.db differs in tls_srv:"]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import access, imported, mapfile, route
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.mapfile import MapState
from ..module_utils._host import archive, files, mapbuild

OPTIONS: dict[str, dict[str, t.Any]] = {
    "entries": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "required": True},
        },
    },
    "map": {"type": "str", "choices": ["access", "mailertable"], "default": "access"},
    "path": {"type": "path", "default": "/etc/mail/access"},
    "imported_from": {"type": "path"},
    "owner": {"type": "str", "default": "smmta"},
    "group": {"type": "str", "default": "smmsp"},
}
TEXT_ACCESS = files.Access("root", "root", 0o600)


def read_import(params: t.Mapping[str, t.Any]) -> imported.Import:
    """The entries with what is imported behind them."""
    if params["map"] == "mailertable":
        return imported.Import(route.parse_entries(params["entries"], "entries"))
    entries = access.parse_entries(params["entries"], "entries")
    access.require_floor(entries, "entries")
    if not params["imported_from"]:
        return imported.Import(entries)
    folder, path = params["imported_from"], params["path"]
    kept = archive.read(folder)
    source = archive.copy_of(folder, path) if kept else path
    text = (files.read_bytes(source) or b"").decode(errors="surrogateescape")
    if mapfile.is_managed(text):
        raise MailtlsError(
            "what was here before is gone, and rows that were imported from it would be lost",
            where=folder,
            remedy="Bring it back from a backup, or write all rows that you want into sendmail_access_entries and set"
            " sendmail_import_access: false.",
        )
    return imported.merge(entries, text, source)


def read_wish(params: t.Mapping[str, t.Any], merged: imported.Import) -> MapState:
    return MapState(
        text=mapfile.render_text(merged.entries),
        rows=mapfile.folded_rows(merged.entries),
        text_access=str(TEXT_ACCESS),
        database_access=str(database_access(params)),
    )


def read_actual(path: str) -> MapState:
    text, dump = files.read_bytes(path), mapbuild.read_dump(mapbuild.database_of(path))
    return MapState(
        text=None if text is None else text.decode(errors="replace"),
        rows=None if dump is None else mapfile.parse_dump(dump),
        text_access=str(files.read_access(path)),
        database_access=str(files.read_access(mapbuild.database_of(path))),
        database_is_newer=mapbuild.is_newer(mapbuild.database_of(path), path),
        has_remnants=mapbuild.has_remnants(path),
    )


def database_access(params: t.Mapping[str, t.Any]) -> files.Access:
    return files.Access(params["owner"], params["group"], 0o640)


def put_in_force(wish: MapState, path: str, owner: files.Access) -> None:
    with files.locked(os.path.dirname(path)):
        mapbuild.sweep(path)
        built = mapbuild.build(path, (wish.text or "").encode(), TEXT_ACCESS, owner)
        if mapfile.parse_dump(built.dump) != wish.rows:
            raise MailtlsError(
                "the database that makemap wrote does not hold the entries it was given",
                where=path,
                remedy="The map in force was left as it is; look for a full disk, then run again.",
            )
        mapbuild.swap(built, path)


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    path = module.params["path"]
    try:
        merged = read_import(module.params)
        wish, actual = read_wish(module.params, merged), read_actual(path)
        change = mapfile.plan(wish, actual, path)
        if change and not module.check_mode:
            put_in_force(wish, path, database_access(module.params))
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=change is not None,
        path=path,
        database=mapbuild.database_of(path),
        entries=len(wish.rows or {}),
        imported=list(merged.imported),
        overruled=list(merged.overruled),
        reasons=list(change.reasons) if change else [],
        diff=mapfile.render_diff(wish, actual, change, path) if change else [],
    )


if __name__ == "__main__":
    main()
