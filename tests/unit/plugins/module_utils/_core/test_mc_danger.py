# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import mc_danger
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError


@pytest.mark.parametrize(
    "text", ["FEATURE(`access_db')", "define(`confTLS_FALLBACK_TO_CLEAR', `true')", "LOCAL_TLS_SERVER\nR$*\t$@ OK\n"]
)
def test_further_lines_that_open_tls_are_refused(text: str) -> None:
    with pytest.raises(MailtlsError, match="is refused: ") as caught:
        mc_danger.refuse_openers(f"\n{text}", "sendmail_mc_extra")
    assert caught.value.where.startswith("sendmail_mc_extra, line ")


@pytest.mark.parametrize(
    "text",
    [
        "define(`SMART_HOST', `a.example')",
        "pushdef(`SMART_HOST', `a.example')",
        "define(`SMART_HOST', `')",
        "define(`SMART_HOST')",
        "undefine(`SMART_HOST')",
        "LOCAL_CONFIG\nDSa.example\n",
        "LOCAL_CONFIG\nD{S}a.example\n",
        "LOCAL_CONFIG\nDS\n",
    ],
)
def test_further_lines_do_not_move_the_mail(text: str) -> None:
    with pytest.raises(MailtlsError, match="beside sendmail_smart_host") as caught:
        mc_danger.refuse_openers(text, "sendmail_mc_extra")
    assert caught.value.remedy == "Remove it, and set that variable."


@pytest.mark.parametrize(
    ("text", "macro"),
    [
        ("define(`MAIL_HUB', `10.1.2.3')", "MAIL_HUB"),
        ("define(`LUSER_RELAY', `relay:10.1.2.3')", "LUSER_RELAY"),
        ("define(`LOCAL_RELAY', `evil.10')", "LOCAL_RELAY"),
        ("define(`BITNET_RELAY', `10.1.2.3')", "BITNET_RELAY"),
        ("define(`DECNET_RELAY', `10.1.2.3')", "DECNET_RELAY"),
        ("define(`FAX_RELAY', `10.1.2.3')", "FAX_RELAY"),
        ("define(`UUCP_RELAY', `2001:db8::7')", "UUCP_RELAY"),
        ("define(`confFALLBACK_MX', `a.example:10.1.2.3')", "confFALLBACK_MX"),
        ("define(`confFALLBACK_SMARTHOST', `10.1.2.3')", "confFALLBACK_SMARTHOST"),
        ("LOCAL_CONFIG\nDH10.1.2.3", "MAIL_HUB"),
        ("LOCAL_CONFIG\nD{L}10.1.2.3", "LUSER_RELAY"),
        ("LOCAL_CONFIG\nO FallbackMXhost=10.1.2.3", "confFALLBACK_MX"),
        ("LOCAL_CONFIG\nOFallBackSmartHost = 10.1.2.3", "confFALLBACK_SMARTHOST"),
    ],
)
def test_a_route_beside_the_smart_host_does_not_hold_or_bounce_its_mail(text: str, macro: str) -> None:
    with pytest.raises(MailtlsError, match="so the mail would be held for ever") as caught:
        mc_danger.refuse_openers(text, "sendmail_mc_extra")
    assert caught.value.where.endswith(f": {macro}")


@pytest.mark.parametrize(
    "text",
    [
        "define(`MAIL_HUB', `hub.example')",
        "define(`MAIL_HUB', `[10.1.2.3]')",
        "define(`MAIL_HUB')",
        "undefine(`MAIL_HUB')",
        "define(`LUSER_RELAY', `local:root')",
        "define(`LUSER_RELAY', `error:5.1.1:550 unknown')",
        "define(`confFALLBACK_MX', `esmtp:[IPv6:2001:db8::7]')",
        "LOCAL_CONFIG\nDj10.1.2.3",
        "LOCAL_CONFIG\nO DialDelay=10",
        "define(`confCONNECTION_RATE_THROTTLE', `10')",
    ],
)
def test_other_routes_pass_because_their_mail_meets_the_policy_too(text: str) -> None:
    assert mc_danger.refuse_openers(text, "sendmail_mc_extra")


def test_other_further_lines_pass() -> None:
    assert len(mc_danger.refuse_openers("FEATURE(`redirect')dnl\nLOCAL_CONFIG\nCwx\n", "x")) == 2


@pytest.mark.parametrize("text", ["define(`confTLS_SRV_OPTIONS', `V')", "LOCAL_CONFIG\nO TLSSrvOptions=V\n"])
def test_clients_are_asked_for_certificates(text: str) -> None:
    with pytest.raises(MailtlsError, match="no client would be asked for a certificate") as caught:
        mc_danger.refuse_openers(text, "sendmail_mc_extra")
    assert "request_certificate: false" in caught.value.remedy
