# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of module starttls_info: the host says what it saw, here its certificates are read.

Hosts need no library for X.509, and the policy need not travel. What it all means is said by ``_core/dossier``.
"""

from __future__ import annotations

import base64
import datetime
import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._core.aim import Target, read_targets
from ..module_utils._core.dossier import Dossier
from ..module_utils._core.errors import MailtlsError
from ..module_utils._core.forecast import read_rules
from ..module_utils._core.parcel import unpack
from ..module_utils._core.peer import Demands
from ..modules.starttls_info import OPTIONS, TOGETHER, refuse_contents
from ..plugin_utils import x509

# The host does not need to know them.
_KEPT_HERE = ("policy", "level", "minimum_days")
# What the module returns for this half alone.
_PARCEL = "parcel"


def _failed(why: str) -> dict[str, t.Any]:
    """As a result, not as an exception: only so a task can say with failed_when what the failure means to it."""
    return {"failed": True, "changed": False, "msg": why}


class ActionModule(ActionBase):
    """Refuses nonsense before the host is bothered, runs the module, reads and judges."""

    @property
    def _untyped(self) -> t.Any:
        """Ansible's own methods have no types."""
        return self

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Ask the host, then say what its answer means."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        if x509.MISSING:
            return _failed(
                f"The Python library cryptography is needed on the controller ({x509.MISSING}). Run: pip install"
                " cryptography, with the Python that runs Ansible"
            )
        _checked, args = self._untyped.validate_argument_spec(OPTIONS, required_together=TOGETHER)
        try:
            # What goes to the module comes back in "invocation", which -vvv shows.
            refuse_contents(args)
            targets = read_targets(args["targets"])
            self._read_rules(args, args["release"])
            answer = self._execute_module(module_args=self._for_the_host(args), task_vars=task_vars)
            told = self._tell(targets, args, unpack(answer.pop(_PARCEL))) if _PARCEL in answer else {}
        except MailtlsError as error:
            return _failed(str(error))
        finally:
            self._untyped._remove_tmp_path(self._connection._shell.tmpdir)
        answer.get("invocation", {}).get("module_args", {}).pop("_judged", None)
        return {**result, **answer, **told}

    def _for_the_host(self, args: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        # What the user did not say is not sent: the module knows its defaults.
        # As written: ~ and variables in paths are the host's.
        sent = {name: value for name, value in self._task.args.items() if name not in _KEPT_HERE}
        return {**sent, "targets": args["targets"], **({"_judged": True} if args["policy"] is not None else {})}

    def _read_rules(self, args: t.Mapping[str, t.Any], release: str) -> t.Any:
        today = datetime.date.today()
        return None if args["policy"] is None else read_rules(args["policy"], release, today)

    def _tell(
        self, targets: t.Sequence[Target], args: t.Mapping[str, t.Any], seen: t.Mapping[str, t.Any]
    ) -> dict[str, t.Any]:
        ders = {digest: base64.b64decode(text) for digest, text in seen["certificates"].items()}
        dossier = Dossier(
            targets,
            {digest: x509.read_certificate(der) for digest, der in ders.items()},
            datetime.datetime.now(datetime.timezone.utc),
            Demands(args["level"], args["minimum_days"]),
            self._read_rules(args, seen["release"]),
        )
        return dossier.compile(seen["places"], seen["sightings"])
