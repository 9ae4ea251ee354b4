# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the tools of this host about servers: ask.py ROOT.

Reads a JSON list of questions (name, address, port, connect, expected) and prints name -> tool -> all it said, as JSON.
"""

from __future__ import annotations

import concurrent.futures
import json
import socket
import subprocess
import sys
import time
import typing as t

Question = dict[str, t.Any]


def posttls_finger(question: Question) -> list[str]:
    """With the dialogue, which alone tells that there was no STARTTLS."""
    wrapped = ["-w"] if question["connect"] else []
    place = "[{address}]:{port}".format(**question)
    return ["posttls-finger", "-l", "verify", "-F", ROOT, *wrapped, place, question["expected"]]


def openssl(question: Question) -> list[str]:
    """It goes on after an error, so that all errors are seen."""
    place = "{address}:{port}".format(**question)
    trust = ["-CAfile", ROOT, "-no-CApath", "-no-CAstore", "-verify_hostname", question["expected"]]
    starttls = [] if question["connect"] else ["-starttls", "smtp"]
    return ["openssl", "s_client", "-brief", "-connect", place, *starttls, *trust]


def gnutls_cli(question: Question) -> list[str]:
    """Insecure: so that it tells what it saw after it has told what it thinks of the certificate."""
    starttls = [] if question["connect"] else ["--starttls-proto=smtp"]
    trust = [f"--x509cafile={ROOT}", "--verify-hostname", question["expected"], "--insecure"]
    return ["gnutls-cli", *starttls, *trust, "--port", str(question["port"]), question["address"]]


TOOLS = {"posttls-finger": posttls_finger, "openssl": openssl, "gnutls-cli": gnutls_cli}


def wait(question: Question) -> None:
    """Until the server is there, which greets where it does not wait for TLS."""
    until = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection((question["address"], question["port"]), timeout=20) as connection:
                if question["connect"] or connection.recv(4) == b"220 ":
                    return
        except ConnectionError:
            pass
        if time.monotonic() > until:
            raise TimeoutError(f"{question['name']} does not come")
        time.sleep(0.2)


def ask(tool: str, question: Question) -> str:
    argv = ["timeout", "30", *TOOLS[tool](question)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace")


def main() -> None:
    questions = json.load(sys.stdin)
    pairs = [(tool, question) for question in questions for tool in TOOLS]
    answers: dict[str, dict[str, str]] = {question["name"]: {} for question in questions}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(wait, questions))
        for (tool, question), said in zip(pairs, pool.map(lambda pair: ask(*pair), pairs)):
            answers[question["name"]][tool] = said
    print(json.dumps(answers))


if __name__ == "__main__":
    ROOT = sys.argv[1]
    main()
