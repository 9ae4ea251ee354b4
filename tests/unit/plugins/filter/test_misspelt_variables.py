# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mailtls.relay.plugins.filter.misspelt_variables import FilterModule

misspelt_variables = FilterModule().filters()["misspelt_variables"]


def test_strangers_are_told() -> None:
    defined = {"sendmail_smarthost": 1, "sendmail_log_level": 9, "inventory_hostname": "mta1"}
    assert misspelt_variables(defined.keys(), ["sendmail_smart_host", "sendmail_log_level"], ["sendmail_"]) == [
        "sendmail_smarthost is not a variable of this role; did you mean sendmail_smart_host?"
    ]


def test_layers_are_the_users_own_but_not_their_misspellings() -> None:
    names = ["sendmail_tls_policy_host", "sendmail_tls_polcy_host", "sendmail_tls_policy_", "sendmail_tls_policy"]
    said = misspelt_variables(names, ["sendmail_tls_policy"], ["sendmail_"], ["sendmail_tls_policy_"])
    assert [sentence.split()[0] for sentence in said] == ["sendmail_tls_polcy_host", "sendmail_tls_policy_"]
    assert all("did you mean sendmail_tls_policy?" in sentence for sentence in said)
