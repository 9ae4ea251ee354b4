# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask DNS as this host asks it, many names at once and within a time: addresses of hosts, MX records of domains."""

from __future__ import annotations

import importlib
import importlib.util
import queue
import socket
import threading
import time
import typing as t

from .._core.aim import Addresses, Exchanges
from .._core.exchange import find_null, parse_exchanges
from .nexthops import ask_exchanges, is_there

# In sendmail's order. Each is asked for by itself: asked for both, the system hides that it could not tell one of them.
FAMILIES = {
    "any": (socket.AF_INET6, socket.AF_INET),
    "ipv4": (socket.AF_INET,),
    "ipv6": (socket.AF_INET6,),
}
_SPOKEN = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
# There is no such name, or it has no address of this family.
_HAS_NONE = {vars(socket)[name] for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if name in vars(socket)}
# Questions at once; a name server that is asked by hundreds answers nobody.
_THREADS = 32
# sendmail answers one name after the other, and a silent name server takes it ten seconds a name.
_NAMES_A_SENDMAIL = 16
_UNKNOWN = "DNS knows no such host"
_NONE = "sendmail finds no host for it: DNS knows none, or does not tell"
_NULL_MX = "the domain takes no mail: its only MX record names no host (null MX, RFC 7505)"
_NO_WAY = (
    "MX records cannot be looked up on this host: there is neither sendmail with its /etc/mail/sendmail.cf"
    " nor dnspython (Debian's python3-dnspython)"
)

Question = t.TypeVar("Question")
Answer = t.TypeVar("Answer")


def read_addresses(names: t.Sequence[str], seconds: float, family: str = "any") -> dict[str, Addresses]:
    """Every name with its addresses, of ``family`` (one of FAMILIES), or why there are none, or not all."""
    # IPv4 first: a name in /etc/hosts mostly has no other, and then all wait for name servers that may be silent.
    questions = [(name, one) for one in reversed(FAMILIES[family]) for name in dict.fromkeys(names)]
    found = ask_all(_look_up, questions, seconds)
    late = Addresses(problem=_late(seconds))
    return {name: _merge([found.get((name, one), late) for one in FAMILIES[family]]) for name in names}


def read_mail_hosts(domains: t.Sequence[str], seconds: float) -> dict[str, Exchanges]:
    """Every domain with the hosts that take its mail: as sendmail sees it where it is, else as dnspython does."""
    if not domains:
        return {}
    deadline = time.monotonic() + seconds
    if is_there():
        return _ask_sendmail(domains, deadline, seconds)
    if importlib.util.find_spec("dns") is None:
        return dict.fromkeys(domains, Exchanges(problem=_NO_WAY))
    found = ask_all(lambda domain: _ask_dnspython(domain, seconds), domains, seconds)
    late = Exchanges(problem=_late(seconds))
    return {domain: found.get(domain, late) for domain in domains}


def ask_all(
    ask: t.Callable[[Question], Answer], questions: t.Sequence[Question], seconds: float
) -> dict[Question, Answer]:
    """The answers that came in time, each question asked in a thread.

    The system's resolver cannot be interrupted: who still waits for it is left behind, and dies with this process.
    """
    waiting: queue.SimpleQueue[Question] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[Question, Answer]] = queue.SimpleQueue()
    deadline = time.monotonic() + seconds
    for question in questions:
        waiting.put(question)

    def work() -> None:
        while time.monotonic() < deadline:
            try:
                question = waiting.get_nowait()
            except queue.Empty:
                return
            answers.put((question, ask(question)))

    for _number in range(min(_THREADS, len(questions))):
        threading.Thread(target=work, daemon=True).start()
    found: dict[Question, Answer] = {}
    while len(found) < len(questions):
        try:
            question, answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[question] = answer
    return found


def _look_up(question: tuple[str, socket.AddressFamily]) -> Addresses:
    """The addresses of one family; none, and no problem, where DNS knows that there is none."""
    name, family = question
    try:
        found = socket.getaddrinfo(name, None, family, socket.SOCK_STREAM, 0, socket.AI_CANONNAME)
    except socket.gaierror as error:
        if error.errno in _HAS_NONE:
            return Addresses()
        return Addresses(problem=f"the name servers do not tell its {_SPOKEN[family]} addresses: {error.strerror}")
    except (OSError, UnicodeError) as error:
        return Addresses(problem=f"the name cannot be looked up: {error}")
    return Addresses(found[0][3].rstrip(".").lower(), tuple(str(one[4][0]) for one in found))


def _merge(answers: t.Sequence[Addresses]) -> Addresses:
    """What is known of a name, family by family; the last that tells a canonical name, or a problem, has it."""
    addresses = tuple(dict.fromkeys(address for one in answers for address in one.addresses))
    canonical = next((one.canonical for one in reversed(answers) if one.canonical), "")
    problem = next((one.problem for one in reversed(answers) if one.problem), "" if addresses else _UNKNOWN)
    return Addresses(canonical, addresses, problem)


def _ask_sendmail(domains: t.Sequence[str], deadline: float, seconds: float) -> dict[str, Exchanges]:
    groups = {
        " ".join(group): group
        for group in (domains[at : at + _NAMES_A_SENDMAIL] for at in range(0, len(domains), _NAMES_A_SENDMAIL))
    }

    def ask(group: str) -> str:
        return ask_exchanges(groups[group], max(0.1, deadline - time.monotonic()))

    text = "\n".join(ask_all(ask, list(groups), max(0.1, deadline - time.monotonic())).values())
    hosts, null = parse_exchanges(text), find_null(text)
    return {domain: _read_answer(hosts.get(domain), domain in null, seconds) for domain in domains}


def _read_answer(hosts: t.Sequence[str] | None, null: bool, seconds: float) -> Exchanges:
    if null:
        return Exchanges(problem=_NULL_MX)
    if hosts is None:
        return Exchanges(problem=_late(seconds))
    # sendmail tells the order, not the numbers.
    return Exchanges(tuple((None, host) for host in hosts), "" if hosts else _NONE)


def _ask_dnspython(domain: str, seconds: float) -> Exchanges:
    resolver = importlib.import_module("dns.resolver")
    failure = importlib.import_module("dns.exception").DNSException
    try:
        records = sorted(
            (one.preference, str(one.exchange)) for one in resolver.resolve(domain, "MX", lifetime=seconds)
        )
    except resolver.NoAnswer:
        # RFC 5321, section 5.1: then the domain is the host.
        return Exchanges(((None, domain),))
    except resolver.NXDOMAIN:
        return Exchanges(problem="DNS knows no such domain")
    except failure as error:
        return Exchanges(problem=f"DNS does not tell its MX records: {error}")
    if [host for _preference, host in records] == ["."]:
        return Exchanges(problem=_NULL_MX)
    return Exchanges(tuple((preference, host.rstrip(".").lower()) for preference, host in records))


def _late(seconds: float) -> str:
    return f"the name servers did not answer within {seconds:g} s"
