# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay that judges: sendmail of one release in a container of the scenario judges_as_sendmail_does."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from plugins.module_utils._core import judge, rulesets, tokens  # noqa: E402
from plugins.module_utils._core.access import Placed  # noqa: E402
from plugins.module_utils._core.judge import Session  # noqa: E402

SUITES = ("bullseye", "bookworm", "trixie")
# Rule set -> what sendmail is asked, and with which argument.
ASKED = {
    "tls_server": ("Oracle_server", "verify"),
    "tls_client": ("Oracle_client", "verify"),
    "tls_rcpt": ("Oracle_rcpt", "recipient"),
    "try_tls": ("Oracle_try", ""),
    "srv_features": ("Oracle_srv", ""),
    "clt_features": ("Oracle_clt", "peer_name"),
    "RelayTLS": ("Oracle_relay", ""),
}
TEMPORARY = "451 4.3.0 Temporary system failure. Please try again later."


class Question(t.NamedTuple):
    """A session, and the rule set that is asked about it."""

    ruleset: str
    session: Session


class Relay:
    """sendmail in a container: lots of questions go in, answers in our own words come out."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.container = f"mailtls-judge-{suite}"
        said = subprocess.run(
            ["podman", "exec", self.container, "sh", "-c", "sendmail -d0.1 -bt < /dev/null"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        self.version = re.findall(r"^Version (\S+)", said, re.MULTILINE)[0]
        self.release = tuple(int(part) for part in self.version.split("."))
        program = (ROOT / "tests/oracle/asker.py").read_text(encoding="utf-8")
        argv = ["podman", "exec", "--interactive", self.container, "python3", "-c", program]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def knows(self, question: Question) -> bool:
        """Releases before 8.18 ask Clt_Features by a name that no delivery has."""
        return question.ruleset != "clt_features" or self.release >= (8, 18)

    def ask(self, placed: t.Sequence[Placed], questions: t.Sequence[Question]) -> list[str]:
        """sendmail's answers, each as ``expected`` says it."""
        rows = "".join(f"{entry.key}\t{entry.value}\n" for _place, entry in placed)
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"rows": rows, "asked": typed(questions)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"{self.container} gave up"
        answers = json.loads(line)
        told = f"{self.container}: {len(questions)} asked, {len(answers)} answered, the last one {answers[-1:]}"
        assert len(answers) == len(questions), told
        return [read_answer(question.ruleset, said) for question, said in zip(questions, answers)]

    def close(self) -> None:
        self._process.communicate()

    def expected(self, placed: t.Sequence[Placed], questions: t.Sequence[Question]) -> list[str]:
        """Our own answers: the text of a refusal, the letters of features, RELAY; empty for "nothing against it"."""
        rules = judge.Rules(placed, self.release)
        return [answer(rules, question) for question in questions]


def answer(rules: judge.Rules, question: Question) -> str:
    session = question.session
    said = getattr(rulesets, "may_relay" if question.ruleset == "RelayTLS" else question.ruleset)(rules, session)
    if question.ruleset.endswith("_features"):
        return tokens.join(said, " ")
    text: str = said[0]
    if question.ruleset in {"tls_server", "tls_client"}:
        # The same through the door that others use.
        verdict = judge.judge(rules, session._replace(inbound=question.ruleset == "tls_client", recipient=""))
        assert verdict[1:] == said and verdict.action == (
            ("reject" if text[0] == "5" else "defer") if text else "deliver"
        )
    return text


def typed(questions: t.Sequence[Question]) -> str:
    """What one types into sendmail -bt; a macro is set where it changes."""
    lines, before = [".D{daemon_flags}CC f"], dict[str, str]()
    for ruleset, session in questions:
        side = "client" if ruleset in {"tls_client", "srv_features", "RelayTLS"} else "server"
        macros = {
            f"{side}_name": session.peer_name,
            f"{side}_addr": session.peer_address,
            "h": session.next_hop,
            "verify": session.verify,
            "cipher_bits": str(session.bits),
            "auth_ssf": str(session.auth_ssf or ""),
            "cn_subject": session.cert_cn,
            "cert_subject": session.cert_subject,
            "cert_issuer": session.cert_issuer,
        }
        for name, value in macros.items():
            if before.get(name) != value:
                lines.append(f".D{{{name}}}{value.replace('$', '$$').replace('#', chr(92) + '#')}")
                before[name] = value
        name, argument = ASKED[ruleset]
        lines.append(f"{name} {getattr(session, argument) if argument else 'x'}")
    return "\n".join(lines) + "\n"


def read_answer(ruleset: str, said: str | None) -> str:
    """What sendmail -bt printed, in the words of ``Relay.expected``."""
    # It gave up: the caller goes on as if there were nothing against the session.
    words = re.findall(r'"[^"]*"|\S+', said or "")
    if words[:1] != ["$#"]:
        return ""
    if ruleset == "RelayTLS":
        return " ".join(words[1:])
    if ruleset.endswith("_features"):
        return "temp" if words[1:] == ["temp"] else tokens.join(words[1:], " ")
    assert words[1:3] == ["error", "$@"], said
    colon = words.index("$:")
    code, _blank, text = tokens.join(words[colon + 1 :], " ").partition(" ")
    return reply("".join(words[3:colon]), code, text)


def reply(status: str, code: str, text: str) -> str:
    """The reply of sendmail's ``buildaddr()``."""
    if not re.fullmatch("[0-9]{3}", code):
        return f"553 5.3.0 {code} {text}"
    # A blank at the end says nothing: "authentication failure ".
    text = text.rstrip()
    return f"{code} {status} {text}" if re.fullmatch(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", status) else f"{code} {text}"
