# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sendmail's queue on disk: find the files of one message, read them, remove a message of our own."""

from __future__ import annotations

import fcntl
import glob
import os
import re
import typing as t
from contextlib import ExitStack, contextmanager

from .._core.errors import MailtlsError
from .._core.queuefile import QueuedMessage, parse_queue_file

QUEUE = "/var/spool/mqueue"
_QUEUE_ID = re.compile(r"[A-Za-z0-9]{8,20}")
# A queue is one folder, or several (q1, q2, ...), each of which may keep its control and data files apart.
_PLACES = ("{kind}{id}", "*/{kind}{id}", "*/{kind}/{kind}{id}")


def read_message(queue_id: str, queue: str = QUEUE) -> QueuedMessage | None:
    """What the control file of this message says; None if it is not in the queue.

    MailtlsError if the file is there but not whole, as while sendmail writes it.
    """
    for path in _files("qf", queue_id, queue):
        try:
            with open(path, "rb") as stream:
                return parse_queue_file(queue_id, stream.read())
        except FileNotFoundError:
            continue
    return None


def read_queue(queue: str = QUEUE) -> tuple[list[QueuedMessage], int, int]:
    """Every message of a queue; how many could not be read whole just now; how many are quarantined.

    A queue that is not there is empty.
    """
    messages, unread = [], 0
    for path in _every("qf", queue):
        try:
            with open(path, "rb") as stream:
                messages.append(parse_queue_file(os.path.basename(path)[2:], stream.read()))
        except FileNotFoundError:
            # Sent meanwhile.
            continue
        except MailtlsError:
            unread += 1
    return messages, unread, len(_every("hf", queue))


def remove_message(queue_id: str, header: str, value: str, queue: str = QUEUE) -> bool:
    """Remove one message, if it carries this very header, under sendmail's own lock; tell whether it was removed.

    False when sendmail is working on the message, or when it is no longer there. The control file goes first: a
    message without it is never sent again, whatever else happens. MailtlsError if the message is somebody else's.
    """
    for path in _files("qf", queue_id, queue):
        with _locked(path) as stream:
            if stream is None:
                return False
            if not value or parse_queue_file(queue_id, stream.read()).header(header) != value:
                raise MailtlsError(f"this message does not carry {header}: {value}; it stays", where=path)
            os.unlink(path)
            for rest in [*_files("df", queue_id, queue), *_files("xf", queue_id, queue)]:
                os.unlink(rest)
            return True
    return False


@contextmanager
def _locked(path: str) -> t.Iterator[t.BinaryIO | None]:
    """The control file, held as sendmail on Linux holds it (flock); None if sendmail has it or has replaced it."""
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open(path, "rb"))
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            current = os.stat(path)
        except (BlockingIOError, FileNotFoundError):
            yield None
            return
        # Sendmail writes a new control file aside and renames it; a lock on the old one is worth nothing.
        mine = os.fstat(stream.fileno())
        yield stream if (mine.st_dev, mine.st_ino) == (current.st_dev, current.st_ino) else None


def _every(kind: str, queue: str) -> list[str]:
    """Control files of every message: ``qf``, or ``hf`` of a quarantined one, which lies beside them."""
    patterns = (place.replace("/{kind}/", "/qf/").format(kind=kind, id="*") for place in _PLACES)
    found = {path for pattern in patterns for path in glob.glob(os.path.join(glob.escape(queue), pattern))}
    return sorted(path for path in found if _QUEUE_ID.fullmatch(os.path.basename(path)[2:]))


def _files(kind: str, queue_id: str, queue: str) -> list[str]:
    if not _QUEUE_ID.fullmatch(queue_id):
        raise MailtlsError(f"{queue_id!r} is not a queue id")
    patterns = (os.path.join(glob.escape(queue), place.format(kind=kind, id=queue_id)) for place in _PLACES)
    return [path for pattern in patterns for path in sorted(glob.glob(pattern))]
