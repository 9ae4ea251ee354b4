# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's ``main()`` in this process and read what it answers."""

from __future__ import annotations

import json
import tempfile
import typing as t
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

try:  # ansible-core 2.19 and newer
    from ansible.module_utils.testing import patch_module_args
except ImportError:

    @contextmanager
    def patch_module_args(args: dict[str, t.Any] | None = None) -> t.Iterator[None]:
        with patch.object(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": args or {}}))):
            yield


def run_module(
    main: t.Callable[[], None],
    capfd: pytest.CaptureFixture[str],
    options: dict[str, t.Any],
    *,
    check: bool = False,
) -> dict[str, t.Any]:
    """Return the module's JSON answer; ``failed`` is in it when it ended with ``fail_json``."""
    with tempfile.TemporaryDirectory() as folder:
        args = dict(options, _ansible_check_mode=check, _ansible_diff=True, _ansible_tmpdir=folder)
        with patch_module_args(args), pytest.raises(SystemExit) as ended:
            main()
    answer: dict[str, t.Any] = json.loads(capfd.readouterr().out)
    assert ended.value.code == (1 if answer.get("failed") else 0)
    return answer
