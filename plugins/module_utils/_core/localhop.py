# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Next hops on the host itself: content filters, mailboxes over LMTP. Most offer no TLS, so their mail would be held.

What sendmail asks the access map for them was seen on real sendmail: the address of a hop on loopback, and ``local``
for a program or a socket. Milters are no next hops.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError
from .nexthop import Address, hosts_of, loopbacks, parse_address

LOCAL_KEY = "TLS_Srv:local"
_TAG = "TLS_Srv:"
_TABLE = re.compile(r"^Kmailertable\s+(?:\S+\s+)*?(/\S+)\s*$", re.MULTILINE)
# cf: a mailer's fields; macros and options that name relays; rules that hand mail to a mailer and a fixed host.
_FIELD = re.compile(r"(?:^|,)\s*([A-Z])[a-z]*\s*=\s*((?:\\.|[^,\\])*)")
_MACRO = re.compile(r"D([BCFHLRSUVY])(\S.*)")
_OPTION = re.compile(r"O\s*(Fall[bB]ackMXhost|Fall[bB]ackSmartHost)\s*=\s*(\S+)")
_RULE = re.compile(r"\$#\s*[\w-]+\s+\$@\s*(\S+)")
# mc: what the macros and options above, and LMTP, are called there.
_DEFINE = re.compile(
    r"define\(\s*`(\w*_RELAY|SMART_HOST|MAIL_HUB|confFALLBACK_MX|confFALLBACK_SMARTHOST)'\s*,\s*`([^']*)'"
)
_LMTP_WORDS = re.compile(
    r"FEATURE\(\s*`?local_lmtp\b[^)]*\)|MAILER\(\s*`?cyrusv2\b[^)]*\)|`LOCAL_MAILER_PATH'\s*,\s*`\[IPC\]'"
)


@dataclass(frozen=True)
class LocalHop:
    """A next hop on this host: where it was found, as what, and the keys that sendmail asks the access map for."""

    where: str
    hop: str
    keys: tuple[str, ...]


def refuse_loop(value: str, where: str, names: t.Collection[str], addresses: t.Collection[str]) -> None:
    """Raise for a next hop that is the daemon itself, which would bounce all mail for it.

    ``names`` are the host's, in lower case, ``addresses`` those at which its daemon takes mail on port 25.
    """
    for host in hosts_of(value):
        address = parse_address(host)
        meant = {str(one) for one in loopbacks(host) or ((address,) if address else ())}
        if host.strip("[]").rstrip(".").lower() in names or meant & set(addresses):
            raise MailtlsError(
                f"the next hop {host} is this very host, so mail would go round and bounce (mail loops back to me)",
                where=where,
                remedy="Name another host; an empty sendmail_smart_host means delivery by MX. A filter on another port"
                " needs a mailer of its own, in sendmail_mc_extra. Nothing was changed.",
            )


def find_in_hosts(value: str, where: str) -> tuple[LocalHop, ...]:
    """Local ones among next hops as sendmail reads them: ``host``, ``[address]``, ``mailer:host``, ``host:host``."""
    # sendmail may take either address of localhost.
    keys = tuple(dict.fromkeys(_key(address) for host in hosts_of(value) for address in loopbacks(host)))
    return (LocalHop(where, value, keys),) if keys else ()


def find_in_table(rows: t.Mapping[str, str], where: str) -> tuple[LocalHop, ...]:
    """Local next hops of a mailertable, domain -> next hop."""
    return tuple(hop for domain, value in rows.items() for hop in find_in_hosts(value, f"{where}: {domain}"))


def find_in_cf(text: str, where: str) -> tuple[LocalHop, ...]:
    """Local next hops that a cf, or lines of a cf in an mc, name: in mailers, relay macros, fallbacks, rules."""
    found: list[LocalHop] = []
    for line in re.sub(r"\n[ \t]+(?=[A-Z]=)", " ", text).splitlines():
        if re.match(r"M[\w-]+,", line):
            found += _find_in_mailer(line, where)
        for pattern in (_MACRO, _OPTION):
            match = pattern.match(line)
            found += find_in_hosts(match[2], f"{where}: {line.split(match[2])[0].strip()}") if match else ()
        if line.startswith("R"):
            found += [hop for host in _RULE.findall(line) for hop in find_in_hosts(host, f"{where}: {line}")]
    return tuple(dict.fromkeys(found))


