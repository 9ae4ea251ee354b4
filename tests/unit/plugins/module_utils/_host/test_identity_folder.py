# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity on a real disk, and kills at every step of its installation."""

from __future__ import annotations

import contextlib
import grp
import os
import pathlib
import pwd
import typing as t

import pki
import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import identity as layout
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host import files, keypair
from ansible_collections.mailtls.relay.plugins.module_utils._host import identity_folder as subject

CA = pki.certificate("ca", authority=True).encode()
OLD = {"host.key": pki.key_pem("old").encode(), "host.crt": pki.certificate("old").encode(), "ca.crt": CA}
NEW = {"host.key": pki.key_pem("new").encode(), "host.crt": pki.certificate("new").encode(), "ca.crt": CA + CA}
Contents = dict[str, t.Optional[bytes]]


class Killed(BaseException):
    """The process ends here, as by kill -9."""


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need not be root."""
    monkeypatch.setattr(layout, "OWNER", pwd.getpwuid(os.getuid()).pw_name)
    monkeypatch.setattr(layout, "GROUP", grp.getgrgid(os.getgid()).gr_name)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "mail" / "certs")


def look(folder: str) -> tuple[layout.Identity, Contents]:
    contents = subject.read_contents(folder)
    return subject.read_identity(folder, contents), contents


def converge(folder: str, wish: t.Mapping[str, bytes | None]) -> bool:
    present, actual = look(folder)
    change = layout.plan(present, wish, actual)
    if change is not None:
        subject.install(present, change, wish)
    return change is not None


def test_nothing_is_there_at_first(folder: str) -> None:
    present, contents = look(folder)
    assert {entry.kind for entry in present.entries.values()} == {"absent"}
    assert (present.certificate, present.keypair_problem, present.ca_problem, present.strays) == ("", "", "", ())
    assert set(contents.values()) == {None}
    assert [entry.kind for entry in present.parents[:2]] == ["absent", "folder"]
    assert present.parents[-1].path == "/"


def test_a_first_installation(folder: str) -> None:
    old = os.umask(0o077)
    try:
        assert converge(folder, OLD)
    finally:
        os.umask(old)
    present, contents = look(folder)
    assert contents == OLD
    assert layout.drifted(present) == () and not present.keypair_problem and not present.ca_problem
    assert sorted(os.listdir(folder)) == ["ca.crt", "ca.d", "host.crt", "host.key"]
    assert present.parents[0].mode == "0755"
    assert not converge(folder, OLD)


def test_drift_is_repaired_and_nothing_else_is_touched(folder: str) -> None:
    converge(folder, OLD)
    key = os.path.join(folder, "host.key")
    os.chmod(key, 0o640)
    os.chmod(folder, 0o775)
    before = os.stat(key).st_ino
    assert converge(folder, dict.fromkeys(OLD))
    assert layout.drifted(look(folder)[0]) == () and os.stat(key).st_ino == before


def test_strays_and_wrong_kinds_are_seen(folder: str) -> None:
    converge(folder, OLD)
    pathlib.Path(folder, "ca.d", "ab.0").touch()
    os.unlink(os.path.join(folder, "host.key"))
    os.mkfifo(os.path.join(folder, "host.key"))
    present, contents = look(folder)
    assert present.strays == ("ab.0",) and present.entries["host.key"].kind == "other"
    assert contents["host.key"] is None and present.keypair_problem == "there is no key"


@pytest.mark.parametrize(
    ("changed", "keypair_words", "ca_words"),
    [
        ({"host.key": NEW["host.key"]}, "the key does not belong to the certificate", False),
        ({"host.crt": None}, "there is no certificate", False),
        ({"ca.crt": b"garbage"}, "", True),
    ],
)
def test_what_openssl_would_refuse(changed: Contents, keypair_words: str, ca_words: bool) -> None:
    contents = {**OLD, **changed}
    assert subject.keypair_problem(contents) == keypair_words
    assert bool(subject.ca_problem(contents)) is ca_words


def test_files_that_openssl_refuses_replace_nothing(folder: str) -> None:
    converge(folder, OLD)
    with pytest.raises(MailtlsError, match="Nothing was replaced"):
        converge(folder, {**NEW, "host.key": OLD["host.key"]})
    assert look(folder)[1] == OLD
    assert sorted(os.listdir(folder)) == ["ca.crt", "ca.d", "host.crt", "host.key"]


STEPS = [(os, "rename"), (files, "write_aside"), (keypair, "ca_problem")]


@pytest.mark.parametrize("there", [{}, OLD], ids=["first", "renewal"])
@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[step[1] for step in STEPS])
def test_a_kill_at_any_step_is_noticed_and_mended(
    folder: str, module: t.Any, name: str, count: int, there: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        converge(folder, there)
    real, calls = getattr(module, name), iter(range(9))

    def killed(*arguments: t.Any) -> t.Any:
        if next(calls) >= count:
            raise Killed
        return real(*arguments)

    # The look before the installation asks OpenSSL, too; only the steps of the installation are killed.
    present, actual = look(folder)
    change = layout.plan(present, NEW, actual)
    assert change is not None
    with monkeypatch.context() as patched:
        patched.setattr(module, name, killed)
        with contextlib.suppress(Killed):
            subject.install(present, change, NEW)
    found, contents = look(folder)
    pairs = [(some.get("host.key"), some.get("host.crt")) for some in (there, NEW)]
    assert found.keypair_problem or (contents["host.key"], contents["host.crt"]) in pairs
    converge(folder, NEW)
    assert look(folder)[1] == NEW and not look(folder)[0].keypair_problem
    assert sorted(os.listdir(folder)) == ["ca.crt", "ca.d", "host.crt", "host.key"]
