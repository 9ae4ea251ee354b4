# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import package

# As dpkg-query prints it; exim4 was removed but not purged, postfix is in the middle of an installation.
LIST = (
    "m4\tinstalled\t1.4.19-3\t\n"
    "exim4-daemon-light\tconfig-files\t4.96-15\tdefault-mta, mail-transport-agent\n"
    "make\tnot-installed\t\t\n"
    "nullmailer\tinstalled\t1:2.2-3\tmail-transport-agent (= 1)\n"
    "postfix\thalf-configured\t3.7.11-0\tmail-transport-agent, postfix-tls (= 3.7.11-0)\n"
    "sendmail-bin\tinstalled\t8.17.1.9-2+deb12u2\tmail-transport-agent\n"
    "\n"
)


def test_only_installed_packages_count() -> None:
    found = package.versions(package.parse_packages(LIST))
    assert found == {"m4": "1.4.19-3", "nullmailer": "1:2.2-3", "sendmail-bin": "8.17.1.9-2+deb12u2"}


def test_packages_that_stand_for_another_are_found_even_half_installed() -> None:
    found = package.parse_packages(LIST)
    assert package.providers(found, "mail-transport-agent", besides=["sendmail-bin"]) == ["nullmailer", "postfix"]
    assert package.providers(found, "postfix-tls", besides=[]) == ["postfix"]
    assert package.providers(found, "m4", besides=[]) == []


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("8.17.1.9-2+deb12u2", "8.17.1.9"),
        ("8.18.1-6+b1", "8.18.1"),
        ("8.15.2-22+deb11u3", "8.15.2"),
        ("1:8.18.1-6", "8.18.1"),
        ("", ""),
    ],
)
def test_the_upstream_version(version: str, upstream: str) -> None:
    assert package.upstream(version) == upstream
