# SPDX-FileCopyrightText: 2026 mailtls.relay contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold on every relay, whoever changed it last."""

from __future__ import annotations

import json
import typing as t

from mailtls_checks import (
    check_access_map,
    check_closed_default,
    check_files,
    check_queue,
    check_service,
    check_starttls,
)


def test_the_relay_takes_mail(host: t.Any) -> None:
    check_service(host)


def test_starttls_is_offered(host: t.Any) -> None:
    check_starttls(host)


def test_mail_for_a_host_without_tls_waits(host: t.Any) -> None:
    check_closed_default(host)
    check_access_map(host, holds={"TLS_Srv:": "TEMP+ENCR:128"})


def test_keys_and_maps_are_where_only_root_writes(host: t.Any) -> None:
    check_files(host, others={"/etc/motd": "root:root 0644"})


def test_no_mail_waits_for_long(host: t.Any) -> None:
    check_queue(host, oldest="1d")


def test_monitoring_can_read_what_is_known(host: t.Any) -> None:
    known = json.loads(host.file("/var/lib/monitoring/relay.json").content_string)
    assert known["certificate_ends"]
