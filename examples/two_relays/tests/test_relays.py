# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What these relays must be like whenever somebody looks. docs/testing_your_relays.md says how to run this."""

from mailtls_checks import check_closed_default, check_files, check_queue, check_service, check_starttls


def test_the_relay_runs_and_starts_at_boot(host):
    check_service(host)


def test_key_certificate_map_and_queue_belong_to_the_right_ones(host):
    check_files(host)


def test_mail_for_strangers_is_held_in_clear_text(host):
    check_closed_default(host)


def test_starttls_is_offered_where_the_inventory_says_so(host):
    check_starttls(host, offered=host.ansible.get_variables().get("sendmail_starttls_offered", True))


def test_no_mail_waits_for_longer_than_four_hours(host):
    check_queue(host, oldest="4h")


def test_nobody_is_excepted_by_name(relay_access_map):
    """A test of your own, over what was seen: DNS decides what a name means."""
    excepted = [key for key, value in relay_access_map.items() if key.startswith("tls_srv:") and value == "OK"]
    assert not [key for key in excepted if key[-1].isalpha()]
