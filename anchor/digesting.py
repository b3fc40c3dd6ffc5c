"""One piece of a job's input to packed digests; this is what the intake's processes run."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from registry.archives import is_encrypted, unpacks_to_too_much, visible_entries
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
    """Files inside a ZIP, a credential each; `size` is their unpacked bytes. An open file stays in this process."""

    sources: tuple[str, ...]
    path: Path | IO[bytes]
    size: int


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
    """The files of a ZIP that are credentials: no folders, no hidden files.

    Raises:
        ValueError: it is encrypted, or holds more files than a batch may.
    """
    entries = visible_entries(archive)
    if len(entries) > MAXIMUM_ZIP_ENTRIES:
        raise ValueError(f"it holds {len(entries):,} files, {MAXIMUM_ZIP_ENTRIES:,} are allowed")
    if any(map(is_encrypted, entries)):
        raise ValueError("it is encrypted")
    return entries


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


def _digest_zip(piece: ZipPiece, collector: Collector) -> None:
    with ZipFile(piece.path) as archive:
        for position, name in enumerate(piece.sources):
            entry = archive.getinfo(name)
            if reason := unpacks_to_too_much(entry):
                collector.refuse(position, "zip-ratio", reason)
                continue
            try:
                with archive.open(entry) as file:
                    collector.file(position, name, file)  # type: ignore[arg-type]
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
