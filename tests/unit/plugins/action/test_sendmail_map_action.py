# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half over a host of paper: what is asked, what is brought, and what is left behind."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailtls.relay.plugins.action import sendmail_map
from ansible_collections.mailtls.relay.plugins.module_utils._core import waybill
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FLOOR = {"key": "TLS_Srv:", "value": "ENCR:128"}
LINE = b"TLS_Srv:\tENCR:128\n"
MANY = [FLOOR, *({"key": f"TLS_Rcpt:u{number}@a.example", "value": "ENCR:128"} for number in range(5000))]
MANY_LINES = b"".join(f"{one['key']}\t{one['value']}\n".encode() for one in MANY)


class Host:
    """Remembers what it was asked, wants whatever it was not given, and has one temporary folder."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, args: dict[str, t.Any]) -> None:
        self.asked: list[dict[str, t.Any]] = []
        # What came along with the module, and what was brought afterwards.
        self.along: list[bytes] = []
        self.received: list[bytes] = []
        self.wants, self.breaks, self.removed = True, False, 0
        self.shell = types.SimpleNamespace(tmpdir=None, join_path=os.path.join)
        task = types.SimpleNamespace(
            args=args, async_val=0, environment=[], check_mode=False, diff=False, action="sendmail_map"
        )
        connection = types.SimpleNamespace(_shell=self.shell)
        context = types.SimpleNamespace(check_mode=False, diff=False)
        self.action = sendmail_map.ActionModule(t.cast(t.Any, task), connection, context, DataLoader(), None, None)
        self.local = folder / "local"
        self.local.mkdir()
        monkeypatch.setattr(sendmail_map.constants, "DEFAULT_LOCAL_TMP", str(self.local), raising=False)
        for name in ("_execute_module", "_make_tmp_path", "_transfer_file", "_fixup_perms2", "_remove_tmp_path"):
            monkeypatch.setattr(self.action, name, getattr(self, name.lstrip("_")))
        monkeypatch.setattr(self.action, "_find_needle", lambda kind, path: path)

    def execute_module(self, module_args: dict[str, t.Any], task_vars: t.Any) -> dict[str, t.Any]:
        self.asked.append(dict(module_args))
        bill = waybill.parse(module_args.get("_waybill") or '{"digest": "", "listed": 0, "file": "none"}')
        if bill.packed is not None:
            self.along.append(waybill.unpack(bill.packed))
        given = bill.packed is not None or bool(bill.file)
        return {"wanted": self.wants and not given, "changed": given, "invocation": {"module_args": dict(module_args)}}

    def make_tmp_path(self) -> str:
        self.shell.tmpdir = "/tmp/far"
        return "/tmp/far"

    def transfer_file(self, source: str, target: str) -> None:
        assert target == "/tmp/far/entries"
        if self.breaks:
            raise AnsibleActionFail("broken")
        self.received.append(waybill.unpack(pathlib.Path(source).read_bytes()))

    def fixup_perms2(self, paths: t.Any) -> None:
        assert paths == ("/tmp/far", "/tmp/far/entries")

    def remove_tmp_path(self, path: t.Any) -> None:
        self.removed += 1

    @property
    def bills(self) -> list[waybill.Waybill]:
        """What the module was told of the text, one for each time."""
        return [waybill.parse(args["_waybill"]) for args in self.asked]

    def run(self, **variables: t.Any) -> dict[str, t.Any]:
        return self.action.run(task_vars=variables)


@pytest.fixture
def visit(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Host]:
    return lambda **args: Host(tmp_path, monkeypatch, args)


Visit = t.Callable[..., Host]


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the entries were too many to go along."""
    monkeypatch.setattr(sendmail_map, "_ALONG", 100)


@pytest.mark.parametrize(("entries", "lines"), [([FLOOR], LINE), (MANY, MANY_LINES)])
def test_entries_go_along_in_one_reach(visit: Visit, entries: list[dict[str, str]], lines: bytes) -> None:
    host = visit(entries=entries, path="/x")
    assert host.run()["changed"] and host.received == [] and host.along == [lines]
    assert host.bills[0][:2] == (hashlib.sha256(lines).hexdigest(), len(entries))
    assert [set(args) for args in host.asked] == [{"path", "_waybill"}]


def test_nothing_of_the_text_is_in_the_report(visit: Visit) -> None:
    assert visit(entries=[FLOOR], path="/x").run()["invocation"]["module_args"] == {"path": "/x"}


