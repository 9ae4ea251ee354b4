# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the servers of this lab show: kinds of certificates, and what else differs between configurations."""

from __future__ import annotations

import typing as t

# The name every client expects.
NAME = "mx.example.test"
FIRST_PORT = 2501


class Kind(t.NamedTuple):
    """How one certificate is made. ``sent``: the server sends the intermediate certificate too."""

    name: str
    key: str = "EC P-256"
    cn: str = NAME
    names: tuple[str, ...] = (NAME,)
    issuer: str = "root"
    days: tuple[int, int] = (-1, 90)
    sent: bool = False


KINDS = [
    Kind("good"),
    Kind("self-signed", issuer="nobody"),
    Kind("foreign CA", issuer="foreign"),
    Kind("expired", days=(-90, -1)),
    Kind("not yet valid", days=(10, 90)),
    Kind("wrong name", cn="other.example.test", names=("other.example.test",)),
    Kind("wildcard", cn="*.example.test", names=("*.example.test",)),
    Kind("CN only", names=()),
    Kind("SAN only", cn=""),
    Kind("IP SAN", cn="", names=("address",)),
    Kind("missing intermediate", issuer="intermediate"),
    Kind("with intermediate", issuer="intermediate", sent=True),
    Kind("RSA 2048", key="RSA 2048"),
    Kind("RSA 1024", key="RSA 1024"),
    Kind("Ed25519", key="Ed25519"),
]
KIND = {kind.name: kind for kind in KINDS}


class Configuration(t.NamedTuple):
    """One listener. ``protocols``: empty (the server's own), or one of them; ``mode``: starttls, connect, off."""

    server: str
    kind: str
    protocols: str = ""
    mode: str = "starttls"
    port: int = 0

    @property
    def name(self) -> str:
        more = [{"connect": "TLS on connect", "off": "no STARTTLS"}.get(self.mode, ""), self.protocols]
        return ", ".join([f"{self.server}: {self.kind}", *filter(None, more)])


def _of(server: str, kinds: t.Iterable[str]) -> list[Configuration]:
    found = [Configuration(server, kind) for kind in kinds]
    found += [Configuration(server, kind, only) for only in ONLY for kind in ("good", "RSA 2048")]
    found += [Configuration(server, kind, mode="connect") for kind in ("good", "self-signed")]
    found += [Configuration(server, kind, only) for only in OLD.get(server, ()) for kind in ("good", "RSA 2048")]
    found.append(Configuration(server, "good", mode="off"))
    return [one._replace(port=FIRST_PORT + number) for number, one in enumerate(found)]


ONLY = ("TLSv1.2", "TLSv1.3")
# Of these servers only the one with GnuTLS still speaks them without much ado.
OLD = {"exim": ("TLSv1.0", "TLSv1.1")}
# OpenSMTPD gives its keys to a process of its own, which signs with RSA and ECDSA only.
NOT_IN = {"opensmtpd": {"Ed25519", "RSA 1024"}}
SERVERS = ("postfix", "exim", "sendmail", "opensmtpd")
CONFIGURATIONS = [
    one for server in SERVERS for one in _of(server, [name for name in KIND if name not in NOT_IN.get(server, ())])
]
