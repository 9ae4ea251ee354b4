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
_NOBODY, _NOWHERE = "nobody.invalid", "192.0.2.1"
# Names that rules like to make exceptions for.
_USUAL = ("", "local", "localhost", "localhost.localdomain", "[127.0.0.1]")
# Host names, networks and addresses in the rules, classes and macros of a cf; reply codes look the same and do no harm.
_SPOKEN = re.compile(r"\[[0-9A-Za-z:.]+\]|[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)+")
_ADDRESS = re.compile(r"\[?([0-9]+(?:\.[0-9]+){3})\]?")


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


def find_access_map(cf: str) -> str:
    """The text of the access map that a cf names; empty when it names none."""
    return next((line.source.removesuffix(".db") for line in parse_maps(cf) if line.name == "access"), "")


def refuse_unnamed(cf: str, path: str, where: str) -> None:
    """Raise when the cf names another access map: one at ``path`` would be written and never asked."""
    named = find_access_map(cf)
    if named not in ("", path):
        raise MailtlsError(
            f"names the access map {named}, so {path} would never be asked",
            where=where,
            remedy="Run the whole role; it changes the configuration, too. Nothing was changed.",
        )


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


def with_access_map(cf: str, path: str) -> str:
    """The cf with another access map: one that does not exist, or one whose rows are known."""
    return re.sub(r"^(Kaccess\s.*?)/\S+[ \t]*$", rf"\g<1>{path}", cf, flags=re.MULTILINE)


def access_kind(cf: str) -> str:
    """The type of the cf's access map, such as hash; empty when it has none."""
    return next((line.kind for line in parse_maps(cf) if line.name == "access"), "")


@dataclass(frozen=True)
class Session:
    """A session to ask sendmail about: the next hop's name and address, and the bits of its cipher."""

    name: str = _NOBODY
    address: str = _NOWHERE
    bits: int = 0


def parse_sessions(cf: str) -> tuple[Session, ...]:
    """Sessions in clear text with a stranger and with whatever the cf itself speaks of; mail may go over none."""
    # R is followed by the rule, C and D by a name of one letter or in braces.
    lines = (match.group(1) for match in re.finditer(r"^(?:R|[CD](?:\w|\{\w+\}))(.*)$", cf, re.MULTILINE))
    spoken = dict.fromkeys(word for line in lines for word in _SPOKEN.findall(line))
    addresses = [match.group(1) for match in map(_ADDRESS.fullmatch, spoken) if match]
    # A rule may mean the hosts below a name.
    names = [name for word in spoken for name in (word, f"a.{word}") if not _ADDRESS.fullmatch(word)]
    named = [Session(name) for name in (*_USUAL, *names)]
    return (Session(), *named, *(Session(address=address) for address in addresses))


def render_trial(sessions: t.Sequence[Session]) -> str:
    """What to type into ``sendmail -bt`` to ask whether these sessions may carry mail."""
    return "".join(
        f".D{{server_name}}{one.name}\n.D{{server_addr}}{one.address}\n.D{{cipher_bits}}{one.bits}\n"
        f"{_MANY_BITS if one.bits else _NO_BITS}\n"
        for one in sessions
    )


@dataclass(frozen=True)
class Trial:
    """How ``sendmail -bt`` answered for a session: whether the ruleset refused, and the answer itself."""

    session: Session
    refused: bool
    text: str


def parse_trials(output: str, sessions: t.Sequence[Session], where: str) -> tuple[Trial, ...]:
    """Read the results of ruleset tls_server, one a session; raises when one is missing (sendmail refused the cf)."""
    found = re.findall(r"^(?:> )?tls_server\s+returns:\s*(.*)$", output, re.MULTILINE | re.IGNORECASE)
    if len(found) != len(sessions):
        said = " ".join(output.split())[-300:] or "nothing"
        raise MailtlsError(
            f"sendmail -bt gives no answer; it says: {said}",
            where=where,
            remedy="Nothing was changed. Correct the mc text.",
        )
    return tuple(Trial(one, "$#error" in text.replace(" ", ""), text.strip()) for one, text in zip(sessions, found))


def judge_held(trials: t.Sequence[Trial], condition: str) -> tuple[str, ...]:
    """What is wrong with these answers where no mail may go at all, not even under TLS."""
    passed = [one.session for one in trials if not one.refused]
    in_clear = _faults_in_clear(passed, condition)
    strong = next((f" {one.bits} bits {condition}" for one in passed if one.bits), "")
    return (*in_clear, *([f"sendmail -bt lets mail go under{strong}"] if strong else []))


def judge_trials(trials: t.Sequence[Trial], condition: str) -> tuple[str, ...]:
    """What is wrong with these answers, in words: mail that may go in clear text, or may not go under TLS."""
    in_clear = _faults_in_clear([one.session for one in trials if not one.refused], condition)
    strong = [one.session for one in trials if one.session.bits and one.refused]
    return (*in_clear, *(f"sendmail -bt refuses a session of {one.bits} bits {condition}" for one in strong[:1]))


def _faults_in_clear(passed: t.Sequence[Session], condition: str) -> t.Iterator[str]:
    clear = [one for one in passed if not one.bits]
    if clear:
        places = ", ".join(dict.fromkeys(_render_place(one) for one in clear[:5]))
        yield f"sendmail -bt lets mail for {places} go in clear text {condition}"


def _render_place(session: Session) -> str:
    if session.address != _NOWHERE:
        return f"[{session.address}]"
    return "a stranger" if session.name == _NOBODY else repr(session.name)
