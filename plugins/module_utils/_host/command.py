# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program and look at how it ended; never through a shell."""

from __future__ import annotations

import os
import subprocess
import typing as t
from contextlib import ExitStack
from dataclasses import dataclass

from .._core.errors import MailtlsError

# A relay's tools answer within seconds; the longest is makemap with a million entries on a slow disk.
DEFAULT_TIMEOUT = 120.0


@dataclass(frozen=True)
class Completed:
    """How a program ended: exit status and both outputs, undecodable bytes replaced."""

    status: int
    output: str
    errors: str


def run(
    argv: t.Sequence[str],
    *,
    given: str | bytes = "",
    given_from: str = "",
    timeout: float = DEFAULT_TIMEOUT,
    cwd: str = "/",
) -> Completed:
    """Run ``argv`` in the C locale with ``given``, or the file ``given_from``, on its standard input.

    ``timeout`` is in seconds.
    """
    data = given.encode() if isinstance(given, str) else given
    source: dict[str, t.Any] = {"input": data}
    environment = dict(os.environ, LC_ALL="C", PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    try:
        with ExitStack() as stack:
            # Memory in the place of a pipe: makemap prints in thousands of pieces, and would wake us for each.
            told = stack.enter_context(os.fdopen(os.memfd_create("output"), "r+b"))
            if given_from:
                source = {"stdin": stack.enter_context(open(given_from, "rb"))}
            source.update(stdout=told, stderr=subprocess.PIPE)
            ended = subprocess.run(list(argv), timeout=timeout, cwd=cwd, env=environment, check=False, **source)
            told.seek(0)
            output = told.read()
    except FileNotFoundError:
        raise MailtlsError(f"{argv[0]} is not on this host", remedy="Install the package it comes from.") from None
    except subprocess.TimeoutExpired:
        raise MailtlsError(f"{argv[0]} did not end within {timeout:g} s", remedy="Run it by hand to see why.") from None
    return Completed(ended.returncode, output.decode(errors="replace"), ended.stderr.decode(errors="replace"))
