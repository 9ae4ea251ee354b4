# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
import typing as t

import pytest
import scripted
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.smtp import DialogueError
from ansible_collections.mailtls.relay.plugins.module_utils._host import link
from ansible_collections.mailtls.relay.plugins.module_utils._host.link import HandshakeError, Link, connect
from ansible_collections.mailtls.relay.plugins.module_utils._host.loop import WRITE, Steps, run_one
from ansible_collections.mailtls.relay.plugins.module_utils._host.tls import UNVERIFIED, Contexts

CONTEXT = Contexts("").get(UNVERIFIED)
SERVER = scripted.tls(scripted.certificate("leaf"))


def soon(seconds: float = 1.0) -> float:
    return time.monotonic() + seconds


@contextlib.contextmanager
def served(play: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """A server that gives its one connection to ``play``; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as peer:
            play(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(5)
    listener.close()


def use(play: t.Callable[[socket.socket], None], steps: t.Callable[[Link], Steps[t.Any]]) -> t.Any:
    with served(play) as port:
        return run_one(connected(port, steps))


def connected(port: int, steps: t.Callable[[Link], Steps[t.Any]]) -> Steps[t.Any]:
    opened = yield from connect("127.0.0.1", port, "", soon())
    with contextlib.closing(opened):
        return (yield from steps(opened))


def fails(steps: Steps[t.Any]) -> tuple[str, str]:
    with pytest.raises(DialogueError) as error:
        run_one(steps)
    return error.value.outcome, error.value.what


def test_connecting_fails_and_leaves_nothing_open() -> None:
    before = os.listdir("/proc/self/fd")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert fails(connect("127.0.0.1", port, "", soon())) == ("connect", "no connection: Connection refused")
    for address, number, source in (
        ("mta.test", 25, ""),
        ("", 25, ""),
        ("127.0.0.1", -1, ""),
        ("::1%", 25, ""),
        ("127.0.0.1", 25, "::1"),
        ("127.0.0.1", 25, "192.0.2.1"),
        ("fe80::1%nowhere", 25, ""),
    ):
        assert fails(connect(address, number, source, soon()))[0] == "connect", address
    assert os.listdir("/proc/self/fd") == before


def test_octets_go_both_ways_without_delay() -> None:
    def echo(peer: socket.socket) -> None:
        peer.sendall(peer.recv(100).upper())

    def steps(opened: Link) -> Steps[list[bytes]]:
        assert opened.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert opened.local_address() == "127.0.0.1"
        yield from opened.send(b"hello", soon())
        return [(yield from opened.receive(soon())), (yield from opened.receive(soon()))]

    assert use(echo, steps) == [b"HELLO", b""]


def test_what_is_larger_than_the_buffers_is_written_in_parts() -> None:
    sizes = []

    def swallow(peer: socket.socket) -> None:
        time.sleep(0.1)
        while sum(sizes) < 20_000_000:
            sizes.append(len(peer.recv(1_000_000)))

    use(swallow, lambda opened: opened.send(b"x" * 20_000_000, soon(5)))
    assert sum(sizes) == 20_000_000


def test_limits_are_kept() -> None:
    def sleeping(peer: socket.socket) -> None:
        time.sleep(1.0)

    for steps, what in (
        (lambda opened: opened.receive(soon(0.1)), "no answer in time"),
        (lambda opened: opened.send(b"x" * 50_000_000, soon(0.1)), "the peer stopped reading"),
        (lambda opened: opened.start_tls(CONTEXT, "", soon(0.1)), "no answer in time"),
    ):
        with pytest.raises(DialogueError, match=what) as error:
            use(sleeping, steps)
        assert error.value.outcome == sighting.TIMEOUT


def test_what_was_said_before_a_reset_can_be_read() -> None:
    def rude(peer: socket.socket) -> None:
        peer.sendall(b"421 go away\r\n")
        time.sleep(0.05)
        scripted.reset(peer)

    def steps(opened: Link) -> Steps[list[bytes]]:
        time.sleep(0.2)
        yield from opened.send(b"x" * 100, soon())
        yield from opened.send(b"x" * 100, soon())
        return [(yield from opened.receive(soon())), (yield from opened.receive(soon()))]

    assert use(rude, steps)[-1] == b""


def in_tls(play: t.Callable[[ssl.SSLSocket], None]) -> t.Callable[[socket.socket], None]:
    def both(peer: socket.socket) -> None:
        with SERVER.wrap_socket(peer, server_side=True) as secured:
            play(secured)

    return both


def secured(steps: t.Callable[[Link], Steps[t.Any]]) -> t.Callable[[Link], Steps[t.Any]]:
    def both(opened: Link) -> Steps[t.Any]:
        yield from opened.start_tls(CONTEXT, "", soon())
        assert opened.session is not None and opened.heard and opened.group
        return (yield from steps(opened))

    return both


def test_tls() -> None:
    def steps(opened: Link) -> Steps[list[bytes]]:
        yield from opened.send(b"hello", soon())
        return [(yield from opened.receive(soon())), (yield from opened.receive(soon()))]

    assert use(in_tls(lambda peer: peer.sendall(peer.recv(100).upper())), secured(steps)) == [b"HELLO", b""]


def test_records_in_pieces() -> None:
    """A peer whose every octet comes alone; the handshake's too."""

    def play(peer: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = SERVER.wrap_bio(incoming, outgoing, server_side=True)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked: t.Callable[[], t.Any] = session.do_handshake
        for answer in (None, b"HELLO"):
            while True:
                try:
                    asked()
                    break
                except ssl.SSLWantReadError:
                    drip(peer, outgoing.read())
                    incoming.write(peer.recv(1000))
            if answer:
                session.write(answer)
                drip(peer, outgoing.read())
            asked = session.read

    def drip(peer: socket.socket, data: bytes) -> None:
        for octet in data:
            peer.send(bytes([octet]))

    def steps(opened: Link) -> Steps[bytes]:
        yield from opened.send(b"hello", soon())
        return (yield from opened.receive(soon()))

    assert use(play, secured(steps)) == b"HELLO"


@pytest.mark.parametrize(
    "junk, raised",
    [(b"", None), (b"\x17\x03\x03", None), (b"\x17\x03\x03\x00\x20" + b"x" * 32, "broke TLS"), (b"250 x", "broke TLS")],
)
def test_tls_that_breaks_later(junk: bytes, raised: str | None) -> None:
    def play(peer: ssl.SSLSocket) -> None:
        peer.recv(100)
        raw = socket.socket(fileno=os.dup(peer.fileno()))
        raw.sendall(junk)
        raw.shutdown(socket.SHUT_RDWR)
        raw.close()

    def steps(opened: Link) -> Steps[bytes]:
        yield from opened.send(b"hello", soon())
        return (yield from opened.receive(soon()))

    if raised is None:
        assert use(in_tls(play), secured(steps)) == b""
    else:
        with pytest.raises(HandshakeError, match=raised) as error:
            use(in_tls(play), secured(steps))
        assert error.value.outcome == sighting.HANDSHAKE


def test_what_is_said_after_tls_broke_harms_nobody() -> None:
    def steps(opened: Link) -> Steps[None]:
        yield from opened.send(b"hello", soon())
        with pytest.raises(HandshakeError):
            yield from opened.receive(soon())
        yield from opened.send(b"hello", soon())
        opened.close()

    def play(peer: ssl.SSLSocket) -> None:
        peer.recv(100)
        raw = socket.socket(fileno=os.dup(peer.fileno()))
        raw.sendall(b"250 in clear\r\n")
        raw.close()

    use(in_tls(play), secured(steps))


def test_only_the_beginning_of_a_long_handshake_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_OPENING", 10)

    def steps(opened: Link) -> Steps[str]:
        yield from opened.start_tls(CONTEXT, "", soon())
        return opened.group

    # All of it came at once here; the limit is for what comes afterwards.
    assert use(in_tls(lambda peer: None), steps) in ("x25519", "X25519MLKEM768")


def test_there_is_no_session_before_tls() -> None:
    def look(opened: Link) -> Steps[str]:
        yield opened.descriptor, WRITE, soon()
        with pytest.raises(ValueError, match="there is no TLS on this connection"):
            opened.secured()
        return "seen"

    assert use(lambda link: None, look) == "seen"
