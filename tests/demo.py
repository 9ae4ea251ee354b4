# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the story to a person: make demo. Ends with 1 when something is not as expected; DEMO_KEEP=1 keeps the lab."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import time
import typing as t

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "testinfra"))

from lab import ROOT, Lab, Play
from story import Seen, Story

NAME = "demo"
WIDTH = 118
PATIENCE = 20  # seconds of silence after which a file gets a line
BOLD, RED, GREEN, DIM = "1", "31", "32", "2"


class Screen:
    """Plain text. While something is waited for, a terminal shows what and how long; a file gets a line at times."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.lock = threading.Lock()
        self.waiting = ""
        self.since = time.monotonic()
        threading.Thread(target=self.tick, daemon=True).start()

    def colour(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.terminal else text

    def line(self, text: str = "") -> None:
        with self.lock:
            print(f"\r\033[K{text}" if self.terminal else text, flush=True)
            self.since = time.monotonic()

    def show(self, text: str) -> None:
        for line in text.rstrip("\n").split("\n"):
            self.line(f"      {line}")

    def progress(self, text: str) -> None:
        self.waiting = text

    def tick(self) -> None:
        """Runs beside the story, for as long as the process lives."""
        while True:
            time.sleep(1)
            seconds = time.monotonic() - self.since
            text = f"      {seconds:3.0f} s  {self.waiting}"[:WIDTH]
            if self.terminal and self.waiting and seconds > 1:
                with self.lock:
                    print(f"\r\033[K{self.colour(DIM, text)}", end="", flush=True)
            elif self.waiting and seconds > PATIENCE:
                self.line(text)

    def heading(self, text: str) -> None:
        self.progress("")
        self.line()
        self.line(self.colour(BOLD, text))

    def row(self, row: Seen) -> None:
        mark = self.colour(GREEN, "as expected") if row.holds else self.colour(RED, "NOT AS EXPECTED")
        self.line(f"   -> {row.expected}: {mark}")


class Demo:
    """The steps of the story with their headings; rows and seconds are kept for the closing tables."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.lab = Lab(NAME, show=screen.show, progress=screen.progress)
        self.story = Story(self.lab)
        self.rows: list[Seen] = []
        self.seconds: list[tuple[str, float]] = []

    @contextlib.contextmanager
    def phase(self, name: str) -> t.Iterator[None]:
        self.screen.heading(name)
        begin = time.monotonic()
        try:
            yield
        finally:
            self.seconds.append((name, time.monotonic() - begin))

    def see(self, rows: list[Seen]) -> None:
        self.rows += rows
        for row in rows:
            self.screen.row(row)

    def play(self, playbook: str, **variables: t.Any) -> None:
        """A play of the lab's own; the demo cannot go on without it."""
        done: Play = self.lab.converge(playbook, **variables)
        if done.code:
            raise SystemExit(f"{playbook} failed:\n{done.output}")

    def create(self) -> None:
        with self.phase("0. The lab: client, MTA1, MTA2, MTA3 (nobody should talk to it) and DNS, in containers"):
            self.screen.show("Images are made once; the first time takes a minute or two.")
            self.play("molecule/shared/destroy.yml")
            self.play("molecule/shared/create.yml")
            self.play("molecule/shared/prepare.yml")
        with self.phase("0. The playbook on both relays, with STARTTLS off on MTA2"):
            self.lab.inventories.append(ROOT / "molecule/default/inventory.yml")
            self.play("playbooks/site.yml")
            self.lab.inventories.pop()

    def tell(self) -> None:
        story = self.story
        with self.phase("1. On MTA2 STARTTLS is off, and MTA2 lets MTA1 relay"):
            self.see(story.mta2_relays_without_starttls())
        with self.phase("2. MTA1 demands at least 128 bits of whoever it sends to; MTA2 is its smart host"):
            self.see(story.mta1_demands_encryption())
        with self.phase("3. The client sends mail through MTA1: it is held, and nothing of it leaves"):
            self.see(story.mail_is_held(3, "first"))
        with self.phase("4. STARTTLS is switched on on MTA2 by one variable: the mail arrives, under TLS"):
            self.see(story.starttls_is_switched_on())
            self.see(story.held_mail_arrives())
            self.see(story.new_mail_arrives("second"))
        with self.phase("5. Switched off again by the same variable: mail is held again"):
            self.see(story.starttls_is_switched_off())
            self.see(story.mail_is_held(5, "third"))
            self.see(story.nobody_talked_to_mta3())

    def destroy(self) -> None:
        if os.environ.get("DEMO_KEEP") == "1":
            self.screen.heading(f"The lab is kept: podman exec -it {self.lab.container('mta1')} bash")
            return
        with self.phase("The lab is removed (DEMO_KEEP=1 keeps it; make clean removes the images too)"):
            self.play("molecule/shared/destroy.yml")

    def close(self) -> int:
        """The two tables; 1 when a row is not as expected."""
        self.screen.heading("What was expected and what was seen")
        for row in self.rows:
            mark = self.screen.colour(GREEN, "yes") if row.holds else self.screen.colour(RED, "NO ")
            self.screen.line(f"{row.step}  {mark}  {row.expected}")
            for line in textwrap.wrap(row.seen, WIDTH - 10) or [""]:
                self.screen.line(f"         {line}")
        self.screen.heading("Seconds")
        for name, seconds in self.seconds:
            self.screen.line(f"{seconds:6.1f}  {name}")
        self.screen.line(f"{sum(seconds for _name, seconds in self.seconds):6.1f}  in all")
        wrong = sum(not row.holds for row in self.rows)
        self.screen.heading(f"{len(self.rows) - wrong} of {len(self.rows)} as expected")
        return int(wrong > 0 or not self.rows)


def main() -> int:
    demo = Demo(Screen())
    try:
        demo.create()
        demo.tell()
    except (AssertionError, subprocess.CalledProcessError) as error:
        demo.rows.append(Seen(9, "the story told to its end", str(error), False))
    finally:
        demo.destroy()
    return demo.close()


if __name__ == "__main__":
    raise SystemExit(main())
