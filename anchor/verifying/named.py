"""Files that a person names: of one that is too long the beginning is read, and one is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from registry.errors import IntakeError
from registry.privatefiles import replace_privately


def read_named(path: Path, most: int) -> bytes:
    """What is in a file, up to a byte more than the most that may be in it, by which one that is too long is known.

    Raises:
        IntakeError: it cannot be read (`unreadable`).
    """
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise IntakeError(
            f"it cannot be read: {error.strerror}",
            where=str(path),
            remedy="Check the path and the permissions.",
            code="unreadable",
        ) from None


def write_whole(path: Path, content: bytes, *, make_folder: bool = False, private: bool = False) -> None:
    """Write a file; what was there before stays until all is written.

    Args:
        make_folder: where the folder for it is missing.
        private: for the eyes of whoever runs the command: it tells of people.

    Raises:
        IntakeError: it cannot be written (`unwritable`).
    """
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        if private:
            replace_privately(path, content)
            return
        with whole_file(path) as file:
            file.write(content)
    except OSError as error:
        raise IntakeError(f"it cannot be written: {error.strerror}", where=str(path), code="unwritable") from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written, which takes its place at the end, on the disk; where writing fails, all is as it was.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
