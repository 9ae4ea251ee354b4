# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The peers of the zoo as data: what each does instead of what it should, and what a probe must say of it.

A peer answers verbs. What it does for one is an *act*: bytes (one packet each) and steps, played in order. The verb ""
is the connection itself, "*" any other. ``server.py`` plays them; the standard library is all that either needs.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

NAME = "mta.zoo.test"


class Pause(t.NamedTuple):
    """Nothing for so long; what the client writes meanwhile waits."""

    seconds: float


class Drip(t.NamedTuple):
    """These bytes, one at a time."""

    data: bytes
    pause: float


class Flood(t.NamedTuple):
    """These bytes again and again, until the client has gone."""

    data: bytes
    pause: float = 0.0


class Silence(t.NamedTuple):
    """Read and never answer, until the client has gone."""


class Hello(t.NamedTuple):
    """Wait for the first bytes of the client's handshake."""


class StartTls(t.NamedTuple):
    """The handshake; what comes then is said in TLS."""


class Content(t.NamedTuple):
    """Read a message up to its end mark."""


class Close(t.NamedTuple):
    """Close; ``how`` is "end", "half" (write no more) or "reset"."""

    how: str = "end"


class IfCertificate(t.NamedTuple):
    """What is said to a client that has shown a certificate, and to one that has not."""

    shown: bytes
    none: bytes


Step = t.Union[bytes, Pause, Drip, Flood, Silence, Hello, StartTls, Content, Close, IfCertificate]
Act = tuple[Step, ...]
Answers = t.Mapping[str, Act]

SILENCE, CLOSE, RESET, TLS, HELLO = Silence(), Close(), Close("reset"), StartTls(), Hello()


@dataclass(frozen=True)
class Handshake:
    """How the peer's TLS is set; ``piece`` octets go into a packet, ``fragment`` octets of a message into a record."""

    credential: str = "good"
    minimum: str = ""
    maximum: str = ""
    ciphers: str = ""
    # "optional" or "required": a certificate of the zoo's CA.
    client: str = ""
    piece: int = 0
    pause: float = 0.0
    fragment: int = 0
    tickets: int = 2


@dataclass(frozen=True)
class Species:
    """One peer. ``outcomes`` are what the engine may say, ``final`` what the module says where names are judged."""

    name: str
    outcomes: tuple[str, ...]
    clear: Answers = field(default_factory=dict)
    secured: Answers = field(default_factory=dict)
    # The answers of the first visit, where the peer is of two minds.
    first: Answers | None = None
    handshake: Handshake = Handshake()
    # TLS at once, without STARTTLS; and whether the client expects it.
    on_connect: bool = False
    met_with_tls: bool = False
    # The last visit must end with QUIT: the peer has left room for it.
    quits: bool = False
    final: str = ""
    # A relay's sendmail can meet it as the probe does, and whether it has to wait for one of its own time limits.
    sendmail: bool = True
    slow: bool = False
    # Where nobody listens: "refused"; where the queue of connections is full: "full".
    absent: str = ""
    # What the refusal proof says of mail in clear text; empty where it cannot be asked.
    clear_mail: str = ""


BANNER = b"220 mta.zoo.test ESMTP\r\n"
EHLO = b"250-mta.zoo.test\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 HELP\r\n"
EHLO_PLAIN = b"250-mta.zoo.test\r\n250-SIZE 10240000\r\n250 HELP\r\n"
READY = b"220 2.0.0 ready\r\n"
# Between two bytes: no reply is whole within ten seconds.
SLOWLY = 0.5
ESCAPES = b"\x1b[2J\x1b]0;owned\x07\x1b[31m"

CLEAR: Answers = {
    "": (BANNER,),
    "EHLO": (EHLO,),
    "HELO": (b"250 mta.zoo.test\r\n",),
    "STARTTLS": (READY, TLS),
    "MAIL": (b"250 2.1.0 ok\r\n",),
    "RCPT": (b"250 2.1.5 ok\r\n",),
    "DATA": (b"354 go on\r\n", Content(), b"250 2.0.0 taken\r\n"),
    "NOOP": (b"250 2.0.0 ok\r\n",),
    "QUIT": (b"221 2.0.0 bye\r\n", CLOSE),
    "*": (b"502 5.5.1 what?\r\n",),
}
# After the handshake a session begins anew (RFC 3207 section 4.2), without STARTTLS and without a banner.
SECURED: Answers = {**CLEAR, "EHLO": (EHLO_PLAIN,), "STARTTLS": (b"503 5.5.1 TLS already\r\n",)}


