# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader of packet captures must not overlook anything: what it misses would pass as "nothing left the relay"."""

from __future__ import annotations

import socket
import struct

import capture
import pytest

ETHERNET, LOOPBACK = 1, 772
SECRET = "MAIL FROM"


def tcp(sequence: int, payload: bytes, flags: int = 16) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, 25, sequence, 0, 5 << 4, flags, 0, 0, 0) + payload


def udp(payload: bytes) -> bytes:
    return struct.pack("!HHHH", 40000, 53, 8 + len(payload), 0) + payload


def ipv4(body: bytes, protocol: int = capture.TCP, fragment: int = 0, length: int | None = None) -> bytes:
    total = 20 + len(body) if length is None else length
    header = struct.pack("!BBHHHBBH", 0x45, 0, total, 0, fragment, 64, protocol, 0)
    return header + socket.inet_aton("192.0.2.11") + socket.inet_aton("192.0.2.12") + body


def ipv6(body: bytes, protocol: int = capture.TCP) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, "2001:db8::11") + socket.inet_pton(socket.AF_INET6, "2001:db8::12")
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + ends + body


def frame(packet: bytes, link: int = capture.LINUX_SLL2, hardware: int = ETHERNET) -> bytes:
    ethertype = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    if link == capture.LINUX_SLL2:
        return struct.pack("!HHIHBB8s", ethertype, 0, 2, hardware, 4, 6, b"") + packet
    return struct.pack("!HHH8sH", 4, hardware, 6, b"", ethertype) + packet


def pcap(*frames: bytes, link: int = capture.LINUX_SLL2, order: str = "<") -> bytes:
    header = struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    return header + b"".join(
        struct.pack(f"{order}IIII", 100 + number, 0, len(data), len(data)) + data for number, data in enumerate(frames)
    )


def found(data: bytes, since: float = 0) -> list[str]:
    return capture.leaks(capture.streams(capture.packets(data, since)), [SECRET])


SPLIT = [frame(ipv4(tcp(1000, b"MAIL"))), frame(ipv4(tcp(1004, b" FRO"))), frame(ipv4(tcp(1008, b"M:<a@b>")))]
SEEN = {
    "IPv4": pcap(frame(ipv4(tcp(1, b"MAIL FROM:<a@b>")))),
    "IPv6": pcap(frame(ipv6(tcp(1, b"MAIL FROM:<a@b>")))),
    "another letter case": pcap(frame(ipv4(tcp(1, b"Mail From:<a@b>")))),
    "older link type": pcap(frame(ipv4(tcp(1, b"MAIL FROM")), capture.LINUX_SLL), link=capture.LINUX_SLL),
    "other byte order": pcap(frame(ipv4(tcp(1, b"MAIL FROM"))), order=">"),
    "split over packets": pcap(*SPLIT),
    "split and out of order": pcap(SPLIT[0], SPLIT[2], SPLIT[1]),
    "split and repeated": pcap(SPLIT[0], SPLIT[0], SPLIT[1], SPLIT[1], SPLIT[2]),
    "overlapping": pcap(frame(ipv4(tcp(1, b"MAIL F"))), frame(ipv4(tcp(5, b" FROM")))),
    "sequence number wraps": pcap(frame(ipv4(tcp(2**32 - 2, b"MAIL"))), frame(ipv4(tcp(2, b" FROM")))),
    "UDP": pcap(frame(ipv4(udp(b"MAIL FROM"), capture.UDP))),
    "unknown protocol": pcap(frame(ipv4(b"MAIL FROM", 99))),
    "fragment": pcap(frame(ipv4(b"....MAIL FROM", fragment=100))),
    "IPv6 extension header": pcap(frame(ipv6(b"\x06\x00\x01\x04\x00\x00\x00\x00" + tcp(1, b"MAIL FROM"), 0))),
    "length 0 by segmentation offload": pcap(frame(ipv4(tcp(1, b"MAIL FROM"), length=0))),
    "second connection on the same port": pcap(
        frame(ipv4(tcp(5, b"", capture.SYN))),
        frame(ipv4(tcp(6, b"EHLO a, a long one that fills the sequence numbers"))),
        frame(ipv4(tcp(5, b"", capture.SYN))),
        frame(ipv4(tcp(6, b"MAIL FROM"))),
    ),
}
NOT_SEEN = {
    "nothing yet": b"",
    "another word": pcap(frame(ipv4(tcp(1, b"EHLO mta1.example.test")))),
    "loopback": pcap(frame(ipv4(tcp(1, b"MAIL FROM")), hardware=LOOPBACK)),
    "a record still being written": pcap(frame(ipv4(tcp(1, b"MAIL FROM"))))[:-1],
    "padding behind the packet": pcap(frame(ipv4(tcp(1, b"MAIL")) + b" FROM")),
}


@pytest.mark.parametrize("data", SEEN.values(), ids=SEEN)
def test_what_left_is_seen(data: bytes) -> None:
    assert len(found(data)) == 1


@pytest.mark.parametrize("data", NOT_SEEN.values(), ids=NOT_SEEN)
def test_what_did_not_leave_is_not(data: bytes) -> None:
    assert not found(data)


def test_only_from_a_moment_on() -> None:
    data = pcap(frame(ipv4(tcp(1, b"MAIL FROM"))), frame(ipv4(udp(b"MAIL FROM"), capture.UDP)))
    assert [len(found(data, since)) for since in (100, 101, 102)] == [2, 1, 0]


def test_a_leak_names_both_ends() -> None:
    assert found(SEEN["IPv4"]) == ["'MAIL FROM' from 192.0.2.11:40000 to 192.0.2.12:25"]


def test_an_unknown_link_type_is_refused() -> None:
    with pytest.raises(ValueError, match="link type 1 is not known"):
        found(pcap(frame(ipv4(tcp(1, b""))), link=1))
