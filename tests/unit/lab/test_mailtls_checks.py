# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks for users' own tests, without a relay: what each asks a host, what it returns, and what it says in red.

What a host answers was recorded on relays; molecule/tells_what_is_broken/tests/test_checks.py breaks a real one.
"""

from __future__ import annotations

import fnmatch
import pathlib
import re
import shlex
import socket
import ssl
import subprocess
import sys
import typing as t

import mailtls_checks as checks
import pytest
import yaml
from mailserver import Authority, MailServer

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests/fixtures"
KIT = ROOT / "tests/testinfra/mailtls_checks"
SENDMAIL_CF = (FIXTURES / "cf/sendmail-8.17.cf").read_text(encoding="utf-8")
KERNEL = "==\n".join((FIXTURES / "proc" / name).read_text(encoding="utf-8") for name in ("fib_trie", "if_inet6"))
RULES = "tls_srv:\tTEMP+ENCR:128\nconnect:10.1.2.3\tRELAY\n"


class Ran(t.NamedTuple):
    rc: int
    stdout: str
    stderr: str


class Relay:
    """Answers each command with the text whose key is in it; a number is the status of one that fails."""

    def __init__(self, **answers: str | int) -> None:
        self.answers = {"cat": SENDMAIL_CF, **answers}
        self.asked: list[str] = []

    def run(self, command: str, *args: str) -> Ran:
        self.asked.append(command % tuple(shlex.quote(arg) for arg in args) if args else command)
        (answer,) = [answer for word, answer in self.answers.items() if re.search(rf"\b{word}\b", command)][-1:]
        return Ran(answer, "", "Permission denied") if isinstance(answer, int) else Ran(0, answer, "")


class Here:
    """This machine; programs in ``folder`` stand before its own."""

    def __init__(self, folder: pathlib.Path, **programs: str) -> None:
        self.path = f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"
        for name, script in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (folder / name).chmod(0o755)

    def run(self, command: str, *args: str) -> Ran:
        text = command % tuple(shlex.quote(arg) for arg in args) if args else command
        done = subprocess.run(
            ["/bin/sh", "-c", text], env={"PATH": self.path}, capture_output=True, text=True, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def red(check: t.Callable[..., t.Any], *args: t.Any, **options: t.Any) -> list[str]:
    """What a check says when it fails."""
    with pytest.raises(AssertionError) as raised:
        check(*args, **options)
    return str(raised.value).splitlines()


# What every check has in common


@pytest.mark.parametrize(
    ("check", "options"),
    [
        (checks.check_service, {}),
        (checks.check_files, {}),
        (checks.check_closed_default, {}),
        (checks.check_access_map, {"holds": {}}),
        (checks.check_queue, {"oldest": "1d"}),
        (checks.check_starttls, {}),
    ],
)
def test_a_check_that_may_not_look_fails_and_says_what_it_needs(
    check: t.Callable[..., t.Any], options: dict[str, t.Any]
) -> None:
    first, last = red(check, Relay(cat=1), **options)
    assert first == "this check could not look: its command ended with status 1: Permission denied"
    assert last.startswith("It needs root (pytest --sudo, or ansible_become in the inventory)")


def test_the_package_needs_nothing_but_pytest_and_the_core() -> None:
    """Neither Ansible nor Testinfra is imported, so a repository brings its own."""
    code = f"""
