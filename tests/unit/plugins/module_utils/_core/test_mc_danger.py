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
    "text", ["define(`SMART_HOST', `a.example')", "LOCAL_CONFIG\nDSa.example\n", "LOCAL_CONFIG\nD{S}a.example\n"]
)
def test_further_lines_do_not_move_the_mail(text: str) -> None:
    with pytest.raises(MailtlsError, match="beside sendmail_smart_host") as caught:
        mc_danger.refuse_openers(text, "sendmail_mc_extra")
    assert caught.value.remedy == "Remove it, and set that variable."


def test_other_further_lines_pass() -> None:
    assert len(mc_danger.refuse_openers("FEATURE(`redirect')dnl\nLOCAL_CONFIG\nCwx\n", "x")) == 2


@pytest.mark.parametrize("text", ["define(`confTLS_SRV_OPTIONS', `V')", "LOCAL_CONFIG\nO TLSSrvOptions=V\n"])
def test_clients_are_asked_for_certificates(text: str) -> None:
    with pytest.raises(MailtlsError, match="no client would be asked for a certificate") as caught:
        mc_danger.refuse_openers(text, "sendmail_mc_extra")
    assert "request_certificate: false" in caught.value.remedy
