# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible_collections.mailtls.relay.plugins.lookup import access_file


@pytest.fixture
def lookup() -> access_file.LookupModule:
    found = lookup_loader.get("mailtls.relay.access_file", loader=DataLoader())
    assert type(found).__name__ == "LookupModule"
    return found


def test_keys_are_found_and_a_file_is_checked_on_demand(
    lookup: access_file.LookupModule, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "partners"
    file.write_text("Connect:127 OK\nTLS_Srv:127.0.0.1 OK\n")
    assert lookup.run([str(file)], {}, keys=["Connect:127"], check=True) == ["Connect:127", "TLS_Srv:127.0.0.1"]
    file.write_text("nonsense\n")
    assert lookup.run([str(file)], {}) == []
    with pytest.raises(AnsibleLookupError, match="partners:1: the key 'nonsense' has no value"):
        lookup.run([str(file)], {}, check=True)
    data = tmp_path / "partners.json"
    data.write_text('{"Connect:127": "OK", "Connect:1": "OK"}')
    assert lookup.run([str(data)], {}, keys=["Connect:127"], check=True) == ["Connect:127"]
    data.write_text("Connect:127 OK\n")
    with pytest.raises(AnsibleLookupError, match=r"partners\.json: is not JSON: .* Write a list of"):
        lookup.run([str(data)], {})
    with pytest.raises(AnsibleLookupError, match="there is no such file"):
        lookup.run([str(tmp_path / "none")], {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("TLS_Srv:a OK\n", "f:1.value: 'OK' is refused"),
        ("Connect:1 OK\nconnect:1 OK\n", "f:1 and f:2: the key 'connect:1' stands there twice"),
        ("tls_srv: ENCR:256\n", "f: the key 'tls_srv:' belongs to the variables"),
        ("Srv_Features:\tS\n", "f: the key 'srv_features:' belongs to the variables"),
    ],
)
def test_what_would_be_refused_later_is_refused_before(text: str, told: str) -> None:
    with pytest.raises(access_file.MailtlsError) as refused:
        access_file.look(text.encode(), "f", [], check=True)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"TLS_Srv:a": "OK"}', "f.json[0].value: 'OK' is refused"),
        ('{"Connect:1": "OK", "Connect:1": "OK"}', "f.json[0] and f.json[1]: the key 'Connect:1' stands there twice"),
        ('[{"key": "tls_srv:", "value": "ENCR:256"}]', "f.json: the key 'tls_srv:' belongs to the variables"),
    ],
)
def test_data_is_checked_as_lines_are(text: str, told: str) -> None:
    with pytest.raises(access_file.MailtlsError) as refused:
        access_file.look(text.encode(), "f.json", [], check=True)
    assert str(refused.value).startswith(told)
