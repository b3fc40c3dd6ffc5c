"""One piece of a job's input to packed digests; this is what the intake's processes run."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from registry.archives import (
    Names,
    inside,
    is_encrypted,
    is_receipt_name,
    leads_out,
    unpacks_to_too_much,
    visible_entries,
)
from registry.credential import (
    JSON_SUFFIXES,
    Digest,
    DigestMethod,
    Limits,
    digest_chunks,
    digest_given,
    digest_json,
    parse_json,
)
from registry.errors import CredentialError
from registry.hazards import hazards

RECORD_BYTES = 41
FILES_A_PIECE = 256
READ_BYTES = 1 << 20
MAXIMUM_ZIP_ENTRIES = 5_000_000
DIGEST_LINE_BYTES = 256
_CODES = {method: bytes([number]) for number, method in enumerate(DigestMethod)}


@dataclass(frozen=True, slots=True)
class LinePiece:
    """The lines of a file that begin within a range of its bytes: a credential a line, or a digest a line."""

    sources: tuple[str, ...]
    path: Path
    start: int
    size: int
    of_digests: bool


@dataclass(frozen=True, slots=True)
class FilePiece:
    """Whole files, a credential each; `size` is the bytes of all of them."""

    sources: tuple[str, ...]
    paths: tuple[Path, ...]
    size: int


@dataclass(frozen=True, slots=True)
class ZipPiece:
    """Files inside a ZIP, a credential each.

    Attributes:
        sources: what they are called here: two files in a ZIP may have one name.
        archive: its path; or, in the process that has it, the open archive.
        numbers: which of its entries they are, from 0.
        size: their unpacked bytes.
        renamed: names in the archive that another file has as well → what that file is called here.
    """

    sources: tuple[str, ...]
    archive: Path | ZipFile
    numbers: tuple[int, ...]
    size: int
    renamed: tuple[tuple[str, str], ...] = ()


Piece = LinePiece | FilePiece | ZipPiece


@dataclass(slots=True)
class Digested:
    """What came of a piece.

    Attributes:
        digests: digest and method, 33 bytes a credential.
        positions: line or file within the piece from 0, 4 bytes (big-endian) a credential.
        rejects: (position, code, reason).
        hazards: code → (count, sentence, first position).
        lines: how many lines began in the piece.
    """

    digests: bytes = b""
    positions: bytes = b""
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    hazards: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    lines: int = 0


def digest_piece(job: tuple[Piece, Limits, datetime | None]) -> Digested:
    """Digest a piece; with a time, look for the hazards there are then as well.

    Raises:
        OSError: the input cannot be read.
    """
    piece, limits, hazards_at = job
    collector = Collector(limits, hazards_at)
    if isinstance(piece, ZipPiece):
        _digest_zip(piece, collector)
    elif isinstance(piece, FilePiece):
        for position, path in enumerate(piece.paths):
            with path.open("rb") as file:
                collector.file(position, path.name, file)
    elif piece.of_digests:
        for line in _lines(piece, DIGEST_LINE_BYTES):
            collector.given(line)
    else:
        for line in _lines(piece, limits.max_bytes):
            collector.line(line)
    return collector.result()


def looks_like_digest(line: bytes) -> bool:
    """Whether a line is a hexadecimal digest."""
    try:
        digest_given(line.decode("ascii").strip())
    except (UnicodeDecodeError, CredentialError):
        return False
    return True


def readable_entries(archive: ZipFile) -> list[ZipInfo]:
    """The files of a ZIP that are credentials: no folders, no hidden files, no receipts.

    Raises:
        ValueError: it is encrypted, or holds more files than a batch may.
    """
    entries = visible_entries(archive)
    if len(entries) > MAXIMUM_ZIP_ENTRIES:
        raise ValueError(f"it holds {len(entries):,} files, {MAXIMUM_ZIP_ENTRIES:,} are allowed")
    if any(map(is_encrypted, entries)):
        raise ValueError("it is encrypted")
    return [entry for entry in entries if not is_receipt_name(entry.filename)]


def zip_pieces(archive: ZipFile, entries: list[ZipInfo], where: Path | ZipFile) -> Iterator[ZipPiece]:
    """The files of a ZIP in pieces, each file by its place in the list: a name may stand for several.

    Args:
        entries: those that are wanted.
        where: what the pieces are read from.
    """
    number_of = {id(entry): number for number, entry in enumerate(archive.infolist())}
    names = Names()
    for start in range(0, len(entries), FILES_A_PIECE):
        share = entries[start : start + FILES_A_PIECE]
        # What is refused for its name is told under it, and takes none.
        sources = [
            entry.filename if leads_out(entry.filename) else names.of(entry.filename, shorten=False) for entry in share
        ]
        renamed = tuple(
            (entry.filename, source)
            for entry, source in zip(share, sources, strict=True)
            if source not in (entry.filename, str(inside(entry.filename)))
        )
        numbers = tuple(number_of[id(entry)] for entry in share)
        yield ZipPiece(tuple(sources), where, numbers, sum(entry.file_size for entry in share), renamed)


class Collector:
    """Gathers the digests of one piece."""

    def __init__(self, limits: Limits, hazards_at: datetime | None):
        self._limits = limits
        self._hazards_at = hazards_at
        self._digests: list[bytes] = []
        self._positions = array("I")
        self._out = Digested()

    def line(self, line: bytes) -> None:
        """A JSON document, or nothing at all, on a line of its own."""
        position = self._out.lines
        self._out.lines += 1
        if line and not line.isspace():
            self.document(position, line)

    def given(self, line: bytes) -> None:
        """A digest on a line of its own."""
        position = self._out.lines
        self._out.lines += 1
        if not line or line.isspace():
            return
        try:
            self._keep(position, digest_given(line.decode("utf-8", "replace").strip()))
        except CredentialError as error:
            self._reject(position, error)

    def document(self, position: int, data: bytes) -> None:
        """A JSON document."""
        try:
            digest = digest_json(data, self._limits)
        except CredentialError as error:
            self._reject(position, error)
            return
        self._keep(position, digest)
        if self._hazards_at is not None:
            self._look_for_hazards(position, data)

    def file(self, position: int, name: str, file: BinaryIO) -> None:
        """A file: a JSON document when its name says so, else the bytes."""
        if name.lower().endswith((".jsonl", ".ndjson")):
            reason = "a file of many credentials among files of one each: anchor it by itself"
            self.refuse(position, "nested-jsonl", reason)
        elif name.lower().endswith(JSON_SUFFIXES):
            # One byte more than is allowed is enough to see that it is too long.
            self.document(position, file.read(self._limits.max_bytes + 1))
        else:
            self._keep(position, digest_chunks(iter(lambda: file.read(READ_BYTES), b"")))

    def refuse(self, position: int, code: str, reason: str) -> None:
        """Something that has no digest."""
        self._out.rejects.append((position, code, reason))

    def result(self) -> Digested:
        """All of it."""
        # array has the byte order of the machine; records sort and travel big-endian.
        if self._positions.itemsize != 4:
            raise RuntimeError("array('I') does not have 4 bytes on this machine")
        self._positions.byteswap()
        self._out.digests = b"".join(self._digests)
        self._out.positions = self._positions.tobytes()
        return self._out

    def _keep(self, position: int, digest: Digest) -> None:
        self._digests.append(digest.value + _CODES[digest.method])
        self._positions.append(position)

    def _reject(self, position: int, error: CredentialError) -> None:
        self.refuse(position, error.code, error.what)

    def _look_for_hazards(self, position: int, data: bytes) -> None:
        for hazard in hazards(parse_json(data, self._limits), at=self._hazards_at):
            count, sentence, first = self._out.hazards.get(hazard.code, (0, hazard.sentence, position))
            self._out.hazards[hazard.code] = (count + 1, sentence, first)


def digest_piece_apart(job: tuple[Piece, Limits, datetime | None]) -> Digested:
    """As `digest_piece`, in a process that does nothing else: an archive stays open until the process ends.

    Its list of files is read as a whole each time it is opened.
    """
    piece, limits, hazards_at = job
    if isinstance(piece, ZipPiece) and isinstance(piece.archive, Path):
        if piece.archive not in _archives:
            _archives[piece.archive] = ZipFile(piece.archive)
        piece = replace(piece, archive=_archives[piece.archive])
    return digest_piece((piece, limits, hazards_at))


_archives: dict[Path, ZipFile] = {}


def _digest_zip(piece: ZipPiece, collector: Collector) -> None:
    with nullcontext(piece.archive) if isinstance(piece.archive, ZipFile) else ZipFile(piece.archive) as archive:
        entries = archive.infolist()
        for position, number in enumerate(piece.numbers):
            entry = entries[number]
            if reason := leads_out(entry.filename):
                collector.refuse(position, "zip-name", reason)
                continue
            if reason := unpacks_to_too_much(entry):
                collector.refuse(position, "zip-ratio", reason)
                continue
            try:
                with archive.open(entry) as file:
                    collector.file(position, entry.filename, file)  # type: ignore[arg-type]
            except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
                collector.refuse(position, "zip-damaged", f"it cannot be unpacked: {error}")


def _lines(piece: LinePiece, longest: int) -> Iterator[bytes]:
    """The lines that begin in the piece, without their ends; of one that is too long, one byte more than allowed."""
    with piece.path.open("rb") as file:
        if piece.start:
            # One byte back: if that byte ends a line, a new one begins with the piece.
            file.seek(piece.start - 1)
            _skip_line(file)
        at, end = file.tell(), piece.start + piece.size
        while at < end:
            line = file.readline(longest + 3)
            at += len(line)
            if not line.endswith(b"\n"):
                at += _skip_line(file)
            yield line.rstrip(b"\r\n")


def _skip_line(file: BinaryIO) -> int:
    """Read to the end of the line, however far; the number of bytes."""
    skipped = 0
    while line := file.readline(READ_BYTES):
        skipped += len(line)
        if line.endswith(b"\n"):
            break
    return skipped
