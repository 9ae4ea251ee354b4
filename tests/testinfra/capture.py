# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a packet capture far enough to say whether some bytes left a host.

Understands pcap files of ``tcpdump --interface any`` (link types LINUX_SLL and LINUX_SLL2), IPv4 and IPv6. TCP streams
are put together by sequence number, so words split over packets are found. What is not understood is kept as it is and
searched too.
"""

from __future__ import annotations

import ipaddress
import struct
import typing as t

LINUX_SLL, LINUX_SLL2 = 113, 276
LOOPBACK = 772  # ARPHRD_LOOPBACK
TCP, UDP = 6, 17
SYN = 2


class Packet(t.NamedTuple):
    """One packet; ``source`` and ``destination`` as ``address:port``, ``sequence`` is None for all but TCP."""

    time: float
    source: str
    destination: str
    sequence: int | None
    syn: bool
    payload: bytes


class Stream(t.NamedTuple):
    """All that went one way in one connection, in order and without repeats."""

    source: str
    destination: str
    data: bytes


def records(data: bytes) -> t.Iterator[tuple[float, int, bytes]]:
    """The records of a pcap file: time, link type, bytes. A last record that is still being written is left out."""
    if len(data) < 24:
        return
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}[data[:4]]
    link = struct.unpack_from(f"{order}I", data, 20)[0]
    offset = 24
    while offset + 16 <= len(data):
        seconds, micros, length, _original = struct.unpack_from(f"{order}IIII", data, offset)
        offset += 16
        if offset + length > len(data):
            return
        yield seconds + micros / 1e6, link, data[offset : offset + length]
        offset += length


def network_layer(link: int, frame: bytes) -> bytes | None:
    """The packet inside a frame of ``--interface any``; None for the loopback interface and for anything but IP."""
    if link == LINUX_SLL2:
        protocol, hardware, header = *struct.unpack_from("!H6xH", frame), 20
    elif link == LINUX_SLL:
        hardware, protocol, header = *struct.unpack_from("!2xH10xH", frame), 16
    else:
        raise ValueError(f"link type {link} is not known")
    return frame[header:] if protocol in (0x0800, 0x86DD) and hardware != LOOPBACK else None


def packet(time: float, data: bytes) -> Packet:
    """One IP packet; extension headers and fragments count as payload."""
    if data[0] >> 4 == 4:
        header, length, protocol = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big"), data[9]
        source, destination = data[12:16], data[16:20]
        if int.from_bytes(data[6:8], "big") & 0x1FFF:
            protocol = 0
    else:
        header, length, protocol = 40, 40 + int.from_bytes(data[4:6], "big"), data[6]
        source, destination = data[8:24], data[24:40]
    # A length of 0 is a packet larger than the field can say, as segmentation offload makes them.
    body = data[header : length if length > header else len(data)]
    hosts = [str(ipaddress.ip_address(address)) for address in (source, destination)]
    if protocol not in (TCP, UDP) or len(body) < 8:
        return Packet(time, hosts[0], hosts[1], None, False, body)
    ends = [f"{host}:{port}" for host, port in zip(hosts, struct.unpack_from("!HH", body))]
    if protocol == UDP:
        return Packet(time, ends[0], ends[1], None, False, body[8:])
    sequence = int.from_bytes(body[4:8], "big")
    return Packet(time, ends[0], ends[1], sequence, bool(body[13] & SYN), body[(body[12] >> 4) * 4 :])


def packets(data: bytes, since: float = 0) -> list[Packet]:
    """All IP packets of a pcap file from a moment (seconds since the epoch) on."""
    inside = ((time, network_layer(link, frame)) for time, link, frame in records(data) if time >= since)
    return [packet(time, content) for time, content in inside if content]


def streams(found: list[Packet]) -> list[Stream]:
    """TCP put together for each connection; every other packet is a stream of its own."""
    connections: dict[tuple[str, str, int], list[Packet]] = {}
    lives: dict[tuple[str, str], int] = {}
    result = []
    for item in found:
        ends = (item.source, item.destination)
        if item.sequence is None:
            result.append(Stream(*ends, item.payload))
            continue
        lives[ends] = lives.get(ends, 0) + item.syn
        connections.setdefault((*ends, lives[ends]), []).append(item)
    result += [Stream(ends[0], ends[1], joined(items)) for ends, items in connections.items()]
    return [stream for stream in result if stream.data]


def joined(segments: list[Packet]) -> bytes:
    """The payloads in the order of their sequence numbers, repeats left out, gaps closed."""
    start = segments[0].sequence or 0
    data = b""
    reached = 0
    for offset, payload in sorted(((item.sequence or 0) - start & 0xFFFFFFFF, item.payload) for item in segments):
        if offset + len(payload) > reached:
            data += payload[max(0, reached - offset) :]
            reached = offset + len(payload)
    return data


def leaks(found: list[Stream], words: t.Iterable[str]) -> list[str]:
    """Which words occur, in any letter case, and where they went."""
    lowered = [(stream, stream.data.lower()) for stream in found]
    return [
        f"{word!r} from {stream.source} to {stream.destination}"
        for word in words
        for stream, data in lowered
        if word.encode().lower() in data
    ]
