# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mail server was before this collection came: may it be replaced, and what of it must live on?"""

from __future__ import annotations

import difflib
import itertools
import re
import typing as t
from dataclasses import dataclass

from . import mc
from .errors import MailtlsError
from .mc_danger import SMART_HOST, Route, explain_opening, find_route
from .nexthop import refuse_numbers, same_hop
from .statement import SECTION, Statement, parse_statements

_SHOWN = 30

# The mc of Debian's package, apart from what our own template says too: 8.15, 8.17 and 8.18 differ in VERSIONID only.
_STOCK = """
DAEMON_OPTIONS(`Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1')
DAEMON_OPTIONS(`Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1')
define(`confPRIVACY_FLAGS',
 `needmailhelo,needexpnhelo,needvrfyhelo,restrictqrun,restrictexpand,nobodyreturn,authwarnings')
define(`confCONNECTION_RATE_THROTTLE', `15')
define(`confCONNECTION_RATE_WINDOW_SIZE', `10m')
define(`confBAD_RCPT_THROTTLE', `3')
undefine(`confHOST_STATUS_DIRECTORY')
include(`/usr/share/sendmail/cf/m4/cf.m4')
include(`/etc/mail/m4/dialup.m4')
include(`/etc/mail/m4/provider.m4')
define(`_USE_ETC_MAIL_')
OSTYPE(`debian')
DOMAIN(`debian-mta')
FEATURE(`no_default_msa')
FEATURE(`use_cw_file')
FEATURE(`access_db', , `skip')
FEATURE(`greet_pause', `1000')
FEATURE(`delay_checks', `friend', `n')
FEATURE(`conncontrol', `nodelay', `terminate')
FEATURE(`ratecontrol', `nodelay', `terminate')
MAILER(`local')
MAILER(`smtp')
"""
STOCK = frozenset(parse_statements(_STOCK, "stock", framed=True))

# What the role says by itself or by a variable: the statement, and where it stands now.
_OWNED = (
    (r"(?:include\(.*/cf\.m4|VERSIONID\(|OSTYPE\(|DOMAIN\(|define\(_USE_ETC_MAIL_).*", "the role itself"),
    (r"FEATURE\((?:access_db|no_default_msa).*|MAILER\((?:local|smtp)\)", "the role itself"),
    (r"DAEMON_OPTIONS\(.*", "sendmail_listeners"),
    (r"include\(.*/starttls\.m4\)", "sendmail_certificate_file, sendmail_key_file and sendmail_ca_file"),
    (r"define\(conf(?:SERVER|CLIENT)_CERT,.*", "sendmail_certificate_file"),
    (r"define\(conf(?:SERVER|CLIENT)_KEY,.*", "sendmail_key_file"),
    (r"define\(confCACERT,.*", "sendmail_ca_file"),
    (r"define\(confCACERT_PATH,.*", "sendmail_ca_directory"),
    (r"define\(confLOG_LEVEL,.*", "sendmail_log_level"),
    (r"define\(confTO_QUEUERETURN,.*", "sendmail_queue_return"),
    (r"define\(confTO_QUEUEWARN,.*", "sendmail_queue_warning"),
    (r"define\(confTO_CONNECT,.*", "sendmail_connect_timeout"),
    (r"define\(confTO_STARTTLS,.*", "sendmail_starttls_timeout"),
    (r"define\(confTO_QUIT,.*", "sendmail_quit_timeout"),
    (r"define\(conf(?:CONNECTION_RATE_\w+|MAX_DAEMON_CHILDREN|QUEUE_LA|REFUSE_LA|DELIVERY_MODE),.*", "the role itself"),
)


@dataclass(frozen=True)
class Present:
    """What stands on the host: the mc (None: none), the cf, the cf that the mc makes, and foreign rows of the map.

    ``built`` is None where it cannot be known, because m4 or the macros are not installed.
    """

    mc: str | None
    cf: str | None
    built: str | None
    rows: t.Sequence[str] = ()


