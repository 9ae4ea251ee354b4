# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers that are asked what they offer: one for EHLO, or thousands for all that TLS shows; none can raise anything."""

from __future__ import annotations

import hashlib
import re
import time
import typing as t
from collections import deque
from dataclasses import dataclass, replace

from .._core import dialogue, smtp
from .._core.errors import MailtlsError
from .._core.sighting import OK, Aim, Limits, Sighting, Wishes
from .link import connect
from .loop import Steps, run_all, run_one
from .talk import Talk
from .tls import RELAXED, UNVERIFIED, VERIFYING, Contexts, Identity
from .visit import Visit
from .workers import allow_connections, count_useful, work

_NAME = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class EhloAnswer:
    """What one address answered: ``outcome`` as in ``sighting``, ``capabilities`` empty unless it is ``ok``.

    ``certificate`` is the SHA-256 of the one that was shown, in hex; empty when none was asked for or seen.
    """

    address: str
    port: int
    outcome: str
    capabilities: tuple[str, ...] = ()
    detail: str = ""
    certificate: str = ""

    def offers(self, keyword: str) -> bool:
        """Whether the EHLO answer has this keyword. Ask ``outcome`` first: without ``ok`` nothing is known."""
        return dialogue.offers(self.capabilities, keyword.upper())


def ask_ehlo(
    address: str,
    port: int,
    *,
    source: str | None = None,
    timeout: float = 15.0,
    name: str | None = None,
    handshake: bool = False,
) -> EhloAnswer:
    """Connect, say EHLO, QUIT, and tell what was answered; never raises for what the peer does.

    ``address`` is IPv4 or IPv6, ``source`` the local address to come from, ``timeout`` the seconds for all of it
    (Debian's GreetPause alone takes 5), ``name`` what EHLO says (default: the local address as a literal). With
    ``handshake`` STARTTLS is tried where it is offered, to see the certificate.
    """
    try:
        return run_one(_ask(address, port, source or "", timeout, name or "", handshake))
    except smtp.DialogueError as error:
        return EhloAnswer(address, port, error.outcome, detail=error.what)


def converse(
    address: str,
    port: int,
    script: t.Callable[[str], smtp.Script],
    *,
    source: str | None = None,
    timeout: float,
) -> t.Any:
    """Connect and drive the script that ``script(literal of the local address)`` gives; its value is returned.

    QUIT is always said. DialogueError if the peer cannot be reached, is too slow, or does not follow the protocol.
    """

    def steps() -> Steps[t.Any]:
        talk = yield from _open(address, port, source or "", timeout)
        return (yield from talk.carry_out(talk.say(script(talk.literal()))))

    return run_one(steps())


def probe_all(aims: t.Sequence[Aim], wishes: Wishes, limits: Limits) -> tuple[dict[Aim, Sighting], dict[str, bytes]]:
    """What is seen at each aim, and the certificates (DER) by the SHA-256 that sightings name them by.

    Nothing that a peer does is raised; MailtlsError only for what is wrong here: a name, a file, a process.
    """
    if wishes.ehlo_name and not _NAME.fullmatch(wishes.ehlo_name):
        raise MailtlsError(
            f"{wishes.ehlo_name!r} cannot be said as a name",
            where="ehlo_name",
            remedy="Write it in ASCII, without blanks.",
        )
    lanes: dict[str, list[Aim]] = {}
    for aim in dict.fromkeys(aims):
        lanes.setdefault(aim.address, []).append(aim)
    processes = max(1, min(limits.processes or count_useful(len(aims)), len(lanes), limits.at_once))
    addresses = list(lanes)
    parts = [[lanes[address] for address in addresses[first::processes]] for first in range(processes)]
    until = time.monotonic() + limits.target
    contexts = _prepare(wishes)
    at_once = allow_connections(max(1, limits.at_once // processes))
    seen: dict[Aim, Sighting] = {}
    certificates: dict[str, bytes] = {}
    for found, shelf in work(lambda part: _probe_part(part, wishes, limits, contexts, at_once, until), parts):
        seen.update(found)
        certificates.update(shelf)
    return {aim: seen[aim] for aim in dict.fromkeys(aims)}, certificates


def _prepare(wishes: Wishes) -> Contexts:
    """The contexts, tried out now: what is wrong with a file is no peer's doing."""
    contexts = Contexts(wishes.ca_file)
    own = Identity(wishes.client_certificate, wishes.client_key)
    contexts.get(VERIFYING, own)
    if wishes.wrong_certificate:
        contexts.get(UNVERIFIED, Identity(wishes.wrong_certificate, wishes.wrong_key))
    return contexts


def _probe_part(
    lanes: t.Sequence[t.Sequence[Aim]], wishes: Wishes, limits: Limits, contexts: Contexts, at_once: int, until: float
) -> tuple[dict[Aim, Sighting], dict[str, bytes]]:
    found: dict[Aim, Sighting] = {}
    shelf: dict[str, bytes] = {}

    def follow(waiting: deque[Aim]) -> Steps[None]:
        while waiting:
            aim = waiting.popleft()
            found[aim] = yield from Visit(aim, wishes, limits, contexts, shelf, until).run()

    def start() -> t.Iterator[Steps[None]]:
        for lane in lanes:
            waiting = deque(lane)
            for _number in range(min(len(lane), max(1, limits.per_host))):
                yield follow(waiting)

    run_all(start(), at_once)
    return found, shelf


def _ask(address: str, port: int, source: str, timeout: float, name: str, handshake: bool) -> Steps[EhloAnswer]:
    talk = yield from _open(address, port, source, timeout)

    def steps() -> Steps[EhloAnswer]:
        answer = EhloAnswer(address, port, OK, (yield from talk.say(dialogue.ask_capabilities(name or talk.literal()))))
        if not handshake or not answer.offers("STARTTLS"):
            return answer
        try:
            return replace(answer, certificate=(yield from _read_certificate(talk)))
        except smtp.DialogueError as error:
            return replace(answer, detail=error.what)

    return (yield from talk.carry_out(steps()))


def _open(address: str, port: int, source: str, timeout: float) -> Steps[Talk]:
    deadline = time.monotonic() + timeout
    return Talk((yield from connect(address, port, source, deadline)), deadline, timeout)


def _read_certificate(talk: Talk) -> Steps[str]:
    """Start TLS; the SHA-256 of the certificate that is shown. How good it is, is not asked: old algorithms too."""
    yield from talk.say(dialogue.ask_tls())
    yield from talk.secure(Contexts("").get(RELAXED))
    certificate = talk.link.secured().getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else ""
