# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each system gets the configuration, paths and packages that are its own, and none is changed that nobody tested."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import ansible_collections.mailtls.relay as collection
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/sendmail"
GOLDEN = ROOT / "tests/fixtures/mc"
FACTS = ("os_family", "distribution", "distribution_version", "distribution_major_version", "nodename")


class System(t.NamedTuple):
    """What Ansible says of a system, and what the platform data should come to."""

    family: str
    distribution: str
    version: str
    state: str
    golden: str = ""
    release: str = ""
    service: str = "sendmail"
    pid_file: str = ""
    cf_macros: str = ""

    @property
    def facts(self) -> dict[str, str]:
        major, host = self.version.partition(".")[0], "mta1.example.test"
        return dict(zip(FACTS, (self.family, self.distribution, self.version, major, host), strict=True))


PID, CF = "/run/sendmail/mta/sendmail.pid", "/usr/share/sendmail/cf/m4/cf.m4"
RED_HAT_PID, RED_HAT_CF = "/run/sendmail.pid", "/usr/share/sendmail-cf/m4/cf.m4"


def debian(distribution: str, version: str, state: str, golden: str, release: str) -> System:
    return System("Debian", distribution, version, state, golden, release, "sendmail", PID, CF)


def red_hat(distribution: str, version: str, golden: str) -> System:
    return System("RedHat", distribution, version, "rendered", golden, "", "sendmail", RED_HAT_PID, RED_HAT_CF)


