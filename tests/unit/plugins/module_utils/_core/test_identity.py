# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity on disk as values: surroundings, drift, plan, listing."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core import identity as subject
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError

FOLDER = "/etc/mail/certs"
GOOD = {name: subject.desired_entry(FOLDER, name) for name in subject.LAYOUT}
ABSENT = {name: subject.Entry(subject.path_of(FOLDER, name)) for name in subject.LAYOUT}
MAIL = subject.Entry("/etc/mail", "folder", "smmta", "smmsp", "2755")
CONTENTS: dict[str, bytes | None] = {"host.key": b"k", "host.crt": b"c", "ca.crt": b"a"}
NOTHING: dict[str, bytes | None] = dict.fromkeys(CONTENTS)


def identity(**changed: subject.Entry) -> subject.Identity:
    names = {"key": "host.key", "folder": "", "ca_folder": "ca.d"}
    return subject.Identity(FOLDER, {**GOOD, **{names[name]: entry for name, entry in changed.items()}}, (MAIL,))


def test_plain_data_and_back() -> None:
    given = replace(identity(), strays=("x",), certificate="C", keypair_problem="p")
    assert subject.parse_identity({**json.loads(json.dumps(given.to_dict())), "changed": False}) == given


def test_paths_have_no_stray_slashes() -> None:
    assert [subject.path_of("/a/", name) for name in ("", "ca.d")] == ["/a", "/a/ca.d"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (identity(), ""),
        (replace(identity(), parents=(subject.Entry("/etc/mail"),)), ""),
        (replace(identity(), parents=(replace(MAIL, mode="2775"),)), "/etc/mail: its mode 2775"),
        (replace(identity(), parents=(replace(MAIL, mode="1777"),)), "chmod go-w /etc/mail"),
        (replace(identity(), parents=(replace(MAIL, kind="file"),)), "/etc/mail: it is no folder"),
        (identity(key=replace(GOOD["host.key"], kind="folder")), "/etc/mail/certs/host.key: a file has to stand here"),
        (identity(ca_folder=replace(GOOD["ca.d"], kind="other")), "/etc/mail/certs/ca.d: a folder has to stand here"),
        (replace(identity(), strays=("ab.0", "cd.0")), "/etc/mail/certs/ca.d: the folder has to be empty"),
    ],
)
def test_what_others_depend_on_is_refused_not_repaired(given: subject.Identity, words: str) -> None:
    refusals = subject.judge_surroundings(given)
    assert len(refusals) == bool(words) and words in "".join(refusals)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ()),
        ({"key": replace(GOOD["host.key"], mode="0640")}, ("host.key",)),
        ({"folder": replace(GOOD[""], group="smmsp")}, ("",)),
        ({"ca_folder": replace(GOOD["ca.d"], owner="smmta")}, ("ca.d",)),
        ({"key": ABSENT["host.key"]}, ()),
    ],
)
def test_drift_is_named(changed: dict[str, subject.Entry], expected: tuple[str, ...]) -> None:
    assert subject.drifted(identity(**changed)) == expected


def test_drift_is_described() -> None:
    given = identity(key=replace(GOOD["host.key"], mode="0640"))
    assert subject.describe_drift(given, "host.key") == f"{FOLDER}/host.key is root:root 0640, not root:root 0600"


@pytest.mark.parametrize(
    ("given", "wish", "actual", "expected"),
    [
        (identity(), CONTENTS, CONTENTS, None),
        (identity(), NOTHING, CONTENTS, None),
        (identity(), {**CONTENTS, "ca.crt": b"new"}, CONTENTS, subject.Change(("ca.crt",))),
        (identity(), {**CONTENTS, "host.key": b"n"}, CONTENTS, subject.Change(("host.key",))),
        (subject.Identity(FOLDER, ABSENT), CONTENTS, NOTHING, subject.Change(tuple(subject.LAYOUT))),
        (
            identity(key=replace(GOOD["host.key"], mode="0640")),
            NOTHING,
            CONTENTS,
            subject.Change(repaired=("host.key",)),
        ),
        # A file that is replaced gets its mode with it.
        (
            identity(key=replace(GOOD["host.key"], mode="0640")),
            {**CONTENTS, "host.key": b"n"},
            CONTENTS,
            subject.Change(("host.key",)),
        ),
        (identity(ca_folder=ABSENT["ca.d"]), NOTHING, CONTENTS, subject.Change(("ca.d",))),
    ],
)
def test_the_plan(
    given: subject.Identity, wish: dict[str, t.Any], actual: dict[str, t.Any], expected: subject.Change | None
) -> None:
    assert subject.plan(given, wish, actual) == expected


def test_key_and_certificate_are_put_in_place_directly_after_each_other() -> None:
    change = subject.plan(subject.Identity(FOLDER, ABSENT), CONTENTS, NOTHING)
    assert change is not None and change.written[-2:] == ("host.key", "host.crt")


def test_there_must_be_something_to_keep() -> None:
    with pytest.raises(MailtlsError, match=f"{FOLDER}/host.key: there is nothing to keep"):
        subject.plan(subject.Identity(FOLDER, ABSENT), {**CONTENTS, "host.key": None}, NOTHING)


def test_a_listing_shows_all_but_the_key() -> None:
    shown = subject.render_listing({**GOOD, "ca.crt": ABSENT["ca.crt"]}, {"host.crt": ["subject: x"]}, "private key: y")
    assert shown.splitlines() == [
        f"{FOLDER}: root:root 0755",
        f"{FOLDER}/ca.d: root:root 0700",
        f"{FOLDER}/ca.crt: absent",
        f"{FOLDER}/host.key: root:root 0600",
        "  private key: y",
        f"{FOLDER}/host.crt: root:root 0644",
        "  subject: x",
    ]
