# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Debian host without mail becomes a relay, on every supported release."""

from __future__ import annotations

import typing as t

import pytest
import testinfra

HOSTS = {"bare11": "8.15.2", "bare12": "8.17.1", "bare13": "8.18.1"}
UNKNOWN_PEER = ".D{server_name}unlisted.example\n.D{server_addr}192.0.2.1\n.D{cipher_bits}%s\ntls_server NONE\n"


@pytest.fixture(params=HOSTS)
def relay(request: pytest.FixtureRequest) -> t.Any:
    return testinfra.get_host(f"podman://mailtls-bare-{request.param}"), HOSTS[request.param]


def test_the_release_of_sendmail(relay: t.Any) -> None:
    host, version = relay
    assert f"Version {version}" in host.check_output("sendmail -d0.1 -bv root | head -1")


def test_it_runs_now_and_after_a_reboot(relay: t.Any) -> None:
    host, _version = relay
    assert host.service("sendmail").is_running
    assert host.service("sendmail").is_enabled


def test_clear_text_is_held_in_sendmails_words(relay: t.Any) -> None:
    host, _version = relay
    answer = host.check_output(f"printf '%s' '{UNKNOWN_PEER % 0}' | sendmail -bt -Am")
    assert '403 " encryption too weak " 0 " less than " 128' in answer
    assert "returns: OK" in host.check_output(f"printf '%s' '{UNKNOWN_PEER % 256}' | sendmail -bt -Am").splitlines()[-2]


def test_starttls_is_offered_on_its_address(relay: t.Any) -> None:
    host, _version = relay
    talk = "import smtplib, sys; s = smtplib.SMTP(sys.argv[1], timeout=30); s.ehlo()"
    talk += "; print(s.has_extn('starttls')); print(s.starttls())"
    address = host.check_output("hostname -I || ip -4 -o addr show scope global").split()[0]
    assert host.check_output(f'python3 -c "{talk}" {address}').splitlines()[0] == "True"


def test_the_key_is_nobody_elses(relay: t.Any) -> None:
    host, _version = relay
    key = host.file("/etc/mail/certs/host.key")
    assert (key.user, key.group, key.mode) == ("root", "root", 0o600)