import sys
sys.path.insert(0, {str(KIT.parent)!r})
import mailtls_checks
print([name for name in sys.modules if name.split(".")[0] in ("ansible", "ansible_collections", "testinfra")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"


def test_all_names_of_the_package_are_there() -> None:
    assert sorted(checks.__all__) == sorted(name for name in checks.__all__ if hasattr(checks, name))
    assert {name for name in vars(checks) if name.startswith(("check_", "read_", "relay_"))} <= set(checks.__all__)


def test_no_command_reads_as_a_template() -> None:
    """Testinfra's ansible backend hands commands to Ansible, which would render them."""
    for path in KIT.glob("*.py"):
        assert not re.search(r"\{\{|\{%|\{#", path.read_text(encoding="utf-8")), path.name


def test_the_tarball_holds_the_package_and_nothing_else_of_the_tests() -> None:
    patterns = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    kept = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.*")
        if "__pycache__" not in path.parts and not is_ignored(path, patterns)
    }
    assert kept == {path.relative_to(ROOT).as_posix() for path in KIT.glob("*.py")}


def is_ignored(path: pathlib.Path, patterns: list[str]) -> bool:
    """As ansible-galaxy does it: a folder that is ignored is not entered."""
    places = [path, *path.parents]
    names = [place.relative_to(ROOT).as_posix() for place in places if ROOT in place.parents]
    return any(fnmatch.fnmatch(name, pattern) for name in names for pattern in patterns)


# Service

UP = "at boot: enabled\nnow: active\ndaemon: sendmail: MTA: accepting connections \n"


def test_a_running_service_is_what_it_should_be() -> None:
    relay = Relay(systemctl=UP)
    assert checks.check_service(relay)["daemon"] == "sendmail: MTA: accepting connections"
    assert "head -n 1 /var/run/sendmail/mta/sendmail.pid" in relay.asked[-1], "the cf names the pid file"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("enabled", "disabled", "sendmail is disabled at boot: after one the relay would be down"),
        ("enabled", "", "sendmail is unknown at boot: after one the relay would be down"),
        ("active", "failed", "sendmail is failed now"),
        (
            "sendmail: MTA: accepting connections ",
            "",
            "the process that /var/run/sendmail/mta/sendmail.pid names accepts no connections: unknown",
        ),
        (
            "accepting",
            "rejecting",
            "the process that /var/run/sendmail/mta/sendmail.pid names accepts no connections: "
            "sendmail: MTA: rejecting connections",
        ),
    ],
)
def test_a_service_that_is_not_up_is_told(before: str, after: str, says: str) -> None:
    assert red(checks.check_service, Relay(systemctl=UP.replace(before, after)))[0] == says


# Files

FOLDERS = ("/", "/etc", "/etc/mail", "/etc/mail/certs")
MODES = {
    **dict.fromkeys(FOLDERS, "root:root 0755"),
    "/etc/mail/certs/host.key": "root:root 0600",
    "/etc/mail/certs/host.crt": "root:root 0644",
    "/etc/mail/certs/ca.crt": "root:root 0644",
    "/etc/mail/access": "root:root 0600",
    "/etc/mail/access.db": "smmta:smmsp 0640",
    "/var/spool/mqueue": "smmta:smmsp 2750",
    "/var/spool/mqueue-client": "smmsp:smmsp 2770",
}


def listing(changed: dict[str, str] | None = None) -> str:
    return "".join(f"{path}\t{seen}\n" for path, seen in {**MODES, **(changed or {})}.items() if seen)


def test_files_as_the_roles_leave_them_are_right() -> None:
    relay = Relay(stat=listing())
    assert checks.check_files(relay) == MODES
    assert set(relay.asked[-1].split()) >= set(MODES), "each of them was asked for"


@pytest.mark.parametrize(
    ("path", "seen", "says"),
    [
        (
            "/etc/mail/certs/host.key",
            "root:root 0644",
            [
                "/etc/mail/certs/host.key is root:root 0644 instead of root:root 0600",
                "/etc/mail/certs/host.key: mode 0644 lets others read the key, so sendmail would turn STARTTLS off",
            ],
        ),
        (
            "/etc/mail",
            "smmta:smmsp 2775",
            ["/etc/mail: mode 2775 lets others write, so sendmail would turn STARTTLS off"],
        ),
        (
            "/var/spool/mqueue",
            "root:root 0755",
            ["/var/spool/mqueue is root:root 0755 instead of smmta:smmsp 2750"],
        ),
        ("/etc/mail/access.db", "", ["/etc/mail/access.db is missing instead of smmta:smmsp 0640"]),
    ],
)
def test_a_file_that_is_not_right_is_told(path: str, seen: str, says: list[str]) -> None:
    *faults, remedy = red(checks.check_files, Relay(stat=listing({path: seen})))
    assert faults == says and remedy.startswith("Run mailtls.relay.site")


def test_files_of_ones_own_are_added_and_changed() -> None:
    others = {"/etc/mail/certs/host.crt": "root:root 0444", "/etc/mail/aliases": "root:root 0644"}
    *faults, _remedy = red(checks.check_files, Relay(stat=listing()), others=others)
    assert faults == [
        "/etc/mail/certs/host.crt is root:root 0644 instead of root:root 0444",
        "/etc/mail/aliases is missing instead of root:root 0644",
    ]


def test_a_host_without_any_of_the_files_was_not_looked_at() -> None:
    assert red(checks.check_files, Relay(stat=""))[0].startswith("this check could not look")


# Access map


def test_the_map_is_read_from_the_database_that_the_cf_names() -> None:
    relay = Relay(makemap=RULES)
    found = checks.check_access_map(relay, holds={"TLS_Srv:": "TEMP+ENCR:128"}, lacks=["TLS_Srv:old.example"])
    assert found == {"tls_srv:": "TEMP+ENCR:128", "connect:10.1.2.3": "RELAY"}
    assert relay.asked[-1].endswith("makemap -u hash /etc/mail/access")


