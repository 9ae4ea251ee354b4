# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running daemon: whether it runs what is on disk, what its log gives as the reason, what EHLO proves."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .conf import find_beside
from .duration import parse
from .errors import MailtlsError

NONE = "none"
STARTED = "started"
RELOADED = "reloaded"
RESTARTED = "restarted"

PASS = "pass"
FAIL = "fail"
INCONCLUSIVE = "inconclusive"

# What the log says when TLS is off or a socket is missing, and what to do about it.
_ADVICE = (
    ("unsafe: Group readable", "Give the key mode 0600."),
    ("unsafe: World readable", "Give the key mode 0600."),
    ("World writable directory", "Give the folder, and each one above it, to root with mode 0755."),
    ("Group writable directory", "Give the folder, and each one above it, to root with mode 0755."),
    ("unsafe: Group writable", "Give the file mode 0644, the key 0600."),
    ("unsafe: World writable", "Give the file mode 0644, the key 0600."),
    ("unsafe: No such file", "Put the file in place; role tls_identity does."),
    ("check_private_key failed", "Key and certificate do not belong together: install both at once."),
    ("use_PrivateKey_file", "The key cannot be read: it must be PEM and have no passphrase."),
    ("use_certificate_file", "The certificate cannot be read: it must be PEM."),
    ("load verify locs", "The CA file cannot be read: it must hold PEM certificates."),
    ("Address already in use", "Another process holds the port: see ss -ltnp."),
    ("annot assign requested address", "The address is not one of this host's: correct sendmail_listeners."),
)
# What the daemon calls itself while it keeps its sockets closed (refuseconnections in conf.c).
_REJECTS = re.compile(r"rejecting connections on daemon \S+: (?:load average: (\d+)|(\d+ children))")
_SIGNS = ("STARTTLS=server", " unsafe: ", "cannot bind", "cannot listen", "problem creating SMTP socket", "SYSERR")


@dataclass(frozen=True)
class Daemon:
    """A process, when it started (seconds since the epoch), and its command line as far as the pid file tells it."""

    pid: int
    started: float
    command: str = ""

    @property
    def interval(self) -> str:
        """How often it runs the queue (its option -q); empty when it does not."""
        found = re.search(r"\s-q((?:[0-9]{1,6}[wdhms])+)(?!\S)", self.command)
        return found.group(1) if found else ""

    @property
    def beside(self) -> str:
        """The arguments by which it runs something else than its cf says."""
        return find_beside(self.command)

    @property
    def heeds_hup(self) -> bool:
        """Whether it comes up again after SIGHUP: sendmail ends when it was not called by its full path."""
        return not self.command or self.command.startswith("/")


@dataclass(frozen=True)
class Answer:
    """What one address answered to EHLO; ``known`` is false when the question stayed open.

    ``certificate`` is the SHA-256 of the certificate it showed, in hex; empty when none was seen.
    """

    place: str
    known: bool
    offered: bool = False
    detail: str = ""
    certificate: str = ""


def parse_pid(text: str) -> int | None:
    """The process id in sendmail's pid file: its first line, the command line stands on the second."""
    first = text.split("\n", 1)[0].strip()
    return int(first) if first.isdigit() and int(first) > 1 else None


def parse_command(text: str) -> str:
    """The daemon's command line, from its pid file."""
    return text.partition("\n")[2].strip()


def parse_stat(text: str) -> tuple[str, int]:
    """Command name and start time (clock ticks after boot) in /proc/PID/stat; the name may hold blanks (proc(5))."""
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 1 :].split()
    return name, int(fields[19])


def parse_parent(text: str) -> int:
    """The parent's number in /proc/PID/stat."""
    return int(text[text.rindex(")") + 1 :].split()[1])


def plan(running: Daemon | None, newest: float, interval: str = "") -> str:
    """What makes the daemon run what is on disk; ``newest`` is when a file it read at its start last changed.

    After HUP it has the same arguments, so only a restart changes how often it runs the queue (``interval``; empty when
    that is another process's work).
    """
    if running is None:
        return STARTED
    if running.beside or _differs(running, interval):
        return RESTARTED
    if newest < running.started:
        return NONE
    return RELOADED if running.heeds_hup else RESTARTED


def _differs(daemon: Daemon, interval: str) -> bool:
    """Whether it is known not to run the queue so often."""
    return bool(interval and daemon.command) and not (daemon.interval and is_same_time(daemon.interval, interval))


def refuse_absent(paths: t.Sequence[str], times: t.Mapping[str, float]) -> None:
    """Raise for a file that is not there: the daemon that runs may not need it, the next start will."""
    absent = [path for path in paths if path not in times]
    if absent:
        raise MailtlsError(
            "there is no such file, so the next start of sendmail would come up without TLS",
            where=", ".join(absent),
            remedy="Put it in place; role tls_identity installs certificates. The daemon was left alone.",
        )


def refuse_future(times: t.Mapping[str, float], now: float, tolerance: float = 5.0) -> None:
    """Raise for a file from the future: the daemon would look outdated until the clock reaches it."""
    for path, changed in times.items():
        if changed > now + tolerance:
            raise MailtlsError(
                f"it was changed {changed - now:.0f} s in the future, so the clock was wrong",
                where=path,
                remedy="Set the clock right, then touch the file.",
            )


def judge(answers: t.Sequence[Answer], offered: bool, certificate: str = "") -> str:
    """PASS when every answer is as wished, FAIL when one is known to differ, else INCONCLUSIVE.

    ``certificate`` is the SHA-256 of the one to be shown where STARTTLS is offered; empty when any will do.
    """
    if any(answer.known and answer.offered != offered for answer in answers) or find_others(answers, certificate):
        return FAIL
    return PASS if answers and all(answer.known for answer in answers) else INCONCLUSIVE