def _quitting(name: str, outcome: str, **more: t.Any) -> Species:
    return Species(name, (outcome,), quits=True, **more)


def _starttls(name: str, outcomes: tuple[str, ...], *act: Step, **more: t.Any) -> Species:
    return Species(name, outcomes, {"STARTTLS": act}, **more)


def _capabilities(*lines: bytes, more: bytes = b"STARTTLS") -> bytes:
    """An EHLO answer with these lines in it."""
    return b"".join(b"250-" + line + b"\r\n" for line in (NAME.encode(), *lines)) + b"250 " + more + b"\r\n"


def _endless(verb: str, place: str, phase: str, outcomes: tuple[str, ...], **more: t.Any) -> list[Species]:
    """A line without an end, a reply without a last line, and one whose lines come slowly."""
    kinds = [
        ("line", (b"220 ", Flood(b"x" * 4096)), outcomes, False),
        ("reply", (Flood(b"220-and so on\r\n" * 300),), outcomes, False),
        ("slow-reply", (Flood(b"220-and so on\r\n", 0.2),), ("timeout",) if outcomes != ("ok",) else outcomes, True),
    ]
    return [
        Species(f"endless-{kind}-{place}", said, **{phase: {verb: act}}, slow=slow, **more)  # type: ignore[arg-type]
        for kind, act, said, slow in kinds
    ]


SOUND = [
    _quitting("good", "ok", clear_mail="accepted"),
    _quitting("good-lower-case", "ok", clear={"EHLO": (b"250-mta.zoo.test\r\n250 starttls\r\n",)}),
    _quitting("good-starttls-with-spaces", "ok", clear={"EHLO": (b"250-mta.zoo.test\r\n250-STARTTLS  \r\n250 \r\n",)}),
    _quitting("good-many-banner-lines", "ok", clear={"": (b"220-mta.zoo.test\r\n220-no spam\r\n220 please\r\n",)}),
    _quitting("good-bare-220", "ok", clear={"": (b"220\r\n",)}),
    _quitting("good-hundred-lines", "ok", clear={"EHLO": (_capabilities(*[b"X-%d" % n for n in range(100)]),)}),
    _quitting("good-long-line", "ok", clear={"EHLO": (_capabilities(b"X" * 1900),)}),
    _quitting("good-fast-drip", "ok", clear={"": (Drip(BANNER, 0.002),), "EHLO": (Drip(EHLO, 0.002),)}),
    _quitting("good-slow-banner", "ok", clear={"": (Pause(0.5), BANNER)}),
    Species("good-never-says-goodbye", ("ok",), secured={"QUIT": (SILENCE,)}, quits=True, slow=True),
    _quitting("good-closes-for-goodbye", "ok", secured={"QUIT": (CLOSE,)}),
    _quitting("good-resets-for-goodbye", "ok", secured={"QUIT": (RESET,)}),
    _quitting("good-talks-after-goodbye", "ok", secured={"QUIT": (b"221 bye\r\n250 and\r\n250 more\r\n", CLOSE)}),
    _quitting("good-goodbye-of-garbage", "ok", secured={"QUIT": (b"\x00\xff\x1b[2J\r\n", CLOSE)}),
    _quitting("good-after-a-421", "ok", first={"": (b"421 4.3.2 too many connections\r\n", CLOSE)}),
    _quitting("good-after-a-450", "ok", first={"": (b"450 4.3.2 come back\r\n",)}),
    _quitting("good-after-a-silence", "ok", first={"": (SILENCE,)}, slow=True),
]

