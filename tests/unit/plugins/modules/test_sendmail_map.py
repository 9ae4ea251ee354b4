# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module over a makemap of paper: a database is its rows as text, keys folded, as ``makemap -u`` prints them."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mapfile, waybill
from ansible_collections.mailtls.relay.plugins.module_utils._host import archive, files, mapbuild
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed
from ansible_collections.mailtls.relay.plugins.modules import sendmail_map
from module_runner import run_module

FLOOR = {"key": "TLS_Srv:", "value": "TEMP+ENCR:128"}
ENTRIES = ({"key": "Connect:Mta1.example", "value": "RELAY"}, FLOOR)
TEXT = f"{mapfile.HEADER}\nConnect:Mta1.example\tRELAY\nTLS_Srv:\tTEMP+ENCR:128\n"
ROWS = "connect:mta1.example\tRELAY\ntls_srv:\tTEMP+ENCR:128\n"


RECEIPT = ".access.mailtls-receipt"
DEFAULTS = {name: option.get("default") for name, option in sendmail_map.OPTIONS.items()}


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class Relay:
    """A folder in the place of /etc/mail, and what stands in the place of makemap and of root's rights."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.path = folder / "access"
        self.database = folder / "access.db"
        self.installed = True
        self.loses_rows = False
        self.access: dict[str, files.Access] = {}
        self.steps_to_live = -1

    def run(self, argv: list[str], *, given_from: str = "") -> Completed:
        if argv[1] == "-u":
            return Completed(0, pathlib.Path(argv[3]).read_text(), "")
        lines = [line for line in pathlib.Path(given_from).read_text().splitlines() if not line.startswith("#")]
        rows = [f"{key.lower()}\t{value}\n" for key, value in (line.split("\t") for line in lines)]
        pathlib.Path(argv[-1]).write_text("".join(rows[: 1 if self.loses_rows else None]))
        self.step()
        twins = len({row.partition("\t")[0] for row in rows}) != len(rows)
        return Completed(65, "", "makemap: line 2: key x: duplicate key\n") if twins else Completed(0, "", "")

    def step(self) -> None:
        if self.steps_to_live == 0:
            raise Killed
        self.steps_to_live -= 1

    def set_access(self, path: str, access: files.Access) -> None:
        self.access[str(os.stat(path).st_ino)] = access
        self.step()

    def read_access(self, path: str) -> files.Access | None:
        return self.access.get(str(os.stat(path).st_ino)) if os.path.exists(path) else None

    def rename(self, old: str, new: str) -> None:
        self.step()
        os.replace(old, new)
        self.step()


@pytest.fixture
def relay(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Relay:
    relay = Relay(tmp_path)
    monkeypatch.setattr(mapbuild, "run", relay.run)
    monkeypatch.setattr(mapbuild.shutil, "which", lambda name, path: "/usr/sbin/makemap" if relay.installed else None)
    monkeypatch.setattr(files, "set_access", relay.set_access)
    monkeypatch.setattr(files, "read_access", relay.read_access)
    monkeypatch.setattr(files, "swap", relay.rename)
    return relay


@pytest.fixture
def converge(relay: Relay, capfd: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    def converge(entries: t.Any = ENTRIES, kind: str = "access", **how: t.Any) -> dict[str, t.Any]:
        options = {"entries": entries, "path": str(relay.path), "map": kind}
        options.update({name: how.pop(name) for name in set(how) & set(sendmail_map.OPTIONS)})
        return run_module(sendmail_map.main, capfd, options, **how)

    return converge


Converge = t.Callable[..., dict[str, t.Any]]


def test_first_run_changes_second_does_not(relay: Relay, converge: Converge) -> None:
    relay.path.write_text("# stock\nConnect:127\tRELAY\n")
    first = converge()
    assert first["changed"] and first["entries"] == 2 and first["database"] == str(relay.database)
    assert (relay.path.read_text(), relay.database.read_text()) == (TEXT, ROWS)
    assert str(relay.read_access(str(relay.path))) == "root:root 0600"
    assert str(relay.read_access(str(relay.database))) == "smmta:smmsp 0640"
    second = converge()
    assert not second["changed"] and second["reasons"] == [] and second["diff"] == []


def test_check_mode_tells_what_the_run_does_and_touches_nothing(relay: Relay, converge: Converge) -> None:
    relay.path.write_text("# stock\n")
    before = sorted(os.listdir(relay.folder))
    told = ("changed", "diff", "reasons", "entries")
    forecast = converge(check=True)
    assert sorted(os.listdir(relay.folder)) == before and relay.path.read_text() == "# stock\n"
    assert forecast["changed"] and forecast["diff"][0]["after"] == TEXT
    done = converge()
    assert {key: done[key] for key in told} == {key: forecast[key] for key in told}
    assert not converge(check=True)["changed"]


def test_foreign_rows_live_on_behind_the_entries_on_every_run(
    relay: Relay, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = str(relay.folder / "kept")
    options = {"entries": [FLOOR], "path": str(relay.path), "imported_from": kept}
    relay.path.write_text('From:a@ REJECT\nTLS_Srv: OK\nAuthInfo:h "P:secret"\n')
    forecast = run_module(sendmail_map.main, capfd, options, check=True)
    with monkeypatch.context() as patch:
        patch.setattr(files, "read_access", lambda path: files.Access("root", "root", 0o600))
        archive.keep(kept, archive.Origin((archive.look(str(relay.path)),), True, True))
    done = run_module(sendmail_map.main, capfd, options)
    again = run_module(sendmail_map.main, capfd, options)
    for answer in (forecast, done, again):
        assert (answer["imported"], answer["overruled"]) == (["From:a@", "AuthInfo:h"], ["TLS_Srv:"])
        assert "secret" not in str(answer)
    assert forecast["changed"] and done["changed"] and not again["changed"]
    assert relay.database.read_text() == 'tls_srv:\tTEMP+ENCR:128\nfrom:a@\tREJECT\nauthinfo:h\t"P:secret"\n'
    pathlib.Path(archive.copy_of(kept, str(relay.path))).write_text("From:a@ OK\n")
    assert "not what was kept" in run_module(sendmail_map.main, capfd, options)["msg"]
    archive.forget(kept)
    assert "would be lost" in run_module(sendmail_map.main, capfd, options)["msg"]
    relay.path.unlink()
    assert run_module(sendmail_map.main, capfd, options)["imported"] == []


@pytest.mark.parametrize("check", [True, False])
def test_on_a_bare_host_only_check_mode_works(relay: Relay, converge: Converge, check: bool) -> None:
    relay.installed = False
    relay.path = relay.folder / "none" / "access"
    answer = converge(check=check)
    assert answer["changed"] if check else answer["failed"]
    assert os.listdir(relay.folder) == []


@pytest.mark.parametrize(
    ("drift", "reason"),
    [
        (lambda relay: relay.database.unlink(), "is missing or unreadable"),
        (lambda relay: relay.database.write_text(""), "differs in connect:mta1.example, tls_srv:"),
        (lambda relay: relay.path.unlink(), "is missing"),
        (lambda relay: relay.path.write_text("# stock\n"), "differs"),
        (lambda relay: relay.access.clear(), "is None, not root:root 0600"),
        (lambda relay: os.utime(relay.database, ns=(5, 5)), "is older than"),
        (lambda relay: (relay.folder / ".access.mailtls-aside").write_text(""), "cut short"),
        (lambda relay: (relay.folder / ".access.db.mailtls-aside.db").write_text(""), "cut short"),
    ],
)
def test_every_drift_is_mended(relay: Relay, converge: Converge, drift: t.Callable[[Relay], None], reason: str) -> None:
    converge()
    drift(relay)
    answer = converge()
    assert answer["changed"] and reason in answer["reasons"][0]
    assert (relay.path.read_text(), relay.database.read_text()) == (TEXT, ROWS)
    assert not converge()["changed"] and not mapbuild.has_remnants(str(relay.path))


@pytest.mark.parametrize("steps", range(10))
def test_killed_at_any_step_the_old_or_the_new_map_is_in_force(relay: Relay, converge: Converge, steps: int) -> None:
    converge([FLOOR])
    old = relay.database.read_text()
    relay.steps_to_live = steps
    with pytest.raises(Killed):
        sendmail_map.converge({**DEFAULTS, "entries": ENTRIES, "path": str(relay.path)}, dry=False, show=False)
    assert relay.database.read_text() in (old, ROWS)
    relay.steps_to_live = -1
    # Behind the second swap only the receipt is missing.
    assert converge()["changed"] == (steps < 6)
    assert (relay.path.read_text(), relay.database.read_text()) == (TEXT, ROWS)
    assert sorted(os.listdir(relay.folder)) == [RECEIPT, "access", "access.db"] and not converge()["changed"]


def test_a_database_that_lost_rows_is_not_put_in_force(relay: Relay, converge: Converge) -> None:
    converge([FLOOR])
    relay.loses_rows = True
    answer = converge()
    assert answer["failed"] and "does not hold the entries it was given" in answer["msg"]
    assert relay.database.read_text() == "tls_srv:\tTEMP+ENCR:128\n"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([], "entries: no entry has the key 'TLS_Srv:'"),
        ([{"key": "Connect:127", "value": "RELAY"}], "entries: no entry has the key 'TLS_Srv:'"),
        ([{"key": "TLS_Srv:", "value": "OK"}], "entries[0].value: 'OK' is refused"),
        ([FLOOR, {"key": "TLS_Srv:a.example", "value": "ENCR:0"}], "entries[1].value: 'ENCR:0' is refused"),
        ([FLOOR, {"key": "tls_srv:", "value": "ENCR:128"}], "entries[0] and entries[1]: the key 'tls_srv:' stands"),
        ([FLOOR, {"key": "a b", "value": "OK"}], "entries[1].key: 'a b' cannot be a key"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_nonsense_is_refused(
    relay: Relay, converge: Converge, entries: list[dict[str, str]], told: str, check: bool
) -> None:
    answer = converge(entries, check=check)
    assert answer["failed"] and answer["msg"].startswith(told) and os.listdir(relay.folder) == []


EXCEPTED = ({"key": "TLS_Srv:Old.example", "value": "OK"}, FLOOR)


def test_a_name_is_excepted_only_where_the_risk_was_accepted(relay: Relay, converge: Converge) -> None:
    refused = converge(EXCEPTED, dns_risk_accepted=["TLS_Srv:other.example"])
    assert refused["failed"] and refused["msg"].startswith("entries[0].value: 'OK' is refused as the value of")
    assert os.listdir(relay.folder) == []
    assert converge(EXCEPTED, dns_risk_accepted=["TLS_Srv:old.example"])["changed"]
    assert "tls_srv:old.example\tOK\n" in relay.database.read_text()
    assert not converge(EXCEPTED, dns_risk_accepted=["TLS_Srv:old.example"])["changed"]
    assert converge(EXCEPTED)["failed"], "what was accepted once is not accepted for ever"


@pytest.mark.parametrize("key", ["TLS_Srv:", "TLS_Clt:", "TLS_Srv:1", "TLS_Srv:0.5", "TLS_Srv:IPv6:2001"])
def test_what_is_no_name_cannot_be_accepted(relay: Relay, converge: Converge, key: str) -> None:
    entries = [{"key": key, "value": "OK"}, *([] if key == "TLS_Srv:" else [FLOOR])]
    answer = converge(entries, dns_risk_accepted=[key])
    assert answer["failed"] and answer["msg"].startswith("entries[0].value: 'OK' is refused as the value of")


def test_what_is_accepted_of_a_list_is_not_of_a_file(relay: Relay, converge: Converge, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "further"
    file.write_text("TLS_Srv:old.example OK\n", encoding="utf-8")
    answer = converge([FLOOR], entries_file=str(file), dns_risk_accepted=["TLS_Srv:old.example"])
    assert answer["failed"] and answer["msg"].startswith(f"{file}:1.value: 'OK' is refused")


def test_a_mailertable_needs_no_floor_and_has_rules_of_its_own(relay: Relay, converge: Converge) -> None:
    routes = [{"key": "Partner.example", "value": "relay:[255.255.255.255]:mta3.example"}]
    relay.path, relay.database = relay.folder / "mailertable", relay.folder / "mailertable.db"
    assert converge(routes, kind="mailertable")["changed"] and not converge(routes, kind="mailertable")["changed"]
    assert relay.database.read_text() == "partner.example\trelay:[255.255.255.255]:mta3.example\n"
    refused = converge([{"key": "a.example", "value": "local:alice"}], kind="mailertable")
    assert refused["msg"].startswith("entries[0]: 'local' is not a mailer that hands mail to another host")


def bill(lines: str, **parts: t.Any) -> dict[str, str]:
    """What the controller's half tells of a text."""
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return {"_waybill": waybill.render(waybill.Waybill(digest, **{"listed": 0, **parts}))}


