# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the peers of ``species.py``, all at once; needs the standard library alone, so it runs in any container.

``python3 server.py --certificates FOLDER`` gives each species a loopback address of its own; with ``--count ports``
they share one address and have a port each. The first line on the output is a JSON object {name: [address, port]};
then comes one object for each visit when it has ended: species, visit (from 1), heard (pairs of "clear" or "tls" and
the line), protocol, shown (whether the client had a certificate), end. ``Zoo`` does all that for a test.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import ipaddress
import itertools
import json
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import typing as t
import warnings

import species as sp

# What is kept of a line and of a visit, and how long a visit may last.
KEPT_LINE, KEPT_LINES, VISIT_SECONDS = 500, 100, 60.0
CLIENT_HELLO_RECORD, CHANGE_CIPHER, APPLICATION = 22, 20, 23


class Gone(Exception):
    """The visit is over; its text says how."""


class Link:
    """A connection, in clear and then in TLS. All bytes of TLS pass through here, so that they can be cut at will."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.until = time.monotonic() + VISIT_SECONDS
        self.tls: ssl.SSLObject | None = None
        self.protocol, self.shown, self.phase = "", False, "clear"
        self._buffer = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._style, self._fragmenting = sp.Handshake(), False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """One packet, or what TLS makes of it."""
        if self.tls is None:
            self._raw_write(data)
        else:
            self.tls.write(data)
            self._flush()

    def read(self) -> bytes:
        """What the client has written, at least one byte."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        if self.tls is None:
            return self._raw_read()
        while True:
            try:
                data = self.tls.read(65536)
                if not data:
                    raise Gone("the client ended TLS")
                return data
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._raw_read())

    def read_line(self) -> str:
        """One line of the client, without its end."""
        line = b""
        while b"\n" not in line:
            line += self.read()
            if len(line) > 100_000:
                raise Gone("the client's line is too long")
        line, _newline, self._buffer = line.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def start_tls(self, context: ssl.SSLContext, style: sp.Handshake) -> None:
        """The handshake; what the client wrote after STARTTLS belongs to it."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._style, self._fragmenting = style, bool(style.fragment)
        self._incoming.write(self._buffer)
        self._buffer = b""
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._raw_read())
            except ssl.SSLError as error:
                with contextlib.suppress(Gone):
                    self._flush()
                raise Gone(f"handshake: {error.reason}") from None
        self._flush()
        self._style = sp.Handshake()
        self.tls, self.protocol, self.phase = tls, tls.version() or "", "tls"
        self.shown = bool(tls.getpeercert(binary_form=True))

    def close(self, how: str) -> None:
        """End the connection, or our half of it, or break it."""
        with contextlib.suppress(OSError):
            if how == "half":
                self.sock.shutdown(socket.SHUT_WR)
                return
            if how == "reset":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if self._fragmenting:
            data = self._fragments(data)
        piece = self._style.piece or len(data) or 1
        for start in range(0, len(data), piece):
            self._raw_write(data[start : start + piece])
            if self._style.pause:
                time.sleep(self._style.pause)

    def _fragments(self, data: bytes) -> bytes:
        """The same handshake messages in smaller records, as long as they are not encrypted."""
        made = b""
        while data:
            head, length = data[:3], int.from_bytes(data[3:5], "big")
            body, data = data[5 : 5 + length], data[5 + length :]
            if head[0] in (CHANGE_CIPHER, APPLICATION):
                self._fragmenting = False
            if not self._fragmenting or head[0] != CLIENT_HELLO_RECORD:
                made += head + struct.pack(">H", length) + body
                continue
            size = self._style.fragment
            for start in range(0, length, size):
                part = body[start : start + size]
                made += head + struct.pack(">H", len(part)) + part
        return made

    def _raw_write(self, data: bytes) -> None:
        try:
            self.sock.settimeout(self._left())
            self.sock.sendall(data)
        except OSError as error:
            raise Gone(f"writing: {error}") from None

    def _raw_read(self) -> bytes:
        try:
            self.sock.settimeout(self._left())
            data = self.sock.recv(65536)
        except OSError as error:
            raise Gone(f"reading: {error}") from None
        if not data:
            raise Gone("the client closed")
        return data

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise Gone("the visit took too long")
        return left


class Visit:
    """One client at one peer."""

    def __init__(self, species: sp.Species, number: int, link: Link, certificates: pathlib.Path) -> None:
        self.species, self.number, self.link, self.certificates = species, number, link, certificates
        self.heard: list[tuple[str, str]] = []

    def play(self) -> dict[str, t.Any]:
        """Answer until one side has gone, and tell what was heard."""
        end = ""
        try:
            if self.species.on_connect:
                self._start_tls()
                self._act("")
            else:
                self._act("")
            while True:
                line = self.link.read_line()
                self._note(line)
                self._act(line.partition(" ")[0].upper())
        except Gone as gone:
            end = str(gone)
        except (OSError, ValueError) as error:
            end = f"{type(error).__name__}: {error}"
        self.link.close("end")
        return {
            "species": self.species.name,
            "visit": self.number,
            "heard": self.heard,
            "protocol": self.link.protocol,
            "shown": self.link.shown,
            "end": end,
        }

    def _note(self, line: str) -> None:
        if len(self.heard) < KEPT_LINES:
            self.heard.append((self.link.phase, line[:KEPT_LINE]))

    def _act(self, verb: str) -> None:
        for step in self._answer(verb):
            self._step(step)

    def _answer(self, verb: str) -> sp.Act:
        if self.link.phase == "tls":
            own, usual = self.species.secured, sp.SECURED
        else:
            own, usual = self.species.clear, sp.CLEAR
            if self.number == 1 and self.species.first is not None:
                own = self.species.first
        return own.get(verb) or usual.get(verb) or own.get("*") or usual["*"]

    @functools.singledispatchmethod
    def _step(self, step: t.Any) -> None:
        raise TypeError(f"not a step: {step!r}")

    @_step.register
    def _write(self, step: bytes) -> None:
        self.link.write(step)

    @_step.register
    def _pause(self, step: sp.Pause) -> None:
        time.sleep(step.seconds)

    @_step.register
    def _drip(self, step: sp.Drip) -> None:
        for byte in step.data:
            self.link.write(bytes([byte]))
            time.sleep(step.pause)

    @_step.register
    def _flood(self, step: sp.Flood) -> None:
        while True:
            self.link.write(step.data)
            time.sleep(step.pause)

    @_step.register
    def _be_silent(self, _step: sp.Silence) -> None:
        while True:
            self._note(self.link.read().decode("latin-1"))

    @_step.register
    def _await_hello(self, _step: sp.Hello) -> None:
        self.link.read()

    @_step.register
    def _begin_tls(self, _step: sp.StartTls) -> None:
        self._start_tls()

    @_step.register
    def _take_content(self, _step: sp.Content) -> None:
        while self.link.read_line() != ".":
            pass

    @_step.register
    def _ask_certificate(self, step: sp.IfCertificate) -> None:
        self.link.write(step.shown if self.link.shown else step.none)

    @_step.register
    def _close(self, step: sp.Close) -> None:
        self.link.close(step.how)
        if step.how != "half":
            raise Gone(f"closed ({step.how})")

    def _start_tls(self) -> None:
        self.link.start_tls(context_for(self.species.handshake, self.certificates), self.species.handshake)


def context_for(style: sp.Handshake, certificates: pathlib.Path) -> ssl.SSLContext:
    """The TLS of a peer; old versions and weak keys are loaded as willingly as new ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[style.minimum or "TLSv1_2"]
        if style.maximum:
            context.maximum_version = ssl.TLSVersion[style.maximum]
    # The level is first lowered to load the certificate; a peer may then serve at its own.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(certificates / f"{style.credential}.pem", certificates / f"{style.credential}.key")
    context.num_tickets = style.tickets
    if style.ciphers:
        context.set_ciphers(style.ciphers)
    if style.client:
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED if style.client == "required" else ssl.CERT_OPTIONAL
    return context


