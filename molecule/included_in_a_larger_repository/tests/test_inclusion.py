# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``examples/infra_repo`` with the built tarball, over SSH by an ordinary user; each test goes on from the last."""

from __future__ import annotations

import re
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from lab import Lab, lab_name
from repository import CHECKED, Repository, as_json, tasks
from story import Seen, Story

NOTHING = {"mta1": 0, "mta2": 0, "app1": 0}
LOOK = (
    "find /etc /var/lib/monitoring -printf '%p %T@ %C@ %m %u:%g %s\\n' 2> /dev/null | sort; "
    "cat /run/sendmail/mta/sendmail.pid 2> /dev/null; true"
)
MAP_FILES = {"/etc/mail", "/etc/mail/access", "/etc/mail/access.db", "/etc/mail/.access.mailtls-receipt"}
CONVERGED = "mailtls.relay.sendmail : Ensure the daemon runs what is on disk and STARTTLS is as asked"
POLICY_TASKS = [
    "Gathering Facts",
    "mailtls.relay.sendmail : Refuse a system that this role was not tested on",
    "mailtls.relay.sendmail : Ensure the access map says what the variables say",
    "mailtls.relay.tls_audit : Read what the next hops offer",
    "mailtls.relay.tls_audit : Read what that means",
]
TAGS = {
    "base": {"base"},
    "preflight": {"mailtls.relay.sendmail", "mailtls.relay.tls_audit"},
    "relay": {"mailtls.relay.sendmail", "mailtls.relay.tls_audit", "mailtls.relay.tls_identity"},
    "identity": {"mailtls.relay.tls_identity"},
    "proof": {"mailtls.relay.tls_audit"},
    "monitoring": {"monitoring"},
}
SECRETS = ["a passphrase that stands nowhere in clear text", "for the example only", "PRIVATE KEY-----"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Repository]:
    repository = Repository(lab_name(), tmp_path_factory.mktemp("home"))
    repository.install()
    repository.run("molecule create --scenario-name relays")
    repository.run("molecule prepare --scenario-name relays")
    yield repository
    repository.run("molecule destroy --scenario-name relays")


@pytest.fixture(scope="module")
def story(repository: Repository) -> Story:
    return Story(repository)


def look(lab: Lab) -> list[str]:
    return [lab.read(host, LOOK) for host in ("mta1", "mta2", "app1")]


def check(rows: list[Seen]) -> None:
    assert rows
    assert not [row for row in rows if not row.holds]


def changed(output: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(r"^(\w+)\s+: ok=\d+ +changed=(\d+)", output, re.M)}


def roles(listed: str) -> set[str]:
    """The roles of which something is listed."""
    lines = [line for line in listed.splitlines() if CHECKED not in line]
    return set(re.findall(r"^ +([\w.]+) : ", "\n".join(lines), re.M))


def test_only_the_installed_collection_is_seen(repository: Repository) -> None:
    listed = repository.run("ansible-galaxy collection list mailtls.relay")
    assert re.findall(r"^# (.*)$", listed, re.M) == [str(repository.folder / "collections/ansible_collections")]


def test_ansible_comes_as_a_user_who_is_not_root(repository: Repository) -> None:
    said = repository.run("ansible relays:servers -m ansible.builtin.command -a 'id -un'")
    assert re.findall(r"^(\w+)$", said, re.M) == ["deploy"] * 3


def test_it_passes_its_own_lint(repository: Repository) -> None:
    repository.run("./pipeline.sh lint")


def test_check_mode_changes_nothing(repository: Repository) -> None:
    before = look(repository)
    done = repository.run("./pipeline.sh check")
    assert look(repository) == before and not repository.ca.exists()
    assert min(changed(done).values()) > 0, "the hosts were not new"


def test_the_first_run_goes_from_one_relay_to_the_next(repository: Repository) -> None:
    done = repository.run("./pipeline.sh apply -vvv --diff")
    assert repository.ca.exists() and min(changed(done).values()) > 0
    assert [host for host, task in tasks(done) if task == CONVERGED] == ["mta2", "mta1"]
    assert " DELIVERED" in done, "the audit did not prove it"
    assert "ESTABLISH SSH CONNECTION FOR USER: deploy" in done, "it did not say how it came there"
    assert not [secret for secret in SECRETS if secret in done]