@pytest.mark.usefixtures("no_room")
def test_very_many_entries_are_brought_when_they_are_wanted(visit: Visit) -> None:
    host = visit(entries=MANY)
    assert host.run()["changed"] and host.received == [MANY_LINES] and host.along == []
    assert len(host.asked) == 2 and host.removed and not list(host.local.iterdir())


@pytest.mark.usefixtures("no_room")
def test_an_unchanged_map_costs_one_reach(visit: Visit) -> None:
    host = visit(entries=MANY)
    host.wants = False
    assert not host.run()["changed"] and len(host.asked) == 1 and host.received == []


@pytest.mark.usefixtures("no_room")
def test_list_and_file_are_one_text(visit: Visit, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"# comment\n" + MANY_LINES)
    host = visit(entries=[FLOOR], entries_file=str(file))
    host.run()
    assert host.received == [LINE + b"# comment\n" + MANY_LINES]
    digest = hashlib.sha256(host.received[0]).hexdigest()
    assert [bill[:2] for bill in host.bills] == [(digest, 1), (digest, 1)]
    assert host.asked[0]["entries_file"] == str(file) and "entries" not in host.asked[0]


@pytest.mark.parametrize("mapping", [False, True])
def test_data_of_a_json_file_becomes_lines(visit: Visit, tmp_path: pathlib.Path, mapping: bool) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps({one["key"]: one["value"] for one in MANY} if mapping else MANY))
    host = visit(entries=[FLOOR], entries_file=str(file))
    host.run()
    assert host.along == [LINE + MANY_LINES] and host.bills[0].digest == hashlib.sha256(host.along[0]).hexdigest()
    assert host.bills[0].listed == 1 and host.asked[0]["entries_file"] == str(file)


def test_a_json_file_without_such_data_does_not_reach_the_host(visit: Visit, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "many.json"
    file.write_bytes(MANY_LINES)
    host = visit(entries_file=str(file))
    with pytest.raises(
        AnsibleActionFail, match=r"many\.json: is not JSON: .* Write a list of \{key, value\}, or a mapping"
    ):
        host.run()
    assert host.asked == []


def test_what_is_no_text_travels_too(visit: Visit, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"# \xff\n")
    host = visit(entries_file=str(tmp_path / "file"))
    host.run()
    assert host.along == [b"# \xff\n"]


@pytest.mark.usefixtures("no_room")
def test_nothing_is_left_behind_when_the_way_breaks(visit: Visit) -> None:
    host = visit(entries=MANY)
    host.breaks = True
    with pytest.raises(AnsibleActionFail, match="broken"):
        host.run()
    assert host.removed and not list(host.local.iterdir())


def test_a_variable_is_read_as_it_stands(visit: Visit) -> None:
    host = visit(entries_variable="mine")
    host.run(mine=[FLOOR])
    assert host.along == [LINE] and host.asked[0]["entries_variable"] == "mine"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "one of entries, entries_variable and entries_file is needed"),
        ({"entries": [FLOOR], "entries_variable": "mine"}, "entries_variable: entries and entries_variable exclude"),
        ({"entries_variable": "none"}, "none: there is no such variable"),
        ({"entries_variable": "templated"}, "templated: holds a template"),
        ({"entries_variable": "text"}, "text: '{{ mine }}' is not a list"),
        ({"entries": ["x"]}, "entries[0]: this is not an entry"),
        ({"entries": [FLOOR], "_waybill": "{}"}, "_waybill: is not for users"),
        ({"map": "mailertable", "entries": [], "_waybill": "{}"}, "_waybill: is not for users"),
    ],
)
def test_nonsense_does_not_reach_the_host(visit: Visit, args: dict[str, t.Any], told: str) -> None:
    host = visit(**args)
    variables = {"mine": [FLOOR], "text": "{{ mine }}", "templated": [{"key": "{{ a }}", "value": "OK"}]}
    with pytest.raises(AnsibleActionFail) as refused:
        host.run(**variables)
    assert str(refused.value).startswith(told) and host.asked == []


def test_a_mailertable_goes_as_it_is(visit: Visit) -> None:
    host = visit(entries=[{"key": "a.example", "value": "relay:b.example"}], map="mailertable")
    host.run()
    assert host.asked == [{"entries": [{"key": "a.example", "value": "relay:b.example"}], "map": "mailertable"}]


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(MailtlsError, match=r"^x: there is no such variable"):
        sendmail_map.read_variable("x", {})