class Keeper:
    """Listens for every species and gives each visit a thread."""

    def __init__(self, certificates: pathlib.Path) -> None:
        self.certificates = certificates
        self.homes: dict[str, tuple[str, int]] = {}
        self._listeners: list[socket.socket] = []
        self._stuffing: list[socket.socket] = []
        self._visits: list[threading.Thread] = []
        self._lock = threading.Lock()

    def house(self, species: sp.Species, address: str, port: int) -> None:
        """Give a species its address; port 0 takes any."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        self._listeners.append(listener)
        self.homes[species.name] = listener.getsockname()[:2]
        if species.absent == "refused":
            return
        listener.listen(0 if species.absent == "full" else 64)
        if species.absent == "full":
            self._fill(self.homes[species.name], family)
        else:
            threading.Thread(target=self._receive, args=(species, listener), daemon=True).start()

    def _fill(self, home: tuple[str, int], family: int) -> None:
        """Take every place in the queue of a listener that never accepts."""
        for _place in range(4):
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.connect_ex(home)
            self._stuffing.append(sock)

    def _receive(self, species: sp.Species, listener: socket.socket) -> None:
        for number in itertools.count(1):
            try:
                sock, _peer = listener.accept()
            except OSError:
                return
            visit = threading.Thread(target=self._visit, args=(species, number, sock), daemon=True)
            self._visits.append(visit)
            visit.start()

    def _visit(self, species: sp.Species, number: int, sock: socket.socket) -> None:
        record = Visit(species, number, Link(sock), self.certificates).play()
        with self._lock:
            print(json.dumps(record), flush=True)

    def end(self, patience: float) -> None:
        """Let visits that are about to end do so, then leave."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        until = time.monotonic() + patience
        for visit in self._visits:
            visit.join(max(until - time.monotonic(), 0))


