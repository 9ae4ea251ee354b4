# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy in sendmail's words: what single requirements, targets and settings become in the access map."""

from __future__ import annotations

import typing as t

from . import dn
from .errors import MailtlsError
from .policy import IPV4, IPV6, PERMANENT, Network, Requirement, SessionSettings, Target
from .tokens import scan

# What sendmail's OpenSSL must leave out so that this is the least protocol.
_WITHOUT: t.Mapping[str, str] = {
    "TLSv1.2": "SSL_OP_NO_TLSv1,SSL_OP_NO_TLSv1_1",
    "TLSv1.3": "SSL_OP_NO_TLSv1,SSL_OP_NO_TLSv1_1,SSL_OP_NO_TLSv1_2",
}
# Settings that change nothing, for a host inside a network that has some: sendmail takes the first key it finds.
NO_SESSION = "Options=0"


def requirement_value(requirement: Requirement, place: str) -> str:
    """The right side of TLS_Srv, TLS_Clt and TLS_Rcpt.

    Pins stand before the name, so that they are compared even where FEATURE(`check_cert_altnames') lets the rest of the
    list fall. The first extension is joined by one plus, the others by two.
    """
    if not requirement.demands:
        return "OK"
    prefix = "PERM" if requirement.failure == PERMANENT else "TEMP"
    if requirement.level == "encrypt":
        return f"{prefix}+ENCR:{requirement.min_bits}"
    extensions = [
        *([f"CI:{dn.quote(requirement.issuer, f'{place}.issuer')}"] if requirement.issuer else []),
        *([f"CS:{dn.quote(requirement.subject, f'{place}.subject')}"] if requirement.subject else []),
        f"CN:{dn.quote_cn(requirement.name, f'{place}.name')}" if requirement.name else "CN",
    ]
    return f"{prefix}+VERIFY:{requirement.min_bits}+{'++'.join(extensions)}"


def target_key(target: Target, place: str) -> str:
    """What sendmail looks up: a name, the leading octets of an address, or its leading groups in full."""
    if target.prefix == target.whole:
        return f"IPv6:{target.text}" if target.family == IPV6 else target.text
    width, separator, start = (8, ".", "") if target.family == IPV4 else (16, ":", "IPv6:")
    count, odd = divmod(target.prefix, width)
    if odd:
        refuse_width(str(target), place)
    return start + separator.join(target.text.split(separator)[:count])


def network_key(network: Network, place: str) -> str:
    """The same for a network of Python's."""
    if network.version == IPV4:
        return target_key(Target(IPV4, str(network.network_address), network.prefixlen), place)
    groups = (f"{int(group, 16):x}" for group in network.network_address.exploded.split(":"))
    return target_key(Target(IPV6, ":".join(groups), network.prefixlen), place)


def refuse_width(network: str, place: str) -> t.NoReturn:
    raise MailtlsError(
        f"sendmail cannot match {network}: it knows IPv4 networks of 8, 16 or 24 bits, and IPv6 networks of a"
        " multiple of 16 bits",
        where=place,
        remedy="List the smaller networks it is made of.",
    )


def session_value(session: SessionSettings) -> str:
    """The right side of TLS_Srv_Features and TLS_Clt_Features."""
    said = {
        "Options": _WITHOUT.get(session.min_protocol, ""),
        "CipherList": session.cipher_list,
        "CipherSuites": session.cipher_suites,
        "CertFile": session.certificate_file,
        "KeyFile": session.key_file,
    }
    return "; ".join(f"{name}={value}" for name, value in said.items() if value)


_LEAST = {
    (): "",
    scan(NO_SESSION): "",
    **{scan(session_value(SessionSettings(protocol))): protocol for protocol in _WITHOUT},
}


def read_least_protocol(tokens: t.Sequence[str]) -> str | None:
    """The min_protocol of a row of TLS_Clt_Features that sets nothing else, empty for none; otherwise None."""
    return _LEAST.get(tuple(tokens))
