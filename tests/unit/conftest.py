# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the imports of the tests work under plain pytest as under ansible-test.

``ansible_collections.mailtls.relay`` is this checkout. What several tests share lies beside this file and in
tests/testinfra; plain pytest finds the former by itself, ansible-test neither.
"""

from __future__ import annotations

import atexit
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _install_finder() -> None:
    from ansible.utils.collection_loader import _collection_finder as finder

    if ROOT.parts[-3:] == ("ansible_collections", "mailtls", "relay"):
        base = ROOT.parents[2]
    else:
        base = pathlib.Path(tempfile.mkdtemp(prefix="mailtls-"))
        atexit.register(shutil.rmtree, base, ignore_errors=True)
        link = base / "ansible_collections" / "mailtls" / "relay"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT)
    # The PyPI package "ansible" claims the top-level package first.
    for name in [name for name in sys.modules if name.split(".")[0] == "ansible_collections"]:
        del sys.modules[name]
    finder._AnsibleCollectionFinder._remove()
    finder._AnsibleCollectionFinder(paths=[str(base)])._install()


sys.path[:0] = [str(ROOT / "tests/unit"), str(ROOT / "tests/testinfra")]
try:
    import ansible_collections.mailtls.relay  # noqa: F401  # pylint: disable=unused-import
except ImportError:
    _install_finder()
