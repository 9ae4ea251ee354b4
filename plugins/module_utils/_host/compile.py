# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compiler of sendmail.mc: m4, and sendmail itself as the judge of what came out."""

from __future__ import annotations

import os
import tempfile
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass

from .._core import cf
from .._core.errors import MailtlsError
from .command import run
from .files import Access, remove, write_aside

_SENDMAIL = "/usr/sbin/sendmail"
_DEFAULT = "TLS_Srv:\tTEMP+ENCR:128\n"
# Debian's places, from the packages m4, sendmail-bin and sendmail-cf.
_NEEDED = ("/usr/bin/m4", _SENDMAIL, "/usr/share/sendmail/cf/m4/cf.m4")
# Not where Ansible puts its own files: that may lie in the home of an ordinary user, or below /tmp.
_ROOTS = "/run"


@dataclass(frozen=True)
class Built:
    """A cf as Debian's Makefile would make it, and what m4 remarked."""

    text: str
    warnings: tuple[str, ...]


def is_present() -> bool:
    """Whether everything the compiler needs is installed."""
    return all(os.path.exists(path) for path in _NEEDED)


def build(mc: str, mc_path: str) -> Built:
    """Run m4 over the mc text, touching no file; raises MailtlsError when it is refused."""
    folder = os.path.dirname(mc_path)
    # As Debian's make does it: a hand-made mc may include a file beside it.
    ended = run(["m4", "-"], given=mc.encode(errors="surrogateescape"), cwd=folder if os.path.isdir(folder) else "/")
    messages = cf.parse_messages(ended.errors)
    cf.refuse_errors(ended.status, ended.output, messages, mc_path)
    return Built(cf.assemble(ended.output, mc, mc_path), messages)


@contextmanager
def trial_folder() -> t.Iterator[str]:
    """A private folder below folders of root's, for ``ask``: sendmail and makemap trust no others, not even as root."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="mailtls-", dir=_ROOTS)
    except OSError as error:
        remedy = "Make room there. Nothing was changed."
        raise MailtlsError(f"no folder can be made there: {error.strerror}", where=_ROOTS, remedy=remedy) from error
    with folder as path:
        yield path


def ask_with_default(text: str, sessions: t.Sequence[cf.Session], folder: str) -> tuple[cf.Trial, ...]:
    """The same as ``ask``, with an access map that holds nothing but a default."""
    path = os.path.join(folder, "trial")
    ended = run(["makemap", cf.access_kind(text), path], given=_DEFAULT)
    try:
        if ended.status:
            raise MailtlsError(f"makemap refused a map of one row: {ended.errors.strip()[:500]}", where=path)
        return ask(cf.with_access_map(text, path), sessions, folder)
    finally:
        remove(f"{path}.db")


def ask(text: str, sessions: t.Sequence[cf.Session], folder: str) -> tuple[cf.Trial, ...]:
    """Ask sendmail, with this cf and no network, which of these sessions may carry mail.

    ``folder`` is one that ``trial_folder`` made.
    """
    trial = write_aside(os.path.join(folder, "trial.cf"), text.encode(), Access("root", "root", 0o600))
    try:
        ended = run([_SENDMAIL, "-C", trial, "-bt"], given=cf.render_trial(sessions))
    finally:
        remove(trial)
    return cf.parse_trials(ended.output + ended.errors, sessions, "sendmail.cf")
