# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a relay for anybody's Testinfra: each looks, returns what it saw, and fails with what to do about it.

Also a pytest plugin (``-p mailtls_checks``), whose fixtures hand a test what was seen. A check needs nothing of a host
but ``run``, as root, and so any backend of Testinfra will do. Nothing is changed on a host, and no key is read.

The words of sendmail are understood by the collection's own core, which the tarball holds beside this package.
"""

from __future__ import annotations

import pathlib

# So that "from ._core import cf" finds it, wherever the collection is installed and whether Ansible is there or not.
__path__.append(str(pathlib.Path(__file__).resolve().parents[3] / "plugins/module_utils"))

from .access_map import check_access_map, read_access_map
from .closed_default import check_closed_default
from .files import check_files
from .fixtures import relay_access_map, relay_cf, relay_queue
from .queue import Held, check_queue, read_queue
from .service import check_service
from .sight import read_cf
from .starttls import check_starttls

__all__ = [
    "Held",
    "check_access_map",
    "check_closed_default",
    "check_files",
    "check_queue",
    "check_service",
    "check_starttls",
    "read_access_map",
    "read_cf",
    "read_queue",
    "relay_access_map",
    "relay_cf",
    "relay_queue",
]
