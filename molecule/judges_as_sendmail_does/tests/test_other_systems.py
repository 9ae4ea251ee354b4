# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sendmail.mc that is rendered for each system, through m4 and the rule sets of each release as Debian has it.

The systems' own sendmail is not here; what m4 makes of the text, and whether that holds mail, is seen all the same.
"""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from relay import ROOT, SUITES

GOLDEN = sorted((ROOT / "tests/fixtures/mc").glob("*.mc"))
SOURCE, DEBIAN = "/usr/share/sendmail-cf/m4/cf.m4", "/usr/share/sendmail/cf/m4/cf.m4"
MAP = "/root/other-map"
ASK = (
    f"cd /root && umask 022 && cat > other.cf && printf 'TLS_Srv:\\tTEMP+ENCR:128\\n' | makemap hash {MAP} && "
    "printf '.D{server_name}unlisted.example\\n.D{server_addr}192.0.2.1\\n.D{cipher_bits}%d\\ntls_server NONE\\n'"
    # On another system's paths sendmail ends with a status of its own; what it answers is what counts.
    " BITS | { sendmail -C /root/other.cf -bt || :; }"
)


def do(suite: str, command: str, given: str) -> str:
    argv = ["podman", "exec", "--interactive", f"mailtls-judge-{suite}", "sh", "-c", command]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def ask(suite: str, cf: str, bits: int) -> str:
    """What the rule set says of a session with an unknown next hop: its last answer."""
    return do(suite, ASK.replace("BITS", str(bits)), cf).rpartition("returns: ")[2].splitlines()[0]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_what_is_rendered_for_a_system_compiles_and_holds_clear_text(golden: pathlib.Path, suite: str) -> None:
    cf = do(suite, "m4 -", golden.read_text(encoding="utf-8").replace(SOURCE, DEBIAN))
    kind = "cdb" if golden.stem == "fedora" else "hash"
    spec = f"Kaccess {kind} -T<TMPF> /etc/mail/access"
    assert [line for line in cf.splitlines() if line.startswith("Kaccess")] == [spec]
    cf = cf.replace(spec, f"Kaccess {kind} -T<TMPF> {MAP}")
    assert "encryption too weak" in ask(suite, cf, 0)
    # Debian's sendmail knows no cdb: a map that cannot be read, and the belt holds all mail.
    assert ("OK" if kind == "hash" else "the access map says nothing of TLS") in ask(suite, cf, 256)
