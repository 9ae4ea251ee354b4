# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelt names: what did the writer probably mean?"""

from __future__ import annotations

import difflib
import string
import typing as t


def nearest(word: str, known: t.Iterable[str]) -> str | None:
    """The known name most like ``word``, letter case aside, or None when none is like it."""
    folded = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), sorted(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def suggestion(word: str, known: t.Sequence[str]) -> str:
    """A remedy for an unknown name: the nearest one, else the list of all."""
    found = nearest(word, known)
    return f"Did you mean {found}?" if found else f"Known are: {', '.join(known)}."


def judge(
    defined: t.Iterable[str], known: t.Sequence[str], prefixes: t.Sequence[str], open_prefixes: t.Sequence[str] = ()
) -> list[str]:
    """One sentence for each defined name that begins with one of ``prefixes`` and is not known.

    A name that begins with one of ``open_prefixes`` and goes on is the user's own.
    """
    taken = set(known)
    own = tuple(f"{prefix}{first}" for prefix in open_prefixes for first in string.ascii_letters + string.digits)
    strangers = sorted(
        {
            name
            for name in defined
            if name.startswith(tuple(prefixes)) and not name.startswith(own) and name not in taken
        }
    )
    return [_sentence(name, known, prefixes) for name in strangers]


def _sentence(name: str, known: t.Sequence[str], prefixes: t.Sequence[str]) -> str:
    # All names of a role begin alike, which would make every one of them a near match of any other.
    prefix = max((prefix for prefix in prefixes if name.startswith(prefix)), key=len)
    rest = {other[len(prefix) :]: other for other in known if other.startswith(prefix)}
    found = nearest(name[len(prefix) :], rest)
    return f"{name} is not a variable of this role; " + (
        f"did you mean {rest[found]}?" if found else f"known are {', '.join(sorted(rest.values())) or 'none'}."
    )