def test_lines_from_the_controller_are_the_wish(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    lines = f"{FLOOR['key']}\t{FLOOR['value']}\n# c\nFrom:a@b.example REJECT\n"
    packed = waybill.pack_within([lines.encode()], 1000)
    options = {"path": str(relay.path), "entries_file": "/far/away"}
    asked = {**options, **bill(lines, listed=1)}
    wanted = run_module(sendmail_map.main, capfd, asked)
    assert wanted["wanted"] and not wanted["changed"] and os.listdir(relay.folder) == []
    brought = {**options, **bill(lines, listed=1, packed=packed)}
    done = run_module(sendmail_map.main, capfd, brought)
    assert done["changed"] and relay.database.read_text() == "tls_srv:\tTEMP+ENCR:128\nfrom:a@b.example\tREJECT\n"
    assert "packed" not in json.dumps(done), "the text is not in the report"
    for again in (run_module(sendmail_map.main, capfd, same) for same in (asked, brought)):
        assert not again["changed"] and "wanted" not in again and again["entries"] == 2
    (relay.folder / "sent").write_bytes(packed or b"")
    relay.database.unlink()
    sent = {**options, **bill(lines, listed=1, file=str(relay.folder / "sent"))}
    assert run_module(sendmail_map.main, capfd, sent)["changed"]
    torn = run_module(sendmail_map.main, capfd, {**options, **bill(lines[:-1], packed=packed), "type": "btree"})
    assert torn["failed"] and torn["msg"].startswith("/far/away: changed while it was sent")


def test_lines_made_of_data_are_no_lines_by_hand(relay: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    """The same text, known as lines with a comment, is looked at again when it comes from data."""
    lines = f"{FLOOR['key']}\t{FLOOR['value']}\n#a\tOK\n"
    asked = {"path": str(relay.path), **bill(lines, packed=waybill.pack_within([lines.encode()], 1000))}
    assert run_module(sendmail_map.main, capfd, {**asked, "entries_file": "x"})["changed"]
    refused = run_module(sendmail_map.main, capfd, {**asked, "entries_file": "x.json"})
    assert refused["msg"].startswith("x.json[1].key: '#a' cannot be a key")
    (relay.folder / "x.json").write_text('{"Connect:1": "OK", "TLS_Srv:": "ENCR:128"}')
    # Without the controller's half, the file is read here.
    here = {"path": str(relay.path), "entries": [], "entries_file": str(relay.folder / "x.json")}
    assert run_module(sendmail_map.main, capfd, here)["entries"] == 2


def test_an_unchanged_map_is_known_without_makemap(
    relay: Relay, converge: Converge, monkeypatch: pytest.MonkeyPatch
) -> None:
    converge()
    monkeypatch.setattr(mapbuild, "run", None)
    assert not converge()["changed"] and not converge(check=True)["changed"]


@pytest.mark.parametrize("spoil", [lambda place: place.unlink(), lambda place: place.write_text("{")])
def test_without_its_receipt_a_map_is_read_and_known(
    relay: Relay, converge: Converge, spoil: t.Callable[[pathlib.Path], None]
) -> None:
    converge()
    spoil(relay.folder / RECEIPT)
    assert not converge()["changed"] and (relay.folder / RECEIPT).read_text().startswith('{\n "version"')


def test_a_database_of_the_same_size_and_time_is_looked_at(relay: Relay, converge: Converge) -> None:
    converge()
    before = os.stat(relay.database)
    relay.database.write_text(ROWS.replace("RELAY", "OKAY!"))
    os.utime(relay.database, ns=(before.st_atime_ns, before.st_mtime_ns))
    answer = converge()
    assert answer["changed"] and answer["reasons"] == [f"{relay.database} differs in connect:mta1.example"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"entries_variable": "mine"}, "entries_variable: only the controller knows its variables"),
        ({"entries_file": "/none"}, "/none: there is no such file"),
        ({"map": "mailertable", "entries": [], "entries_file": __file__}, "entries_file: is for an access map only"),
        ({"entries": [FLOOR], "entries_file": __file__}, f"{__file__}:5: the line begins"),
    ],
)
def test_sources_that_cannot_be_are_refused(
    relay: Relay, capfd: pytest.CaptureFixture[str], options: dict[str, t.Any], told: str
) -> None:
    answer = run_module(sendmail_map.main, capfd, {**options, "path": str(relay.path)})
    assert answer["failed"] and answer["msg"].startswith(told[:40])


def test_a_large_hash_earns_a_warning(relay: Relay, converge: Converge, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sendmail_map.AnsibleModule, "warn", lambda self, text: said.append(text))
    monkeypatch.setattr(sendmail_map, "LARGE", 2)
    converge()
    assert said == []
    monkeypatch.setattr(sendmail_map, "LARGE", 1)
    converge()
    assert said == [f"{relay.path} has 2 entries; as a btree it would be built several times faster."]


@pytest.mark.parametrize(
    ("named", "refused"), [("access", False), ("access.db", False), ("other", True), (None, False)]
)
def test_a_map_that_nobody_would_ask_is_not_written(
    relay: Relay, capfd: pytest.CaptureFixture[str], named: str | None, refused: bool
) -> None:
    cf = relay.folder / "sendmail.cf"
    if named:
        cf.write_text(f"Kaccess hash -T<TMPF> {relay.folder / named}\n")
    options = {"entries": [FLOOR], "path": str(relay.path), "named_in": str(cf)}
    answer = run_module(sendmail_map.main, capfd, options)
    assert relay.path.exists() is not refused
    assert "would never be asked" in answer["msg"] if refused else answer["changed"]
