# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All about all targets: what module starttls_info brought from the host becomes the records that users read."""

from __future__ import annotations

import datetime
import typing as t

from . import forecast, peer, sighting
from .aim import Target
from .rulesets import Rules
from .sighting import Sighting, printable

Facts = t.Mapping[str, t.Any]
# What of a sighting stands elsewhere in a record.
_MOVED = ("chain", "verify_code", "verify_message")
_NOT_KEPT = {
    "subject": [],
    "issuer": [],
    "dns_names": [],
    "ip_names": [],
    "other_names": [],
    "key_type": "",
    "key_size": 0,
    "curve": "",
    "signature": "",
    "serial": "",
    "sha1": "",
    "not_before": None,
    "not_after": None,
    "problem": f"it was not kept: what a peer shows is kept up to {sighting.MAX_CHAIN} octets",
}


class Dossier:
    """Target after target; certificates, by their SHA-256, are shown once, for many peers may show the same."""

    def __init__(
        self,
        targets: t.Sequence[Target],
        certificates: t.Mapping[str, Facts],
        now: datetime.datetime,
        demands: peer.Demands,
        rules: Rules | None = None,
    ) -> None:
        self.targets, self.certificates, self.now, self.demands, self.rules = targets, certificates, now, demands, rules
        self._shown: dict[str, dict[str, t.Any]] = {}

    def compile(self, places: t.Iterable[Facts], sightings: t.Sequence[Facts]) -> dict[str, t.Any]:
        """The whole answer: ``peers``, ``targets`` and ``summary``.

        A place has ``sighting``, the number of what was seen there, or None where nothing was because of ``problem``.
        """
        records: list[list[dict[str, t.Any]]] = [[] for _target in self.targets]
        for place in places:
            records[place["target"]].append(self._record(place, sightings))
        summaries = [
            peer.sum_up(printable(target.label), found) for target, found in zip(self.targets, records) if found
        ]
        everyone = [record for found in records for record in found]
        return {"peers": everyone, "targets": summaries, "summary": peer.count(summaries, everyone)}

    def _record(self, place: Facts, sightings: t.Sequence[Facts]) -> dict[str, t.Any]:
        target = self.targets[place["target"]]
        seen = unseen(target, place["problem"]) if place["sighting"] is None else sightings[place["sighting"]]
        leaf = self._facts(seen["chain"][0]) if seen["chain"] else {}
        name = peer.judge_name(place["host"], leaf)
        outcome, detail = peer.settle(seen, name, place["host"])
        record: dict[str, t.Any] = {
            "target": printable(target.label),
            "host": place["host"],
            "mx_preference": place["mx_preference"],
            **{key: value for key, value in seen.items() if key not in _MOVED},
            "outcome": outcome,
            "detail": detail,
            "certificates": [self._show(digest) for digest in seen["chain"]],
            "chain": {**peer.judge_chain(seen), "source": seen["chain_source"]},
            "name": name,
            "judgement": self._foresee(seen, leaf, target, place["host"]),
        }
        del record["chain_source"]
        record["summary"], record["text"] = peer.summarise(record, target, self.demands)
        return record

    def _facts(self, digest: str) -> Facts:
        return self.certificates.get(digest) or {**_NOT_KEPT, "sha256": digest}

    def _show(self, digest: str) -> dict[str, t.Any]:
        if digest not in self._shown:
            self._shown[digest] = peer.show_certificate(self._facts(digest), self.now)
        return self._shown[digest]

    def _foresee(self, seen: Facts, leaf: Facts, target: Target, host: str) -> dict[str, t.Any]:
        if self.rules is None:
            return {}
        said = forecast.foresee(self.rules, seen, leaf, host=host, next_hop=target.next_hop, recipient=target.recipient)
        return {**said, "text": printable(said["text"])}


def unseen(target: Target, problem: str) -> dict[str, t.Any]:
    """A sighting of a host that has no address."""
    return Sighting(
        "", target.port, target.tls_on_connect, outcome=sighting.RESOLVE, detail=printable(problem)
    ).to_dict()
