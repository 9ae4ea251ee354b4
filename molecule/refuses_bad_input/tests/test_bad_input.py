# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input stops the play before anything on the relay is touched, and says what, where and what to do."""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lab import Lab, Play, lab_name

NOW = dt.datetime.now(dt.timezone.utc)
FQDN = "mta1.example.test"

# Everything a play could touch, with the moment it was touched; and the daemon itself.
LOOK = (
    "find /etc /var/spool/mqueue /var/lib/dpkg/status -printf '%p %T@ %C@ %m %u:%g %s\\n' | sort; "
    "cat /run/sendmail/mta/sendmail.pid; pgrep --list-full sendmail"
)

# The tasks that judge; a play that is refused must have come no further than this.
PREFLIGHT = "mailtls.relay.sendmail : "
SPELLING = f"{PREFLIGHT}Refuse misspelt variables"
SPECIFICATION = f"{PREFLIGHT}Validating arguments against arg spec 'preflight'"
VALUES = f"{PREFLIGHT}Refuse a policy or a value that sendmail would misunderstand"
RELEASE = f"{PREFLIGHT}Refuse a system that this role was not tested on"
HOST = f"{PREFLIGHT}Refuse a host that sendmail could not work on"
PEERS = f"{PREFLIGHT}Refuse a rule that sendmail would never look up"
IDENTITY = "mailtls.relay.tls_identity : Refuse variables that cannot work"
FILES = "mailtls.relay.tls_identity : Refuse key, certificate or CA bundle that cannot work"
CERTIFICATE = "mailtls.relay.sendmail : Refuse certificates that sendmail could not use"
OTHER_CA = "mailtls.relay.tls_identity : Refuse to replace the certificates of another CA"

POLICY: dict[str, t.Any] = {"outbound": {"default": {"level": "encrypt", "min_bits": 128}}}


def policy(**default: t.Any) -> dict[str, t.Any]:
    return {"sendmail_tls_policy": {"outbound": {"default": {**POLICY["outbound"]["default"], **default}}}}


def entry(key: str, value: str) -> dict[str, t.Any]:
    return {"sendmail_access_entries": [{"key": key, "value": value}]}


# The lab's DNS has an MX record for the domain, which names MTA2.
MISNAMED = {"outbound": {"peers": [{"next_hop": "mta2.example.test"}, {"next_hop": "example.test"}]}}
MISNAMED_WORDS = [
    "sendmail_tls_policy.outbound.peers[1].next_hop: mail for example.test goes to mta2.example.test,",
    "Name the hosts of its MX records",
]