def test_what_the_map_answers_otherwise_is_told_with_key_and_value() -> None:
    *faults, remedy = red(
        checks.check_access_map,
        Relay(makemap=RULES),
        holds={"TLS_Srv:": "TEMP+ENCR:256", "TLS_Srv:mta2.example": "VERIFY"},
        lacks=["Connect:10.1.2.3"],
    )
    assert faults == [
        "the access map answers 'TLS_Srv:' with 'TEMP+ENCR:128' instead of 'TEMP+ENCR:256'",
        "the access map answers 'TLS_Srv:mta2.example' with 'nothing' instead of 'VERIFY'",
        "the access map answers 'Connect:10.1.2.3' with 'RELAY', but that key should not be there",
    ]
    assert "mailtls.relay.policy with --check --diff" in remedy


def test_a_cf_without_a_map_is_told() -> None:
    without = re.sub(r"^Kaccess .*\n", "", SENDMAIL_CF, flags=re.M)
    assert "names no access map" in red(checks.check_access_map, Relay(cat=without), holds={})[0]


# Closed default

TRIALS = (FIXTURES / "trial/sendmail-8.17.txt").read_text(encoding="utf-8").split("%%\n")
REFUSED, PASSED = TRIALS[0], TRIALS[1]


def asked(*outputs: str) -> str:
    return "".join(f"{output}== asked\n" for output in outputs)


def test_the_recorded_answers_are_a_refusal_and_a_consent() -> None:
    assert "returns: $# error" in REFUSED.splitlines()[-3] and "returns: OK" in PASSED.splitlines()[-3]


def test_a_closed_default_is_proven_by_three_refusals() -> None:
    relay = Relay(makemap=RULES, mktemp=asked(REFUSED, REFUSED, REFUSED))
    answers = checks.check_closed_default(relay)
    assert len(answers) == 3 and set(answers.values()) == {"refused: 403 encryption too weak 0 less than 128"}
    assert ".D{server_name}nobody.invalid" in relay.asked[-1] and ".D{cipher_bits}0" in relay.asked[-1]


@pytest.mark.parametrize(
    ("relay", "says"),
    [
        (
            Relay(makemap=RULES, mktemp=asked(PASSED, REFUSED, REFUSED)),
            "sendmail lets mail for a stranger go in clear text with the access map in force",
        ),
        (
            Relay(makemap=RULES, mktemp=asked(REFUSED, PASSED, REFUSED)),
            "sendmail lets mail for a stranger go in clear text without any access map",
        ),
        (
            Relay(makemap=RULES, mktemp=asked(REFUSED, REFUSED, PASSED)),
            "sendmail lets mail for a stranger go in clear text with an access map that says nothing",
        ),
        (
            Relay(makemap="connect:10\tRELAY\n", mktemp=asked(REFUSED, REFUSED, REFUSED)),
            "/etc/mail/access: the empty key TLS_Srv: says nothing, which demands no TLS of anybody",
        ),
        (
            Relay(makemap="tls_srv:\tENCR:high\n", mktemp=asked(REFUSED, REFUSED, REFUSED)),
            "/etc/mail/access: the empty key TLS_Srv: says ENCR:high, which demands no TLS of anybody",
        ),
        (
            Relay(
                cat=SENDMAIL_CF.replace("Kaccess hash ", "Kaccess hash -o "),
                makemap=RULES,
                mktemp=asked(REFUSED, REFUSED, REFUSED),
            ),
            "/etc/mail/sendmail.cf: the access map is optional (-o): a missing map would mean no policy",
        ),
    ],
)
def test_an_open_default_is_told(relay: Relay, says: str) -> None:
    *faults, remedy = red(checks.check_closed_default, relay)
    assert faults == [says] and "systemctl stop sendmail keeps mail on the host" in remedy


@pytest.mark.parametrize("said", ["", asked(REFUSED, REFUSED), asked(REFUSED, "sendmail: cannot open\n", REFUSED)])
def test_a_sendmail_that_gives_no_answer_is_no_proof(said: str) -> None:
    assert red(checks.check_closed_default, Relay(makemap=RULES, mktemp=said))[0].startswith("this check could not ask")


def test_a_cf_without_a_map_has_no_closed_default() -> None:
    without = re.sub(r"^Kaccess .*\n", "", SENDMAIL_CF, flags=re.M)
    assert "defined 0 times" in red(checks.check_closed_default, Relay(cat=without))[0]


# Queue

