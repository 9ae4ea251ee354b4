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
  - Writes the map as text and as a database.
  - Both are built aside, the database is read back and compared with what was asked for, then both are renamed over
    the old ones, the database first. When the module is killed at any point, the old map or the new one is in force,
    and the next run does what is left.
  - A map of a million entries needs one task. Its text travels to the host compressed, a very large one only when the
    host asks for it. An unchanged map is known by a digest of the entries and of the bytes of text and database, which
    are noted in a hidden file of root's beside the map.
  - sendmail takes a TLS value that it does not understand as no requirement. So every entry is checked, and anything
    but what sendmail was seen to enforce is refused. In a mailertable only mailers that carry mail by SMTP are allowed.
  - No restart is needed; sendmail reads the new database with the next connection.
options:
  entries:
    description:
      - The whole map, in this order; filter P(mailtls.relay.access_entries#filter) makes it from the role's variables.
      - One of O(entries), O(entries_variable) and O(entries_file) is needed, and the last one goes with either.
      - An access map must hold the key V(TLS_Srv:), which demands TLS of every server that no other key names.
    type: list
    elements: dict
    suboptions:
      key:
        description: A tag and what it is about, such as V(Connect:10.1.2) or V(TLS_Srv:).
        type: str
        required: true
      value:
        description: What sendmail shall do, such as V(RELAY) or V(TEMP+ENCR:128).
        type: str
        required: true
  dns_risk_accepted:
    description:
      - Keys of O(entries) that are names and may yet be excepted with C(OK), such as V(TLS_Srv:old.example.org). A
        key that is no name of a host or domain is accepted by nothing.
      - Whoever can forge DNS can then move any mail to a host of that name, and it leaves in clear text. It is what
        C(accept_dns_risk) in the policy of role sendmail allows.
    type: list
    elements: str
    default: []
  entries_variable:
    description:
      - The name of a variable that holds the entries, which Ansible then does not look at one by one. With many of them
        that takes longer than everything else.
      - Templates in it are refused.
    type: str
  entries_file:
    description:
      - A file on the controller with further entries, in the format of C(makemap), a key, blanks and its value on each
        line. Comments and empty lines are left out.
      - A file whose name ends in C(.json) holds data instead, a list of mappings with C(key) and C(value), or one
        mapping of keys to values. Nothing in it is templated. So many entries given as data are put in force several
        times faster than from a variable; a million of them need less memory on the controller in the format of
        C(makemap).
      - A relative path is looked for as those of M(ansible.builtin.copy) are; a file encrypted with Ansible Vault is
        decrypted.
      - For an access map only.
    type: path
  map:
    description: What the entries mean.
    type: str
    choices: [access, mailertable]
    default: access
  type:
    description:
      - The type of the database. With a million entries V(btree) is built several times faster; above 200000, V(hash)
        earns a warning.
      - The cf names the type. So take another O(path) for another type, and change the cf when the map is there.
    type: str
    choices: [hash, btree]
    default: hash
  path:
    description: The text; the database stands beside it with C(.db) added.
    type: path
    default: /etc/mail/access
  imported_from:
    description:
      - The folder in which M(mailtls.relay.sendmail_origin) has kept what was at O(imported_path). Its rows live on
        behind O(entries), apart from those that came with Debian's package and those whose key O(entries) has.
      - As long as nothing was kept there, O(imported_path) itself is read. If it is this collection's own, the folder
        was lost, and with it the rows; that is refused.
      - Rows about TLS are checked like O(entries). Passwords (C(AuthInfo:)) are imported on the host and shown nowhere.
      - Left out, nothing is imported.
    type: path
  imported_path:
    description: The text whose rows are imported; O(path) when left out.
    type: path
  named_in:
    description:
      - A cf. If it names another access map than O(path), nothing is written, since nobody would ask this map.
      - Left out, or where there is no such file, nothing is compared.
    type: path
  _waybill:
    description: Not for users; what the controller's half of this module brings along.
    type: str
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
    details:
      - Shows the text before and after, and why the database is built anew. Passwords in an old text are hidden.
      - Of large texts only the number of differing keys and the first of them are shown.
  action:
    description: Has a part that runs on the controller.
    support: full
  async:
    description: Can be left to itself by the keyword C(async).
    support: none
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

- name: Ensure a large access map
  mailtls.relay.sendmail_map:
    entries:
      - {key: "TLS_Srv:", value: "TEMP+ENCR:128"}
    entries_file: partners.txt
    path: /etc/mail/mailtls-access
    type: btree
  become: true

- name: Ensure an access map made by another program
  mailtls.relay.sendmail_map:
    entries:
      - {key: "TLS_Srv:", value: "TEMP+ENCR:128"}
    entries_file: partners.json # {"TLS_Rcpt:partner.example": "VERIFY:128", ...}
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

import hashlib
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core import bulk, cf, imported, mapdata, mapfile, receipt, route, waybill
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.mapfile import MapState
from ..module_utils._host import archive, files, mapbuild, mapreceipt

OPTIONS: dict[str, dict[str, t.Any]] = {
    "entries": {
        "type": "list",
        "elements": "dict",
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "required": True},
        },
    },
    "dns_risk_accepted": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "entries_variable": {"type": "str"},
    "entries_file": {"type": "path"},
    "map": {"type": "str", "choices": ["access", "mailertable"], "default": "access"},
    "type": {"type": "str", "choices": ["hash", "btree"], "default": "hash"},
    "path": {"type": "path", "default": "/etc/mail/access"},
    "imported_from": {"type": "path"},
    "imported_path": {"type": "path"},
    "named_in": {"type": "path"},
    "owner": {"type": "str", "default": "smmta"},
    "group": {"type": "str", "default": "smmsp"},
    # Whatever is no_log is kept out of the host's journal, too, where a large map has no place.
    "_waybill": {"type": "str", "no_log": True},
}
# From here on building a hash takes several times as long as building a btree.
LARGE = 200_000
TEXT_ACCESS = files.Access("root", "root", 0o600)