def test_the_vault_holds_the_passphrase_of_the_ca(repository: Repository) -> None:
    vault = (repository.folder / "inventory/group_vars/relays/vault.yml").read_text(encoding="utf-8")
    assert vault.startswith("$ANSIBLE_VAULT;")
    (key,) = repository.ca.rglob("ca.key")
    assert serialization.load_pem_private_key(key.read_bytes(), SECRETS[0].encode())
    for given in ["", "another password"]:
        done = repository.attempt("ansible-playbook policy.yml", INFRA_VAULT_PASSWORD=given)
        assert done.returncode and not changed(done.stdout)


def test_the_second_run_changes_nothing(repository: Repository) -> None:
    before = look(repository)
    assert changed(repository.run("molecule converge --scenario-name relays")) == NOTHING
    assert look(repository) == before


def test_sendmail_is_asked_without_pipelining_too(repository: Repository) -> None:
    """Ansible's default. The module's own folder lies then in a home that sendmail trusts not even as root."""
    done = repository.run(
        f"ansible-playbook site.yml --check --tags relay --limit inner_relays {as_json({'sendmail_log_level': 12})}",
        ANSIBLE_PIPELINING="false",
    )
    assert changed(done)["mta2"], done


def test_its_own_tests_are_green(repository: Repository) -> None:
    assert "12 passed" in repository.run("molecule verify --scenario-name relays")


def test_its_pipeline_tests_what_it_applied(repository: Repository) -> None:
    assert "12 passed" in repository.run("./pipeline.sh test " + " ".join(repository.reach))


def test_root_is_become_because_it_must(repository: Repository) -> None:
    before = look(repository)
    done = repository.attempt("ansible-playbook policy.yml --extra-vars ansible_become=false")
    assert done.returncode and set(changed(done.stdout).values()) == {0}
    assert look(repository) == before


def test_mail_is_held_without_tls(story: Story) -> None:
    check(story.switch(3, False))
    check(story.mail_is_held(3, "first"))


def test_mail_arrives_with_tls(story: Story) -> None:
    check(story.switch(4, True))
    check(story.held_mail_arrives())
    check(story.new_mail_arrives("second"))


def test_one_entry_of_a_role_does_for_the_daily_change(repository: Repository) -> None:
    """The whole of role sendmail was run before, but by other commands: nothing of those is known to this one."""
    assert changed(repository.run("ansible-playbook policy.yml")) == {"mta1": 0, "mta2": 0}
    wish = as_json({"sendmail_tls_policy_edge": {"outbound": {"default": {"min_bits": 256}}}})
    before = look(repository)
    done = repository.run(f"ansible-playbook policy.yml --limit edge_relays {wish}")
    assert [task for _host, task in tasks(done)] == POLICY_TASKS
    mta1, mta2, app1 = look(repository)
    files = {line.split()[0] for line in {*mta1.splitlines()} ^ {*before[0].splitlines()}}
    assert files == MAP_FILES and [mta2, app1] == before[1:]
    assert changed(repository.run("ansible-playbook policy.yml")) == {"mta1": 1, "mta2": 0}


@pytest.mark.parametrize("entry", ["sendmail:preflight", "sendmail:routes", "tls_audit:preflight", "tls_audit:probe"])
def test_an_entry_stands_alone(repository: Repository, entry: str) -> None:
    role, _colon, part = entry.partition(":")
    done = repository.run(
        f"ansible relays --become -m ansible.builtin.include_role -a 'name=mailtls.relay.{role} tasks_from={part}'"
    )
    assert "FAILED" not in done and "CHANGED" not in done and done.count("SUCCESS") >= 2, done


def test_tags_take_a_part_of_it(repository: Repository) -> None:
    listed = {tag: roles(repository.run(f"ansible-playbook site.yml --list-tasks --tags {tag}")) for tag in TAGS}
    assert listed == TAGS
    done = repository.run("ansible-playbook site.yml --tags proof,monitoring")
    assert {task.partition(" : ")[0] for _host, task in tasks(done)} == {
        "Gathering Facts",
        "mailtls.relay.tls_audit",
        "monitoring",
    }
    assert changed(done) == {"mta1": 0, "mta2": 0}


def test_the_first_relay_that_fails_ends_the_roll(repository: Repository) -> None:
    repository.read("mta2", "chmod g+w /etc/mail")
    try:
        done = repository.attempt("ansible-playbook site.yml")
    finally:
        repository.read("mta2", "chmod g-w /etc/mail")
    assert done.returncode == 2
    assert [
        host for host, task in tasks(done.stdout) if task == "mailtls.relay.tls_identity : Read what is installed"
    ] == ["mta2"]
    assert "NO MORE HOSTS LEFT" in done.stdout