def find_in_mc(text: str, where: str) -> tuple[LocalHop, ...]:
    """Local next hops in mc text; comments (``dnl``) do not count."""
    said = re.sub(r"(?m)(^|\s)dnl\b.*$", r"\1", text)
    lmtp = tuple(
        LocalHop(where, re.sub(r"[`']", "", word.group()), (LOCAL_KEY,)) for word in _LMTP_WORDS.finditer(said)
    )
    relays = (hop for name, value in _DEFINE.findall(said) for hop in find_in_hosts(value, f"{where}: {name}"))
    return (*lmtp, *relays, *find_in_cf(said, where))


def parse_table(text: str) -> dict[str, str]:
    """The rows of a mailertable's text."""
    rows = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def table_of(cf: str) -> str:
    """The text of the mailertable that this cf uses; empty when it uses none."""
    match = _TABLE.search(cf)
    return re.sub(r"\.db\Z", "", match[1]) if match else ""


def refuse_unsaid(hops: t.Sequence[LocalHop], keys: t.Iterable[str]) -> None:
    """Raise for local next hops about which no entry of the access map, of those with ``keys``, says anything."""
    _refuse_bare(hops)
    said = [key.lower() for key in keys]
    open_keys = {hop: [key for key in hop.keys if not _is_said(key.lower(), said)] for hop in hops}
    unsaid = {hop: missing for hop, missing in open_keys.items() if missing}
    if not unsaid:
        return
    places = "; ".join(f"{hop.hop} ({hop.where})" for hop in unsaid)
    lines = "".join(
        f'\n  - {{key: "{key}", value: OK}}'
        for key in dict.fromkeys(key for missing in unsaid.values() for key in missing)
    )
    raise MailtlsError(
        f"mail would be held for ever on its way to a next hop on this very host, unless that speaks TLS: {places}",
        where="sendmail_access_entries",
        remedy=(
            f"If such mail may go there in clear, add the exception:\nsendmail_access_entries:{lines}\n"
            "If the hop does speak TLS, write TEMP+ENCR:128 instead of OK. Nothing was changed."
        ),
    )


def _refuse_bare(hops: t.Sequence[LocalHop]) -> None:
    """Raise for an address without brackets, which the belt in sendmail.cf takes for a name that DNS made up."""
    for hop in hops:
        bare = next((host for host in hosts_of(hop.hop) if _is_bare(host)), "")
        if bare:
            raise MailtlsError(
                f"the next hop {bare} is an address without brackets, so its mail would be held for ever",
                where=hop.where,
                remedy=f"Write [{bare}]. Nothing was changed.",
            )


def _is_said(key: str, said: t.Collection[str]) -> bool:
    """Whether there is an entry for this key, or for a network its address lies in; the empty key does not count."""
    return key in said or any(_TAG.lower() + network in said for network in _networks(key[len(_TAG) :]))


def _networks(address: str) -> t.Iterator[str]:
    separator = ":" if address.startswith("ipv6:") else "."
    parts = address.split(separator)
    return (separator.join(parts[:count]) for count in range(len(parts) - 1, 0, -1))


def _find_in_mailer(line: str, where: str) -> t.Iterator[LocalHop]:
    name, _comma, rest = line[1:].partition(",")
    fields = {letter: value.strip() for letter, value in _FIELD.findall(rest)}
    path, flags, argv = fields.get("P", ""), fields.get("F", ""), fields.get("A", "").split()
    place = f"{where}: mailer {name}"
    if path not in ("[IPC]", "[TCP]"):
        # A program that is spoken to in LMTP.
        if "z" in flags:
            yield LocalHop(place, path, (LOCAL_KEY,))
    elif argv[:1] == ["FILE"]:
        yield LocalHop(place, " ".join(argv), (LOCAL_KEY,))
    elif argv[1:]:
        yield from find_in_hosts(argv[1], place)


def _is_bare(host: str) -> bool:
    return bool(loopbacks(host)) and parse_address(host) is not None and not host.startswith("[")


def _key(address: Address) -> str:
    if address.version == 4:
        return f"{_TAG}{address}"
    return f"{_TAG}IPv6:" + ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