# The task that refuses, what is given, and the words that the answer must hold: what, where, what to do.
VARIABLES: dict[str, tuple[str, dict[str, t.Any], list[str]]] = {
    "misspelt variable of the role": (
        SPELLING,
        {"sendmail_smarthost": "x.example"},
        ["sendmail_smarthost", "did you mean sendmail_smart_host?"],
    ),
    "misspelt variable of tls_identity": (
        SPELLING,
        {"tls_identity_fdqn": FQDN},
        ["tls_identity_fdqn", "did you mean tls_identity_fqdn?"],
    ),
    "misspelt variable of tls_audit": (
        SPELLING,
        {"tls_audit_expects": "held"},
        ["tls_audit_expects", "did you mean tls_audit_expect?"],
    ),
    "misspelt key in the policy": (
        SPECIFICATION,
        {"sendmail_tls_policy": {"outbond": {}}},
        ["sendmail_tls_policy.outbond", "Supported parameters include: inbound, outbound, relaying"],
    ),
    "level sendmail has not": (
        VALUES,
        policy(level="maximum"),
        ["sendmail_tls_policy.outbound.default.level", "maximum", "encrypt"],
    ),
    "level of a later release": (VALUES, policy(level="dane"), ["sendmail_tls_policy.outbound.default.level", "dane"]),
    "bits that are no number": (
        VALUES,
        policy(min_bits="high"),
        ["sendmail_tls_policy.outbound.default.min_bits", "high", "from 40 to 256"],
    ),
    "no bits": (
        VALUES,
        policy(min_bits=0),
        ["sendmail_tls_policy.outbound.default.min_bits: 0 is not", "from 40 to 256"],
    ),
    "value that means nothing": (
        VALUES,
        entry("TLS_Srv:192.0.2.1", "ENCR=128"),
        ["sendmail_access_entries[0]", "ENCR=128", "Allowed: "],
    ),
    "exception by name": (
        VALUES,
        entry("TLS_Srv:old.example", "OK"),
        ["sendmail_access_entries[0]", "old.example", "DNS"],
    ),
    "exception for too many": (
        VALUES,
        entry("TLS_Srv:1", "OK"),
        ["sendmail_access_entries[0]", "every host whose address begins with 1", "at least two octets"],
    ),
    "second empty key": (
        VALUES,
        entry("TLS_Srv:", "TEMP+ENCR:64"),
        ["sendmail_access_entries[0]", "sendmail_tls_policy"],
    ),
    "entry that opens the relay": (
        VALUES,
        {"sendmail_relay_clients": ["0.0.0.0/0"]},
        ["sendmail_relay_clients[0]", "open relay", "Name the clients"],
    ),
    "m4 in the smart host": (VALUES, {"sendmail_smart_host": "mta2'dnl"}, ["sendmail_smart_host", "apostrophe", "m4"]),
    "address without brackets": (
        VALUES,
        {"sendmail_smart_host": "10.1.2.3"},
        ["sendmail_smart_host", "without brackets", "Write [10.1.2.3]."],
    ),
    "misspelt mailer": (
        VALUES,
        {"sendmail_smart_host": "esmpt:mta2.example.test"},
        ["sendmail_smart_host", "'esmpt'", "mail would bounce", "relay, esmtp"],
    ),
    "unreadable smart host": (
        VALUES,
        {"sendmail_smart_host": "<mta2.example.test>"},
        ["sendmail_smart_host", "mail would bounce", "[mta2.example.org]"],
    ),
    "itself as smart host": (
        HOST,
        {"sendmail_smart_host": FQDN},
        [f"sendmail_smart_host: the next hop {FQDN} is this very host", "bounce", "Name another host"],
    ),
    "its own address as a route": (
        HOST,
        {"sendmail_mailertable": {"a.example": "[127.0.0.1]"}},
        ["sendmail_mailertable: a.example: the next hop [127.0.0.1] is this very host", "Name another host"],
    ),
    "next hop by a name that is never connected to": (HOST, {"sendmail_tls_policy": MISNAMED}, MISNAMED_WORDS),
    "unknown source of the identity": (
        IDENTITY,
        {"tls_identity_source": "acme"},
        ["tls_identity_source: acme", "Use own_ca or files"],
    ),
    "no passphrase": (
        IDENTITY,
        {"tls_identity_ca_passphrase": ""},
        ["tls_identity_ca_passphrase is not set", "ansible-vault"],
    ),
}


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(lab_name())


class Refusal(t.NamedTuple):
    """The task that failed, the tasks before it, and what it said."""

    task: str
    before: list[str]
    message: str


def refusal(play: Play) -> Refusal:
    """Reads the output. Only the result counts: the [ERROR] before it also quotes the task's source, as a witness."""
    tasks = re.split(r"^TASK \[(.*)\] \**$", play.output, flags=re.M)
    names, results = tasks[1::2], tasks[2::2]
    (number,) = [number for number, result in enumerate(results) if re.search(r"^(fatal|failed): ", result, re.M)]
    block = re.search(r"^fatal: \[mta1\]: FAILED! => \n((?:    .*\n)+)", results[number], re.M)
    assert block, results[number]
    message = " ".join(str(yaml.safe_load(block[1])["msg"]).split())
    return Refusal(names[number], names[:number], message)


def refused(lab: Lab, task: str, words: list[str], playbook: str = "playbooks/site.yml", **variables: t.Any) -> None:
    """The play stops at this task with these words, and MTA1 is as it was."""
    before = lab.read("mta1", LOOK)
    play = lab.converge(playbook, limit="mta1", **variables)
    assert play.code != 0, "the play went through"
    assert lab.read("mta1", LOOK) == before
    assert play.changed == {"mta1": 0}
    found = refusal(play)
    assert found.task.startswith(task), found
    # By the roles' own rule only a task called "Ensure" changes something; on a new host it would have.
    assert not [name for name in found.before if " : Ensure " in name], "something came before the refusal"
    assert not [word for word in words if word.lower() not in found.message.lower()], found.message
    assert "Traceback" not in play.output
    lab.show(found.message)


@pytest.mark.parametrize("name", VARIABLES)
def test_variables(lab: Lab, name: str) -> None:
    task, variables, words = VARIABLES[name]
    refused(lab, task, words, **variables)


def test_the_daily_change_looks_at_the_names_of_next_hops_too(lab: Lab) -> None:
    refused(lab, PEERS, MISNAMED_WORDS, playbook="playbooks/policy.yml", sendmail_tls_policy=MISNAMED)