class Given(t.NamedTuple):
    """The entries as lines, where those come from, and their SHA-256; the lines may not have come along yet."""

    lines: bytes | None
    source: bulk.Source
    digest: str


class Foreign(t.NamedTuple):
    """What is imported, and where it stands."""

    text: str
    where: str


def read_given(params: t.Mapping[str, t.Any]) -> Given:
    """What shall be in the map, from the controller's half or from the options themselves."""
    place = params["entries_variable"] or "entries"
    if params["_waybill"]:
        bill = waybill.parse(params["_waybill"])
        packed = read_required(bill.file) if bill.file else bill.packed
        lines, count, digest = packed and waybill.unpack(packed), bill.listed, bill.digest
    elif params["entries_variable"]:
        raise MailtlsError("only the controller knows its variables", where="entries_variable", remedy="Use entries.")
    else:
        listed = mapdata.render_listed(params["entries"] or [], place)
        file = params["entries_file"]
        lines = listed + (mapdata.render_file(read_required(file), file) if file else b"")
        count, digest = listed.count(b"\n"), hashlib.sha256(lines).hexdigest()
    if lines is not None and hashlib.sha256(lines).hexdigest() != digest:
        raise MailtlsError("changed while it was sent", where=params["entries_file"] or place, remedy="Run again.")
    accepted = frozenset(key.lower() for key in params["dns_risk_accepted"])
    return Given(lines, bulk.Source(count, place, params["entries_file"] or "", accepted), digest)


def read_required(path: str) -> bytes:
    """The content of a file that must be there."""
    found = files.read_bytes(path)
    if found is None:
        raise MailtlsError("there is no such file", where=path)
    return found


def read_foreign(params: t.Mapping[str, t.Any]) -> Foreign | None:
    """The text whose rows are imported, if any are."""
    if params["map"] == "mailertable" or not params["imported_from"]:
        return None
    folder, path = params["imported_from"], params["imported_path"] or params["path"]
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
    return Foreign(text, source)


def digest_wish(params: t.Mapping[str, t.Any], given: Given, foreign: Foreign | None) -> str:
    """One digest over everything that decides what the map holds and of which type it is."""
    old = hashlib.sha256(foreign.text.encode(errors="surrogateescape")).hexdigest() if foreign else ""
    kind = [params["map"], params["type"], bulk.rules_digest(), mapdata.is_data(given.source.file)]
    return receipt.wish_digest([*kind, given.digest, given.source.listed, old, *sorted(given.source.accepted)])


def find_unchanged(params: t.Mapping[str, t.Any], wish: str) -> receipt.Receipt | None:
    """The receipt, when text and database are as this very wish made them; nothing is expanded for it."""
    path = params["path"]
    database, found = mapbuild.database_of(path), mapreceipt.read(path)
    if found is None or found.wish != wish or mapbuild.has_remnants(path) or not mapbuild.is_newer(database, path):
        return None
    owners = (files.read_access(path), files.read_access(database))
    if owners != (TEXT_ACCESS, database_access(params)) or not mapreceipt.holds(found, path, database):
        return None
    return found


