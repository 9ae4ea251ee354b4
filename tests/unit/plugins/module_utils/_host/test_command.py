# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import typing as t

import pytest
from ansible_collections.mailtls.relay.plugins.module_utils._core.errors import MailtlsError
from ansible_collections.mailtls.relay.plugins.module_utils._host.command import Completed, run


def python(code: str, **options: t.Any) -> Completed:
    return run([sys.executable, "-c", code], **options)


@pytest.mark.parametrize(("given", "output"), [("", ""), ("grüße\n", "grüße\n"), (b"\xff\n", "\ufffd\n")])
def test_what_is_given_is_read(given: str | bytes, output: str) -> None:
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    assert python(code, given=given) == Completed(0, output, "")


def test_how_it_ended_is_returned() -> None:
    assert python("import sys; sys.stderr.write('no'); sys.exit(65)") == Completed(65, "", "no")


def test_a_program_that_prints_in_small_pieces_wakes_nobody() -> None:
    code = "import os, stat; [os.write(1, b'x') for number in range(5)]; print(stat.S_ISFIFO(os.fstat(1).st_mode))"
    assert python(code).output == "xxxxxFalse\n"


def test_it_speaks_c_and_finds_the_tools_of_root() -> None:
    ended = python("import os; print(os.environ['LC_ALL'], os.environ['PATH'].split(':')[0], os.getcwd())")
    assert ended.output == "C /usr/sbin /\n"


def test_no_shell_reads_the_arguments() -> None:
    assert run(["echo", "$HOME;", "`id`"]).output == "$HOME; `id`\n"


def test_a_missing_program_is_told() -> None:
    with pytest.raises(MailtlsError, match=r"^no-such-program is not on this host\. Install"):
        run(["no-such-program"])


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(MailtlsError, match=r"did not end within 0\.2 s\."):
        python("import time; time.sleep(60)", timeout=0.2)
