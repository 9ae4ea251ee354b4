# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CI only calls the Makefile, hooks only the tools of .venv, and what contributors are told to touch is there."""

from __future__ import annotations

import fnmatch
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
# What is no target: it needs the rights of the job, and publishes what a target made.
PUBLISH = r"gh release create \S.* \.cache/release/\*"
# All that users get; the rest stands in build_ignore.
SHIPPED = {
    *("CHANGELOG.rst", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "LICENSES", "README.md", "REUSE.toml"),
    *("SECURITY.md", "changelogs", "docs", "examples", "galaxy.yml", "meta", "playbooks", "plugins"),
    *("requirements.yml", "roles"),
}
# Parts of these may be shipped, for the tests of others.
PARTLY = {"molecule", "tests"}


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def commands_of_github() -> list[str]:
    """Each step's command, once for every target of its matrix."""
    found = []
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            targets = job.get("strategy", {}).get("matrix", {}).get("target", [""])
            steps = [step["run"] for step in job["steps"] if "run" in step]
            found += [step.replace("${{ matrix.target }}", target) for step in steps for target in targets]
    return found


def commands_of_gitlab() -> list[str]:
    found = []
    for job in load(ROOT / ".gitlab-ci.yml").values():
        if isinstance(job, dict) and "script" in job:
            (matrix,) = job.get("parallel", {}).get("matrix", [{"TARGET": [""]}])
            found += [line.replace("${TARGET}", target) for line in job["script"] for target in matrix["TARGET"]]
    return found


def test_there_is_something_to_check() -> None:
    assert len(WORKFLOWS) == 3 and len(commands_of_github()) >= 10 and len(commands_of_gitlab()) >= 7


@pytest.mark.parametrize("command", [*commands_of_github(), *commands_of_gitlab()])
def test_ci_calls_targets_that_exist(command: str) -> None:
    if not re.fullmatch(PUBLISH, command):
        found = re.fullmatch(r"(?:sudo )?make ([a-z-]+)", command)
        assert found, f"{command} is no target of the Makefile"
        assert found[1] in TARGETS, f"the Makefile has no {found[1]}"


def test_both_check_the_same() -> None:
    github = load(ROOT / ".github/workflows/ci.yml")["jobs"]["check"]["strategy"]["matrix"]["target"]
    (gitlab,) = load(ROOT / ".gitlab-ci.yml")["check"]["parallel"]["matrix"]
    assert github == gitlab["TARGET"]


def test_actions_are_pinned_to_a_commit_that_says_its_release() -> None:
    used = [line for path in WORKFLOWS for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.search(r"uses: actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_no_job_may_write_but_the_one_that_publishes() -> None:
    for path in WORKFLOWS:
        workflow = load(path)
        assert workflow["permissions"] == {"contents": "read"}
        writing = [name for name, job in workflow["jobs"].items() if "permissions" in job]
        assert writing == (["release"] if path.stem == "release" else [])


def test_hooks_call_the_tools_that_setup_installs() -> None:
    (repository,) = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    installed = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        tool = words[1] if program == ".venv/bin/python" else program.removeprefix(".venv/bin/")
        assert re.search(rf"^{tool}[>=]", installed, re.M), f"{tool} is not in requirements-dev.txt"
        assert all((ROOT / word).exists() for word in words if word.endswith(".py"))


def rows() -> list[tuple[str, str]]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## I want to add ...")[2]
    return re.findall(r"^\| ([a-zP].*?) \| (.*) \|$", text.partition("\n## ")[0], re.M)


def test_there_is_a_row_for_every_kind_of_thing() -> None:
    kinds = {kind for kind, _touch in rows()}
    assert {"module", "filter", "variable of a role", "scenario", "guide", "decision", "promise"} <= kinds


@pytest.mark.parametrize(("kind", "touch"), rows())
def test_what_to_touch_is_there(kind: str, touch: str) -> None:
    paths = [path for path in re.findall(r"`([^`\s]+)`", touch) if "/" in path or "." in path]
    assert paths, kind
    for path in paths:
        # Capitals stand for a name; some file of this kind is there already.
        pattern = re.sub("NAME|NNNN|ROLE|TITLE|TOPIC", "*", path).rstrip("/")
        assert list(ROOT.glob(pattern)), f"{kind}: there is no {pattern}"


def test_all_that_is_tracked_is_shipped_or_ignored() -> None:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=False).stdout
    names = {name.split("/")[0] for name in listed.split()} or SHIPPED
    ignored = load(ROOT / "galaxy.yml")["build_ignore"]
    assert all(any(f"{one}/".startswith(f"{name}/") for one in ignored) for name in PARTLY & names)
    assert names - set(ignored) - PARTLY == SHIPPED


def test_of_molecule_only_the_lab_is_shipped() -> None:
    """Whoever adds a scenario would ship it: build_ignore has no way to say "all but these"."""
    ignored = load(ROOT / "galaxy.yml")["build_ignore"]
    names = {path.name for path in (ROOT / "molecule").iterdir() if path.name != "__pycache__"}
    shipped = {name for name in names if not any(fnmatch.fnmatch(f"molecule/{name}", one) for one in ignored)}
    assert shipped == {"connection", "inventory", "shared"}
