"""Intake: the credentials of a job, from a folder, a JSONL file, a ZIP, one file or a list of digests, to digests.

The work is cut into pieces that are read where they are digested, so that large input goes through several processes
with nothing but digests passed between them. Memory grows by about 100 bytes a credential, whatever its size.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from struct import Struct
from typing import Any
from zipfile import BadZipFile, ZipFile

from anchor.intake.digesting import (
    FILES_A_PIECE,
    Digested,
    FilePiece,
    LeftOut,
    LinePiece,
    Piece,
    ZipPiece,
    collect_seldom,
    digest_piece,
    digest_piece_apart,
    head_of,
    readable_entries,
    zip_pieces,
)
from registry.credential.digest import DEFAULT_LIMITS, JSON_SUFFIXES, DigestMethod, Limits
from registry.credential.digestlist import is_digest_list
from registry.credential.filekinds import DATA_FOLDER_HAS, DIGEST_SUFFIXES, LEFT_OUT, LINE_SUFFIXES, left_out
from registry.errors import IntakeError
from registry.untrusted.archives import storable

PIECE_BYTES = 4 << 20
# Below this, starting processes costs more than they save.
PARALLEL_FROM_BYTES = 16 << 20
METHODS = tuple(DigestMethod)
_RECORD = Struct(">32sBII")
_PLACE = Struct(">II")  # at the end of a record: the piece, and the line or file within it
# Of a credential of which nothing but its digest is known, as trees tell it.
GIVEN_METHOD = METHODS.index(DigestMethod.GIVEN)
SHOWN_NAMES = 5
MOST_NAMES = 1000

Progress = Callable[[int, int], None]


class Format(StrEnum):
    """What the input of a job is."""

    AUTO = "auto"
    FOLDER = "folder"
    JSONL = "jsonl"
    ZIP = "zip"
    DIGESTS = "digests"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row or file that has no digest, and why; line 0 means the whole file."""

    source: str
    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a credential came from; line 0 means the whole file."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}" if self.line else self.source