SYSTEMS = {
    "debian11": debian("Debian", "11.11", "tested", "debian-8.15", "8.15.2"),
    "debian12": debian("Debian", "12.11", "tested", "debian", "8.17.1.9"),
    "debian13": debian("Debian", "13.1", "tested", "debian", "8.18.1"),
    "debian14": debian("Debian", "14.0", "untested", "debian-8.15", ""),
    "ubuntu22": debian("Ubuntu", "22.04", "untested", "debian-8.15", "8.15.2"),
    "ubuntu24": debian("Ubuntu", "24.04", "untested", "debian", "8.18.1"),
    "ubuntu24_10": debian("Ubuntu", "24.10", "untested", "debian-8.15", ""),
    "mint": debian("Linux Mint", "22", "untested", "debian-8.15", ""),
    "rhel9": red_hat("RedHat", "9.4", "redhat"),
    "rocky9": red_hat("Rocky", "9.4", "redhat"),
    "fedora": red_hat("Fedora", "42", "fedora"),
    "freebsd": System("FreeBSD", "FreeBSD", "14.1", "rendered", "freebsd", "", "sendmail", "/var/run/sendmail.pid", CF),
    "suse": System("Suse", "openSUSE Leap", "15.6", "unknown"),
    "nothing": System("", "", "", "unknown"),
}
WRITTEN = [name for name, one in SYSTEMS.items() if one.golden]
TESTED = "Use one of Debian 11, Debian 12, Debian 13."
WORDS = {
    "untested": "Nobody tried this role on it, but it has the packages of one of these.",
    "rendered": "The role can write a sendmail.mc for it, but installs, starts and watches sendmail with",
    "unknown": "The role knows nothing of it,",
}
Seen = dict[str, dict[str, t.Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the role's variables come to on each system, and what its own task says there, with the role's defaults."""
    folder = tmp_path_factory.mktemp("play")
    for name in ("templates", "files"):
        (folder / name).symlink_to(ROLE / name)
    refuse = {**tasks_of("system")[-1], "ignore_errors": True}
    hash_map, tree = {"sendmail_access_map_type": "hash"}, {"sendmail_access_map_type": "btree"}
    written = "{{ __sendmail_mc_text if __sendmail_platform.mc is defined else '' }}"
    tasks = [
        {"ansible.builtin.set_fact": {**{name: f"{{{{ facts.{name} }}}}" for name in FACTS}, "cacheable": True}},
        {**refuse, "register": "by_default"},
        {**refuse, "register": "when_asked", "vars": {"sendmail_untested_platform": "true"}},
        {**refuse, "register": "when_told_no", "vars": {"sendmail_untested_platform": "false"}},
        report("platform", "{{ __sendmail_platform }}"),
        report("release", "{{ __sendmail_release }}"),
        report("mc_path", "{{ __sendmail_mc if __sendmail_platform.mc is defined else '' }}"),
        report("said", "{{ [by_default.msg, when_asked.msg, when_told_no.msg] }}"),
        report("mc", written, **hash_map),
        report("mc_of_a_tree", written, **tree),
    ]
    loaded = [str(path) for path in sorted((ROLE / "vars/main").glob("*.yml"))]
    play = {"hosts": "all", "gather_facts": False, "vars_files": loaded, "tasks": tasks}
    (folder / "play.json").write_text(json.dumps([play]), encoding="utf-8")
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    info = {"ipv6": True, "v6only": False, "addresses": [], "local_mail": {"submission": None}}
    hosts = {name: {**defaults, "facts": one.facts, "__sendmail_info": info} for name, one in SYSTEMS.items()}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    found: Seen = {name: {} for name in SYSTEMS}
    for part in run(folder).split("TASK [")[1:]:
        for name, text in re.findall(r"^ok: \[(\w+)\] => (\{.*?^\})", part, re.M | re.S):
            found[name][part.partition("]")[0]] = json.loads(text).get("msg")
    return found


def report(name: str, value: str, **variables: str) -> dict[str, t.Any]:
    return {"name": name, "ansible.builtin.debug": {"msg": value}, "vars": variables}


def tasks_of(name: str) -> list[dict[str, t.Any]]:
    loaded = yaml.safe_load((ROLE / f"tasks/{name}.yml").read_text(encoding="utf-8"))
    return t.cast(list[dict[str, t.Any]], loaded)


def run(folder: pathlib.Path) -> str:
    (folder / "ansible.cfg").touch()
    argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.json", "play.json"]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(pathlib.Path(next(iter(collection.__path__))).parents[2]),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_INJECT_FACT_VARS": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_data_of_a_system(seen: Seen, name: str) -> None:
    one, platform = SYSTEMS[name], seen[name]["platform"]
    assert platform["state"] == one.state
    assert seen[name]["release"] == one.release
    if one.golden:
        assert (platform["service"], platform["pid_file"], platform["cf_macros"]) == (
            one.service,
            one.pid_file,
            one.cf_macros,
        )
        assert ("sendmail-cf" in platform["packages"]) == (one.family != "FreeBSD")
        assert platform["map_type"] == ("cdb" if one.distribution == "Fedora" else "hash")
        assert platform.get("starts_disabled", False) == (name in ("debian13", "ubuntu24"))
    mc = "/etc/mail/mta1.example.test.mc" if one.family == "FreeBSD" else "/etc/mail/sendmail.mc"
    assert seen[name]["mc_path"] == (mc if one.golden else "")


@pytest.mark.parametrize("name", SYSTEMS)
def test_only_a_tested_system_is_changed_without_being_asked(seen: Seen, name: str) -> None:
    one = SYSTEMS[name]
    by_default, when_asked, when_told_no = seen[name]["said"]
    assert by_default == when_told_no
    if one.state == "tested":
        assert by_default == "All assertions passed"
    else:
        assert by_default.startswith(f"{one.distribution} {one.version} is not supported. {TESTED} {WORDS[one.state]}")
        assert by_default.endswith("Nothing was changed.")
    assert when_asked == ("All assertions passed" if one.state in ("tested", "untested") else by_default)


def test_an_untested_system_is_told_what_to_set(seen: Seen) -> None:
    assert "set sendmail_untested_platform: true" in seen["debian14"]["said"][0]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_mc_is_the_golden_one_to_the_last_byte(seen: Seen, name: str) -> None:
    assert seen[name]["mc"] == (GOLDEN / f"{SYSTEMS[name].golden}.mc").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["mc", "mc_of_a_tree"])
@pytest.mark.parametrize("name", WRITTEN)
def test_no_system_gets_a_map_that_may_be_missing(seen: Seen, name: str, kind: str) -> None:
    """What m4 makes of the first, the only map of access, is seen in molecule/judges_as_sendmail_does."""
    text = re.sub(r"^dnl.*\n", "", seen[name][kind], flags=re.M)
    (feature,) = [line for line in text.splitlines() if "access_db" in line or "Kaccess" in line]
    tree = "divert(0)FEATURE(`access_db', `btree -T<TMPF> /etc/mail/mailtls-access', `skip')dnl"
    assert feature == ("FEATURE(`access_db', , `skip')dnl" if kind == "mc" else tree)
    assert not re.search(r"(?<!\w)-o\b", text)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_system_gets_the_belt_behind_its_mailers_and_the_same_certificates(seen: Seen, name: str) -> None:
    mailers, belt, rest = seen[name]["mc"].partition((ROLE / "files/belt.m4").read_text(encoding="utf-8"))
    assert belt and not rest and "MAILER(`smtp')dnl\n" in mailers
    said = dict(re.findall(r"^define\(`(conf\w*(?:CERT|CACERT|KEY|PATH))', `(.*)'\)dnl$", mailers, re.M))
    host, folder = "/etc/mail/certs/host", "/etc/mail/certs"
    assert said == {
        "confCACERT_PATH": f"{folder}/ca.d",
        "confCACERT": f"{folder}/ca.crt",
        "confSERVER_CERT": f"{host}.crt",
        "confSERVER_KEY": f"{host}.key",
        "confCLIENT_CERT": f"{host}.crt",
        "confCLIENT_KEY": f"{host}.key",
    }


@pytest.mark.parametrize("entry", ["main", "preflight", "policy", "routes"])
def test_every_way_in_refuses_before_it_looks_or_writes(entry: str) -> None:
    key = "ansible.builtin.import_tasks" if entry in ("main", "preflight") else "ansible.builtin.include_tasks"
    first = tasks_of(entry)[0]
    if first[key] == "input.yml":
        inner = tasks_of("input")
        assert "ansible.builtin.assert" in inner[0], "spelling, on the controller"
        first = inner[1]
    assert "system.yml" in (first.get("ansible.builtin.import_tasks"), first.get("ansible.builtin.include_tasks"))
    # A preflight in this play has refused already.
    assert first.get("when") in (None, "__sendmail_info is not defined")


PAGE = ROOT / "docs/platforms.md"
# A row of the documentation -> the data that count there, general to specific.
ROWS = {
    "Debian 11": ("Debian", "Debian 11"),
    "Debian 12": ("Debian", "Debian 12"),
    "Debian 13": ("Debian", "Debian 13"),
    "Ubuntu 22.04": ("Debian", "Ubuntu 22.04"),
    "Ubuntu 24.04": ("Debian", "Ubuntu 24.04"),
    "Other releases of the Debian family": ("Debian",),
    "Red Hat family": ("RedHat",),
    "Fedora": ("RedHat", "Fedora"),
    "FreeBSD": ("FreeBSD",),
}
SAID = {"tested": "tested", "untested": "untested", "rendered": "rendered only"}


def data() -> dict[str, dict[str, t.Any]]:
    files = (ROLE / f"vars/main/{name}.yml" for name in ("debian", "redhat", "freebsd"))
    loaded = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return {name: value for one in loaded for table in one.values() for name, value in table.items()}


def row(known: t.Mapping[str, t.Any]) -> list[str]:
    places = [f"`{known[name]}`" for name in ("mc", "cf_macros", "pid_file")]
    mc = re.sub(r"{{.*}}", "HOST", places[0])
    words = SAID[known["state"]], str(known.get("release", "unknown"))
    return [*words, mc, places[1], known["map_type"], known["service"], places[2]]


def test_the_page_says_what_the_data_say() -> None:
    text, known = PAGE.read_text(encoding="utf-8"), data()
    table = text.partition("| System |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert rows[-1] == ["Any other", "not supported", *[""] * 6]
    expected = [
        [name, *row({key: value for part in parts for key, value in known[part].items()})]
        for name, parts in ROWS.items()
    ]
    assert rows[:-1] == expected
    assert {part for parts in ROWS.values() for part in parts} == set(known), "a system without a row"


def test_what_is_called_tested_is_installed_by_a_scenario() -> None:
    inventory = yaml.safe_load((ROOT / "molecule/installs_on_bare_debian/inventory.yml").read_text(encoding="utf-8"))
    hosts = inventory["all"]["children"]["relays"]["hosts"].values()
    suites = {host["bare_suite"] for host in hosts if not host.get("sendmail_untested_platform")}
    tested = {value["code_name"] for value in data().values() if value.get("state") == "tested"}
    assert tested == suites


def test_the_files_of_families_name_no_system_twice() -> None:
    assert len(data()) == sum(
        len(table)
        for name in ("debian", "redhat", "freebsd")
        for table in yaml.safe_load((ROLE / f"vars/main/{name}.yml").read_text(encoding="utf-8")).values()
    )


def test_no_task_asks_which_distribution_this_is() -> None:
    """The data are chosen in vars/main/platform.yml alone; a task may look whether the facts were read."""
    asking = [
        path.relative_to(ROOT)
        for path in [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/templates/*")]
        if re.search(
            r"distribution(?!' not in ansible_facts)|os_family|ansible_distribution", path.read_text(encoding="utf-8")
        )
    ]
    assert asking == []