QUEUED = (FIXTURES / "queuefile/sendmail-8.17-qf6ANIUtIe000395").read_bytes()
CAME = 1795458655


@pytest.fixture
def queue(tmp_path: pathlib.Path) -> tuple[Here, pathlib.Path]:
    """A queue of two folders, read by root on this machine."""
    folder = tmp_path / "mqueue"
    (folder / "q1").mkdir(parents=True)
    (tmp_path / "sendmail.cf").write_text(f"O QueueDirectory={folder}\n", encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    return Here(programs, id="echo 0", date=f"echo {CAME + 7200}"), folder


def test_a_queue_is_told_message_by_message_the_oldest_first(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    (folder / "q1/qf6ANIUtIe000395").write_bytes(QUEUED)
    (folder / "qf6ANIUtIe000396").write_bytes(QUEUED.replace(b"T1795458655", b"T1795458000"))
    (folder / "hf6ANIUtIe000397").write_bytes(QUEUED.replace(b"T1795458655", b"T1795462222"))
    (folder / "df6ANIUtIe000395").write_bytes(b"body\n")
    held = checks.check_queue(host, "3h", "too weak", cf=str(folder.parent / "sendmail.cf"))
    assert [(one.queue_id[-3:], one.age, one.quarantined) for one in held] == [
        ("396", 7855, False),
        ("395", 7200, False),
        ("397", 3633, True),
    ]
    assert held[1] == checks.Held(
        "6ANIUtIe000395",
        7200,
        1,
        "Deferred: 403 4.7.0 encryption too weak 0 less than 128",
        "<>",
        ("<alice@mta2.e.example>",),
    )


def test_mail_that_is_too_old_or_held_for_another_reason_is_told(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    (folder / "qf6ANIUtIe000395").write_bytes(QUEUED)
    (folder / "qf6ANIUtIe000396").write_bytes(re.sub(rb"\nM.*", b"", QUEUED).replace(b"N1", b"N0"))
    *faults, remedy = red(checks.check_queue, host, "1h", "too weak", cf=str(folder.parent / "sendmail.cf"))
    told = "6ANIUtIe000395, 2h old, for <alice@mta2.e.example>: Deferred: 403 4.7.0 encryption too weak 0 less than 128"
    assert faults == [
        f"waits for longer than 1h: {told}",
        "waits for longer than 1h: 6ANIUtIe000396, 2h old, for <alice@mta2.e.example>: not tried yet",
        "waits for another reason than 'too weak': 6ANIUtIe000396, 2h old, for <alice@mta2.e.example>: not tried yet",
    ]
    assert "sendmail -Am -q" in remedy


def test_an_empty_queue_holds_nothing(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    assert checks.check_queue(host, "1s", cf=str(folder.parent / "sendmail.cf")) == []


def test_a_message_that_was_sent_meanwhile_is_none(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    (folder / "qf6ANIUtIe000395").write_bytes(b"")
    assert checks.read_queue(host, cf=str(folder.parent / "sendmail.cf")) == []


def test_a_message_that_is_not_whole_is_not_passed_over(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    (folder / "qf6ANIUtIe000395").write_bytes(QUEUED[:40])
    assert "not a whole control file" in red(checks.read_queue, host, cf=str(folder.parent / "sendmail.cf"))[0]


def test_a_queue_that_is_not_there_was_not_looked_at(queue: tuple[Here, pathlib.Path]) -> None:
    host, folder = queue
    (folder.parent / "sendmail.cf").write_text("O QueueDirectory=/nowhere/q*\n", encoding="utf-8")
    assert "/nowhere" in red(checks.read_queue, host, cf=str(folder.parent / "sendmail.cf"))[0]


def test_only_root_sees_what_is_in_a_queue(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sendmail.cf").write_text(f"O QueueDirectory={tmp_path}\n", encoding="utf-8")
    assert "could not look" in red(checks.read_queue, Here(tmp_path, id="echo 33"), cf=str(tmp_path / "sendmail.cf"))[0]


def test_a_cf_without_a_queue_is_told() -> None:
    assert "names no queue" in red(checks.read_queue, Relay(cat="V10/Debian\n"))[0]


# STARTTLS, asked of peers on loopback by the script that runs on hosts


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_an_offer_counts_when_the_handshake_succeeds(authority: Authority, tmp_path: pathlib.Path) -> None:
    with MailServer(authority.context("localhost")) as peer:
        seen = checks.check_starttls(Here(tmp_path), addresses=["127.0.0.1"], port=peer.port)
    (one,) = seen
    assert (one.address, one.offered) == ("127.0.0.1", True) and one.detail.startswith("TLSv1.3 TLS_")


def test_an_offer_that_should_not_be_is_told(authority: Authority, tmp_path: pathlib.Path) -> None:
    with MailServer(authority.context("localhost")) as peer:
        told = red(checks.check_starttls, Here(tmp_path), offered=False, addresses=["127.0.0.1"], port=peer.port)
    assert told[0].startswith(f"[127.0.0.1]:{peer.port}: STARTTLS is offered (TLSv1.3 TLS_")


def test_no_offer_is_told_with_what_ehlo_shows(tmp_path: pathlib.Path) -> None:
    with MailServer() as peer:
        assert checks.check_starttls(Here(tmp_path), offered=False, addresses=["127.0.0.1"], port=peer.port)
        told = red(checks.check_starttls, Here(tmp_path), addresses=["127.0.0.1"], port=peer.port)
    assert told[0] == f"[127.0.0.1]:{peer.port}: STARTTLS is not offered (EHLO shows SIZE)"


@pytest.mark.parametrize("offered", [True, False])
def test_an_offer_that_is_not_kept_is_neither(tmp_path: pathlib.Path, authority: Authority, offered: bool) -> None:
    with MailServer(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as peer:
        told = red(checks.check_starttls, Here(tmp_path), offered=offered, addresses=["127.0.0.1"], port=peer.port)
    assert "could not be found out (it is in the EHLO answer, but the handshake fails: " in told[0]


@pytest.mark.parametrize("offered", [True, False])
def test_a_busy_peer_an_absent_one_and_an_unknown_name_are_neither(tmp_path: pathlib.Path, offered: bool) -> None:
    with MailServer(greeting="421 4.3.2 too busy") as peer:
        told = red(checks.check_starttls, Here(tmp_path), offered=offered, addresses=["127.0.0.1"], port=peer.port)
    assert "could not be found out (SMTPConnectError: (421, b'4.3.2 too busy'))" in told[0]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = red(checks.check_starttls, Here(tmp_path), offered=offered, addresses=["127.0.0.1", "x.invalid"], port=port)
    assert f"[127.0.0.1]:{port}: whether" in told[0] and "ConnectionRefusedError" in told[0]
    assert told[1].startswith(f"[x.invalid]:{port}: whether STARTTLS is ")


class Deaf(MailServer):
    """Greets, and understands nothing."""

    def _answer(self, word: str, link: socket.socket) -> str:
        return "502 5.5.1 Command not implemented"


def test_a_peer_that_knows_no_ehlo_is_not_one_without_starttls(tmp_path: pathlib.Path) -> None:
    with Deaf() as peer:
        told = red(checks.check_starttls, Here(tmp_path), offered=False, addresses=["127.0.0.1"], port=peer.port)
    assert "could not be found out (EHLO: 502 5.5.1 Command not implemented)" in told[0]


def test_a_relay_is_asked_on_each_address_that_others_reach() -> None:
    answer = '[["10.77.3.12", true, "TLSv1.3 x"], ["fd77:3::12", true, "TLSv1.3 x"]]'
    relay = Relay(cat=KERNEL, python3=answer)
    assert [one.address for one in checks.check_starttls(relay)] == ["10.77.3.12", "fd77:3::12"]
    assert relay.asked[-1].endswith(" 25 10.77.3.12 fd77:3::12"), "no loopback and no link-local address"


def test_a_relay_that_has_no_address_is_not_taken_for_a_good_one() -> None:
    assert "no address to ask" in red(checks.check_starttls, Relay(cat="==\n", python3="[]"))[0]


# Fixtures


def test_the_plugins_fixtures_hand_over_what_was_seen(tmp_path: pathlib.Path) -> None:
    """Loaded as users load it, beside Testinfra, whose ``host`` it builds upon."""
    (tmp_path / "test_mine.py").write_text(
        "def test_mine(relay_access_map, relay_cf, relay_queue):\n"
        "    assert relay_access_map['tls_srv:'] == 'TEMP+ENCR:128'\n"
        "    assert 'Kaccess' in relay_cf and relay_queue == []\n",
        encoding="utf-8",
    )
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {KIT.parent}\naddopts = -p mailtls_checks -p no:cacheprovider\n", encoding="utf-8"
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\nimport types\n"
        f"CF, RULES = {SENDMAIL_CF!r}, {RULES!r}\n"
        "@pytest.fixture\ndef host():\n"
        "    def run(command, *args):\n"
        "        out = CF if command.startswith('cat') else RULES if 'makemap' in command else '1795458655\\n'\n"
        "        return types.SimpleNamespace(rc=0, stdout=out, stderr='')\n"
        "    return types.SimpleNamespace(run=run)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
