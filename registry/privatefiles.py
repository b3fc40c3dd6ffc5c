"""Files for one user's eyes: a data folder is full of names of credentials, which are names of people; and keys."""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from registry.errors import SignerError

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077


def make_private_folder(path: Path) -> bool:
    """Make a folder that its owner alone can enter, whatever the umask; whether others could enter it before.

    Raises:
        OSError: it cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    return _tightened(path, FOLDER_MODE)


def make_private_file(path: Path) -> None:
    """Make an empty file that its owner alone can read, or keep the one that is there.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, FILE_MODE))
    _tightened(path, FILE_MODE)


def private_opener(path: str, flags: int) -> int:
    """The `opener` of `open` for a file that its owner alone can read, whatever the umask."""
    return os.open(path, flags, FILE_MODE)


def replace_privately(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whatever the umask: it is there as a whole, or as it was.

    What lies at its place or beside it, such as a link that somebody else has put there, is replaced and not followed.

    Raises:
        OSError: it cannot be written.
    """
    # Not the name itself, which may be as long as names can be; and not one for all files, which two processes share.
    unfinished = path.with_name(f".{sha256(os.fsencode(path.name)).hexdigest()[:16]}.part")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    try:
        with open(unfinished, "xb", opener=private_opener) as file:
            file.write(content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def write_secret(path: Path, content: str) -> None:
    """Write a key to a new file that its owner alone can read, so that it is on the disk when this returns.

    Raises:
        SignerError: the file is there already (`exists`), or cannot be written (`unwritable`).
    """
    try:
        with open(path, "x", encoding="utf-8", opener=private_opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise SignerError(
            "this file is there already, and may be the only copy of a key",
            where=str(path),
            remedy="Name another one.",
            code="exists",
        ) from None
    except OSError as error:
        raise SignerError(f"it cannot be written: {error.strerror}", where=str(path), code="unwritable") from None


def open_to_others(path: Path) -> int:
    """The rights of others to a file with a secret that they should not have, as mode bits; 0 if there are none.

    A file of another user, such as root, may be readable to a group: that is how secrets are handed to a service. One
    of the user's own may not: no group was meant.

    Raises:
        OSError: it is not there.
    """
    found = path.stat()
    if os.name != "posix":
        return 0
    mine = found.st_uid == os.geteuid()
    return stat.S_IMODE(found.st_mode) & (_OTHERS if mine else _OTHERS & ~stat.S_IRGRP)


def refuse_readable(path: Path) -> None:
    """Refuse a file with a key or a password that other users of the machine can read or write.

    Raises:
        SignerError: code `readable`; the remedy is the command that mends it.
        OSError: it is not there.
    """
    if open_to_others(path):
        raise SignerError(
            f"other users of this machine can open it (mode {path.stat().st_mode & 0o777:04o})",
            where=str(path),
            remedy=f"Run: chmod 600 {shlex.quote(str(path))}",
            code="readable",
        )


def tighten(folder: Path) -> int:
    """Take every right from others below a folder of this user's; how many files and folders had one. Links stay."""
    changed = 0
    for parent, folders, names in os.walk(folder):
        changed += sum(_tightened(Path(parent, name), FOLDER_MODE) for name in folders)
        changed += sum(_tightened(Path(parent, name), FILE_MODE) for name in names)
    return changed


def _tightened(path: Path, mode: int) -> bool:
    """Whether others had rights to it, which they do not have any more."""
    with suppress(FileNotFoundError, PermissionError):
        found = path.lstat()
        mine = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if mine and not stat.S_ISLNK(found.st_mode) and stat.S_IMODE(found.st_mode) & _OTHERS:
            path.chmod(mode)
            return os.name == "posix"
    return False
