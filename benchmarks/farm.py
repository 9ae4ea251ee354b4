# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand mail servers on loopback: farm.py PORT CERTIFICATE_AND_KEY. The second octet of the address decides.

127.0.x.y answers at once, 127.1.x.y takes 200 ms for every reply, 127.2.x.y offers no STARTTLS, 127.3.x.y says nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import typing as t

PROCESSES = 2
GOOD, SLOW, CLEAR, SILENT = range(4)
DELAY = 0.2


class Server(asyncio.Protocol):
    """One session, before and after STARTTLS."""

    def __init__(self, context: ssl.SSLContext, secured: bool = False) -> None:
        self.context, self.secured, self.kept = context, secured, b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = t.cast(asyncio.WriteTransport, transport)
        # The local end of TLS is that of the connection below it.
        self.kind = int(transport.get_extra_info("sockname")[0].split(".")[1])
        if not self.secured and self.kind != SILENT:
            self.answer(b"220 farm.example.test ESMTP\r\n")

    def answer(self, data: bytes) -> None:
        if self.kind == SLOW:
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, data)
        else:
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.kept += data
        # The first command may come before asyncio has given the transport of TLS.
        while self.transport and b"\n" in self.kept and self.kind != SILENT:
            line, self.kept = self.kept.split(b"\n", 1)
            self.obey(line.strip().upper())

    def obey(self, line: bytes) -> None:
        if line.startswith(b"EHLO"):
            offer = b"" if self.secured or self.kind == CLEAR else b"250-STARTTLS\r\n"
            self.answer(b"250-farm.example.test\r\n250-SIZE 52428800\r\n" + offer + b"250 8BITMIME\r\n")
        elif line == b"STARTTLS":
            self.answer(b"220 2.0.0 Ready\r\n")
            asyncio.get_running_loop().create_task(self.secure())
        elif line == b"QUIT":
            self.answer(b"221 2.0.0 Bye\r\n")
            asyncio.get_running_loop().call_later(DELAY * (self.kind == SLOW), self.transport.close)
        else:
            self.answer(b"502 5.5.1 Unknown\r\n")

    async def secure(self) -> None:
        loop = asyncio.get_running_loop()
        if self.kind == SLOW:
            await asyncio.sleep(DELAY)
        inner = Server(self.context, secured=True)
        try:
            transport = await loop.start_tls(self.transport, inner, self.context, server_side=True)
        except (OSError, ssl.SSLError):
            return
        inner.connection_made(t.cast(asyncio.BaseTransport, transport))
        inner.data_received(b"")


async def serve(port: int, file: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("0.0.0.0", port), reuse_port=True, backlog=4096)
    async with await loop.create_server(lambda: Server(context), sock=listener) as server:
        await server.serve_forever()


def main() -> None:
    children = [os.fork() for _number in range(PROCESSES - 1)] if PROCESSES > 1 else []
    try:
        asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
    except KeyboardInterrupt:
        pass
    finally:
        for child in children:
            if child:
                os.kill(child, 15)


if __name__ == "__main__":
    main()