CERTIFICATES = [
    *(
        _quitting(f"certificate-{name}", "ok", handshake=Handshake(name), final=final)
        for name, final in (
            ("rsa-2048", ""), ("p384", ""), ("ed25519", ""), ("intermediate", ""), ("wrong-order", ""), ("twice", ""),
            ("wildcard", ""), ("ip-san", "name_mismatch"), ("wrong-name", "name_mismatch"), ("cn-only", ""),
            ("san-only", ""), ("no-cn", ""), ("empty-subject", ""), ("90-kb", ""), ("10000-sans", ""),
            ("control-in-cn", ""), ("control-in-san", ""), ("nul-in-san", "name_mismatch"), ("bidi-in-subject", ""),
            ("newline-in-cn", ""),
        )
    ),
    *(
        _quitting(f"certificate-{name}", outcome, handshake=Handshake(name, ciphers="DEFAULT:@SECLEVEL=0"))
        for name, outcome in (
            ("self-signed", "untrusted"), ("foreign", "untrusted"), ("foreign-with-root", "untrusted"),
            ("missing-intermediate", "untrusted"), ("rsa-1024", "untrusted"), ("client-only", "untrusted"),
            ("not-yet-valid", "untrusted"), ("expired", "expired"), ("expired-intermediate", "expired"),
            ("self-signed-control", "untrusted"), ("leaf-signs", "untrusted"),
        )
    ),
    # OpenSSL takes no more than 100 kB of certificates from a peer.
    Species("certificate-110-kb", ("handshake",), handshake=Handshake("110-kb")),
    Species("certificate-10000-long-sans", ("handshake",), handshake=Handshake("10000-long-sans")),
    # The second look, without verification, is not let in: what the first has seen must stay.
    Species(
        "certificate-self-signed-then-421", ("untrusted",), {"": (b"421 too many\r\n", CLOSE)}, first={},
        handshake=Handshake("self-signed"),
    ),
    Species(
        "certificate-expired-then-silence", ("expired",), {"": (SILENCE,)}, first={}, handshake=Handshake("expired"),
        slow=True,
    ),
]  # fmt: skip

GREETINGS = [
    Species("banner-421", ("throttled",), {"": (b"421 4.3.2 too many connections\r\n", CLOSE)}),
    Species("banner-421-stays", ("throttled",), {"": (b"421 4.3.2 too many connections\r\n",)}),
    _quitting("banner-450", "throttled", clear={"": (b"450 4.3.2 come back\r\n",)}),
    _quitting("banner-554", "greeting", clear={"": (b"554 5.3.2 no mail here\r\n",)}),
    Species("banner-250", ("greeting", "ok", "protocol"), {"": (b"250 mta.zoo.test\r\n",)}, sendmail=False),
    Species("banner-354", ("protocol", "greeting"), {"": (b"354 go on\r\n",)}),
    Species("banner-ssh", ("protocol", "greeting"), {"": (b"SSH-2.0-OpenSSH_9.2\r\n", SILENCE)}),
    Species("banner-http", ("protocol", "greeting"), {"": (b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE)}),
    Species("banner-nothing-but-newlines", ("protocol", "greeting"), {"": (b"\r\n\r\n\r\n", SILENCE)}),
    Species("banner-two-digits", ("protocol", "greeting"), {"": (b"22 x\r\n", SILENCE)}),
    Species("banner-four-digits", ("protocol", "greeting"), {"": (b"2200 x\r\n", SILENCE)}),
    Species("banner-999", ("protocol", "greeting"), {"": (b"999 x\r\n", SILENCE)}),
    Species("banner-nul-first", ("protocol", "greeting"), {"": (b"\x00220 x\r\n", SILENCE)}),
    Species("banner-mixed-codes", ("protocol", "greeting"), {"": (b"220-x\r\n554 y\r\n",)}, sendmail=False),
    Species("banner-and-more", ("protocol",), {"": (BANNER + b"250 hello\r\n",)}, sendmail=False),
    Species("banner-half-a-line", ("timeout",), {"": (b"220 mta.zoo", SILENCE)}, slow=True),
    Species("banner-half-then-close", ("greeting", "protocol"), {"": (b"220 mta.zoo", CLOSE)}),
    Species("banner-bare-cr", ("timeout",), {"": (b"220 mta.zoo.test ESMTP\r", SILENCE)}, slow=True),
    Species("banner-slow-drip", ("timeout",), {"": (Drip(BANNER * 9, SLOWLY), SILENCE)}, slow=True),
    Species("banner-then-close", ("protocol",), {"": (BANNER, CLOSE)}),
    Species("banner-then-half-close", ("protocol",), {"": (BANNER, Close("half"), SILENCE)}),
    Species("banner-then-reset", ("protocol", "greeting", "connect"), {"": (BANNER, RESET)}),
    Species("banner-thousand-lines", ("protocol", "ok"), {"": (b"220-x\r\n" * 999 + b"220 x\r\n",)}, sendmail=False),
    Species("banner-long-line", ("protocol",), {"": (b"220 " + b"x" * 5000 + b"\r\n",)}, sendmail=False),
    _quitting("banner-bare-lf", "ok", clear={"": (b"220 mta.zoo.test ESMTP\n",), "EHLO": (EHLO.replace(b"\r", b""),)}),
    _quitting("banner-8-bit", "ok", clear={"": (b"220 m\xfct\xe4 \xff\xfe ESMTP\r\n",)}),
    _quitting("banner-utf-8", "ok", clear={"": ("220 m\u00fct\u00e4 \u202egnp.exe \u2028\u0085 ESMTP\r\n".encode(),)}),
    _quitting("banner-nul", "ok", clear={"": (b"220 mta\x00.zoo\x00 ESMTP\r\n",)}, sendmail=False),
    _quitting("banner-escapes", "ok", clear={"": (b"220 mta" + ESCAPES + b" ESMTP\r\n",)}),
    _quitting("banner-554-escapes", "greeting", clear={"": (b"554 " + ESCAPES + b"\x9b2J\xc2\x9b2J\r\n",)}),
    Species("accept-then-silence", ("timeout",), {"": (SILENCE,)}, slow=True),
    Species("accept-then-close", ("greeting",), {"": (CLOSE,)}),
    Species("accept-then-reset", ("greeting", "connect"), {"": (RESET,)}),
    Species("nobody", ("connect",), absent="refused"),
    Species("queue-full", ("timeout", "connect"), absent="full", slow=True),
    *_endless("", "as-banner", "clear", ("protocol",)),
]

