# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit's probe, from the inventory to what a person reads: mail servers on loopback, this machine as relays."""

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
from mailserver import Authority, MailServer

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/tls_audit"
HELD = "mail waits: 403 4.7.0 encryption too weak 0 less than 128"

# Relay -> whether the audit goes on where it shall fail, and what it says of its next hops.
RELAYS = {
    "good": (True, "good: next hops probed: 1; 1 pass, 0 fail, 0 inconclusive."),
    "clear": (False, "clear: next hops probed: 1; 0 pass, 1 fail, 0 inconclusive."),
    "busy": (False, "busy: next hops probed: 1; 0 pass, 0 fail, 1 inconclusive."),
    "nobody": (True, "nobody: no next hop is named here, so nothing was probed."),
    "network": (False, "network: none of the next hops that are named here could be probed."),
    "blind": (
        False,
        "blind: the next hops were NOT PROBED: ca_path (/nowhere/ca.crt): there is no such file on this host.",
    ),
}
FAILING = {relay for relay, (goes_on, _line) in RELAYS.items() if not goes_on}


class Said(t.NamedTuple):
    """What a play said: its output, its exit code, and its tasks with the relays that failed in them."""

    code: int
    output: str
    failed: set[str]


class Audit:
    """Plays over an inventory whose relays have one next hop each."""

    def __init__(self, folder: pathlib.Path, relays: t.Mapping[str, t.Any], files: t.Mapping[str, str]) -> None:
        self.folder = folder
        (folder / "ansible.cfg").touch()
        reach = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "tls_audit_probe_timeout": 4,
            **files,
        }
        groups = {"relays": {"hosts": relays, "vars": reach}, "others": {"hosts": {"web": {}}}}
        (folder / "hosts.json").write_text(json.dumps(groups), encoding="utf-8")

    def play(self, playbook: str, *options: str, form: str = "yaml") -> Said:
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.json", playbook, *options]
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(pathlib.Path(next(iter(collection.__path__))).parents[2]),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": form,
            "ANSIBLE_NOCOLOR": "true",
        }
        environment = {**os.environ, **settings}
        done = subprocess.run(argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        counts = re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+) .*failed=(\d+)", done.stdout, re.M)
        assert counts and {changed for _host, changed, _failed in counts} == {"0"}, done.stdout + done.stderr
        return Said(done.returncode, done.stdout, {host for host, _changed, failed in counts if failed != "0"})

    def steps(self, *files: str) -> str:
        """A play of some of the role's task files."""
        tasks = [
            {"ansible.builtin.import_role": {"name": "mailtls.relay.tls_audit", "tasks_from": file}} for file in files
        ]
        (self.folder / "steps.yml").write_text(
            yaml.safe_dump([{"hosts": "relays", "gather_facts": False, "tasks": tasks}])
        )
        return "steps.yml"


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Audit]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    certificate, key = authority.issue("mta1.example.test")
    files = {
        "sendmail_ca_file": authority.ca,
        "sendmail_certificate_file": certificate,
        "sendmail_key_file": key,
    }
    good = MailServer(authority.context("mta2.example.test"))
    with good, MailServer() as clear, MailServer(greeting="421 4.7.0 busy") as busy:

        def leads_to(server: MailServer) -> dict[str, t.Any]:
            hop = {"host": "127.0.0.1", "port": server.port, "name": "mta2.example.test"}
            return {"tls_audit_probe_targets": [hop]}

        verify = {"outbound": {"default": {"level": "verify"}}}
        network = {"outbound": {"peers": [{"next_hop": "10.1.0.0/16"}]}}
        relays = {
            "good": {**leads_to(good), "sendmail_tls_policy": verify},
            "clear": leads_to(clear),
            "busy": leads_to(busy),
            "nobody": {},
            "network": {"sendmail_tls_policy_host": network},
            "blind": {**leads_to(good), "sendmail_ca_file": "/nowhere/ca.crt"},
        }
        yield Audit(tmp_path_factory.mktemp("play"), relays, files)


def table(output: str) -> str:
    """What the task that prints the table printed."""
    return re.split(r"\n\n", output.partition("TASK [Show what the next hops of all relays offer]")[2])[0]


def test_the_playbook_prints_one_table_of_all_relays(audit: Audit) -> None:
    said = audit.play("mailtls.relay.audit")
    assert said.code == 0 and not said.failed, said.output
    printed = table(said.output)
    assert [line for _goes_on, line in RELAYS.values() if f"  {line}\n" not in printed + "\n"] == []
    rows = [
        r"ok +TLSv1\.3 +256 .* pass +mail goes out under TLSv1\.3",
        rf"no_starttls .* fail +{HELD}$",
        r"throttled .* inconclusive +throttled: ",
    ]
    for row in rows:
        assert re.search(rf"^ +127\.0\.0\.1 +127\.0\.0\.1:\d+ +{row}", printed, re.M), row
    assert "not probed: sendmail_tls_policy_host.outbound.peers[0]: 10.1.0.0/16 is a network." in printed


