# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe among the peers of ``species.py``: all of them in one call, so that a bad one could hide the others."""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
import signal
import typing as t

import credentials
import pytest
import species as sp
from ansible_collections.mailtls.relay.plugins.module_utils._core import sighting
from ansible_collections.mailtls.relay.plugins.module_utils._core.sighting import Aim, Limits, Sighting, Wishes
from ansible_collections.mailtls.relay.plugins.module_utils._host.probe import probe_all
from server import Zoo
from species import ZOO, Species

# Far more than an honest peer needs on a busy machine, and less than the slow ones take.
LIMITS = Limits(connect=5.0, reply=5.0, target=14.0, attempts=2)
# What the probe says without wishes; with the refusal proof also MAIL, and RCPT or QUIT after it.
HARMLESS = {"EHLO", "HELO", "STARTTLS", "QUIT"}
# No call takes longer than this, all in all: the time of one target, and what a busy machine adds.
ENOUGH = 45


class Outing(t.NamedTuple):
    """One call of the engine in the zoo, and what the peers heard of it."""

    zoo: Zoo
    sightings: dict[str, Sighting]
    certificates: dict[str, bytes]

    def said(self, name: str) -> list[list[list[str]]]:
        """The lines of each visit, as pairs of phase and line."""
        return self.zoo.heard(name)


@contextlib.contextmanager
def ended_within(seconds: int) -> t.Iterator[None]:
    """Fail rather than hang."""

    def give_up(*_signal: object) -> None:
        raise AssertionError(f"the call has not ended within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def visit(folder: pathlib.Path, peers: t.Sequence[Species], limits: Limits = LIMITS, **wishes: t.Any) -> Outing:
    with Zoo(folder, [peer.name for peer in peers]) as zoo:
        aims = {peer.name: Aim(*zoo.homes[peer.name], tls_on_connect=peer.met_with_tls) for peer in peers}
        wish = Wishes(ehlo_name="relay.zoo.test", ca_file=str(folder / "ca.pem"), **wishes)
        with ended_within(ENOUGH):
            seen, certificates = probe_all(list(aims.values()), wish, limits)
    assert set(seen) == set(aims.values())
    return Outing(zoo, {name: seen[aim] for name, aim in aims.items()}, certificates)


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("zoo")
    credentials.make(folder)
    return folder


@pytest.fixture(scope="module", name="outing")
def _outing(folder: pathlib.Path) -> Outing:
    return visit(folder, ZOO)


def verbs(heard: list[list[str]]) -> list[str]:
    return [line.partition(" ")[0].upper() for _phase, line in heard]


def texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def test_there_is_a_peer_for_every_outcome_of_the_engine() -> None:
    named = {outcome for species in ZOO for outcome in species.outcomes}
    # Names are resolved, and compared, elsewhere.
    assert named == sighting.OUTCOMES - {sighting.RESOLVE, sighting.NAME_MISMATCH}
    assert len(sp.BY_NAME) == len(ZOO), "two species of one name"


@pytest.mark.parametrize("species", ZOO, ids=lambda species: species.name)
def test_outcome(outing: Outing, species: Species) -> None:
    seen = outing.sightings[species.name]
    assert seen.outcome in species.outcomes, seen.detail
    assert bool(seen.detail) or seen.outcome == sighting.OK
    assert seen.timings["total"] >= 0 and 1 <= seen.attempts <= LIMITS.attempts


@pytest.mark.parametrize("species", ZOO, ids=lambda species: species.name)
def test_what_is_kept_is_printable_and_bounded(outing: Outing, species: Species) -> None:
    seen = outing.sightings[species.name].to_dict()
    for text in texts(seen):
        # Replies keep their lines apart; each of them is one line for a terminal.
        assert all(line.isprintable() for line in text.split("\n")), repr(text)
        # An octet may be written out with four characters.
        assert len(text) <= 4 * sighting.MAX_REPLY and text.count("\n") <= sighting.MAX_LINES
    assert "\n" not in seen["detail"] and len(seen["detail"]) <= 1000
    assert len(seen["capabilities"]) <= sighting.MAX_LINES and len(seen["capabilities_tls"]) <= sighting.MAX_LINES
    assert sum(len(outing.certificates[name]) for name in set(seen["chain"])) <= sighting.MAX_CHAIN


@pytest.mark.parametrize("species", ZOO, ids=lambda species: species.name)
def test_etiquette(outing: Outing, species: Species) -> None:
    said = outing.said(species.name)
    assert len(said) <= 2 * LIMITS.attempts
    if not species.absent:
        assert said, "nobody came"
    for heard in said:
        # What is written into a peer's silence is a handshake: it has no lines.
        lines = [line for line in heard if line[1][:1].isalpha() and line[1].isprintable()]
        assert set(verbs(lines)) <= HARMLESS
    if species.quits:
        assert verbs(said[-1])[-1:] == ["QUIT"], said[-1]
        if sighting.OK in species.outcomes:
            assert said[-1][-1][0] == "tls"


@pytest.mark.parametrize("name", [species.name for species in ZOO if "early_plaintext" in species.outcomes])
def test_nothing_said_too_early_is_taken_for_an_answer(outing: Outing, name: str) -> None:
    seen = outing.sightings[name]
    # What stands there was said in TLS, where the peer came to that; never the clear text before it.
    in_tls = any(phase == "tls" for heard in outing.said(name) for phase, _line in heard)
    assert list(seen.capabilities_tls) == (["SIZE 10240000", "HELP"] if in_tls else [])
    assert not [text for text in texts([*seen.replies.values(), seen.capabilities_tls]) if "injected" in text.lower()]


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("good", 1),
        ("certificate-intermediate", 2),
        ("certificate-wrong-order", 4),
        ("certificate-missing-intermediate", 1),
        ("certificate-foreign-with-root", 2),
        ("certificate-twice", 5),
        ("certificate-90-kb", 1),
        ("certificate-10000-sans", 1),
        ("smtps", 1),
    ],
)
def test_the_chain_is_told_as_presented(outing: Outing, folder: pathlib.Path, name: str, length: int) -> None:
    seen = outing.sightings[name]
    if seen.chain_source == "leaf only":
        assert seen.not_observed["chain"] and len(seen.chain) == 1
        return
    assert len(seen.chain) == length
    shown = (folder / f"{sp.BY_NAME[name].handshake.credential}.pem").read_text()
    assert [credentials.fingerprint(pem) for pem in credentials.split(shown)] == list(seen.chain)
    assert all(outing.certificates[one] for one in seen.chain)


