# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A first look at a host: packages, tools, its name, and whether the certificate files are fit to be used."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import time
import typing as t

from .._core.exposure import judge, parents
from .._core.package import FORMAT, Package, parse_packages, upstream, versions
from .command import run
from .files import read_bytes
from .keypair import period

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def read_packages() -> tuple[Package, ...]:
    """Every package that is there, whole or not."""
    return parse_packages(run(["dpkg-query", "--show", f"--showformat={FORMAT}"]).output)


def read_release() -> str:
    """The version of sendmail as Debian's package has it; empty where there is none, or no Debian."""
    if not shutil.which("dpkg-query", path=_PATH):
        return ""
    return upstream(versions(read_packages()).get("sendmail-bin", ""))


def find_tools(names: t.Sequence[str]) -> dict[str, str]:
    """Name to path of programs; an empty path where there is none."""
    return {name: shutil.which(name, path=_PATH) or "" for name in names}


def read_fqdn() -> str:
    """The host's qualified name as sendmail finds it (its own name, looked up), or an empty string."""
    name = socket.gethostname()
    try:
        canonical, aliases, _addresses = socket.gethostbyname_ex(name)
    except OSError:
        canonical, aliases = "", []
    qualified = [one for one in (canonical, *aliases, name) if "." in one.strip(".") and one != "localhost.localdomain"]
    return qualified[0].rstrip(".") if qualified else ""


def find_certificate_fault(certificate: str, key: str, ca_file: str) -> str:
    """What keeps these files from being used together, in words; empty when nothing does or none is named."""
    paths = [path for path in (certificate, key, ca_file) if path]
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        return f"{missing[0]}: there is no such file"
    return judge(_read_modes(paths), key) or _find_mismatch(certificate, key, ca_file) or _find_lapse(certificate)


def _read_modes(paths: t.Sequence[str]) -> dict[str, int]:
    everything = dict.fromkeys(one for path in paths for one in (*parents(path), path))
    return {path: stat.S_IMODE(os.stat(path).st_mode) for path in everything}


def _find_mismatch(certificate: str, key: str, ca_file: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        if certificate and key:
            # A passphrase makes OpenSSL ask at the terminal unless something answers for it.
            context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        return f"{certificate} and {key}: {_reason(error)}"
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except (OSError, ValueError) as error:
        return f"{ca_file}: {_reason(error)}"
    return ""


def _find_lapse(certificate: str) -> str:
    valid = period((read_bytes(certificate) or b"").decode(errors="replace")) if certificate else None
    if valid and time.time() > valid[1]:
        return f"{certificate}: the certificate expired on {_date(valid[1])}"
    if valid and time.time() < valid[0]:
        return f"{certificate}: the certificate is not valid before {_date(valid[0])}"
    return ""


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _reason(error: Exception) -> str:
    text = str(getattr(error, "reason", "") or error)
    if "MISMATCH" in text.upper():
        return "the key does not belong to the certificate"
    return f"cannot be used ({text})"