def test_the_playbook_fails_where_it_was_asked_to_in_check_mode_too(audit: Audit) -> None:
    said = audit.play("mailtls.relay.audit", "--extra-vars", "tls_audit_probe=fail", "--check")
    assert said.code == 2 and said.failed == FAILING, said.output
    assert HELD in table(said.output), "the table is shown before anything fails"


def test_the_playbook_probes_even_where_other_plays_do_not(audit: Audit) -> None:
    said = audit.play("mailtls.relay.audit", "--limit", "clear", "--extra-vars", "tls_audit_probe=none", form="json")
    assert said.code == 0 and RELAYS["clear"][1] in said.output
    assert re.search(rf'^ +"   *127\.0\.0\.1 .* fail +{HELD}",?$', said.output, re.M), "a line of the list is a line"


@pytest.mark.parametrize("options", [("--extra-vars", "mailtls_hosts=realys"), ("--limit", "web")])
def test_an_audit_of_nobody_is_not_green(audit: Audit, options: tuple[str, str]) -> None:
    said = audit.play("mailtls.relay.audit", *options)
    assert said.code == 2 and "No relay was audited" in said.output, said.output


def test_a_relay_out_of_reach_is_not_green(audit: Audit) -> None:
    ssh = audit.folder / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n", encoding="ascii")
    ssh.chmod(0o755)
    away = ("-e", "ansible_connection=ssh", "-e", f"ansible_ssh_executable={ssh}", "--limit", "nobody")
    said = audit.play("mailtls.relay.audit", *away)
    assert said.code == 4 and "UNREACHABLE" in said.output, said.output


def test_hosts_may_be_given_as_a_list(audit: Audit) -> None:
    said = audit.play("mailtls.relay.audit", "--extra-vars", '{"mailtls_hosts": ["clear", "nobody"]}')
    assert said.code == 0 and RELAYS["clear"][1] in said.output and RELAYS["busy"][1] not in said.output


def test_the_role_shows_what_is_wrong_in_one_block_and_fails_where_it_was_asked_to(audit: Audit) -> None:
    said = audit.play(audit.steps("probe", "warn", "probed"), "--extra-vars", "tls_audit_probe=fail")
    shown = said.output.partition("Show what is wrong")[2].partition("TASK")[0]
    assert [relay for relay in RELAYS if f"ok: [{relay}] =>" in shown] == ["clear", "busy", "network", "blind"]
    assert f"{HELD}\n" in shown and "mail goes out" not in shown
    assert said.failed == FAILING


def test_the_role_does_not_fail_before_anything_could_be_mended(audit: Audit) -> None:
    fail = ("--extra-vars", "tls_audit_probe=fail", "--check", "--limit", "clear")
    checked = audit.play(audit.steps("probe", "probed"), *fail)
    assert not checked.failed and RELAYS["clear"][1] in checked.output


BAD: dict[str, tuple[dict[str, t.Any], str]] = {
    "mode": ({"tls_audit_probe": "maybe"}, "value of tls_audit_probe must be one of: fail, warn, none, got: maybe"),
    "family": ({"tls_audit_probe_family": "v5"}, "value of tls_audit_probe_family must be one of: any, ipv4, ipv6"),
    "targets": ({"tls_audit_probe_targets": [{"port": 25}]}, "tls_audit_probe_targets[0]: nothing says whom to probe"),
    "skip": ({"tls_audit_probe_skip": [""]}, "tls_audit_probe_skip[0]: '' is not a next hop"),
    "timeout": ({"tls_audit_probe_timeout": "soon"}, "argument 'tls_audit_probe_timeout' is of type"),
    "smart_host": ({"sendmail_smart_host": "10.1.2.3"}, "sendmail_smart_host: 10.1.2.3 is an address without brackets"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Said:
    relays = {name: variables for name, (variables, _words) in BAD.items()}
    careless = Audit(tmp_path_factory.mktemp("bad"), relays, {})
    return careless.play(careless.steps("preflight"))


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused_before_anybody_is_asked(refused: Said, name: str) -> None:
    said = refused.output.partition(f"fatal: [{name}]: FAILED!")[2].partition("fatal: ")[0]
    # YAML doubles quotes in some texts and not in others, as the release of ansible-core has it.
    said, told = (" ".join(text.replace("'", "").split()) for text in (said, BAD[name][1]))
    assert name in refused.failed and told in said, refused.output


def test_every_entry_of_the_role_takes_the_same_variables() -> None:
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert set(specs) == {"main", "preflight", "probe"}
    assert specs["probe"]["options"] == specs["preflight"]["options"] == specs["main"]["options"]


def test_the_audit_reaches_a_relay_three_times_and_its_evidence_host_once() -> None:
    """The budget of docs/architecture.md."""
    reaches = [
        key
        for path in sorted((ROLE / "tasks").glob("*.yml"))
        for task in yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in task
        if key.startswith("mailtls.relay.")
    ]
    assert sorted(reaches) == [
        f"mailtls.relay.{name}" for name in ("mail_canary", "mail_log_info", "mail_queue_info", "starttls_info")
    ]
