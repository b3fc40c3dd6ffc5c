"""One piece of a job's input to packed digests; this is what the intake's processes run."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile, ZipInfo

from registry.credential.digest import (
    JSON_SUFFIXES,
    SD_JWT_SUFFIXES,
    Digest,
    DigestMethod,
    Limits,
    digest_chunks,
    digest_given,
    digest_rdfc,
    digest_sd_jwt,
    parse_json,
    read_json,
)
from registry.credential.digestlist import LONGEST_LINE, SNIFFED_BYTES, read_digest_line
from registry.credential.filekinds import RECEIPT, left_out, not_a_credential
from registry.credential.hazards import hazards
from registry.errors import CredentialError
from registry.receipt.kind import RECEIPT_TYPE
from registry.untrusted.archives import UNREADABLE_ZIP, Names, inside, is_encrypted, leads_out, unpacks_to_too_much

FILES_A_PIECE = 256
READ_BYTES = 1 << 20
MAXIMUM_ZIP_ENTRIES = 5_000_000
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
    """Whole files, a credential each; `size` is the bytes of all of them.

    `as_files`: a table or a list of digests is a credential, too.
    """

    sources: tuple[str, ...]
    paths: tuple[Path, ...]
    size: int
    as_files: bool = False


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
    as_files: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not looked at as a credential, and why: a key of `registry.credential.filekinds.LEFT_OUT`."""

    source: str
    code: str


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


def digest_piece(job: tuple[Piece, Limits, datetime | None], *, as_rdf: bool = False) -> Digested:
    """Digest a piece; with a time, look for the hazards there are then as well.

    Args:
        as_rdf: of verifiable credentials, the canonical N-Quads (`vc-rdfc`), which Blockcerts verifiers hash.

    Raises:
        OSError: the input cannot be read.
    """
    piece, limits, hazards_at = job
    if isinstance(piece, LinePiece):
        collector = Collector(limits, hazards_at, begins=piece.start == 0, as_rdf=as_rdf)
    else:
        collector = Collector(limits, hazards_at, as_files=piece.as_files, as_rdf=as_rdf)
    if isinstance(piece, ZipPiece):
        _digest_zip(piece, collector)
    elif isinstance(piece, FilePiece):
        for position, path in enumerate(piece.paths):
            with path.open("rb") as file:
                collector.file(position, path.name, file)
    elif piece.of_digests:
        for line, _ in lines_of(piece, LONGEST_LINE):
            collector.given(line)
    else:
        for line, length in lines_of(piece, limits.max_bytes):
            collector.line(line, length)
    return collector.result()


def head_of(file: BinaryIO) -> bytes:
    """The first bytes of a file, by which it is told what it is; the file is at its beginning again."""
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    return head


def looks_like_digest(line: bytes) -> bool:
    """Whether a line is a hexadecimal digest."""
    try:
        digest_given(line.decode("ascii").strip())
    except (UnicodeDecodeError, CredentialError):
        return False
    return True


def readable_entries(archive: ZipFile) -> tuple[list[ZipInfo], list[LeftOut]]:
    """The files of a ZIP that are credentials, and those that are left out.

    Raises:
        ValueError: it is encrypted, holds more files than a batch may, or one without a name.
    """
    if not all(entry.filename for entry in archive.infolist()):
        raise ValueError("a file in it has no name")
    entries, left = [], []
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        # What leads out of the ZIP is refused with its reason, whatever else its name says.
        if leads_out(entry.filename) or (code := left_out(entry.filename, entry.file_size)) is None:
            entries.append(entry)
        else:
            left.append(LeftOut(entry.filename, code))
    if len(entries) > MAXIMUM_ZIP_ENTRIES:
        raise ValueError(f"it holds {len(entries):,} files, {MAXIMUM_ZIP_ENTRIES:,} are allowed")
    if any(map(is_encrypted, entries)):
        raise ValueError("it is encrypted")
    return entries, left


