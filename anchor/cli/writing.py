"""Files that a command makes: one that is there is written over only where `--overwrite` says so."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.named import write_whole
from registry.errors import IntakeError


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that is there already, before any work is done for it; raises IntakeError (code `exists`)."""
    if path.exists() and not overwrite:
        raise IntakeError(
            "it is there already", where=str(path), remedy="Name another file, or --overwrite.", code="exists"
        )


def write_new(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a file whole; raises IntakeError (`exists`, `unwritable`)."""
    refuse_existing(path, overwrite=overwrite)
    write_whole(path, content)