def compile_rows(params: t.Mapping[str, t.Any], given: Given, foreign: Foreign | None) -> imported.Rows:
    """The entries, checked, with what is imported behind them."""
    if params["map"] == "mailertable":
        if params["entries_file"]:
            raise MailtlsError("is for an access map only", where="entries_file", remedy="Use entries.")
        return imported.Rows(mapfile.render_rows(route.parse_entries(params["entries"], "entries")))
    lines = given.lines or b""
    rows = bulk.read_entries(lines, given.source)
    bulk.require_floor(rows, given.source.file or given.source.variable)
    return imported.merge_rows(rows, *foreign) if foreign else imported.Rows(rows)


def read_wish(params: t.Mapping[str, t.Any], rows: bytes) -> MapState:
    return MapState(
        text=mapfile.render_text(rows),
        rows=rows,
        text_access=str(TEXT_ACCESS),
        database_access=str(database_access(params)),
    )


def read_actual(path: str, kind: str) -> MapState:
    database = mapbuild.database_of(path)
    dump = mapbuild.read_dump(database, kind)
    return MapState(
        text=files.read_bytes(path),
        rows=None if dump is None else dump.encode(),
        text_access=str(files.read_access(path)),
        database_access=str(files.read_access(database)),
        database_is_newer=mapbuild.is_newer(database, path),
        has_remnants=mapbuild.has_remnants(path),
    )


def database_access(params: t.Mapping[str, t.Any]) -> files.Access:
    return files.Access(params["owner"], params["group"], 0o640)


def put_in_force(
    wish: MapState, params: t.Mapping[str, t.Any], note: receipt.Receipt, find_fault: t.Callable[[], None]
) -> None:
    """Build, read back, swap, note down; ``find_fault`` says better than makemap what is wrong with the entries."""
    path = params["path"]
    with files.locked(os.path.dirname(path)), mapbuild.workspace(path), ThreadPoolExecutor(1) as pool:
        wished = pool.submit(bulk.tally, wish.rows or b"")
        made = mapbuild.make(path, wish.text or b"", TEXT_ACCESS, params["type"])
        if made.complaint:
            find_fault()
        built = mapbuild.finish(made, path, database_access(params), params["type"])
        if bulk.tally(built.dump.encode()) != wished.result():
            raise MailtlsError(
                "the database that makemap wrote does not hold the entries it was given",
                where=path,
                remedy="The map in force was left as it is; look for a full disk, then run again.",
            )
        mapbuild.swap(built, path)
        mapreceipt.write(path, replace(note, database=built.digest))


def converge(params: t.Mapping[str, t.Any], *, dry: bool, show: bool) -> dict[str, t.Any]:
    """Do it, or when ``dry`` only tell; ``show`` when a diff is wanted."""
    path, kind = params["path"], params["type"]
    if params["named_in"]:
        named_in = (files.read_bytes(params["named_in"]) or b"").decode(errors="replace")
        cf.refuse_unnamed(named_in, path, params["named_in"])
    given, foreign = read_given(params), read_foreign(params)
    note = receipt.Receipt(digest_wish(params, given, foreign), "", "", 0)
    known = find_unchanged(params, note.wish)
    if known:
        return describe(known, None, [])
    if given.lines is None:
        return {"changed": False, "wanted": True}
    rows = compile_rows(params, given, foreign)
    wish, actual = read_wish(params, rows.rows), read_actual(path, kind)
    text = hashlib.sha256(wish.text or b"").hexdigest()
    note = receipt.Receipt(note.wish, text, "", rows.rows.count(b"\n"), rows.imported, rows.overruled)
    change = mapfile.plan(wish, actual, path)
    # makemap looks for keys that stand there twice, too, and is faster.
    find_twins = partial(bulk.refuse_twins, rows.rows, given.lines or b"", given.source)
    if dry:
        find_twins()
    elif change:
        put_in_force(wish, params, note, find_twins)
    else:
        mapreceipt.write(path, replace(note, database=mapreceipt.digest_of(mapbuild.database_of(path))))
    return describe(note, change, mapfile.render_diff(wish, actual, change, path) if change and show else [])


def describe(note: receipt.Receipt, change: mapfile.Change | None, diff: list[dict[str, str]]) -> dict[str, t.Any]:
    """What the user gets to see of it."""
    return {
        "changed": change is not None,
        "entries": note.entries,
        "imported": list(note.imported),
        "overruled": list(note.overruled),
        "reasons": list(change.reasons) if change else [],
        "diff": diff,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    path = module.params["path"]
    try:
        result = converge(module.params, dry=module.check_mode, show=module._diff)
    except MailtlsError as error:
        module.fail_json(msg=str(error))
    if result.get("entries", 0) > LARGE and (module.params["map"], module.params["type"]) == ("access", "hash"):
        module.warn(f"{path} has {result['entries']} entries; as a btree it would be built several times faster.")
    module.exit_json(path=path, database=mapbuild.database_of(path), **result)


if __name__ == "__main__":
    main()
