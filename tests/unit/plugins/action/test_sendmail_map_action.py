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
import zlib

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailtls.relay.plugins.action import sendmail_map
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FLOOR = {"key": "TLS_Srv:", "value": "ENCR:128"}
LINE = b"TLS_Srv:\tENCR:128\n"
MANY = [FLOOR, *({"key": f"TLS_Rcpt:u{number}@a.example", "value": "ENCR:128"} for number in range(5000))]
MANY_LINES = b"".join(f"{one['key']}\t{one['value']}\n".encode() for one in MANY)


class Host:
    """Remembers what it was asked, wants whatever it was not given, and has one temporary folder."""

    def __init__(self, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, args: dict[str, t.Any]) -> None:
        self.asked: list[dict[str, t.Any]] = []
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
        given = {"_lines", "_lines_file"} & set(module_args)
        return {"wanted": self.wants and not given, "changed": bool(given), "invocation": {"module_args": module_args}}

    def make_tmp_path(self) -> str:
        self.shell.tmpdir = "/tmp/far"
        return "/tmp/far"

    def transfer_file(self, source: str, target: str) -> None:
        assert target == "/tmp/far/entries"
        if self.breaks:
            raise AnsibleActionFail("broken")
        self.received.append(zlib.decompress(pathlib.Path(source).read_bytes()))

    def fixup_perms2(self, paths: t.Any) -> None:
        assert paths == ("/tmp/far", "/tmp/far/entries")

    def remove_tmp_path(self, path: t.Any) -> None:
        self.removed += 1

    def run(self, **variables: t.Any) -> dict[str, t.Any]:
        return self.action.run(task_vars=variables)


@pytest.fixture
def visit(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Host]:
    return lambda **args: Host(tmp_path, monkeypatch, args)


Visit = t.Callable[..., Host]


def test_a_few_entries_go_along_in_one_reach(visit: Visit) -> None:
    host = visit(entries=[FLOOR], path="/x")
    assert host.run()["changed"] and host.received == []
    digest = hashlib.sha256(LINE).hexdigest()
    assert host.asked == [{"path": "/x", "_listed": 1, "_digest": digest, "_lines": LINE.decode()}]


def test_nothing_of_the_text_is_in_the_report(visit: Visit) -> None:
    assert visit(entries=[FLOOR], path="/x").run()["invocation"]["module_args"] == {"path": "/x"}


def test_many_entries_are_brought_when_they_are_wanted(visit: Visit) -> None:
    host = visit(entries=MANY)
    assert host.run()["changed"] and host.received == [MANY_LINES]
    assert len(host.asked) == 2 and host.removed and not list(host.local.iterdir())


def test_an_unchanged_map_costs_one_reach(visit: Visit) -> None:
    host = visit(entries=MANY)
    host.wants = False
    assert not host.run()["changed"] and len(host.asked) == 1 and host.received == []


def test_list_and_file_are_one_text(visit: Visit, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"# comment\n" + MANY_LINES)
    host = visit(entries=[FLOOR], entries_file=str(file))
    host.run()
    assert host.received == [LINE + b"# comment\n" + MANY_LINES] and host.asked[1]["_listed"] == 1
    assert host.asked[0]["_digest"] == hashlib.sha256(host.received[0]).hexdigest()
    assert host.asked[0]["entries_file"] == str(file) and "entries" not in host.asked[0]


@pytest.mark.parametrize("mapping", [False, True])
def test_data_of_a_json_file_becomes_lines_and_is_sent_only_when_wanted(
    visit: Visit, tmp_path: pathlib.Path, mapping: bool
) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps({one["key"]: one["value"] for one in MANY} if mapping else MANY))
    host = visit(entries=[FLOOR], entries_file=str(file))
    host.run()
    assert (
        host.received == [LINE + MANY_LINES]
        and host.asked[0]["_digest"] == hashlib.sha256(host.received[0]).hexdigest()
    )
    assert host.asked[0]["_listed"] == 1 and host.asked[0]["entries_file"] == str(file)
    host.wants = False
    host.run()
    assert len(host.asked) == 3 and len(host.received) == 1 and not {"_lines", "_lines_file"} & set(host.asked[2])


def test_a_json_file_without_such_data_does_not_reach_the_host(visit: Visit, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "many.json"
    file.write_bytes(MANY_LINES)
    host = visit(entries_file=str(file))
    with pytest.raises(
        AnsibleActionFail, match=r"many\.json: is not JSON: .* Write a list of \{key, value\}, or a mapping"
    ):
        host.run()
    assert host.asked == []


def test_what_is_not_ascii_travels_as_a_file(visit: Visit, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"# \xff\n")
    host = visit(entries_file=str(tmp_path / "file"))
    host.run()
    assert host.received == [b"# \xff\n"]


def test_nothing_is_left_behind_when_the_way_breaks(visit: Visit) -> None:
    host = visit(entries=MANY)
    host.breaks = True
    with pytest.raises(AnsibleActionFail, match="broken"):
        host.run()
    assert host.removed and not list(host.local.iterdir())


def test_a_variable_is_read_as_it_stands(visit: Visit) -> None:
    host = visit(entries_variable="mine")
    host.run(mine=[FLOOR])
    assert host.asked[0]["_lines"] == LINE.decode() and host.asked[0]["entries_variable"] == "mine"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "one of entries, entries_variable and entries_file is needed"),
        ({"entries": [FLOOR], "entries_variable": "mine"}, "entries_variable: entries and entries_variable exclude"),
        ({"entries_variable": "none"}, "none: there is no such variable"),
        ({"entries_variable": "templated"}, "templated: holds a template"),
        ({"entries_variable": "text"}, "text: '{{ mine }}' is not a list"),
        ({"entries": ["x"]}, "entries[0]: this is not an entry"),
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