def find_others(answers: t.Sequence[Answer], certificate: str) -> list[Answer]:
    """The answers that offer STARTTLS with another certificate, or with none that could be seen."""
    return [answer for answer in answers if certificate and answer.offered and answer.certificate != certificate]


def explain_certificate(answers: t.Sequence[Answer], certificate: str, path: str) -> MailtlsError:
    """The error for addresses that show another certificate than the file at ``path`` although the daemon read it."""
    others = find_others(answers, certificate)
    shown = ", ".join(dict.fromkeys(answer.certificate[:16] for answer in others if answer.certificate))
    details = "; ".join(dict.fromkeys(answer.detail for answer in others if answer.detail))
    what = f"the certificate that is shown (SHA-256 {shown}...) is not the one in {path} ({certificate[:16]}...)"
    return MailtlsError(
        what
        if shown
        else f"STARTTLS is offered, but the certificate in {path} is not shown ({details or 'no reason'})",
        where=", ".join(answer.place for answer in others),
        remedy="The daemon was made to read it anew. See which process answers there (ss -ltnp), and whether"
        " /etc/mail/sendmail.conf gives the daemon another cf (-C) or other options (-O).",
    )


def is_same_time(one: str, other: str) -> bool:
    """Whether two words of sendmail's mean the same time, such as 10m and 600s."""
    return one == other or parse(one, "-q").seconds == parse(other, "-q").seconds


def refuse_old_arguments(daemon: Daemon, interval: str, where: str) -> None:
    """Raise when a daemon has the wrong arguments although it was restarted."""
    if daemon.beside:
        raise MailtlsError(
            f"the daemon was restarted with {daemon.beside} again, so it runs something else than the role wrote",
            where=where,
            remedy="Look what sets that: DAEMON_PARMS or MISC_PARMS in /etc/mail/sendmail.conf, or the unit (systemctl"
            " cat sendmail).",
        )
    if _differs(daemon, interval):
        raise MailtlsError(
            f"the daemon was restarted, and the interval of its queue is {daemon.interval or 'none'}, not {interval}",
            where=where,
            remedy="Look what sets -q: QUEUE_MODE, QUEUE_INTERVAL, DAEMON_PARMS, QUEUE_PARMS or MISC_PARMS.",
        )


def parse_reasons(log: str) -> tuple[str, ...]:
    """The log's lines that tell why TLS is off or a socket is missing, each once, in their order."""
    lines = (line.strip() for line in log.splitlines() if any(sign in line for sign in _SIGNS))
    # Sessions log STARTTLS=server too, with what was negotiated; those are no reasons.
    return tuple(dict.fromkeys(line for line in lines if ", version=" not in line))


def render_advice(reasons: t.Sequence[str]) -> str:
    """What to do about these lines of the log; empty when they are not known."""
    found = [advice for sign, advice in _ADVICE if any(sign in line for line in reasons)]
    return " ".join(dict.fromkeys(found))


def explain(answers: t.Sequence[Answer], offered: bool, reasons: t.Sequence[str], log_name: str) -> MailtlsError:
    """The error for answers that are not as wished."""
    places = ", ".join(answer.place for answer in answers if not answer.known or answer.offered != offered)
    said = _log_part(reasons, log_name)
    if judge(answers, offered) == INCONCLUSIVE:
        details = "; ".join(dict.fromkeys(answer.detail for answer in answers if answer.detail)) or "no answer"
        what = f"whether STARTTLS is offered could not be found out ({details})"
        return MailtlsError(what, where=places, remedy=said or f"{log_name} may say why. Run again.")
    if offered:
        what = "STARTTLS is not offered although sendmail_starttls_offered is true"
        quiet = f"{log_name} gives no reason; look for Srv_Features in the access map."
        return MailtlsError(what, where=places, remedy=said or quiet)
    what = "STARTTLS is offered although sendmail_starttls_offered is false"
    remedy = 'The access map must hold "Srv_Features:" with S, and no Srv_Features for 127.0.0.1, ::1 or localhost.'
    return MailtlsError(what, where=places, remedy=remedy)


def refuse_busy(title: str, options: t.Mapping[str, str], where: str) -> None:
    """Raise when the daemon, by its title, rejects connections now; ``options`` are those of its cf, in lower case."""
    found = _REJECTS.search(title)
    if not found:
        return
    load, children = found.groups()
    name, reason = ("RefuseLA", f"the load average is {load}") if load else ("MaxDaemonChildren", f"it has {children}")
    raise MailtlsError(
        f"sendmail rejects all connections now: {reason} and its limit ({name}) {options.get(name.lower(), 'less')}",
        where=where,
        remedy="Senders try again by themselves. See what keeps the host busy (top), and run again when it is less.",
    )


def explain_missing(missing: t.Sequence[str], reasons: t.Sequence[str], log_name: str) -> MailtlsError:
    """The error for sockets that were asked for and do not listen."""
    return MailtlsError(
        f"sendmail does not listen on {' and '.join(missing)}",
        where="sendmail_listeners",
        remedy=_log_part(reasons, log_name) or f"{log_name} may say why; ss -ltnp shows who holds the port.",
    )


def explain_silence(what: str, where: str, reasons: t.Sequence[str], log_name: str) -> MailtlsError:
    """The error for a daemon that did not come up."""
    return MailtlsError(what, where=where, remedy=_log_part(reasons, log_name) or f"{log_name} may say why.")


def _log_part(reasons: t.Sequence[str], log_name: str) -> str:
    if not reasons:
        return ""
    advice = render_advice(reasons)
    return f"{log_name} says: {' | '.join(reasons[-6:])}.{' ' + advice if advice else ''}"