EHLOS = [
    _quitting("no-starttls", "no_starttls", clear={"EHLO": (EHLO_PLAIN,)}, clear_mail="accepted"),
    _quitting("no-starttls-but-taken", "no_starttls", clear={"EHLO": (b"250 mta.zoo.test\r\n",)}),
    _quitting("no-starttls-but-in-the-name", "no_starttls", clear={"EHLO": (b"250-STARTTLS\r\n250 HELP\r\n",)}),
    _quitting("no-starttls-but-a-like-one", "no_starttls", clear={"EHLO": (_capabilities(more=b"XSTARTTLS"),)}),
    _quitting("no-starttls-but-as-parameter", "no_starttls", clear={"EHLO": (_capabilities(more=b"X STARTTLS"),)}),
    *(
        _quitting(f"ehlo-{code}-helo-250", "no_starttls", clear={"EHLO": (b"%d no\r\n" % code,)})
        for code in (500, 501, 502, 550, 554)
    ),
    *(_quitting(f"ehlo-{code}", "throttled", clear={"EHLO": (b"%d later\r\n" % code,)}) for code in (450, 451, 454)),
    Species("ehlo-421", ("throttled",), {"EHLO": (b"421 4.3.2 shutting down\r\n", CLOSE)}),
    Species("ehlo-502-helo-421", ("throttled",), {"EHLO": (b"502 no\r\n",), "HELO": (b"421 no\r\n", CLOSE)}),
    _quitting("ehlo-502-helo-450", "throttled", clear={"EHLO": (b"502 no\r\n",), "HELO": (b"450 no\r\n",)}),
    Species("ehlo-502-helo-550", ("protocol", "greeting"), {"EHLO": (b"502 no\r\n",), "HELO": (b"550 no\r\n",)}),
    Species("ehlo-502-helo-silence", ("timeout",), {"EHLO": (b"502 no\r\n",), "HELO": (SILENCE,)}, slow=True),
    Species("ehlo-502-then-close", ("protocol",), {"EHLO": (b"502 no\r\n", CLOSE)}),
    Species("ehlo-354", ("protocol",), {"EHLO": (b"354 go on\r\n",)}),
    Species("ehlo-garbage", ("protocol",), {"EHLO": (b"\xff\xfd\x18\r\n", SILENCE)}),
    Species("ehlo-mixed-codes", ("protocol",), {"EHLO": (b"250-x\r\n250-STARTTLS\r\n220 y\r\n",)}, sendmail=False),
    Species("ehlo-two-replies", ("protocol",), {"EHLO": (EHLO + b"250 more\r\n",)}, sendmail=False),
    Species("ehlo-silence", ("timeout",), {"EHLO": (SILENCE,)}, slow=True),
    Species("ehlo-half-then-silence", ("timeout",), {"EHLO": (EHLO[:30], SILENCE)}, slow=True),
    Species("ehlo-slow-drip", ("timeout",), {"EHLO": (Drip(EHLO, SLOWLY), SILENCE)}, slow=True),
    Species("ehlo-close", ("protocol",), {"EHLO": (CLOSE,)}),
    Species("ehlo-half-then-close", ("protocol",), {"EHLO": (EHLO[:30], CLOSE)}),
    Species("ehlo-reset", ("protocol",), {"EHLO": (RESET,)}),
    Species("ehlo-thousand-lines", ("protocol", "ok"), {"EHLO": (_capabilities(*[b"X"] * 999),)}, sendmail=False),
    Species("ehlo-long-line", ("protocol",), {"EHLO": (_capabilities(b"X" * 5000),)}, sendmail=False),
    _quitting("ehlo-nul", "ok", clear={"EHLO": (_capabilities(b"X\x00Y\x00"),)}, sendmail=False),
    _quitting("ehlo-8-bit", "ok", clear={"EHLO": (_capabilities(b"X \xfc\xff\x9b2J"),)}),
    _quitting("ehlo-escapes", "ok", clear={"EHLO": (_capabilities(ESCAPES, b"X " + ESCAPES),)}),
    _quitting("ehlo-escapes-no-starttls", "no_starttls", clear={"EHLO": (_capabilities(more=ESCAPES),)}),
    _quitting("ehlo-empty-lines", "ok", clear={"EHLO": (b"250-\r\n250-\r\n250-STARTTLS\r\n250\r\n",)}),
    *_endless("EHLO", "to-ehlo", "clear", ("protocol",)),
]

