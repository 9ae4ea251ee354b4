# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One aim, from the first connection to the record of what was seen; second looks where one is not enough."""

from __future__ import annotations

import hashlib
import time
import typing as t

from .._core import dialogue
from .._core.sighting import (
    CONNECT,
    EARLY_PLAINTEXT,
    HANDSHAKE,
    MAX_CHAIN,
    NO_STARTTLS,
    OK,
    PROTOCOL_TOO_OLD,
    THROTTLED,
    TIMEOUT,
    Aim,
    Limits,
    Sighting,
    Wishes,
    printable,
)
from .._core.smtp import DialogueError, Reply
from .link import HandshakeError, Link, connect
from .loop import NOTHING, Steps
from .talk import Talk, render_reply
from .tls import RELAXED, UNVERIFIED, VERIFYING, Contexts, Identity, find_newest, read_chain
from .trial import climb, prove_refusal

# These may pass; the others are the peer's last word.
_AGAIN = frozenset({CONNECT, TIMEOUT, THROTTLED})
_FIRST_PAUSE = 1.0
_LONGEST_DETAIL = 300
_TOO_LATE = "the time for all was over before this one's turn; allow more time, or more at once"
_INJECTED = "the peer wrote on in clear after it had agreed to STARTTLS"
_OLD = frozenset({"TLSv1", "TLSv1.1"})
# OpenSSL's words for a peer that speaks nothing new enough.
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW"})
_OF_TLS = ("protocol", "cipher", "group", "chain", "capabilities_tls")


