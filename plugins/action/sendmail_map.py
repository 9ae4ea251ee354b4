# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of module sendmail_map: many entries travel as one text, and only when the host wants them.

The text goes along with the module, compressed: one reach, whether the map has changed or not. Of a very large one the
host gets its SHA-256 first. Entries are judged on the host, by the module, so that they are judged once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import typing as t

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._core import mapdata, waybill
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.waybill import Waybill

# Compressed. As much as a few modules weigh costs less than the question whether it is wanted and a second way there.
_ALONG = 1 << 20
_PIECE = 1 << 20
_WAYBILL = "_waybill"
# Entries taken from a variable as it stands are never templated.
_MARKERS = (b"{{", b"{%", b"{#")
_OURS = ("entries", "entries_variable")


class Cargo(t.NamedTuple):
    """The entries to bring: lines made of data, how many of those come from a list, and a file behind them."""

    lines: bytes
    listed: int
    file: str

    def pieces(self) -> t.Iterator[bytes]:
        """The whole text, in pieces."""
        yield self.lines
        if self.file:
            with open(self.file, "rb") as stream:
                while True:
                    piece = stream.read(_PIECE)
                    if not piece:
                        break
                    yield piece

    def digest(self) -> str:
        """SHA-256 of the whole text."""
        found = hashlib.sha256()
        for piece in self.pieces():
            found.update(piece)
        return found.hexdigest()


def read_variable(name: str, variables: t.Mapping[str, t.Any]) -> bytes:
    """The lines of a variable's entries, read as they stand; raises MailtlsError."""
    if name not in variables:
        raise MailtlsError("there is no such variable", where=name)
    lines = mapdata.render_listed(variables[name], name)
    if any(marker in lines for marker in _MARKERS):
        raise MailtlsError(
            "holds a template, but entries_variable takes what stands there",
            where=name,
            remedy="Write the values in full, or use entries.",
        )
    return lines


class ActionModule(ActionBase):
    """Runs the module once, or twice when a large text must be brought."""

    @property
    def _untyped(self) -> t.Any:
        """Ansible's own methods have no types."""
        return self

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Ask, bring, clean up."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        args, variables = dict(self._task.args), task_vars or {}
        try:
            if _WAYBILL in args:
                raise MailtlsError("is not for users", where=_WAYBILL)
            if args.get("map", "access") == "access":
                result.update(self._converge(args, variables))
            else:
                result.update(self._execute_module(module_args=args, task_vars=variables))
        except MailtlsError as error:
            raise AnsibleActionFail(str(error)) from None
        finally:
            self._untyped._remove_tmp_path(self._connection._shell.tmpdir)
        # Neither the text nor where it lay belongs into a report.
        result.get("invocation", {}).get("module_args", {}).pop(_WAYBILL, None)
        return result

    def _converge(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        cargo = self._load(args, variables)
        told = {name: value for name, value in args.items() if name != "entries"}
        bill = Waybill(cargo.digest(), cargo.listed, waybill.pack_within(cargo.pieces(), _ALONG))
        answer = self._ask({**told, _WAYBILL: waybill.render(bill)}, variables)
        if not answer.get("wanted"):
            return answer
        bill = bill._replace(file=self._bring(cargo))
        return self._ask({**told, _WAYBILL: waybill.render(bill)}, variables)

    def _ask(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self._execute_module(module_args=args, task_vars=variables)
        return answer

    def _load(self, args: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> Cargo:
        if not [name for name in (*_OURS, "entries_file") if args.get(name) is not None]:
            raise MailtlsError("one of entries, entries_variable and entries_file is needed")
        if all(args.get(name) is not None for name in _OURS):
            raise MailtlsError("entries and entries_variable exclude each other", where="entries_variable")
        if args.get("entries_variable") is not None:
            lines = read_variable(args["entries_variable"], variables)
        else:
            lines = mapdata.render_listed(args.get("entries") or [], "entries")
        listed, path = lines.count(b"\n"), args.get("entries_file") or ""
        # An encrypted one is decrypted; the loader removes what it wrote.
        file = self._loader.get_real_file(self._untyped._find_needle("files", path)) if path else ""
        if mapdata.is_data(path):
            with open(file, "rb") as stream:
                return Cargo(lines + mapdata.render_file(stream.read(), path), listed, "")
        return Cargo(lines, listed, file)

    def _bring(self, cargo: Cargo) -> str:
        """Send the text, compressed, to a temporary folder of the host; returns its name there."""
        # Without pipelining, the first run of the module has made one already.
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        remote: str = self._connection._shell.join_path(folder, "entries")
        own = tempfile.mkdtemp(dir=vars(constants)["DEFAULT_LOCAL_TMP"])
        try:
            source = os.path.join(own, "entries")
            with open(source, "wb") as stream:
                stream.writelines(waybill.pack(cargo.pieces()))
            self._untyped._transfer_file(source, remote)
        finally:
            shutil.rmtree(own, ignore_errors=True)
        self._untyped._fixup_perms2((folder, remote))
        return remote