STARTTLS = [
    *(
        _starttls(f"starttls-{code}", ("starttls_refused",), b"%d not now\r\n" % code, quits=True)
        for code in (450, 454, 500, 501, 502, 503, 530, 554)
    ),
    _starttls("starttls-421", ("throttled",), b"421 4.7.0 busy\r\n", CLOSE),
    # sendmail wants 220 and nothing else (RFC 3207 section 4).
    _starttls("starttls-250", ("protocol", "starttls_refused"), b"250 ok\r\n"),
    _starttls("starttls-221", ("protocol", "starttls_refused"), b"221 ok\r\n"),
    _starttls("starttls-354", ("protocol", "starttls_refused"), b"354 go on\r\n"),
    _starttls("starttls-garbage-for-an-answer", ("protocol",), b"\x00\x01\x02\r\n", SILENCE),
    _starttls("starttls-escapes", ("starttls_refused",), b"454 " + ESCAPES + b"\r\n", quits=True),
    _starttls("starttls-silence", ("timeout",), SILENCE, slow=True),
    _starttls("starttls-close", ("protocol",), CLOSE),
    _starttls("starttls-reset", ("protocol",), RESET),
    _starttls("starttls-many-lines", ("ok",), b"220-go\r\n220-on\r\n220 now\r\n", TLS, quits=True),
    _starttls("starttls-bare-lf", ("ok",), b"220 go\n", TLS, quits=True),
    _starttls("starttls-slow-drip", ("timeout",), Drip(b"220 " + b"x" * 60 + b"\r\n", SLOWLY), SILENCE, slow=True),
    *_endless("STARTTLS", "to-starttls", "clear", ("protocol",)),
    # Clear text that a client must not take for an answer given in TLS (CVE-2011-0411 and its kin).
    _starttls("early-reply", ("early_plaintext",), READY + b"250 injected\r\n", TLS),
    _starttls("early-ehlo-answer", ("early_plaintext",), READY + b"250-x\r\n250 INJECTED\r\n", TLS),
    _starttls("early-escapes", ("early_plaintext",), READY + b"250 " + ESCAPES + b"\r\n", TLS),
    _starttls("early-one-byte", ("early_plaintext",), READY + b"2", TLS),
    _starttls("early-newline", ("early_plaintext",), READY + b"\r\n", TLS),
    _starttls("early-flood", ("early_plaintext",), READY + b"250 x\r\n", Flood(b"250 x\r\n" * 500), sendmail=False),
    _starttls("early-in-a-later-packet", ("early_plaintext",), READY, Pause(0.2), b"250 injected\r\n", TLS),
    _starttls("early-after-the-hello", ("early_plaintext",), READY, HELLO, b"250 injected\r\n", SILENCE),
    _starttls("early-454-after-the-hello", ("early_plaintext",), READY, HELLO, b"454 no TLS now\r\n", CLOSE),
]

