# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is released of the commit that is checked out: release.py FOLDER.

Tarball, changelog, documentation and their checksums. All is built twice, in folders of different names, and must be
the same to the byte: whoever has the commit can see that the release was made of it.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import typing as t

import yaml

SUMS = "SHA256SUMS"


class Refusal(Exception):
    """Why nothing is released, and what to do."""


class Source(t.NamedTuple):
    """A commit, and what it says of itself."""

    root: pathlib.Path
    commit: str
    name: str
    version: str
    seconds: int
    notes: str


def git(root: pathlib.Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def read_source(root: pathlib.Path) -> Source:
    """The commit that is checked out, or the reason not to release it."""
    if dirty := git(root, "status", "--porcelain"):
        raise Refusal(f"the tree is not what was committed; commit or remove first:\n{dirty}")
    galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
    version = galaxy["version"]
    tags = [tag for tag in git(root, "tag", "--points-at", "HEAD").split() if tag.startswith("v")]
    if tags and tags != [f"v{version}"]:
        raise Refusal(f"the commit has the tag {', '.join(tags)}, and galaxy.yml says {version}; correct one of them")
    notes = find_notes(root, version)
    if notes == "in fragments" and tags:
        raise Refusal(f"{tags[0]} has no notes in CHANGELOG.rst; run antsibull-changelog release, commit, tag again")
    name = f"{galaxy['namespace']}-{galaxy['name']}"
    commit, seconds = git(root, "log", "-1", "--format=%H %ct").split()
    return Source(root, commit, name, version, int(seconds), notes)


def find_notes(root: pathlib.Path, version: str) -> str:
    """Whether the notes of this version are ``committed``, or stand ``in fragments`` with a summary."""
    changes = yaml.safe_load((root / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    if version in changes["releases"]:
        return "committed"
    fragments = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (root / "changelogs/fragments").glob("*.yml")
    ]
    if not any(fragment.get("release_summary") for fragment in fragments):
        raise Refusal(
            f"there are no release notes for {version}: write a fragment with a release_summary below"
            " changelogs/fragments, or set the version in galaxy.yml that CHANGELOG.rst tells of"
        )
    return "in fragments"


def export(source: Source, folder: pathlib.Path) -> pathlib.Path:
    """The files of the commit, where Ansible takes them for a collection, with the notes written."""
    there = folder / "ansible_collections" / source.name.replace("-", "/")
    there.mkdir(parents=True)
    archive = ["git", "-C", str(source.root), "archive", source.commit]
    packed = subprocess.run(archive, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(there, filter="data")
    # antsibull-changelog asks git which files there are.
    git(there, "init", "--quiet")
    git(there, "add", "--all")
    if source.notes == "in fragments":
        day = datetime.datetime.fromtimestamp(source.seconds, datetime.timezone.utc).date()
        run(["antsibull-changelog", "release", "--version", source.version, "--date", str(day)], source, there)
    return there


def run(command: list[str], source: Source, folder: pathlib.Path) -> None:
    """A tool that shall make the same of the same."""
    fixed = {"SOURCE_DATE_EPOCH": str(source.seconds), "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **fixed}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def build(source: Source, folder: pathlib.Path) -> dict[str, bytes]:
    """Each file of the release by its name."""
    there = export(source, folder)
    run(["ansible-galaxy", "collection", "build", "--output-path", str(folder)], source, there)
    stem = f"{source.name}-{source.version}"
    content = sort_manifest(members_of((folder / f"{stem}.tar.gz").read_bytes()))
    tarball = folder / f"{stem}.packed.tar.gz"
    tarball.write_bytes(pack(content, source.seconds, listed_folders(content)))
    # ansible-galaxy compares every file with the manifest.
    places = ["--no-deps", "--collections-path", str(folder / "installed")]
    run(["ansible-galaxy", "collection", "install", *places, str(tarball)], source, folder)
    run(["docs/site/build.sh", str(there), str(folder / "docs")], source, there)
    return {
        f"{stem}.tar.gz": tarball.read_bytes(),
        f"{stem}-docs.tar.gz": pack(read_folder(folder / "docs/html", f"{stem}-docs"), source.seconds),
        "CHANGELOG.rst": (there / "CHANGELOG.rst").read_bytes(),
    }


class Content(t.NamedTuple):
    data: bytes
    executable: bool = False


def read(files: tarfile.TarFile, one: tarfile.TarInfo) -> Content:
    stream = files.extractfile(one)
    assert stream is not None
    return Content(stream.read(), bool(one.mode & 0o100))


def read_folder(folder: pathlib.Path, name: str) -> dict[str, Content]:
    return {
        f"{name}/{path.relative_to(folder)}": Content(path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }


def sort_manifest(content: dict[str, Content]) -> dict[str, Content]:
    """ansible-galaxy lists files in the order in which the disk has them; here they are listed by name."""
    listing = json.loads(content["FILES.json"].data)
    listing["files"].sort(key=lambda one: one["name"])
    files = json.dumps(listing, indent=2).encode()
    manifest = json.loads(content["MANIFEST.json"].data)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files).hexdigest()
    return {
        **content,
        "FILES.json": Content(files),
        "MANIFEST.json": Content(json.dumps(manifest, indent=2).encode()),
    }


def listed_folders(content: dict[str, Content]) -> list[str]:
    """The folders of the manifest; an empty one would be known by no file in it."""
    return [one["name"] for one in json.loads(content["FILES.json"].data)["files"] if one["ftype"] == "dir"]


def pack(content: dict[str, Content], seconds: int, empty: t.Sequence[str] = ()) -> bytes:
    """A tarball that depends on names, bytes and this moment alone. The manifest comes first, as Ansible has it."""
    folders = {str(parent) for name in content for parent in pathlib.PurePosixPath(name).parents}
    folders = (folders | set(empty)) - {"."}
    first = {"MANIFEST.json": 0, "FILES.json": 1}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted([*content, *folders], key=lambda name: (first.get(name, 2), name)):
            member = tarfile.TarInfo(name)
            member.mtime = seconds
            if name in folders:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            else:
                member.size, member.mode = len(content[name].data), 0o755 if content[name].executable else 0o644
                archive.addfile(member, io.BytesIO(content[name].data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The names of files that are not the same in both; within tarballs, those of their members."""
    found = []
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            found += [f"{name}: {inner}" for inner in inner_differences(one[name], other[name])] or [name]
    return found


def members_of(data: bytes) -> dict[str, Content]:
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        return {one.name: read(files, one) for one in files.getmembers() if one.isfile()}


def inner_differences(one: bytes, other: bytes) -> list[str]:
    try:
        members = [members_of(data) for data in (one, other)]
    except tarfile.TarError:
        return []
    return [name for name in sorted({*members[0], *members[1]}) if members[0].get(name) != members[1].get(name)]


def release(root: pathlib.Path, folder: pathlib.Path) -> None:
    source = read_source(root)
    print(f"== {source.name} {source.version}, notes {source.notes}: building twice")
    with tempfile.TemporaryDirectory(prefix="a-") as one, tempfile.TemporaryDirectory(prefix="another-") as other:
        built = build(source, pathlib.Path(one))
        if different := differences(built, build(source, pathlib.Path(other))):
            raise Refusal("two builds of one commit differ: " + ", ".join(different))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in built.items():
        (folder / name).write_bytes(data)
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(built.items())]
    (folder / SUMS).write_text("".join(sums), encoding="ascii")
    print("".join(sums) + f"== both builds are the same to the byte; they lie in {folder}")


def main() -> int:
    try:
        release(pathlib.Path(__file__).resolve().parents[1], pathlib.Path(sys.argv[1]))
    except Refusal as refusal:
        print(f"No release: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
