"""Drafts of snapshots and snapshots that were published, each in its place in the data folder.

A draft is a folder named by its root: the manifest that is to be signed, the decisions in their order, and what the dry
run told. It appears whole or not at all. A published snapshot is its file and a note of it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from filelock import FileLock, Timeout

from anchor.verifying.named import whole_file
from registry.errors import NotPossible, StoreError
from registry.privatefiles import FILE_MODE, make_private_folder, replace_privately
from registry.quality.snapshot import SUFFIX, Manifest
from registry.timestamps import read_timestamp, write_timestamp

FOLDER: Final = "registers"
LOCK: Final = "registers.lock"
DRAFT: Final = "draft.json"
DECISIONS: Final = "decisions.lines"
SIGNED: Final = "manifest.json"
_DRAFTS: Final = "drafts"
_PUBLISHED: Final = "published"
_WORK: Final = ".import-"


@dataclass(frozen=True, slots=True)
class Draft:
    """A snapshot that nobody has confirmed yet, or whose publishing was interrupted.

    Attributes:
        folder: where it lies.
        document: its manifest, not signed.
        output: folder that its file is written to beside the data folder's own; "" for none.
        content: what the dry run told, as JSON.
    """

    root: bytes
    leaf_count: int
    folder: Path
    document: Mapping[str, Any]
    output: str
    content: Mapping[str, Any]

    @property
    def manifest(self) -> Manifest:
        """What the manifest says."""
        return Manifest.from_document(self.document)

    @property
    def decisions(self) -> Path:
        """The file with the lines of the decisions, in the order of their digests."""
        return self.folder / DECISIONS

    @property
    def signed(self) -> Path:
        """Where the signed manifest is kept until it is published."""
        return self.folder / SIGNED


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot that was confirmed: its file, and when it was made.

    Attributes:
        place: 1 for the first that was published from the folder, then 2, 3…: several may be made in one second.
    """

    root: bytes
    leaf_count: int
    register: str
    name: str
    decisions: int
    made_at: datetime
    place: int
    file: Path


