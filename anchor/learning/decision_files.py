"""Logs of decisions as files: beside the work that they are about, and only ever added to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from anchor.verifying.named import read_named, write_whole
from registry.credential.strictjson import canonicalize
from registry.errors import IntakeError
from registry.learning.suggest.decision_log import MOST_BYTES, Log, read_log
from registry.learning.suggest.wire import EntryPart, SamenessDecision, SuggestionDecision, members_of

SUFFIX: Final = ".decisions.jsonl"
_PATIENCE: Final = 10
"""Seconds that another command may take to add its entry."""


def log_beside(path: Path) -> Path:
    """The log of decisions about a file."""
    return path.with_name(path.name + SUFFIX)


def log_in(path: Path) -> Log:
    """The log in a file; an empty one where there is none.

    Raises:
        IntakeError: it cannot be read (code `unreadable`).
    """
    return read_log(read_named(path, MOST_BYTES)) if path.exists() else Log()


def sound_log(path: Path) -> Log:
    """As `log_in`.

    Raises:
        IntakeError: something is wrong with it (code `decision-log`), or as `log_in`.
    """
    log = log_in(path)
    if log.faults:
        raise IntakeError(
            str(log.faults[0]),
            where=str(path),
            remedy="`testamur suggest decisions` lists all that is wrong. Take the log from a backup: nothing is added "
            "to one that was changed.",
            code="decision-log",
        )
    return log


def append(path: Path, decisions: Sequence[SuggestionDecision | SamenessDecision]) -> tuple[EntryPart, ...]:
    """Add decisions at the end of a log; they are on the disk when this returns.

    Raises:
        IntakeError: something is wrong with the log, or it cannot be written (codes `decision-log`, `unwritable`).
    """
    entries: list[EntryPart] = []
    lines: list[bytes] = []
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE):
            log = sound_log(path)
            for each in decisions:
                entry, line = log.after(each)
                log = log.with_entry(entry)
                entries.append(entry)
                lines.append(line)
            with path.open("ab") as file:
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
    except Timeout:
        raise IntakeError(
            "another command is adding to it", where=str(path), remedy="Run this again.", code="unwritable"
        ) from None
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(path), code="unwritable") from None
    return tuple(entries)


def export_entries(log: Log, folder: Path, *, overwrite: bool = False) -> int:
    """Write each entry as a file by itself, in its one form, so that each can be anchored and has a receipt; how many.

    Raises:
        IntakeError: another file is there, or it cannot be written (codes `exists`, `unwritable`).
    """
    for entry in log.entries:
        path, content = folder / f"decision-{entry.number:05d}.json", canonicalize(members_of(entry))
        if not overwrite and path.exists() and path.read_bytes() != content:
            raise IntakeError(
                "another decision is there",
                where=str(path),
                remedy="Name another folder, or --overwrite.",
                code="exists",
            )
        write_whole(path, content, make_folder=True)
    return len(log.entries)
