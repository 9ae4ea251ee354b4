# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties of ``peer_properties.py`` under atheris, led by coverage; ``make fuzz`` runs it.

``python smtp_atheris.py FOLDER [options of libFuzzer]``: the folder keeps the inputs that led further. An input is a
byte that chooses a property, a byte for the seed, and what the peer writes. It begins with the peers of the zoo.
"""

from __future__ import annotations

import pathlib
import random
import runpy
import sys

import atheris

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "zoo")]
runpy.run_path(str(HERE / "conftest.py"))

with atheris.instrument_imports(include=["ansible_collections.mailtls.relay.plugins.module_utils._core"]):
    from peer_properties import PROPERTIES

import species  # noqa: E402  the path was set above


def one_input(data: bytes) -> None:
    """What atheris calls."""
    if len(data) > 2:
        PROPERTIES[data[0] % len(PROPERTIES)](data[2:], random.Random(data[1]))


def write_seeds(folder: pathlib.Path) -> None:
    """What the peers of the zoo say in a session, and what a real server says in a handshake, under every property."""
    folder.mkdir(parents=True, exist_ok=True)
    for peer in species.ZOO:
        answers = {**species.CLEAR, **peer.clear}
        said = b""
        for verb in ("", "EHLO", "STARTTLS", "QUIT"):
            for step in answers[verb]:
                said += step if isinstance(step, bytes) else getattr(step, "data", b"")
        for number in range(len(PROPERTIES)):
            (folder / f"{peer.name}-{number}").write_bytes(bytes([number, 7]) + said)


def main() -> None:
    """Command line."""
    write_seeds(pathlib.Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