class Shelf:
    """The drafts and the published snapshots of one data folder.

    Args:
        data_folder: made where it is not there, once something is stored.
    """

    def __init__(self, data_folder: Path):
        self.path = data_folder / FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other command imports, confirms or discards in this folder until the block ends.

        Raises:
            StoreError: code `registers-busy`: one does.
        """
        make_private_folder(self.path)
        lock = FileLock(self.path / LOCK, timeout=0, mode=FILE_MODE)
        try:
            with lock:
                # What an import left that was ended from outside.
                for left in self.path.glob(f"{_WORK}*"):
                    shutil.rmtree(left, ignore_errors=True)
                yield
        except Timeout:
            raise StoreError(
                "another command is at work on the registers of this data folder",
                where=str(self.path / LOCK),
                remedy="Wait until it is done, and run this one again.",
                code="registers-busy",
            ) from None

    @contextmanager
    def workroom(self) -> Iterator[Path]:
        """A folder for what is being made, gone at the end."""
        make_private_folder(self.path)
        with tempfile.TemporaryDirectory(prefix=_WORK, dir=self.path, ignore_cleanup_errors=True) as name:
            yield Path(name)

    def keep(self, room: Path, root: bytes, leaf_count: int, draft: Mapping[str, Any]) -> Draft:
        """Make a draft of what lies in a workroom: its decisions, and what is written down of it here.

        Raises:
            StoreError: it cannot be written.
        """
        folder = self.path / _DRAFTS / root.hex()
        try:
            make_private_folder(folder.parent)
            made = room / root.hex()
            make_private_folder(made)
            (room / DECISIONS).rename(made / DECISIONS)
            replace_privately(made / DRAFT, orjson.dumps({**draft, "leafCount": leaf_count}))
            if not folder.is_dir():
                made.rename(folder)
        except OSError as error:
            raise _unwritable(folder, error) from None
        return self.draft(root)

    def draft(self, root: bytes) -> Draft:
        """The draft with that root.

        Raises:
            NotPossible: code `unknown-root`: there is none.
            StoreError: it cannot be read.
        """
        folder = self.path / _DRAFTS / root.hex()
        if not (folder / DRAFT).is_file():
            published = self.published(root)
            raise NotPossible(
                "no draft of a register has this root" if published is None else "this snapshot is published already",
                where=f"0x{root.hex()}",
                remedy="`testamur register list` shows the drafts and what was published.",
                code="unknown-root" if published is None else "published",
            )
        try:
            said = orjson.loads((folder / DRAFT).read_bytes())
            return Draft(root, said["leafCount"], folder, said["manifest"], said["output"], said["content"])
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
            raise _damaged(folder / DRAFT) from None

    def drafts(self) -> list[Draft]:
        """All drafts, by root."""
        names = sorted((self.path / _DRAFTS).glob("*")) if (self.path / _DRAFTS).is_dir() else []
        return [self.draft(root) for each in names if (root := _root_in(each.name)) and (each / DRAFT).is_file()]

    def discard(self, draft: Draft) -> None:
        """Throw a draft away."""
        # The note first: without it the rest is no draft.
        with suppress(OSError):
            (draft.folder / DRAFT).unlink()
        shutil.rmtree(draft.folder, ignore_errors=True)

    def publish(self, draft: Draft, file: Path) -> Published:
        """Write down that a draft is published, under the file that lies in `place_of`; the draft is gone then."""
        manifest = draft.manifest
        others = (each.place for each in self.all_published() if each.root != draft.root)
        note = {
            "root": draft.root.hex(),
            "leafCount": draft.leaf_count,
            "register": manifest.register,
            "name": manifest.name,
            "decisions": manifest.decisions,
            "madeAt": write_timestamp(manifest.made_at),
            "place": 1 + max(others, default=0),
        }
        try:
            replace_privately(file.with_suffix(".json"), orjson.dumps(note))
        except OSError as error:
            raise _unwritable(file, error) from None
        self.discard(draft)
        return _published_of(note, file)

    def place_of(self, root: bytes) -> Path:
        """Where the file of a published snapshot lies, in a folder that is there."""
        folder = self.path / _PUBLISHED
        make_private_folder(folder)
        return folder / f"{root.hex()}{SUFFIX}"

    def published(self, root: bytes) -> Published | None:
        """The published snapshot with that root."""
        note = self.path / _PUBLISHED / f"{root.hex()}.json"
        return next((each for each in self.all_published() if each.root == root), None) if note.is_file() else None

    def all_published(self) -> list[Published]:
        """All published snapshots, oldest first."""
        found = []
        for note in (self.path / _PUBLISHED).glob("*.json"):
            try:
                found.append(_published_of(orjson.loads(note.read_bytes()), note.with_suffix(SUFFIX)))
            except (OSError, ValueError, KeyError, TypeError):
                raise _damaged(note) from None
        return sorted(found, key=lambda each: each.place)

    def newest(self, register: str) -> Published | None:
        """The last published snapshot of a register."""
        return next((each for each in reversed(self.all_published()) if each.register == register), None)


def write_lines(path: Path, lines: Iterator[bytes]) -> None:
    """Write a file line by line; it is there as a whole, and on the disk, or as it was.

    Raises:
        StoreError: it cannot be written (`unwritable`).
    """
    try:
        with whole_file(path) as file:
            file.writelines(lines)
    except OSError as error:
        raise _unwritable(path, error) from None


def _published_of(note: Mapping[str, Any], file: Path) -> Published:
    return Published(
        bytes.fromhex(note["root"]),
        note["leafCount"],
        note["register"],
        note["name"],
        note["decisions"],
        read_timestamp(note["madeAt"]),
        note["place"],
        file,
    )


def _root_in(name: str) -> bytes | None:
    try:
        root = bytes.fromhex(name)
    except ValueError:
        return None
    return root if len(root) == 32 else None


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"it cannot be written: {error.strerror}",
        where=str(path),
        remedy="Look at the rights of the folder, and whether the disk has room.",
        code="unwritable",
    )


def _damaged(path: Path) -> StoreError:
    return StoreError(
        "what is stored of a register cannot be read",
        where=str(path),
        remedy="Restore it from a backup; a draft can be discarded and made again.",
        code="register-damaged",
    )
