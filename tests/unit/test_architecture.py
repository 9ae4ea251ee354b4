# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The architecture, executable: each test is one rule of ``docs/architecture.md``."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
CORE = sorted((PLUGINS / "module_utils/_core").glob("*.py"))
HOST = sorted((PLUGINS / "module_utils/_host").glob("*.py"))
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
ACTIONS = sorted((PLUGINS / "action").glob("*.py"))
LOOKUPS = sorted((PLUGINS / "lookup").glob("*.py"))
FILTERS = sorted((PLUGINS / "filter").glob("*.py"))
GLUE = sorted((PLUGINS / "plugin_utils").glob("*.py"))
PYTHON = [*CORE, *HOST, *MODULES, *FILTERS, *ACTIONS, *LOOKUPS, *GLUE]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted((ROOT / "roles").glob("*/tasks/**/*.yml")) + sorted((ROOT / "roles").glob("*/handlers/*.yml"))
TEMPLATES = sorted((ROOT / "roles").glob("*/templates/**/*.j2"))

IMPURE = {"os", "socket", "ssl", "subprocess", "ansible", "pathlib", "shutil", "tempfile", "time", "random", "io"}
FORBIDDEN_NAMES = {"utils", "common", "helpers", "misc", "base"}
# The documented exceptions of the budgets; an entry costs a decision file in docs/decisions/.
BUDGET_EXCEPTIONS: dict[str, str] = {}


def relative(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def parse(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: pathlib.Path) -> set[str]:
    """Every module a file imports, relative ones as ``.name`` or ``..package.name``."""
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def code_lines(path: pathlib.Path) -> int:
    """Lines of a file without the documentation strings of a module."""
    tree = parse(path)
    total = len(path.read_text(encoding="utf-8").splitlines())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"DOCUMENTATION", "EXAMPLES", "RETURN"}:
            total -= (node.end_lineno or node.lineno) - node.lineno + 1
    return total