class Zoo:
    """For tests: ``with Zoo(folder) as zoo`` runs this file in a process of its own; ``visits`` is there after it.

    ``homes`` has the address and port of each species; the folder is what ``credentials.make`` has filled.
    """

    def __init__(self, certificates: pathlib.Path, names: t.Iterable[str] = ()) -> None:
        self._command = [sys.executable, __file__, "--certificates", str(certificates), "--until-end-of-input", *names]
        self.homes: dict[str, tuple[str, int]] = {}
        self.visits: list[dict[str, t.Any]] = []

    def __enter__(self) -> Zoo:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(self._command, text=True, **pipes)  # type: ignore[call-overload]
        self.homes = {name: (home[0], home[1]) for name, home in json.loads(self._process.stdout.readline()).items()}
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        return self

    def _collect(self) -> None:
        self.visits.extend(json.loads(line) for line in self._process.stdout)

    def __exit__(self, *_error: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._reader.join(5)

    def heard(self, name: str) -> list[list[list[str]]]:
        """What each visitor of a species has said, in the order of their coming."""
        own = sorted((one for one in self.visits if one["species"] == name), key=lambda one: int(one["visit"]))
        return [one["heard"] for one in own]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Play misbehaving SMTP peers.")
    parser.add_argument("species", nargs="*", help="their names; without any all of them")
    parser.add_argument("--certificates", type=pathlib.Path, required=True, help="what credentials.py has written")
    parser.add_argument("--address", default="127.77.0.1", help="the first one, or the only one")
    parser.add_argument("--port", type=int, default=0, help="the first one, or the only one; 0: any that is free")
    parser.add_argument("--count", choices=["addresses", "ports"], default="addresses", help="what tells them apart")
    parser.add_argument("--until-end-of-input", action="store_true", help="end with the input, not with a signal")
    asked = parser.parse_args()
    keeper = Keeper(asked.certificates)
    for number, name in enumerate(asked.species or sp.BY_NAME):
        by_address = asked.count == "addresses"
        address = str(ipaddress.ip_address(asked.address) + number) if by_address else asked.address
        keeper.house(sp.BY_NAME[name], address, asked.port + (0 if by_address or not asked.port else number))
    print(json.dumps(keeper.homes), flush=True)
    if asked.until_end_of_input:
        sys.stdin.read()
    else:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    keeper.end(patience=3)


if __name__ == "__main__":
    # Before any thread begins, so that none of them takes the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