@dataclass(slots=True)
class Intake:
    """The digests of a job.

    Attributes:
        records: one entry a credential: digest (32 bytes), method (1), piece (4) and line within the piece (4).
        rejects: what has no digest.
        hazards: how many documents have each hazard; empty unless asked for.
        hazard_examples: hazard code → its sentence and the first place where it was met.
        left_out: files that are no credentials by their name or size.
        renamed: names in a ZIP that are called otherwise here, since another file has the name → what they are called.
    """

    records: list[bytes] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    hazards: Counter[str] = field(default_factory=Counter)
    hazard_examples: dict[str, tuple[str, Origin]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    _pieces: list[tuple[tuple[str, ...], int]] = field(default_factory=list)

    def origin(self, record: bytes) -> Origin:
        """Where a record came from."""
        return Origin(*self.place(record))

    def place(self, record: bytes) -> tuple[str, int]:
        """Source and line of a record, as of its `Origin`: of a million, an object each takes a second."""
        return self._place(*_PLACE.unpack_from(record, 33))

    def located(self, records: Iterable[bytes]) -> Iterator[tuple[bytes, int, str, int]]:
        """Of each record digest, method, source and line: as `place`, without a call for each."""
        for digest, method, piece, position in map(_RECORD.unpack, records):
            sources, first_line = self._pieces[piece]
            if first_line and len(sources) == 1:
                yield digest, method, sources[0], first_line + position
            else:
                yield digest, method, sources[position], 0

    def _place(self, piece: int, position: int) -> tuple[str, int]:
        sources, first_line = self._pieces[piece]
        if first_line and len(sources) == 1:
            return sources[0], first_line + position
        return sources[position], 0

    def _add(self, piece: Piece, done: Digested, first_line: int) -> None:
        number = len(self._pieces)
        self._pieces.append((piece.sources, first_line))
        tag = number.to_bytes(4, "big")
        packed, positions = done.digests, done.positions
        self.records += [
            packed[at : at + 33] + tag + positions[4 * n : 4 * n + 4] for n, at in enumerate(range(0, len(packed), 33))
        ]
        for position, code, reason in done.rejects:
            self.rejects.append(Reject(*self._place(number, position), code, reason))
        for code, (count, sentence, position) in done.hazards.items():
            self.hazards[code] += count
            self.hazard_examples.setdefault(code, (sentence, Origin(*self._place(number, position))))


def digest_of(record: bytes) -> bytes:
    """The digest of a record."""
    return record[:32]


def method_of(record: bytes) -> DigestMethod:
    """The method of a record."""
    return METHODS[record[32]]


def take_in(
    path: Path,
    *,
    format: Format = Format.AUTO,  # noqa: A002 - the word of the command line
    as_files: bool = False,
    as_rdf: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    hazards_at: datetime | None = None,
    progress: Progress | None = None,
) -> Intake:
    """Digest everything under a path.

    Args:
        path: a folder (one credential a file, at any depth), a JSONL or ZIP file, a list of digests, or one credential.
        as_files: a table or a list of digests is a credential like any other file; one file that is given as
            `Format.FILE` always is.
        as_rdf: verifiable credentials are digested as canonical N-Quads (`vc-rdfc`), as Blockcerts verifiers do it.
        limits: for JSON documents.
        workers: processes; default: one a core.
        hazards_at: look for the hazards there are at this time as well, which takes longer.
        progress: called with bytes done and bytes in all.

    Raises:
        IntakeError: the input is missing, cannot be read, or holds nothing at all.
    """
    try:
        kind = _format(path) if format is Format.AUTO else format
        intake = Intake()
        pieces = list(_pieces(path, kind, intake.left_out, as_files=as_files or format is Format.FILE))
    except OSError as error:
        raise _unreadable(path, error) from None
    except IntakeError as error:
        error.where = error.where or str(path)
        raise
    total = sum(piece.size for piece in pieces)
    done, line = 0, 1
    intake.renamed += [pair for piece in pieces if isinstance(piece, ZipPiece) for pair in piece.renamed]
    jobs = [(piece, limits, hazards_at) for piece in pieces]
    try:
        for piece, digested in zip(pieces, _digested(jobs, total, workers, as_rdf=as_rdf), strict=True):
            intake._add(piece, digested, line if isinstance(piece, LinePiece) else 0)
            line += digested.lines
            done += piece.size
            if progress is not None:
                progress(done, total)
    except OSError as error:
        raise _unreadable(path, error) from None
    except BrokenProcessPool:
        raise IntakeError(
            "a process that digests credentials was ended from outside",
            where=str(path),
            remedy="Nothing was anchored. Check the memory of the machine, or set workers = 1, and run it again.",
            code="worker-ended",
        ) from None
    if not intake.records and not intake.rejects:
        left = f"; left out were {names_of(intake.left_out)}" if intake.left_out else ""
        raise IntakeError(
            f"there is no credential in it{left}", where=str(path), remedy="Check the path.", code="empty"
        )
    return intake


def names_of(left_out: Sequence[LeftOut]) -> str:
    """What was left out, in words: how many of each kind, and the first names."""
    kinds = []
    for code, count in Counter(each.code for each in left_out).items():
        names = [each.source for each in left_out if each.code == code]
        more = f" and {count - SHOWN_NAMES:,} more" if count > SHOWN_NAMES else ""
        kinds.append(f"{count:,} {LEFT_OUT[code][count != 1]} ({', '.join(names[:SHOWN_NAMES])}{more})")
    return ", ".join(kinds)


def left_out_content(left_out: Sequence[LeftOut]) -> dict[str, Any]:
    """What was left out, for JSON: how many by code, and the first names."""
    return {
        "count": len(left_out),
        "codes": dict(Counter(each.code for each in left_out)),
        "names": [each.source for each in left_out[:MOST_NAMES]],
    }


def source_files(folder: Path) -> list[Path]:
    """The files of a folder that are credentials by their names; sorted, so that runs compare."""
    return [path for path, name in _files(folder, []) if left_out(name) is None]


def _files(folder: Path, hidden: list[LeftOut]) -> list[tuple[Path, str]]:
    """Every file below a folder, with its name there; what is not looked into is added to `hidden`.

    Raises:
        OSError: a folder cannot be read: what is in it would be missing without a word.
    """
    found = []
    for parent, folders, names in os.walk(folder, onerror=_raise):
        there = Path(parent).relative_to(folder)
        for name in sorted(folders):
            path = Path(parent, name)
            if (code := _closed(path)) is not None:
                hidden.append(LeftOut(storable(f"{(there / name).as_posix()}/"), code))
                folders.remove(name)
        folders.sort()
        for name in names:
            # A name that is not in UTF-8 can neither be stored nor be shown.
            path, shown = Path(parent, name), storable((there / name).as_posix())
            if path.is_file():
                found.append((path, shown))
            else:
                hidden.append(LeftOut(shown, left_out(shown) or "not-a-file"))
    return sorted(found)


def _closed(folder: Path) -> str | None:
    """Why a folder is not looked into; None if it is."""
    if folder.name.startswith("."):
        return "hidden"
    # A link may lead back to a folder above it.
    if folder.is_symlink():
        return "not-a-file"
    return "own-file" if all((folder / name).is_dir() for name in DATA_FOLDER_HAS) else None


def _raise(error: OSError) -> None:
    raise error


def _digested(
    jobs: list[tuple[Piece, Limits, datetime | None]], total: int, workers: int | None, *, as_rdf: bool
) -> Iterator[Digested]:
    processes = min(workers or os.cpu_count() or 1, len(jobs))
    if processes <= 1 or total < PARALLEL_FROM_BYTES:
        # An archive is opened once: its list of files is read as a whole each time.
        with ExitStack() as opened:
            yield from map(partial(digest_piece, as_rdf=as_rdf), _with_open_archive(jobs, opened))
        return
    # Not fork: the command may hold threads and database connections.
    with ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=collect_seldom
    ) as pool:
        try:
            yield from pool.map(partial(digest_piece_apart, as_rdf=as_rdf), jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _with_open_archive(
    jobs: list[tuple[Piece, Limits, datetime | None]], opened: ExitStack
) -> Iterator[tuple[Piece, Limits, datetime | None]]:
    archive: ZipFile | None = None
    for piece, limits, hazards_at in jobs:
        if isinstance(piece, ZipPiece):
            if archive is None and isinstance(piece.archive, Path):
                archive = opened.enter_context(ZipFile(piece.archive))
            yield replace(piece, archive=archive or piece.archive), limits, hazards_at
        else:
            yield piece, limits, hazards_at


def _format(path: Path) -> Format:
    """What an input is, by its name and, where that says nothing, by how it begins.

    Raises:
        IntakeError: code `encoding`: a list of digests that is not in UTF-8.
    """
    if path.is_dir():
        return Format.FOLDER
    suffix = path.suffix.lower()
    if suffix in LINE_SUFFIXES:
        return Format.JSONL
    if suffix == ".zip":
        return Format.ZIP
    if suffix in JSON_SUFFIXES:
        return Format.FILE
    with path.open("rb") as file:
        is_list = is_digest_list(head_of(file))
    return Format.DIGESTS if is_list or suffix in DIGEST_SUFFIXES else Format.FILE


def _pieces(path: Path, kind: Format, left: list[LeftOut], *, as_files: bool) -> Iterable[Piece]:
    if kind is Format.FOLDER:
        return _file_pieces(path, left, as_files=as_files)
    if kind is Format.FILE:
        size = path.stat().st_size
        # A file that is named by itself is meant, whatever its name; but nothing can be meant by nothing.
        if size == 0:
            left.append(LeftOut(path.name, "empty"))
            return []
        return [FilePiece((storable(path.name),), (path,), size, as_files)]
    if kind is Format.ZIP:
        return _zip_pieces(path, left, as_files=as_files)
    size = path.stat().st_size
    return [
        LinePiece((storable(path.name),), path, start, min(PIECE_BYTES, size - start), kind is Format.DIGESTS)
        for start in range(0, size, PIECE_BYTES)
    ]


def _file_pieces(folder: Path, left: list[LeftOut], *, as_files: bool) -> Iterator[FilePiece]:
    files = []
    for path, name in _files(folder, left):
        size = path.stat().st_size
        if (code := left_out(name, size)) is None:
            files.append((path, name, size))
        else:
            left.append(LeftOut(name, code))
    start, weight = 0, 0
    for at, (_, _, size) in enumerate(files, start=1):
        weight += size
        if weight >= PIECE_BYTES or at - start >= FILES_A_PIECE or at == len(files):
            paths, names, _ = zip(*files[start:at], strict=True)
            yield FilePiece(names, paths, weight, as_files)
            start, weight = at, 0


def _zip_pieces(path: Path, left: list[LeftOut], *, as_files: bool) -> Iterator[ZipPiece]:
    try:
        with ZipFile(path) as archive:
            entries, others = readable_entries(archive)
            left += others
            yield from zip_pieces(archive, entries, path, as_files=as_files)
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise IntakeError(
            f"this is not a ZIP file that can be read: {error}",
            where=str(path),
            remedy="Create the ZIP again, without encryption.",
            code="bad-zip",
        ) from None


def _unreadable(path: Path, error: OSError) -> IntakeError:
    return IntakeError(
        f"it cannot be read: {error.strerror or error}",
        where=str(error.filename or path),
        remedy="Check the path and the permissions; nothing was anchored.",
        code="unreadable",
    )


__all__ = [
    "GIVEN_METHOD",
    "METHODS",
    "Format",
    "Intake",
    "LeftOut",
    "Origin",
    "Reject",
    "digest_of",
    "left_out_content",
    "method_of",
    "names_of",
    "source_files",
    "take_in",
]
