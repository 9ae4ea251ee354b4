# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sendmail.cf: how Debian's Makefile puts it together, what must be in it, and what may differ between two builds."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .errors import MailtlsError

# cf.m4 writes who built the file, when and where; two builds of one mc differ in these lines only.
_BUILD_HEADER = re.compile(r"^##### (?:built by .* on .*|in /.*)$", re.MULTILINE)
_FATAL = re.compile(r"^.*(?:\*\*\* ERROR|\bm4:.*(?:cannot open|ERROR|error)).*$", re.MULTILINE)
_TEMPORARY = "-T<TMPF>"
# What LOCAL_TLS_SERVER makes of roles/sendmail/files/belt.m4: its rules, and the call in sendmail's own.
_BELT = "SLocal_tls_server"
_BELT_CALL = re.compile(r'\$>\s*"?Local_tls_server"?')

_NO_BITS = "tls_server NONE"
_MANY_BITS = "tls_server OK"
# A name and an address nobody has a key for (RFC 2606, RFC 5737).
_STRANGER = ".D{server_name}nobody.invalid\n.D{server_addr}192.0.2.1\n"


@dataclass(frozen=True)
class MapLine:
    """A K line: the map's name, its class, its flags, and the rest (usually a path)."""

    name: str
    kind: str
    flags: tuple[str, ...]
    source: str


def assemble(built: str, mc: str, mc_path: str) -> str:
    """The cf as Debian's Makefile makes it: what m4 wrote, then the mc text as comments."""
    trailer = "".join(f"# {line}\n" for line in mc.splitlines())
    return f"{built}### {mc_path} ###\n{trailer}"


def normalise(cf: str) -> str:
    """The cf without the lines that say who built it and when."""
    return _BUILD_HEADER.sub("#####", cf)


def parse_messages(text: str) -> tuple[str, ...]:
    """What m4 said on its standard error, line by line; empty lines dropped."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def refuse_errors(status: int, built: str, messages: t.Sequence[str], where: str) -> None:
    """Raise when m4 failed or the cf macros wrote an error; both leave a file that sendmail might still read."""
    found = [line for line in messages if _FATAL.search(line)] or _FATAL.findall(built)
    if status or found:
        reason = "; ".join(found or messages or ["no message"])
        raise MailtlsError(
            f"m4 refuses it (exit status {status}): {reason}",
            where=where,
            remedy="Nothing was changed. Correct the mc text.",
        )


def parse_maps(cf: str) -> tuple[MapLine, ...]:
    """The K lines of a cf."""
    return tuple(_parse_map(line[1:]) for line in cf.splitlines() if re.match(r"K\w", line))


def _parse_map(line: str) -> MapLine:
    name, _blank, rest = line.partition(" ")
    words = rest.split()
    flags = tuple(word for word in words[1:] if word.startswith("-"))
    source = " ".join(word for word in words[1:] if not word.startswith("-"))
    return MapLine(name, words[0] if words else "", flags, source)


def parse_options(cf: str) -> dict[str, str]:
    """The O lines of a cf, name (lower case) to value; the last one wins, as in sendmail."""
    found = {}
    for line in cf.splitlines():
        match = re.match(r"O\s+([\w.]+)\s*=\s*(.*)$", line)
        if match:
            found[match.group(1).lower()] = match.group(2).strip()
    return found


def judge(cf: str) -> tuple[str, ...]:
    """What makes this cf unfit to keep mail out of clear text, in words; empty when nothing does."""
    return (*_judge_access(parse_maps(cf)), *_judge_belt(cf), *_judge_options(parse_options(cf)))


def _judge_access(maps: t.Sequence[MapLine]) -> t.Iterator[str]:
    access = [line for line in maps if line.name == "access"]
    if len(access) != 1:
        yield f"the access map is defined {len(access)} times instead of once (FEATURE(access_db))"
    for line in access:
        if _TEMPORARY not in line.flags:
            yield f"the access map lacks {_TEMPORARY}: a map that cannot be read would mean no policy"
        if "-o" in line.flags:
            yield "the access map is optional (-o): a missing map would mean no policy"


def _judge_belt(cf: str) -> t.Iterator[str]:
    if not re.search(rf"^{_BELT}\s*$", cf, re.MULTILINE):
        yield "the belt is missing: LOCAL_TLS_SERVER defines no rules"
    elif not _BELT_CALL.search(_without_comments(cf)):
        yield "the belt is never called: it must stand behind the m4 macro LOCAL_TLS_SERVER"


def _judge_options(options: t.Mapping[str, str]) -> t.Iterator[str]:
    fallback = options.get("tlsfallbacktoclear", "")
    # sendmail takes any value that begins with t or y, and an empty one, for true.
    if "tlsfallbacktoclear" in options and fallback[:1].lower() in ("", "t", "y"):
        yield "TLSFallbacktoClear is on: a failed handshake would be repeated in clear text"


def _without_comments(cf: str) -> str:
    return "\n".join(line for line in cf.splitlines() if not line.startswith("#"))


def without_access_map(cf: str, missing: str) -> str:
    """The cf with its access map pointing to a path that does not exist, to ask what holds without the map."""
    return re.sub(r"^(Kaccess\s.*?)/\S+\s*$", rf"\g<1>{missing}", cf, flags=re.MULTILINE)


def render_trial(bits: int) -> str:
    """What to type into ``sendmail -bt`` to ask whether a session of ``bits`` with a stranger may carry mail."""
    question = _MANY_BITS if bits else _NO_BITS
    return f"{_STRANGER}.D{{cipher_bits}}{bits}\n{question}\n"


@dataclass(frozen=True)
class Trial:
    """How ``sendmail -bt`` answered: whether the ruleset refused, and the answer itself."""

    refused: bool
    text: str


def parse_trial(output: str, where: str) -> Trial:
    """Read the last result of ruleset tls_server; raises when there is none (sendmail refused the cf)."""
    found = re.findall(r"^(?:> )?tls_server\s+returns:\s*(.*)$", output, re.MULTILINE | re.IGNORECASE)
    if not found:
        said = " ".join(output.split())[-300:] or "nothing"
        raise MailtlsError(
            f"sendmail -bt gives no answer; it says: {said}",
            where=where,
            remedy="Nothing was changed. Correct the mc text.",
        )
    return Trial("$#error" in found[-1].replace(" ", ""), found[-1].strip())
