# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a container, with its Python alone: reads maps with questions, asks sendmail -bt, prints what it returned.

One JSON object a line on the input: rows (text for makemap), asked (lines for sendmail -bt). One JSON list a line on
the output: for each question what the rule set returned, or null where sendmail gave up.
"""

from __future__ import annotations

import fcntl
import json
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path("/tmp/oracle")
CF = FOLDER / "sendmail.cf"
OUTPUT = pathlib.Path("/dev/shm/oracle")
# sendmail -bt takes no argument of two parts and no empty one; these ask as sendmail itself does.
WRAPPERS = """
SOracle_server
R$*	$@ $>"tls_server" $1
SOracle_client
R$*	$@ $>"tls_client" $1 $| MAIL
SOracle_rcpt
R$*	$@ $>"tls_rcpt" $1
SOracle_try
R$*	$@ $>"try_tls" $1
SOracle_srv
R$*	$@ $>"srv_features" $1
SOracle_clt
R$*	$@ $>"clt_features" $1
SOracle_relay
R$*	$@ $>"RelayTLS" $1
"""
EVENT = re.compile(r"^(?:> )*Oracle_\w+ +(input|returns):(.*)", re.MULTILINE)


def prepare() -> None:
    """The role's configuration, with a map of our own and the wrappers."""
    FOLDER.mkdir(exist_ok=True)
    text = pathlib.Path("/etc/mail/sendmail.cf").read_text(encoding="utf-8")
    ours, count = re.subn(r"^(Kaccess .*) /etc/mail/access$", rf"\1 {FOLDER}/access", text, flags=re.MULTILINE)
    assert count == 1, "the configuration has no access map"
    CF.write_text(ours + WRAPPERS, encoding="utf-8")


def ask(rows: str, asked: str) -> list[str | None]:
    subprocess.run(["makemap", "hash", f"{FOLDER}/access"], input=rows.encode(), check=True, capture_output=True)
    # sendmail writes line by line: to a file in memory that takes half the time of a pipe.
    with OUTPUT.open("wb") as output:
        subprocess.run(["sendmail", "-bt", f"-C{CF}"], input=asked.encode(), stdout=output, stderr=output, check=True)
    answers: list[str | None] = []
    for kind, said in EVENT.findall(OUTPUT.read_text(encoding="latin-1")):
        if kind == "input":
            answers.append(None)
        else:
            answers[-1] = said.strip()
    return answers


if __name__ == "__main__":
    # One run at a time: there is one map.
    with open("/tmp/oracle.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        prepare()
        for line in sys.stdin:
            lot = json.loads(line)
            print(json.dumps(ask(lot["rows"], lot["asked"])), flush=True)