class Visit:
    """What is done about one aim. ``shelf`` takes the certificates, by the SHA-256 of their DER."""

    def __init__(
        self, aim: Aim, wishes: Wishes, limits: Limits, contexts: Contexts, shelf: dict[str, bytes], until: float
    ) -> None:
        self.aim, self.wishes, self.limits = aim, wishes, limits
        self.contexts, self.shelf = contexts, shelf
        self.own = Identity(wishes.client_certificate, wishes.client_key)
        self.seen: dict[str, t.Any] = {}
        # The newest version of TLS that was offered.
        self.newest = ""
        self._injected = False
        self._connections = 0
        self._deadline = until

    def run(self) -> Steps[Sighting]:
        """All attempts; the record of the last one that had the time to end by itself."""
        began = time.monotonic()
        if began >= self._deadline:
            return Sighting(*self.aim[:3], outcome=TIMEOUT, detail=_TOO_LATE)
        attempts, pause = 0, _FIRST_PAUSE
        while True:
            before = self.seen
            attempts += 1
            yield from self._look()
            if before and self.seen["outcome"] == TIMEOUT and time.monotonic() >= self._deadline:
                self.seen = before
            late = time.monotonic() + pause >= self._deadline
            if self.seen["outcome"] not in _AGAIN or attempts >= self.limits.attempts or late:
                break
            yield NOTHING, 0, time.monotonic() + pause
            pause *= 2
        if self.wishes.refusal:
            yield from prove_refusal(self)
        if self.wishes.ladder:
            yield from climb(self)
        self.seen["timings"]["total"] = round(time.monotonic() - began, 6)
        return Sighting(*self.aim[:3], attempts=attempts, connections=self._connections, **self.seen)

    def open(self, record: bool = False) -> Steps[Talk]:
        """A new connection; with ``record`` its times and replies are kept."""
        self._connections += 1
        began = time.monotonic()
        until = min(self._deadline, began + self.limits.connect)
        link = yield from connect(self.aim.address, self.aim.port, self.wishes.source, until)
        if record:
            self._time("connect", time.monotonic() - began)
            return Talk(link, self._deadline, self.limits.reply, self._hear)
        return Talk(link, self._deadline, self.limits.reply)

    def name(self, talk: Talk) -> str:
        """What EHLO says."""
        return self.wishes.ehlo_name or talk.literal()

    def shorten(self, what: str) -> str:
        """Words for the record, some of them a peer's."""
        return printable(what)[:_LONGEST_DETAIL]

    def _look(self) -> Steps[None]:
        self.seen = {"outcome": OK, "detail": "", "replies": {}, "timings": {}, "not_observed": {}}
        self._injected = False
        try:
            yield from self._session(VERIFYING)
        except HandshakeError as error:
            self._fail(error)
            if error.verify_code:
                self.seen.update(verify_code=error.verify_code, verify_message=printable(error.verify_message))
                yield from self._look_again(UNVERIFIED)
            elif error.outcome == HANDSHAKE and error.reason and "protocol" not in self.seen:
                yield from self._look_again(RELAXED)
                if self.seen.get("protocol") in _OLD or error.reason in _TOO_OLD:
                    self.seen["outcome"] = PROTOCOL_TOO_OLD
        except DialogueError as error:
            self._fail(error)
        if self.seen["outcome"] == OK and self.seen["protocol"] in _OLD:
            # This host's OpenSSL may be set up to take it.
            self.seen.update(outcome=PROTOCOL_TOO_OLD, detail=f"the peer speaks only {self.seen['protocol']}")
        if self._injected:
            # Whatever came of the handshake, which sendmail goes on with.
            self.seen.update(outcome=EARLY_PLAINTEXT, detail=_INJECTED)
        if "protocol" not in self.seen:
            for field in _OF_TLS:
                self.seen["not_observed"].setdefault(field, "there was no TLS session")

    def _look_again(self, way: str) -> Steps[None]:
        """See the rest over a connection that OpenSSL takes; the outcome is known already."""
        try:
            yield from self._session(way)
        except DialogueError as error:
            why = self.shorten(f"the second connection failed: {error.what}")
            for field in _OF_TLS:
                if field not in self.seen:
                    self.seen["not_observed"][field] = why

    def _session(self, way: str) -> Steps[None]:
        talk = yield from self.open(record=True)
        steps = self._converse_in_tls(talk, way) if self.aim.tls_on_connect else self._converse(talk, way)
        yield from talk.carry_out(steps)

    def _converse(self, talk: Talk, way: str) -> Steps[None]:
        name = self.name(talk)
        offered = _listed((yield from talk.say(dialogue.look_for_tls(name))))
        # Those that go with the replies that are told; a second connection may be answered otherwise.
        self.seen.setdefault("capabilities", offered)
        if not dialogue.offers(offered, "STARTTLS"):
            raise DialogueError(NO_STARTTLS, "the peer does not offer STARTTLS")
        yield from talk.say(dialogue.ask_tls())
        self._injected = self._injected or talk.injected
        yield from self._secure(talk, way)
        self.seen["capabilities_tls"] = _listed((yield from talk.say(dialogue.say_ehlo(name))))

    def _converse_in_tls(self, talk: Talk, way: str) -> Steps[None]:
        yield from self._secure(talk, way)
        self.seen["capabilities_tls"] = _listed((yield from talk.say(dialogue.ask_capabilities(self.name(talk)))))

    def _secure(self, talk: Talk, way: str) -> Steps[None]:
        began = time.monotonic()
        context = self.contexts.get(way, self.own)
        self.newest = find_newest(context)
        yield from talk.secure(context, self.aim.server_name)
        self._time("handshake", time.monotonic() - began)
        self._describe(talk.link)
        if way == VERIFYING:
            self.seen.update(verify_code=0, verify_message="ok")

    def _describe(self, link: Link) -> None:
        session = link.secured()
        cipher, _version, bits = session.cipher() or ("", "", 0)
        self.seen.update(protocol=session.version() or "", cipher=cipher, bits=bits, group=link.group)
        missing = self.seen["not_observed"]
        if not link.group:
            missing["group"] = "the key exchange has no group" if "DH" not in cipher else "the group is not told"
        chain, self.seen["chain_source"], why = read_chain(session)
        kept: list[str] = []
        octets = 0
        for certificate in chain:
            octets += len(certificate)
            if octets > MAX_CHAIN:
                why = f"the chain is longer than {MAX_CHAIN} octets; {len(kept)} of {len(chain)} certificates are kept"
                break
            digest = hashlib.sha256(certificate).hexdigest()
            self.shelf.setdefault(digest, certificate)
            kept.append(digest)
        self.seen["chain"] = tuple(kept)
        if why:
            missing["chain"] = why

    def _fail(self, error: DialogueError) -> None:
        self.seen.update(outcome=error.outcome, detail=self.shorten(error.what))

    def _hear(self, phase: str, reply: Reply, took: float) -> None:
        self._time(phase, took)
        if phase == "greeting":
            self.seen.setdefault("greeting", render_reply(reply))
        else:
            self.seen["replies"].setdefault(phase, render_reply(reply))

    def _time(self, phase: str, took: float) -> None:
        self.seen["timings"].setdefault(phase, round(took, 6))


def _listed(capabilities: t.Iterable[str]) -> tuple[str, ...]:
    return tuple(map(printable, capabilities))
