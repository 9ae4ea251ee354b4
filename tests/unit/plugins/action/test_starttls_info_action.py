# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half over a host of paper: what the host is asked, and what its answer becomes."""

from __future__ import annotations

import base64
import hashlib
import types
import typing as t

import pki
import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailtls.relay.plugins.action import starttls_info
from ansible_collections.mailtls.relay.plugins.module_utils._core.parcel import pack
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Sighting
from cryptography import x509
from cryptography.hazmat.primitives import serialization

HOST = "mta2.example.org"
DER = x509.load_pem_x509_certificate(pki.certificate(HOST, names=[HOST], days=(-10, 36500)).encode()).public_bytes(
    serialization.Encoding.DER
)
DIGEST = hashlib.sha256(DER).hexdigest()
SEEN = Sighting("192.0.2.7", 25, protocol="TLSv1.3", bits=256, chain=(DIGEST,), verify_code=0)
RAW: dict[str, t.Any] = {
    "places": [
        {"target": 0, "host": HOST, "address": "192.0.2.7", "mx_preference": None, "problem": "", "sighting": 0}
    ],
    "sightings": [SEEN.to_dict()],
    "certificates": {DIGEST: base64.b64encode(DER).decode()},
    "release": "8.17.1.9",
}
VERIFY = {"outbound": {"default": {"level": "verify"}}}


class Host:
    """Remembers what it was asked, and answers ``RAW`` with changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, args: dict[str, t.Any], answer: dict[str, t.Any]) -> None:
        self.asked: list[dict[str, t.Any]] = []
        self.answer, self.removed = answer, 0
        task = types.SimpleNamespace(
            args=args, async_val=0, environment=[], check_mode=False, diff=False, action="starttls_info"
        )
        connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
        context = types.SimpleNamespace(check_mode=False, diff=False)
        self.action = starttls_info.ActionModule(t.cast(t.Any, task), connection, context, DataLoader(), None, None)
        for name in ("_execute_module", "_remove_tmp_path"):
            monkeypatch.setattr(self.action, name, getattr(self, name.lstrip("_")))

    def execute_module(self, module_args: dict[str, t.Any], task_vars: t.Any) -> dict[str, t.Any]:
        self.asked.append(module_args)
        sent = {"module_args": dict(module_args)}
        if "failed" in self.answer:
            return {**self.answer, "invocation": sent}
        return {"parcel": pack(self.answer), "changed": False, "invocation": sent}

    def remove_tmp_path(self, path: t.Any) -> None:
        self.removed += 1

    def run(self) -> dict[str, t.Any]:
        return self.action.run(task_vars={})


KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
Visit = t.Callable[..., Host]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    def make(*targets: t.Any, answer: t.Any = None, **args: t.Any) -> Host:
        return Host(monkeypatch, {"targets": list(targets) or [HOST], **args}, RAW | (answer or {}))

    return make


def test_the_answer_is_read_and_judged(visit: Visit) -> None:
    host = visit()
    result = host.run()
    (record,) = result["peers"]
    assert (record["outcome"], record["name"]["verdict"], record["chain"]["verdict"]) == ("ok", "exact", "trusted")
    assert record["certificates"][0]["sha256"] == DIGEST and record["certificates"][0]["days_left"] > 30000
    assert result["targets"] == [{"target": HOST, "summary": "pass", "text": record["text"]}]
    assert result["summary"]["pass"] == 1 and result["changed"] is False and record["judgement"] == {}
    assert "parcel" not in result and host.removed == 1


def test_the_host_is_told_what_it_needs_and_no_more(visit: Visit) -> None:
    host = visit(policy=VERIFY, level="secure", minimum_days=7, timeout=5)
    result = host.run()
    assert host.asked == [{"targets": [HOST], "timeout": 5.0, "_judged": True}]
    assert result["invocation"]["module_args"] == {"targets": [HOST], "timeout": 5.0}


@pytest.mark.parametrize("targets", [HOST, f"{HOST},a.example"])
def test_targets_may_stand_in_one_string(visit: Visit, targets: str) -> None:
    host = visit()
    host.action._task.args["targets"] = targets
    host.run()
    assert host.asked == [{"targets": targets.split(",")}]


@pytest.mark.parametrize(
    ("release", "found", "text"),
    [
        ("8.15.2", "8.15.2", "403 4.7.0 authentication failed"),
        ("", "8.15.2", "403 4.7.0 authentication failed"),
        ("", "8.17.1.9", "454 4.7.0 authentication failed"),
        ("", "", "454 4.7.0 authentication failed"),
    ],
)
def test_the_hosts_own_sendmail_judges(visit: Visit, release: str, found: str, text: str) -> None:
    given = {"sendmail_access_entries": [{"key": f"TLS_Srv:{HOST}", "value": "VERIFY:128"}]}
    seen = SEEN._replace(outcome="untrusted", verify_code=18).to_dict()
    result = visit(policy=given, release=release, answer={"release": found, "sightings": [seen]}).run()
    assert result["peers"][0]["judgement"]["text"] == text and result["targets"][0]["summary"] == "fail"


def test_level_and_days_are_asked_for(visit: Visit) -> None:
    assert visit(minimum_days=99_999).run()["targets"][0]["summary"] == "fail"
    seen = SEEN._replace(outcome="untrusted", verify_code=18).to_dict()
    assert visit(level="encrypt", answer={"sightings": [seen]}).run()["targets"][0]["summary"] == "pass"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"targets": [{"host": "a.example", "port": "x"}]}, "targets[0].port: 'x' is not a port"),
        ({"targets": []}, "targets: [] names no target"),
        ({"policy": {"outbuond": {}}}, "sendmail_tls_policy.outbuond: "),
        ({"policy": VERIFY, "release": "new"}, "release: 'new' is not a release"),
        ({"client_certificate": "/c", "client_key": KEY}, "client_key: this is what a file holds, not its path."),
    ],
)
def test_nonsense_does_not_reach_the_host(visit: Visit, args: dict[str, t.Any], told: str) -> None:
    """It is a result: an exception would fail a task whose failed_when says otherwise (the audit's)."""
    host = visit(**args)
    host.action._task.args.update(args)
    result = host.run()
    assert result["failed"] is True and told in result["msg"] and host.asked == []
    assert "c2VjcmV0" not in str(result)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"level": "dane"}, "value of level must be one of"),
        ({"hosts": []}, "Unsupported parameters for"),
        ({"client_key": "/a.key"}, "parameters are required together"),
    ],
)
def test_options_that_do_not_exist_do_not_reach_the_host(visit: Visit, args: dict[str, t.Any], told: str) -> None:
    host = visit(**args)
    host.action._load_name = "starttls_info"
    host.action._task.args.update(args)
    with pytest.raises(AnsibleActionFail) as refused:
        host.run()
    assert told in str(refused.value) and host.asked == []


def test_a_host_that_failed_is_heard(visit: Visit) -> None:
    result = visit(answer={"failed": True, "msg": "no such file"}).run()
    assert (result["failed"], result["msg"]) == (True, "no such file") and "peers" not in result


def test_without_the_library_it_is_said_what_to_do(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starttls_info.x509, "MISSING", "No module named 'cryptography'")
    host = visit()
    result = host.run()
    assert result["failed"] is True and host.asked == []
    assert "library cryptography is needed on the controller" in result["msg"] and "pip install" in result["msg"]