@dataclass(frozen=True)
class Judgement:
    """Statements by what becomes of them, with the reason or the variable; ``lines`` of the cf that no mc explains."""

    refused: tuple[tuple[Statement, str], ...]
    owned: tuple[tuple[Statement, str], ...]
    homeless: tuple[Statement, ...]
    lines: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else's work would be replaced; the package's own is nobody's."""
        return bool(self.refused or self.owned or self.homeless or self.lines or self.rows)

    @property
    def stops_takeover(self) -> bool:
        """Whether something is in the way that only the user can decide."""
        return bool(self.refused or self.homeless)


def split_extra(text: str) -> tuple[str, str]:
    """Further mc lines in two: those before the role's mailers, and those that sendmail wants behind them."""
    lines = text.splitlines(keepends=True)
    behind = (number for number, line in enumerate(lines) if re.match(rf"MAILER\(|(?:{SECTION.pattern})\b(?!\()", line))
    border = next(behind, len(lines))
    return "".join(lines[:border]), "".join(lines[border:])


def judge(present: Present, content: str, where: str) -> Judgement:
    """What becomes of each statement there when ``content``, the role's own mc, takes its place.

    Raises MailtlsError for a cf that no mc explains at all, and for an mc that m4 would not understand.
    """
    if present.mc is None and present.cf is not None:
        raise MailtlsError(
            f"sendmail.cf is there, but no {where} that explains it, and no role can read a cf",
            where=where,
            remedy="Bring its sendmail.mc, from which make -C /etc/mail makes it; or, when nothing in it is wanted,"
            " move sendmail.cf away. Nothing was changed.",
        )
    wished = parse_statements(content, "the role's mc")
    known = {*wished, *_left_behind(content)}
    stock_lines = () if present.built is None or present.cf is None else _unexplained(present.cf, present.built)
    theirs = _unfold(parse_statements(present.mc or "", where))
    if _is_stock(theirs):
        theirs = ()
    found = [(one, *_class(one, wished)) for one in theirs if one not in known]
    return Judgement(
        refused=tuple((one, reason) for one, kind, reason in found if kind == "refused"),
        owned=tuple((one, reason) for one, kind, reason in found if kind == "owned"),
        homeless=tuple(one for one, kind, _reason in found if kind == "homeless" and one not in STOCK),
        lines=stock_lines,
        rows=tuple(present.rows),
    )


def _class(one: Statement, wished: t.Sequence[Statement]) -> tuple[str, str]:
    route = find_route(one)
    if route:
        return _class_route(route, wished)
    reason = explain_opening(one)
    if reason:
        return "refused", reason
    owner = next((owner for pattern, owner in _OWNED if re.fullmatch(pattern, str(one), re.DOTALL)), "")
    return ("owned", owner) if owner else ("homeless", "")


def _class_route(route: Route, wished: t.Sequence[Statement]) -> tuple[str, str]:
    ours = [other.hop for other in map(find_route, wished) if other and other.macro == route.macro]
    if same_hop((ours or [""])[-1], route.hop):
        return "owned", "sendmail_smart_host" if route.macro == SMART_HOST else "sendmail_mc_extra"
    if route.macro == SMART_HOST:
        return "refused", f"mail would be routed elsewhere: set sendmail_smart_host: {route.hop!r}"
    try:
        refuse_numbers(route.hop, route.macro)
    except MailtlsError as error:
        return "refused", f"{error.what}: in sendmail_mc_extra, {error.remedy[0].lower()}{error.remedy[1:].rstrip('.')}"
    return "homeless", ""


def _left_behind(content: str) -> t.Iterator[Statement]:
    """Statements that the user has commented out with dnl in his further lines: he knows that they go."""
    for commented, lines in itertools.groupby(content.splitlines(), lambda line: bool(re.match(r"dnl\s+(?!#)", line))):
        text = "\n".join(re.sub(r"^dnl\s+", "", line) for line in lines) if commented else ""
        try:
            yield from parse_statements(text, "", framed=True)
        except MailtlsError:  # prose
            continue