def functions(path: pathlib.Path) -> t.Iterator[tuple[str, int]]:
    for node in ast.walk(parse(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def flat_tasks(content: t.Any) -> t.Iterator[dict[str, t.Any]]:
    for task in content or []:
        yield task
        for section in ("block", "rescue", "always"):
            yield from flat_tasks(task.get(section))


def test_there_is_something_to_check() -> None:
    assert (
        len(CORE) > 1 and len(HOST) > 1 and MODULES and FILTERS and ACTIONS and GLUE and len(ROLES) == 3 and TASK_FILES
    )


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_core_is_pure(path: pathlib.Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & IMPURE
    assert not [name for name in imports(path) if "_host" in name]


@pytest.mark.parametrize("path", HOST, ids=relative)
def test_host_knows_no_policy(path: pathlib.Path) -> None:
    allowed = {"errors"}
    core = {name.split("_core.")[1] for name in imports(path) if "_core." in name}
    assert not core & ({"policy", "policy_reader", "access", "access_policy", "verdict"} - allowed)
    assert not [name for name in imports(path) if name.startswith("ansible")]


@pytest.mark.parametrize("path", FILTERS, ids=relative)
def test_a_filter_is_a_pure_projection(path: pathlib.Path) -> None:
    assert not [name for name in imports(path) if "_host" in name or name in {"os", "socket", "subprocess"}]
    assert f'"{path.stem}"' in path.read_text(encoding="utf-8"), "a filter is named as its file"


@pytest.mark.parametrize("path", FILTERS, ids=relative)
def test_a_filter_imports_core_when_it_is_called(path: pathlib.Path) -> None:
    """A task that uses one of them loads every file of this folder, in a process of its own."""
    on_loading = {node.module for node in parse(path).body if isinstance(node, ast.ImportFrom) and node.level > 1}
    assert not on_loading


@pytest.mark.parametrize("path", [*ACTIONS, *LOOKUPS], ids=relative)
def test_what_runs_on_the_controller_reads_files_there_and_knows_no_host(path: pathlib.Path) -> None:
    """An action plugin is the controller's half of a module of its name; it brings things, core says what they mean."""
    found = imports(path)
    assert not [name for name in found if "_host" in name or name in {"socket", "subprocess"}]
    if path in ACTIONS:
        assert (PLUGINS / "modules" / path.name).exists(), "an action plugin is named as its module"
        assert not found & {
            "..module_utils._core.access",
            "..module_utils._core.policy",
            "..module_utils._core.verdict",
        }


@pytest.mark.parametrize("path", GLUE, ids=relative)
def test_glue_over_other_collections_means_nothing(path: pathlib.Path) -> None:
    assert not [name for name in imports(path) if "_core" in name or "_host" in name]


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_only_the_controller_uses_the_glue_and_only_the_glue_other_collections(path: pathlib.Path) -> None:
    if path not in [*FILTERS, *ACTIONS]:
        assert not [name for name in imports(path) if "plugin_utils" in name], "this runs on relays, the glue does not"
    if path not in GLUE:
        foreign = set(re.findall(r"ansible_collections\.(\w+\.\w+)", path.read_text(encoding="utf-8")))
        assert not foreign - {"mailtls.relay"}, "plugin_utils is the only place that looks into another collection"


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_files_are_nouns_within_their_budget(path: pathlib.Path) -> None:
    assert not set(path.stem.strip("_").split("_")) & FORBIDDEN_NAMES
    budget = 250 if path in MODULES else 300
    assert code_lines(path) <= budget or relative(path) in BUDGET_EXCEPTIONS


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_functions_are_small(path: pathlib.Path) -> None:
    for name, lines in functions(path):
        budget = 30 if name == "main" else 40
        assert lines <= budget or f"{relative(path)}:{name}" in BUDGET_EXCEPTIONS, f"{name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_has_one_guard(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("except MailtlsError") == 1, "errors are caught once, in main()"
    code = text.split("import", 1)[-1]
    assert len(re.findall(r"module\.check_mode", code)) <= 1, "the check-mode branch stands once"


@pytest.mark.parametrize("path", [path for path in PYTHON if path.stem != "__init__"], ids=relative)
def test_unit_tests_mirror_the_plugins(path: pathlib.Path) -> None:
    # Test files of one name in two folders would be taken for one another.
    name = f"test_{path.stem}_action.py" if path in ACTIONS else f"test_{path.stem}.py"
    mirror = ROOT / "tests/unit" / path.parent.relative_to(ROOT) / name
    assert mirror.exists(), f"{relative(mirror)} is missing"


@pytest.mark.parametrize("path", TASK_FILES, ids=relative)
def test_task_files_are_short(path: pathlib.Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40 or relative(path) in BUDGET_EXCEPTIONS
    tasks = list(flat_tasks(yaml.safe_load("\n".join(lines))))
    assert not [task for task in tasks if any(key.endswith("set_fact") for key in task)], "no set_fact"


# All that the roles do on a host: nothing here knows a firewall, AppArmor or SELinux.
USED_MODULES = {"apt", "assert", "copy", "debug", "file", "import_tasks", "include_tasks", "setup", "systemd_service"}
USED_PROGRAMS = {"dpkg-query", "journalctl", "m4", "make", "makemap", "sendmail", "systemctl", "update_conf"}
# Each of Debian's tools that follow the mc, a variable in _host/debianmake.
USED_PROGRAMS |= {"program"}


@pytest.mark.parametrize("path", TASK_FILES, ids=relative)
def test_tasks_use_few_modules(path: pathlib.Path) -> None:
    tasks = list(flat_tasks(yaml.safe_load(path.read_text(encoding="utf-8"))))
    used = {key for task in tasks for key in task if "." in key}
    assert used, "nothing was found: this look proves nothing"
    assert {key.rpartition("ansible.builtin.")[2] for key in used if "ansible.builtin." in key} <= USED_MODULES
    assert not [key for key in used if not re.match(r"ansible\.builtin\.|mailtls\.relay\.|community\.crypto\.", key)]


def test_plugins_run_few_programs() -> None:
    used = {program for path in [*HOST, *MODULES] for program in programs(parse(path))}
    assert used == USED_PROGRAMS


def programs(tree: ast.Module) -> t.Iterator[str]:
    """What is started by ``run([program, ...])``, without its folder; a name stands for its text, if it has one."""
    texts = {
        ast.unparse(target): str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("run", "command.run"):
            first = t.cast(ast.List, node.args[0]).elts[0]
            said = ast.unparse(first)
            yield (str(first.value) if isinstance(first, ast.Constant) else texts.get(said, said)).rpartition("/")[2]


def test_one_place_starts_programs() -> None:
    starting = [relative(path) for path in PYTHON if "subprocess" in imports(path)]
    assert starting == ["plugins/module_utils/_host/command.py"]


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_main_is_a_table_of_contents(role: pathlib.Path) -> None:
    tasks = yaml.safe_load((role / "tasks/main.yml").read_text(encoding="utf-8"))
    assert tasks
    for task in tasks:
        assert {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"} & set(task), task


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_defaults_equal_the_argument_spec(role: pathlib.Path) -> None:
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text(encoding="utf-8")) or {}
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    options = specs["main"]["options"]
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults
    prefix = f"{role.name}_"
    assert not [name for name in options if not name.startswith(prefix)]


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_a_role_says_what_it_is(role: pathlib.Path) -> None:
    assert 0 < len((role / "README.md").read_text(encoding="utf-8").splitlines()) <= 20
    assert (role / "meta/main.yml").exists()


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_jinja_only_prints(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert not re.search(r"{%-?\s*(set|macro|import|include|call|do)\b", text)