HANDSHAKES = [
    *(
        _starttls(f"handshake-{what}", ("handshake",), READY, *act)
        for what, act in (
            ("close", (CLOSE,)), ("close-after-hello", (HELLO, CLOSE)), ("reset", (HELLO, RESET)),
            ("garbage", (HELLO, b"\x00\xff" * 40, SILENCE)), ("zeros", (HELLO, bytes(500), SILENCE)),
            ("no-record", (HELLO, b"\x17\x03\x03\xff\xff" + bytes(200), SILENCE)),
            ("refused", (HELLO, b"\x15\x03\x03\x00\x02\x02\x28", CLOSE)),
            ("internal-error", (HELLO, b"\x15\x03\x03\x00\x02\x02\x50", CLOSE)),
            ("close-notify", (HELLO, b"\x15\x03\x03\x00\x02\x01\x00", CLOSE)),
            ("half-a-record-then-close", (HELLO, b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", CLOSE)),
            ("endless-alerts", (HELLO, Flood(b"\x15\x03\x03\x00\x02\x01\x5a" * 100))),
            ("16-mb-message", (HELLO, b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff", Flood(bytes(16384)))),
            ("endless-garbage", (HELLO, Flood(b"\xfe" * 4096))),
            ("own-hello-back", (HELLO, b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" + bytes(39), SILENCE)),
        )
    ),
    # Nothing since TLS 1.0 suits them: what is left is older.
    *(
        _starttls(f"handshake-{what}", ("protocol_too_old",), READY, HELLO, *act)
        for what, act in (
            ("no-common-version", (b"\x15\x03\x01\x00\x02\x02\x46", CLOSE)),
            ("sslv3", (b"\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00" + bytes(35) + b"\x2f\x00", SILENCE)),
        )
    ),
    _starttls("handshake-silence", ("timeout",), READY, SILENCE, slow=True),
    _starttls("handshake-half-a-record", ("timeout",), READY, HELLO, b"\x16\x03\x03\x00\x7a\x02", SILENCE, slow=True),
    _starttls(
        "handshake-slow-drip", ("timeout",), READY, HELLO, b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0\x03\x03",
        Flood(b"\x00", SLOWLY), slow=True,
    ),
    Species("handshake-slow", ("timeout",), handshake=Handshake(piece=10, pause=SLOWLY), slow=True),
    _quitting("handshake-byte-by-byte", "ok", handshake=Handshake(piece=1)),
    _quitting("handshake-byte-by-byte-tls12", "ok", handshake=Handshake(piece=1, maximum="TLSv1_2")),
    _quitting("handshake-one-byte-records-tls12", "ok", handshake=Handshake(fragment=1, maximum="TLSv1_2")),
    _quitting("handshake-one-byte-records", "ok", handshake=Handshake(fragment=1)),
    _quitting("handshake-big-in-pieces", "ok", handshake=Handshake("90-kb", maximum="TLSv1_2", piece=97)),
    _quitting("tls13-only", "ok", handshake=Handshake(minimum="TLSv1_3")),
    _quitting("tls12-only", "ok", handshake=Handshake(maximum="TLSv1_2")),
    # No forward secrecy: sendmail, and OpenSSL by default, take it.
    _quitting(
        "tls12-rsa-exchange", "ok", handshake=Handshake("rsa-2048", maximum="TLSv1_2", ciphers="AES256-GCM-SHA384")
    ),
    _quitting("tickets-none", "ok", handshake=Handshake(tickets=0)),
    _quitting("tickets-many", "ok", handshake=Handshake(tickets=20)),
    *(
        Species(
            f"tls1{version}-only", ("protocol_too_old",),
            handshake=Handshake(minimum=f"TLSv1{under}", maximum=f"TLSv1{under}", ciphers="ALL:@SECLEVEL=0"),
        )
        for version, under in (("0", ""), ("1", "_1"))
    ),
    Species(
        "no-common-cipher", ("handshake",),
        handshake=Handshake(maximum="TLSv1_2", ciphers="ADH-AES256-GCM-SHA384:@SECLEVEL=0"),
    ),
    # The certificate is asked for within the handshake before TLS 1.3, and complained about after it since.
    Species(
        "client-certificate-required-tls12", ("handshake",), handshake=Handshake(maximum="TLSv1_2", client="required")
    ),
    Species("client-certificate-required", ("handshake",), handshake=Handshake(client="required")),
    _quitting("client-certificate-optional", "ok", handshake=Handshake(client="optional")),
]  # fmt: skip


def _after(name: str, outcomes: tuple[str, ...], *act: Step, **more: t.Any) -> Species:
    return Species(f"tls-then-{name}", outcomes, secured={"EHLO": act}, **more)


AFTER = [
    _starttls("tls-then-drop", ("protocol", "handshake"), READY, TLS, CLOSE),
    _starttls("tls-then-reset", ("protocol", "handshake"), READY, TLS, RESET),
    _starttls("tls-then-silence", ("timeout",), READY, TLS, SILENCE, slow=True),
    _starttls("tls-then-unasked-reply", ("protocol", "ok"), READY, TLS, b"220 again\r\n", sendmail=False),
    _after("ehlo-close", ("protocol",), CLOSE),
    _after("ehlo-421", ("throttled",), b"421 busy\r\n", CLOSE),
    _after("ehlo-450", ("throttled",), b"450 later\r\n", quits=True),
    _after("ehlo-550", ("protocol", "ok"), b"550 no\r\n"),
    _after("ehlo-garbage", ("protocol",), b"\x00\x1b[2J\r\n", SILENCE),
    _after("ehlo-escapes", ("ok",), _capabilities(ESCAPES), quits=True),
    _after("ehlo-half", ("timeout",), EHLO_PLAIN[:20], SILENCE, slow=True),
    _after("ehlo-slow-drip", ("timeout",), Drip(EHLO_PLAIN, SLOWLY), SILENCE, slow=True),
    _after("ehlo-fast-drip", ("ok",), Drip(EHLO_PLAIN, 0.002), quits=True),
    _after("ehlo-starttls-again", ("ok",), EHLO, quits=True),
    *_endless("EHLO", "in-tls", "secured", ("protocol",)),
    *_endless("QUIT", "as-goodbye", "secured", ("ok",), quits=True),
]

ON_CONNECT = [
    _quitting("smtps", "ok", on_connect=True, met_with_tls=True, sendmail=False),
    _quitting(
        "smtps-self-signed", "untrusted", on_connect=True, met_with_tls=True, sendmail=False,
        handshake=Handshake("self-signed"),
    ),
    Species("smtps-met-in-clear", ("timeout",), on_connect=True, slow=True),
    Species("clear-met-with-tls", ("handshake",), met_with_tls=True, sendmail=False),
    Species("smtps-silence", ("timeout",), {"": (SILENCE,)}, met_with_tls=True, sendmail=False),
    # A busy peer closes like this: nothing is known of its TLS.
    Species("smtps-close", ("greeting",), {"": (CLOSE,)}, met_with_tls=True, sendmail=False),
    Species("smtps-refused", ("handshake",), {"": (HELLO, b"\x15\x03\x03\x00\x02\x02\x28", CLOSE)}, met_with_tls=True,
            sendmail=False),
    Species("smtps-garbage", ("handshake",), {"": (HELLO, b"\xfe" * 99, SILENCE)}, met_with_tls=True, sendmail=False),
    _quitting(
        "smtps-554", "greeting", secured={"": (b"554 no\r\n",)}, on_connect=True, met_with_tls=True, sendmail=False
    ),
    Species(
        "smtps-421", ("throttled",), secured={"": (b"421 no\r\n", CLOSE)}, on_connect=True, met_with_tls=True,
        sendmail=False,
    ),
]  # fmt: skip

REFUSALS = [
    _quitting("mail-530", "ok", clear={"MAIL": (b"530 5.7.0 STARTTLS first\r\n",)}, clear_mail="refused"),
    _quitting("mail-450", "ok", clear={"MAIL": (b"450 4.7.0 STARTTLS first\r\n",)}, clear_mail="refused"),
    _quitting("mail-450-busy", "ok", clear={"MAIL": (b"450 4.2.1 busy\r\n",)}, clear_mail="inconclusive"),
    _quitting("mail-550", "ok", clear={"MAIL": (b"550 5.7.1 no\r\n",)}, clear_mail="inconclusive"),
    _quitting("mail-530-escapes", "ok", clear={"MAIL": (b"530 " + ESCAPES + b"\r\n",)}, clear_mail="refused"),
    # sendmail with delay_checks takes MAIL and refuses the recipient.
    _quitting("rcpt-530", "ok", clear={"RCPT": (b"530 5.7.0 STARTTLS first\r\n",)}, clear_mail="refused"),
    _quitting("rcpt-454", "ok", clear={"RCPT": (b"454 4.7.0 encryption too weak\r\n",)}, clear_mail="refused"),
    _quitting("rcpt-550-unknown", "ok", clear={"RCPT": (b"550 5.1.1 user unknown\r\n",)}, clear_mail="inconclusive"),
    _quitting("rcpt-silence", "ok", clear={"RCPT": (SILENCE,)}, clear_mail="inconclusive", slow=True),
    _quitting("mail-421", "ok", clear={"MAIL": (b"421 busy\r\n", CLOSE)}, clear_mail="inconclusive"),
    _quitting("mail-silence", "ok", clear={"MAIL": (SILENCE,)}, clear_mail="inconclusive", slow=True),
    _quitting("mail-close", "ok", clear={"MAIL": (CLOSE,)}, clear_mail="inconclusive"),
    _quitting("mail-garbage", "ok", clear={"MAIL": (b"\xff\xff\r\n", SILENCE)}, clear_mail="inconclusive"),
    _quitting("mail-flood", "ok", clear={"MAIL": (Flood(b"530-no\r\n" * 500),)}, clear_mail="inconclusive"),
    _quitting(
        "mail-with-certificate", "ok", handshake=Handshake(client="optional"),
        clear={"MAIL": (b"530 5.7.0 STARTTLS first\r\n",)}, clear_mail="refused",
        secured={"MAIL": (IfCertificate(b"250 2.1.0 ok\r\n", b"530 5.7.0 a certificate is required\r\n"),)},
    ),
]  # fmt: skip

# Every reply in two packets, cut at each place in turn.
_WHOLE = BANNER + EHLO
SPLITS = [
    _quitting(
        f"split-at-{cut}", "ok",
        clear=(
            {"": (BANNER[:cut], Pause(0.01), BANNER[cut:])}
            if cut < len(BANNER)
            else {"EHLO": (_WHOLE[len(BANNER):cut], Pause(0.01), _WHOLE[cut:])}
        ),
    )
    for cut in range(1, len(_WHOLE)) if cut != len(BANNER)
]  # fmt: skip

ZOO: tuple[Species, ...] = (
    *SOUND, *CERTIFICATES, *GREETINGS, *EHLOS, *STARTTLS, *HANDSHAKES, *AFTER, *ON_CONNECT, *REFUSALS, *SPLITS,
)  # fmt: skip
BY_NAME = {species.name: species for species in ZOO}
