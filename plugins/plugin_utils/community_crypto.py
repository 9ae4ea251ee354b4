# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of community.crypto, called from filters of this collection."""

from __future__ import annotations

import importlib
import typing as t

from ansible.errors import AnsibleFilterError


def crypto_filter(name: str) -> t.Callable[..., dict[str, t.Any]]:
    """The filter ``community.crypto.<name>``; AnsibleFilterError when that collection is not installed.

    Looked up when it is needed, so that this collection can be loaded and documented without the other one.
    """
    try:
        module = importlib.import_module(f"ansible_collections.community.crypto.plugins.filter.{name}")
    except ImportError as error:
        remedy = "Run: ansible-galaxy collection install community.crypto"
        raise AnsibleFilterError(f"The collection community.crypto is needed on the controller. {remedy}") from error
    found: t.Callable[..., dict[str, t.Any]] = module.FilterModule().filters()[name]
    return found