def zip_pieces(
    archive: ZipFile, entries: list[ZipInfo], where: Path | ZipFile, *, as_files: bool = False
) -> Iterator[ZipPiece]:
    """The files of a ZIP in pieces, each file by its place in the list: a name may stand for several.

    Args:
        entries: those that are wanted.
        where: what the pieces are read from.
        as_files: a table or a list of digests is a credential, too.
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
        yield ZipPiece(tuple(sources), where, numbers, sum(entry.file_size for entry in share), renamed, as_files)


class Collector:
    """Gathers the digests of one piece.

    Args:
        begins: the first line of the piece is the first of its file.
        as_files: tables and lists of digests are credentials, too.
        as_rdf: as of `digest_piece`.
    """

    def __init__(
        self,
        limits: Limits,
        hazards_at: datetime | None,
        *,
        begins: bool = True,
        as_files: bool = False,
        as_rdf: bool = False,
    ):
        self._limits = limits
        self._as_rdf = as_rdf
        self._hazards_at = hazards_at
        self._as_files = as_files
        self._at_start = begins
        self._digests: list[bytes] = []
        self._positions = array("I")
        self._out = Digested()

    def line(self, line: bytes, length: int | None = None) -> None:
        """A JSON document, or nothing at all, on a line of its own.

        Args:
            length: of the line, where it is too long and was not kept as a whole.
        """
        position = self._out.lines
        self._out.lines += 1
        if line and not line.isspace():
            self._document(position, line, length, in_lines=True)

    def given(self, line: bytes) -> None:
        """A digest on a line of its own, in one of the forms of `registry.credential.digestlist`."""
        position = self._out.lines
        self._out.lines += 1
        if not line or line.isspace():
            return
        first, self._at_start = self._at_start, False
        try:
            digest = read_digest_line(line, first=first)
        except CredentialError as error:
            self._reject(position, error)
        else:
            if digest is not None:
                self._keep(position, digest)

    def document(self, position: int, data: bytes, length: int | None = None) -> None:
        """A JSON document.

        Args:
            length: of the document, where it is too long and was not kept as a whole.
        """
        self._document(position, data, length, in_lines=False)

    def _document(self, position: int, data: bytes, length: int | None, *, in_lines: bool) -> None:
        most = self._limits.max_bytes
        if length is not None and len(data) > most:
            self.refuse(
                position,
                "too-large",
                f"The document is {length:,} bytes long; at most {most:,} are read. Move images and attachments out of "
                "it, or raise the setting max_document_bytes.",
            )
            return
        try:
            digest, members = read_json(data, self._limits)
            # One that holds a receipt in its `proof` is none.
            if not self._as_files and members.get("type") == RECEIPT_TYPE:
                self.refuse(position, "is-receipt", RECEIPT)
                return
            if self._as_rdf and digest.method is DigestMethod.VC_JCS:
                digest = digest_rdfc(members)
        except CredentialError as error:
            self._reject(position, error, _hint(error.code, data, in_lines=in_lines))
            return
        self._keep(position, digest)
        if self._hazards_at is not None:
            self._look_for_hazards(position, members)

    def file(self, position: int, name: str, file: BinaryIO) -> None:
        """A file: JSON or SD-JWT when its name says so, else the bytes; what is no credential at all is refused."""
        if name.lower().endswith(JSON_SUFFIXES):
            # One byte more than is allowed is enough to see that it is too long; of the rest only the length counts.
            data = file.read(self._limits.max_bytes + 1)
            rest = iter(lambda: file.read(READ_BYTES), b"")
            self.document(position, data, len(data) + sum(map(len, rest)))
        elif name.lower().endswith(SD_JWT_SUFFIXES):
            self._token(position, file.read(self._limits.max_bytes + 1))
        elif not self._as_files and (refused := not_a_credential(name, head_of(file))) is not None:
            self.refuse(position, *refused)
        else:
            self._keep(position, digest_chunks(iter(lambda: file.read(READ_BYTES), b"")))

    def _token(self, position: int, data: bytes) -> None:
        if len(data) > self._limits.max_bytes:
            reason = f"The token is longer than {self._limits.max_bytes:,} bytes, the most that are read."
            self.refuse(position, "too-large", reason)
            return
        try:
            self._keep(position, digest_sd_jwt(data))
        except CredentialError as error:
            self._reject(position, error)

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

    def _reject(self, position: int, error: CredentialError, hint: str | None = None) -> None:
        remedy = hint or error.remedy
        self.refuse(position, error.code, f"{error.what} {remedy}" if remedy else error.what)

    def _look_for_hazards(self, position: int, document: dict[str, Any]) -> None:
        for hazard in hazards(document, at=self._hazards_at):
            count, sentence, first = self._out.hazards.get(hazard.code, (0, hazard.sentence, position))
            self._out.hazards[hazard.code] = (count + 1, sentence, first)


def _hint(code: str, data: bytes, *, in_lines: bool) -> str | None:
    """What to do about a document that is refused for how several of them were put into one file."""
    if in_lines and (data.strip() in (b"{", b"[") or (code == "not-an-object" and data.lstrip().startswith(b"["))):
        return "In JSONL each credential is on a line of its own, without an array around them (jq -c '.[]' writes it)."
    if in_lines or code != "syntax" or b"\n" not in data.strip():
        return None
    try:
        parse_json(data.strip().split(b"\n", 1)[0].rstrip())
    except CredentialError:
        return None
    return "It holds one document a line: name it .jsonl."


def digest_piece_apart(job: tuple[Piece, Limits, datetime | None], *, as_rdf: bool = False) -> Digested:
    """As `digest_piece`, in a process that does nothing else: an archive stays open until the process ends.

    Its list of files is read as a whole each time it is opened.
    """
    piece, limits, hazards_at = job
    if isinstance(piece, ZipPiece) and isinstance(piece.archive, Path):
        if piece.archive not in _archives:
            _archives[piece.archive] = ZipFile(piece.archive)
        piece = replace(piece, archive=_archives[piece.archive])
    return digest_piece((piece, limits, hazards_at), as_rdf=as_rdf)


_archives: dict[Path, ZipFile] = {}


def collect_seldom() -> None:
    """Of a process that reads documents one after the other: up to a fifth of its time went into looking for cycles.

    There is none in a document, which is gone with the last reference to it; what else is made is found all the same.
    """
    gc.freeze()
    gc.set_threshold(100_000)


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
            except UNREADABLE_ZIP as error:
                collector.refuse(position, "zip-damaged", f"it cannot be unpacked: {error}")


def lines_of(piece: LinePiece, longest: int) -> Iterator[tuple[bytes, int]]:
    """The lines that begin in the piece, without their ends, and their lengths.

    Of one that is too long, one byte more than allowed.
    """
    with piece.path.open("rb", buffering=READ_BYTES) as file:
        if piece.start:
            # One byte back: if that byte ends a line, a new one begins with the piece.
            file.seek(piece.start - 1)
            _skip_line(file)
        at, end = file.tell(), piece.start + piece.size
        while at < end:
            line = file.readline(longest + 3)
            length, last = len(line), line
            while not last.endswith(b"\n") and (last := file.readline(READ_BYTES)):
                length += len(last)
            at += length
            yield line.rstrip(b"\r\n"), length - last.endswith(b"\n")


def _skip_line(file: BinaryIO) -> None:
    """Read to the end of the line, however far."""
    while line := file.readline(READ_BYTES):
        if line.endswith(b"\n"):
            break