class Pair(t.NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def certificate(name: str = FQDN, *, days: tuple[int, int] = (-1, 90)) -> Pair:
    """A self-signed certificate, valid from and to so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + dt.timedelta(days[0])).not_valid_after(NOW + dt.timedelta(days[1]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return Pair(key, builder.sign(key, hashes.SHA256()))


def files(folder: pathlib.Path, key: Pair, certified: Pair) -> dict[str, t.Any]:
    """The variables for files that the user brings."""
    (folder / "host.key").write_bytes(
        key.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for name in ("host.crt", "ca.crt"):
        (folder / name).write_bytes(certified.certificate.public_bytes(serialization.Encoding.PEM))
    return {
        "tls_identity_source": "files",
        "tls_identity_key_src": str(folder / "host.key"),
        "tls_identity_certificate_src": str(folder / "host.crt"),
        "tls_identity_ca_src": str(folder / "ca.crt"),
    }


def test_a_certificate_that_does_not_match_its_key(lab: Lab, tmp_path: pathlib.Path) -> None:
    refused(
        lab,
        FILES,
        ["host.crt", "no certificate in it belongs to the key", "Bring the key"],
        **files(tmp_path, certificate(), certificate()),
    )


def test_an_expired_certificate(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate(days=(-90, -1))
    refused(lab, FILES, ["host.crt", "expired on", "Bring a valid one"], **files(tmp_path, pair, pair))


def test_a_certificate_of_another_host(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate("other.example.test")
    refused(lab, FILES, [f"not for {FQDN}", "other.example.test", "tls_identity_fqdn"], **files(tmp_path, pair, pair))


def test_a_missing_key(lab: Lab, tmp_path: pathlib.Path) -> None:
    pair = certificate()
    variables = files(tmp_path, pair, pair)
    (tmp_path / "host.key").unlink()
    refused(lab, FILES, ["tls_identity_key_src", "host.key", "no such file", "Correct the path"], **variables)


# Role sendmail alone, with certificates that something else put on the host.
BROUGHT: dict[str, tuple[tuple[int, int], bool, list[str]]] = {
    "of another key": ((-1, 90), False, ["host.crt and /lab/state/host.key", "does not belong to the certificate"]),
    "expired": ((-90, -1), True, ["/lab/state/host.crt", "expired on"]),
    "from tomorrow on": ((1, 90), True, ["/lab/state/host.crt", "not valid before"]),
}


@pytest.mark.parametrize("name", BROUGHT)
def test_a_certificate_on_the_host(lab: Lab, name: str) -> None:
    days, matches, words = BROUGHT[name]
    pair = certificate(days=days)
    files(lab.state, pair if matches else certificate(), pair)
    (lab.state / "host.key").chmod(0o600)
    places = {
        "sendmail_key_file": "/lab/state/host.key",
        "sendmail_certificate_file": "/lab/state/host.crt",
        "sendmail_ca_file": "/lab/state/ca.crt",
    }
    words = [*words, "Run role tls_identity first, or correct sendmail_certificate_file"]
    refused(lab, CERTIFICATE, words, playbook="molecule/refuses_bad_input/only_sendmail.yml", **places)


def test_the_key_is_never_shown(lab: Lab, tmp_path: pathlib.Path) -> None:
    variables = files(tmp_path, certificate(), certificate())
    body = re.sub(r"-----.*-----|\s", "", (tmp_path / "host.key").read_text(encoding="utf-8"))
    play = lab.converge(limit="mta1", **variables)
    assert body[:40] not in re.sub(r"\\n|\s", "", play.output)


def test_a_lost_ca_folder(lab: Lab, tmp_path: pathlib.Path) -> None:
    words = ["there is no CA: mta1", "Restore", "tls_identity_accept_other_ca"]
    refused(lab, OTHER_CA, words, tls_identity_ca_directory=str(tmp_path / "ca"))
    assert not (tmp_path / "ca").exists(), "a CA was made all the same"


def test_a_ca_folder_inside_the_checkout(lab: Lab) -> None:
    inside = pathlib.Path(__file__).resolve().parents[3] / "docs/ca"
    refused(lab, IDENTITY, ["tls_identity_ca_directory", "outside"], tls_identity_ca_directory=str(inside))
    assert not inside.exists()


def test_an_unsupported_release(lab: Lab) -> None:
    release = "cp /usr/lib/os-release /root/os-release && sed -i 's/12/10/; s/bookworm/buster/' /usr/lib/os-release"
    version = "cp /etc/debian_version /root/ && echo 10.13 > /etc/debian_version"
    lab.read("mta1", f"{release} && {version}")
    try:
        refused(lab, RELEASE, ["Debian 10.13 is not supported", "Debian 11", "Debian 12", "Debian 13"])
    finally:
        lab.read("mta1", "cp /root/os-release /usr/lib/os-release && cp /root/debian_version /etc/debian_version")


def test_a_host_without_a_qualified_name(lab: Lab) -> None:
    rename(lab, "shorty")
    try:
        refused(lab, HOST, ["no qualified name", "/etc/hosts", "hostname -f"])
    finally:
        rename(lab, FQDN)


def rename(lab: Lab, name: str) -> None:
    """From outside: a container may not change its name itself."""
    inspect = ["podman", "inspect", "--format", "{{.State.Pid}}", lab.container("mta1")]
    process = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["nsenter", "--target", process, "--uts", "hostname", name], check=True)


# What apt would have to remove, in the form of a package without files.
PACKAGE = """Package: exim4-daemon-light
Version: 4.96-15
Architecture: all
Maintainer: Nobody <nobody@example.test>
Provides: mail-transport-agent
Description: another mail server
"""


def test_a_host_with_another_mail_server(lab: Lab) -> None:
    lab.read("mta1", f"mkdir --parents /root/exim/DEBIAN && printf '{PACKAGE}' > /root/exim/DEBIAN/control")
    lab.read("mta1", "dpkg-deb --build /root/exim && dpkg --force-conflicts --install /root/exim.deb")
    try:
        refused(lab, HOST, ["exim4-daemon-light", "apt would remove it", "apt-get remove exim4-daemon-light"])
    finally:
        lab.read("mta1", "dpkg --purge exim4-daemon-light")


def test_a_host_whose_programs_submit_elsewhere(lab: Lab) -> None:
    msp = "sed -i 's/^FEATURE(.msp.*/FEATURE(`msp'\\'', `[192.0.2.9]'\\'')dnl/' /etc/mail/submit.mc"
    lab.read("mta1", f"cp -a /etc/mail/submit.mc /etc/mail/submit.cf /root/ && {msp} && make -C /etc/mail submit.cf")
    try:
        refused(lab, HOST, ["submit.cf hands the mail", "[192.0.2.9]", "Write FEATURE(`msp', `[127.0.0.1]')dnl"])
    finally:
        lab.read("mta1", "cp -a /root/submit.mc /root/submit.cf /etc/mail/")


SETTINGS: dict[str, tuple[str, str, list[str]]] = {
    "another cf": ("sendmail.conf", 'DAEMON_PARMS="-C /root/other.cf";', ["DAEMON_PARMS holds -C /root/other.cf"]),
    "an option": ("sendmail.conf", 'MISC_PARMS="-OTLSFallbacktoClear=true";', ["MISC_PARMS holds -OTLSFallbackto"]),
    "no queue runs": ("sendmail.conf", 'QUEUE_MODE="none";', ["nobody runs the queue", 'Write QUEUE_MODE="Daemon"']),
    "no job of cron": (
        "sendmail.conf",
        'QUEUE_MODE="cron";',
        ["has no job for that", "Run /usr/share/sendmail/update_conf"],
    ),
    "no daemon": ("sendmail.conf", 'DAEMON_MODE="none";', ["the service starts no daemon", 'DAEMON_MODE="Daemon"']),
    "another smart host": (
        "m4/provider.m4",
        "define(`SMART_HOST', `x.example')dnl",
        ["provider.m4, line 1", "set that variable"],
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_beside_the_variables(lab: Lab, name: str) -> None:
    file, line, words = SETTINGS[name]
    path = f"/etc/mail/{file}"
    lab.read("mta1", f"cp -a {path} /root/kept && cat >> {path} << 'END'\n{line}\nEND")
    try:
        refused(lab, HOST, [path, *words])
    finally:
        lab.read("mta1", f"cp -a /root/kept {path}")


def test_an_undefined_variable(lab: Lab, tmp_path: pathlib.Path) -> None:
    """Ansible's own check comes first, and it names file, line and column beside the result."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("relays:\n  vars:\n    sendmail_access_entries: '{{ no_such_variable }}'\n", encoding="utf-8")
    careless = Lab(lab.name)
    careless.inventories = [*lab.inventories, inventory]
    before = lab.read("mta1", LOOK)
    play = careless.converge(limit="mta1")
    assert lab.read("mta1", LOOK) == before
    found = refusal(play)
    assert found.task.startswith(SPECIFICATION) and not [name for name in found.before if " : Ensure " in name]
    assert "'no_such_variable' is undefined" in found.message
    assert f"{inventory}:3:" in play.output
