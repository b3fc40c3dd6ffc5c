"""Snapshots of registers in files: those beside a policy, and those of one that is named."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.kinds import is_url
from registry.errors import SettingsError
from registry.quality.register import IndexedSnapshot
from registry.quality.snapshot import lines_of, read_snapshot
from registry.verify.policy import KnownRegister


def read_register(path: Path) -> IndexedSnapshot:
    """The snapshot in a file, read whole and put in an index.

    Raises:
        SettingsError: code `register-file`: it cannot be opened; those of `read_snapshot`, with the number of the line.
    """
    if is_url(path):
        raise SettingsError(
            "a snapshot is read from a file", where=str(path), remedy="Download it first.", code="register-file"
        )
    try:
        with path.open("rb") as file:
            return IndexedSnapshot.of(read_snapshot(lines_of(file), path.name))
    except OSError as error:
        raise SettingsError(
            f"the snapshot of the register cannot be read: {error.strerror}",
            where=str(path),
            remedy="Put it where the policy says, or correct the policy.",
            code="register-file",
        ) from None


class BesidePolicy:
    """The snapshots that a policy names, each read once.

    Args:
        folder: that their names are seen from.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._read: dict[str, IndexedSnapshot] = {}

    def of(self, known: KnownRegister) -> tuple[IndexedSnapshot, ...]:
        """Those of a register of the policy; raises as `read_register`."""
        for name in known.file:
            if name not in self._read:
                self._read[name] = read_register(self._folder / Path(name).expanduser())
        return tuple(self._read[name] for name in known.file)
