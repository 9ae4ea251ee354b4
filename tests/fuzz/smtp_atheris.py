# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties of ``peer_properties.py`` under atheris, led by coverage; ``make fuzz`` runs it.

``python smtp_atheris.py FOLDER [options of libFuzzer]``: the folder keeps the inputs that led further. An input is a
byte that chooses a property, a byte for the seed, and what the peer writes. It begins with the peers of the zoo.
"""

from __future__ import annotations

import contextlib
import pathlib
import random
import runpy
import ssl
import sys
import tempfile

import atheris

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "zoo")]
runpy.run_path(str(HERE / "conftest.py"))

with atheris.instrument_imports(include=["ansible_collections.mailtls.relay.plugins.module_utils._core"]):
    from peer_properties import PROPERTIES

# The path was set above.
import credentials  # noqa: E402
import server  # noqa: E402
import species  # noqa: E402


def one_input(data: bytes) -> None:
    """What atheris calls."""
    if len(data) > 2:
        PROPERTIES[data[0] % len(PROPERTIES)](data[2:], random.Random(data[1]))


def session_of(peer: species.Species) -> bytes:
    """What a peer of the zoo says in clear."""
    answers = {**species.CLEAR, **peer.clear}
    steps = [step for verb in ("", "EHLO", "STARTTLS", "QUIT") for step in answers[verb]]
    return b"".join(step if isinstance(step, bytes) else getattr(step, "data", b"") for step in steps)


def handshake_of(version: str, certificates: pathlib.Path) -> bytes:
    """What a real server says first in a handshake."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    style = species.Handshake(minimum=version, maximum=version)
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_side = client.wrap_bio(answered, asked)
    server_side = server.context_for(style, certificates).wrap_bio(asked, answered, server_side=True)
    for side in (client_side, server_side):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return answered.read()


def write_seeds(folder: pathlib.Path) -> None:
    """Sessions and handshakes, each under every property."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = {peer.name: session_of(peer) for peer in species.ZOO}
    with tempfile.TemporaryDirectory() as certificates:
        credentials.make(pathlib.Path(certificates))
        for version in ("TLSv1_2", "TLSv1_3"):
            seeds[version] = handshake_of(version, pathlib.Path(certificates))
    for name, said in seeds.items():
        for number in range(len(PROPERTIES)):
            (folder / f"{name}-{number}").write_bytes(bytes([number, 7]) + said)


def main() -> None:
    """Command line."""
    write_seeds(pathlib.Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