UNVERIFIED = [species for species in ZOO if set(species.outcomes) <= {"untrusted", "expired"}]


@pytest.mark.parametrize("species", UNVERIFIED, ids=lambda species: species.name)
def test_what_does_not_verify_is_told_with_openssl_s_own_word(outing: Outing, species: Species) -> None:
    seen = outing.sightings[species.name]
    assert seen.verify_code > 0 and seen.verify_message
    # The certificates are seen at a second look, which a peer may refuse.
    assert seen.chain or seen.not_observed["chain"]
    assert seen.chain or "then" in species.name


REFUSALS = [species for species in ZOO if species.clear_mail]


@pytest.fixture(scope="module", name="refusals")
def _refusals(folder: pathlib.Path) -> Outing:
    key = {"wrong_certificate": str(folder / "wrong-client.pem"), "wrong_key": str(folder / "wrong-client.key")}
    return visit(folder, REFUSALS, LIMITS._replace(reply=3.0), refusal=True, **key)


@pytest.mark.parametrize("species", REFUSALS, ids=lambda species: species.name)
def test_refusal_of_clear_mail(refusals: Outing, species: Species) -> None:
    seen, said = refusals.sightings[species.name], refusals.said(species.name)
    assert seen.outcome in species.outcomes, "the proof changes nothing about the rest"
    assert seen.refusal["clear"]["verdict"] == species.clear_mail, seen.refusal
    assert all(line.isprintable() for text in texts(seen.to_dict()) for line in text.split("\n"))
    assert any("MAIL" in verbs(heard) for heard in said)
    assert {verb for heard in said for verb in verbs(heard)} <= HARMLESS | {"MAIL", "RCPT"}, "never a message"


def test_refusal_without_a_certificate_and_with_a_wrong_one(refusals: Outing) -> None:
    # A peer that lets anybody in says so; the picky one refuses both.
    for case in ("no_certificate", "wrong_certificate"):
        assert refusals.sightings["good"].refusal[case]["verdict"] == "accepted"
        assert refusals.sightings["mail-with-certificate"].refusal[case]["verdict"] == "refused"


def test_a_certificate_of_the_client_is_shown_when_it_is_asked_for(folder: pathlib.Path) -> None:
    names = ["client-certificate-required", "client-certificate-required-tls12", "client-certificate-optional"]
    own = {"client_certificate": str(folder / "client.pem"), "client_key": str(folder / "client.key")}
    outing = visit(folder, [sp.BY_NAME[name] for name in names], **own)
    assert {name: outing.sightings[name].outcome for name in names} == dict.fromkeys(names, "ok")
    assert all(one["shown"] for one in outing.zoo.visits)


def test_the_ladder(folder: pathlib.Path) -> None:
    rungs = {
        "good": [False, False, True, True],
        "tls10-only": [True, False, False, False],
        "tls11-only": [False, True, False, False],
        "tls12-only": [False, False, True, False],
        "tls13-only": [False, False, False, True],
        "certificate-self-signed": [False, False, True, True],
    }
    outing = visit(folder, [sp.BY_NAME[name] for name in rungs], ladder=True)
    assert {name: [outing.sightings[name].ladder[rung] for rung in sighting.LADDER] for name in rungs} == rungs


def test_floods_do_not_fill_the_memory(folder: pathlib.Path) -> None:
    """In a process of its own, whose largest size is then known."""
    floods = [species for species in ZOO if not species.slow and ("endless" in species.name or "flood" in species.name)]
    assert len(floods) > 12
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            visit(folder, floods, LIMITS._replace(processes=1))
            os.write(writing, b"%d" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        grown = pipe.read()
    os.waitpid(child, 0)
    assert grown and int(grown) < 48 * 1024, f"{grown!r} kB more"
