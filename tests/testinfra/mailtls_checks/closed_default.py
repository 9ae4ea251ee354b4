# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The closed default: mail for a peer of which nobody said anything waits unless there is TLS, even without a map."""

from __future__ import annotations

from ._core import cf as sendmail_cf
from ._core.access_grammar import TAGS
from ._core.cf import Session, Trial
from ._core.errors import MailtlsError
from .access_map import dump_map
from .sight import CF, Host, fail_with, read, read_cf

# What sendmail answers about a stranger in clear text: as it is, without the map, and with a map that says nothing.
# Only copies in a folder of its own are touched; not below /tmp, where sendmail trusts no map. Without a map sendmail
# answers and ends with a status of its own.
_ASK = """
folder=$(mktemp -d /run/mailtls_checks.XXXXXX) || exit
trap 'rm -rf "$folder"' EXIT
PATH=$PATH:/usr/sbin
makemap %s "$folder/empty" < /dev/null || exit
for map in %s "$folder/missing" "$folder/empty"; do
  sed -E "s,^(Kaccess .* )/[^ ]+ *$,\\1$map," %s > "$folder/cf" || exit
  printf %%s %s | sendmail -C "$folder/cf" -bt 2>&1
  echo "== asked"
done
"""
_END = "== asked\n"
_REFUSED = "refused: "
_WITH = ("with the access map in force", "without any access map", "with an access map that says nothing")


def check_closed_default(host: Host, cf: str = CF) -> dict[str, str]:
    """Sendmail refuses to send to an unknown peer in clear text, and would without the map, too.

    The empty key of the map must demand TLS, the cf must demand the map, and sendmail itself is asked (``-bt``) with
    the map in force, without it, and with one that says nothing. Returns its answers.
    """
    text = read_cf(host, cf)
    faults = [f"{cf}: {fault}" for fault in sendmail_cf.judge(text)]
    path = sendmail_cf.find_access_map(text)
    answers: dict[str, str] = {}
    if path:
        default = dump_map(host, text, cf).get("tls_srv:", "nothing")
        demands = TAGS["tls_srv"].values.fits(default)
        faults += [] if demands else [f"{path}: the empty key TLS_Srv: says {default}, which demands no TLS of anybody"]
        answers = ask_about_a_stranger(host, text, cf)
    faults += [
        f"sendmail lets mail for a stranger go in clear text {condition}"
        for condition, answer in answers.items()
        if not answer.startswith(_REFUSED)
    ]
    fail_with(
        faults,
        "One of the layers that hold mail is missing. Run mailtls.relay.site; until then systemctl stop sendmail keeps "
        "mail on the host.",
    )
    return answers


def ask_about_a_stranger(host: Host, text: str, cf: str) -> dict[str, str]:
    """Condition to sendmail's answer."""
    stranger = [Session()]
    questions = sendmail_cf.render_trial(stranger)
    said = read(host, _ASK, sendmail_cf.access_kind(text), sendmail_cf.find_access_map(text), cf, questions).split(_END)
    try:
        trials = [sendmail_cf.parse_trials(output, stranger, cf)[0] for output in said[: len(_WITH)]]
    except MailtlsError as error:
        raise AssertionError(f"this check could not ask: {cf}: {error.what}") from None
    return dict(zip(_WITH, [_render(trial) for trial in trials]))


def _render(trial: Trial) -> str:
    """sendmail's words as they would stand in the queue."""
    words = " ".join(trial.text.rpartition("$:")[2].replace('"', "").split())
    return f"{_REFUSED}{words}" if trial.refused else words