def _unfold(statements: t.Iterable[Statement]) -> tuple[Statement, ...]:
    """A null client says many things at once, in words that a relay with an access map can say too."""
    unfolded: list[Statement] = []
    for one in statements:
        if one.subject == ("FEATURE", "nullclient"):
            hub = one.args[-1]
            text = (
                f"define(`SMART_HOST', `{hub}')\ndefine(`MAIL_HUB', `{hub}')\nMASQUERADE_AS(`{hub}')\n"
                "FEATURE(`allmasquerade')\nFEATURE(`masquerade_envelope')\n"
            )
            unfolded += parse_statements(text, "nullclient", framed=True)
        else:
            unfolded.append(one)
    return tuple(unfolded)


def _unexplained(present: str, built: str) -> tuple[str, ...]:
    """Lines in which a cf is not what its mc makes; comments and the line with the package's version aside."""
    old, new = (
        [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "DZ"))]
        for text in (present, built)
    )
    return tuple(line for line in difflib.unified_diff(old, new, n=0, lineterm="") if not re.match(r"[+-]{3} |@", line))


def render_extra(statements: t.Sequence[Statement]) -> str:
    """A YAML block, ready to be pasted, with what must live on."""
    lines, section = [], ""
    for one in sorted(statements, key=lambda one: not one.name and bool(one.section)):
        if not one.name and one.section != section:
            section = one.section
            lines.append(section)
        lines += (one.source or str(one)).splitlines()
        lines[-1] += "dnl" if one.name else ""
    return "sendmail_mc_extra: |\n" + "".join(f"  {line}\n" for line in lines)


def render_stop(judgement: Judgement, *, takeover: bool) -> str:
    """Why the play stops before anything is touched, and the ways on; empty when it need not stop."""
    if not judgement.is_foreign or (takeover and not judgement.stops_takeover):
        return ""
    ways = (
        "Correct these, or leave them behind (dnl in sendmail_mc_extra), then run again with sendmail_takeover: true."
        if judgement.stops_takeover
        else "Either set sendmail_takeover: true for this host: all files are kept in /etc/mail/before-mailtls, and"
        " revert puts them back. Or take the host out of the play and leave it as it is."
    )
    return (
        "This host has a mail server that this collection did not set up. Nothing was changed.\n"
        f"{render_diff(judgement)}{ways} See docs/taking_over.md."
    )


def render_diff(judgement: Judgement) -> str:
    """What is there, and what would be in its place, a line each."""
    parts = [
        ("Refused, with sendmail_takeover too:", [f"{_at(one)}: {why}" for one, why in judgement.refused]),
        ("Said by the role instead:", [f"{_at(one)} -> {why}" for one, why in judgement.owned]),
        ("sendmail.cf is not what its sendmail.mc makes (-: would go, +: would come):", _first(judgement.lines)),
        ("Rows of the access map that would be imported:", _first(judgement.rows)),
    ]
    text = "".join(f"{title}\n" + "".join(f"  {line}\n" for line in lines) for title, lines in parts if lines)
    if judgement.homeless:
        text += "To live on, these must stand in the variables (behind dnl, if one shall go):\n"
        text += render_extra(judgement.homeless)
    return text


def _at(one: Statement) -> str:
    return f"line {one.line}: {one}"


def _first(lines: t.Sequence[str]) -> list[str]:
    more = [f"... and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [*lines[:_SHOWN], *more]


def _is_stock(statements: t.Iterable[Statement]) -> bool:
    return all(one in STOCK or one.name == "VERSIONID" for one in statements)


def is_nobodys(text: str | None, where: str) -> bool:
    """Whether an mc text is the package's own, or not there."""
    return text is None or _is_stock(parse_statements(text, where))


def is_foreign(text: str | None) -> bool:
    """Whether an mc text is there that this collection did not write."""
    return text is not None and not mc.is_managed(text)
