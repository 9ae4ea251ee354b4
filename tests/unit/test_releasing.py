# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release depends on its commit alone, and is refused where that is not what it says. ``make release`` makes one."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import pathlib
import subprocess
import tarfile
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load() -> t.Any:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = load()
GALAXY = {"namespace": "mailtls", "name": "relay", "version": "1.2.3", "authors": ["x"], "readme": "README.md"}


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """A small collection, committed."""
    (tmp_path / "changelogs/fragments").mkdir(parents=True)
    (tmp_path / "plugins").mkdir()
    write(tmp_path, "galaxy.yml", yaml.safe_dump(GALAXY))
    write(tmp_path, "README.md", "# A collection\n")
    (tmp_path / "plugins/nothing_yet").mkdir()
    write(tmp_path, "plugins/b.py", "B = 1\n")
    write(tmp_path, "plugins/a.py", "A = 1\n")
    write(tmp_path, "changelogs/changelog.yaml", "ancestor: null\nreleases: {}\n")
    write(tmp_path, "changelogs/fragments/first.yml", "release_summary: The first.\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def write(root: pathlib.Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8")


def git(root: pathlib.Path, *words: str) -> None:
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.test"]
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)


def commit(root: pathlib.Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "what there is")


def test_a_clean_commit_with_a_summary_is_taken(checkout: pathlib.Path) -> None:
    source = release.read_source(checkout)
    assert (source.name, source.version, source.notes) == ("mailtls-relay", "1.2.3", "in fragments")


def test_a_tag_needs_its_notes_in_the_changelog(checkout: pathlib.Path) -> None:
    git(checkout, "tag", "v1.2.3")
    with pytest.raises(release.Refusal, match="no notes in CHANGELOG"):
        release.read_source(checkout)
    write(checkout, "changelogs/changelog.yaml", "ancestor: null\nreleases: {1.2.3: {}}\n")
    commit(checkout)
    git(checkout, "tag", "--force", "v1.2.3")
    assert release.read_source(checkout).notes == "committed"


def test_a_tag_of_another_version_is_refused(checkout: pathlib.Path) -> None:
    git(checkout, "tag", "v1.2.4")
    with pytest.raises(release.Refusal, match=r"tag v1\.2\.4, and galaxy\.yml says 1\.2\.3"):
        release.read_source(checkout)


@pytest.mark.parametrize("name", ["README.md", "plugins/new.py"])
def test_a_tree_that_is_not_the_commit_is_refused(checkout: pathlib.Path, name: str) -> None:
    write(checkout, name, "something else\n")
    with pytest.raises(release.Refusal, match=f"(?s)not what was committed.*{name}"):
        release.read_source(checkout)


def test_a_version_that_nobody_wrote_about_is_refused(checkout: pathlib.Path) -> None:
    write(checkout, "changelogs/fragments/first.yml", "bugfixes: [no more.]\n")
    commit(checkout)
    with pytest.raises(release.Refusal, match=r"no release notes for 1\.2\.3.*release_summary"):
        release.read_source(checkout)


def test_words_instead_of_a_traceback(
    checkout: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(checkout, "README.md", "dirty\n")
    monkeypatch.setattr(release, "__file__", str(checkout / ".ci/release.py"))
    monkeypatch.setattr(release.sys, "argv", ["release.py", str(checkout / "out")])
    assert release.main() == 1 and not (checkout / "out").exists()
    assert capsys.readouterr().err.startswith("No release: the tree is not what was committed")


def content(texts: dict[str, str]) -> dict[str, t.Any]:
    return {name: release.Content(text.encode()) for name, text in texts.items()}


def test_a_tarball_depends_on_names_and_bytes_alone() -> None:
    texts = {"plugins/b.py": "b", "MANIFEST.json": "{}", "plugins/a.py": "a", "FILES.json": "{}"}
    packed = release.pack(content(texts), 1_000_000)
    assert packed == release.pack(content(dict(reversed(texts.items()))), 1_000_000)
    assert packed != release.pack(content({**texts, "plugins/a.py": "A"}), 1_000_000)
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        members = files.getmembers()
    names = ["MANIFEST.json", "FILES.json", "plugins", "plugins/a.py", "plugins/b.py"]
    assert [one.name for one in members] == names
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members} == {(0, 0, "", "", 1_000_000)}


def test_the_manifest_of_a_real_build_is_sorted_and_installs(
    checkout: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("out")
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(out), str(checkout)]
    subprocess.run(command, check=True, capture_output=True, cwd=checkout)
    ours = release.sort_manifest(release.members_of((out / "mailtls-relay-1.2.3.tar.gz").read_bytes()))
    listed = json.loads(ours["FILES.json"].data)["files"]
    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    for one in listed:
        if one["ftype"] == "file":
            assert hashlib.sha256(ours[one["name"]].data).hexdigest() == one["chksum_sha256"]
    manifest = json.loads(ours["MANIFEST.json"].data)["file_manifest_file"]
    assert manifest["chksum_sha256"] == hashlib.sha256(ours["FILES.json"].data).hexdigest()

    (out / "packed.tar.gz").write_bytes(release.pack(ours, 0, release.listed_folders(ours)))
    command = ["ansible-galaxy", "collection", "install", "--no-deps", "-p", str(out), str(out / "packed.tar.gz")]
    subprocess.run(command, check=True, capture_output=True, cwd=out)
    installed = out / "ansible_collections/mailtls/relay"
    assert (installed / "plugins/a.py").read_text() == "A = 1\n" and (installed / "plugins/nothing_yet").is_dir()


def test_what_differs_is_named_down_to_the_member() -> None:
    one, other = content({"a": "1", "b": "1"}), content({"a": "1", "b": "2"})
    packed = [{"x.tar.gz": release.pack(each, 0), "NOTES": note} for each, note in ((one, b"n"), (other, b"m"))]
    assert release.differences(*packed) == ["NOTES", "x.tar.gz: b"]
    assert release.differences(packed[0], packed[0]) == []
