"""What comes in to digests while it comes: lines, documents, ZIP files and forms, each by its own sink."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any, Final, cast

from anchor.books.batches import Leaf
from anchor.books.jobs import Rejected
from anchor.intake.digesting import Collector, Digested, LeftOut, digest_piece, head_of, readable_entries, zip_pieces
from anchor.settings import Settings
from registry.credential.digest import DEFAULT_LIMITS, JSON_SUFFIXES, Limits
from registry.credential.digestlist import LONGEST_LINE, is_digest_list
from registry.credential.filekinds import DIGEST_SUFFIXES, LINE_SUFFIXES, left_out
from registry.errors import IntakeError
from registry.untrusted.archives import UNREADABLE_ZIP, check_directory, file_name, is_packed_usually, storable
from registry.untrusted.forms import FormReader, Nothing, Part, Sink, bad_form

# What stays in memory of a file before it goes to a temporary one, which has no name and ends with the process.
SPOOLED_BYTES: Final = 1 << 20
UNPACKED_FACTOR: Final = 20
# The list of files in a ZIP is read as a whole, and grows tenfold in memory.
MOST_DIRECTORY_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How large a job may be and how long it may take to come in; see the settings `intake_*`."""

    bytes: int = 1 << 30
    credentials: int = 1_000_000
    seconds: float = 600.0
    idle_seconds: float = 30.0
    document: Limits = DEFAULT_LIMITS

    @classmethod
    def of(cls, settings: Settings) -> IntakeLimits:
        """Those of the settings."""
        document = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        return cls(
            settings.intake_bytes,
            settings.intake_credentials,
            settings.intake_seconds,
            settings.intake_idle_seconds,
            document,
        )


@dataclass(slots=True)
class _Part:
    """What came of one file, or of the lines of one."""

    sources: tuple[str, ...]
    digested: Digested
    by_line: bool

    def place(self, position: int) -> tuple[str, int]:
        return (self.sources[0], position + 1) if self.by_line else (self.sources[position], 0)


@dataclass(slots=True)
class Taken:
    """The digests of a job, 37 bytes a credential, and its rejects; `rows` counts both, and blank lines.

    `between` is called between two pieces of longer work.
    """

    limits: IntakeLimits
    prefix: str
    between: Callable[[], None]
    as_files: bool = False
    as_rdf: bool = False
    rows: int = 0
    parts: list[_Part] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def count(self, rows: int) -> None:
        self.rows += rows
        if self.rows > self.limits.credentials:
            raise too_many(self.limits.credentials)

    @property
    def credentials(self) -> int:
        return sum(len(part.digested.positions) // 4 for part in self.parts)

    def leaves(self) -> Iterator[Leaf]:
        for part in self.parts:
            packed, positions = part.digested.digests, memoryview(part.digested.positions)
            for number in range(len(positions) // 4):
                at = 33 * number
                source, line = part.place(int.from_bytes(positions[4 * number : 4 * number + 4], "big"))
                yield Leaf(packed[at : at + 32], 0, packed[at + 32], storable(self.prefix + source), line)

    def rejects(self) -> Iterator[Rejected]:
        for part in self.parts:
            for position, code, reason in part.digested.rejects:
                source, line = part.place(position)
                yield Rejected(storable(source), line, code, storable(reason))


class Lines(Nothing):
    """A credential or a digest a line; of a line that is too long, a little more than allowed is kept."""

    def __init__(self, source: str, limits: IntakeLimits, taken: Taken, *, of_digests: bool):
        self._source = source
        self._taken = taken
        self._longest = (LONGEST_LINE if of_digests else limits.document.max_bytes) + 3
        self._of_digests = of_digests
        self._collector = Collector(limits.document, None, as_rdf=taken.as_rdf)
        self._begun = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> None:
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._append(end)
            self._end_line()
        self._append(rest)

    def finish(self) -> None:
        if self._begun:
            self._end_line()
        self._taken.parts.append(_Part((self._source,), self._collector.result(), by_line=True))

    def _append(self, data: bytes) -> None:
        self._begun += data[: max(0, self._longest - len(self._begun))]
        self._length += len(data)

    def _end_line(self) -> None:
        self._taken.count(1)
        line = bytes(self._begun).rstrip(b"\r\n")
        if self._of_digests:
            self._collector.given(line)
        else:
            self._collector.line(line, self._length)
        self._begun.clear()
        self._length = 0


class Document(Nothing):
    """One JSON document."""

    def __init__(self, source: str, limits: IntakeLimits, taken: Taken):
        self._source = source
        self._limits = limits
        self._taken = taken
        self._data = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> None:
        self._data += data[: max(0, self._limits.document.max_bytes + 1 - len(self._data))]
        self._length += len(data)

    def finish(self) -> None:
        if not self._data.strip():
            return
        self._taken.count(1)
        collector = Collector(self._limits.document, None, as_rdf=self._taken.as_rdf)
        collector.document(0, bytes(self._data), self._length)
        self._taken.parts.append(_Part((self._source,), collector.result(), by_line=False))


class _Spooled(Nothing):
    """A file that is digested once it is whole."""

    def __init__(self, source: str, limits: IntakeLimits, taken: Taken):
        self._source = source
        self._limits = limits
        self._taken = taken
        self._file = cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOLED_BYTES))  # noqa: SIM115 - closed below

    def feed(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        try:
            self._file.seek(0)
            self._digest()
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()

    def _digest(self) -> None:
        if (code := left_out(self._source, self._file.seek(0, 2))) is not None:
            self._taken.left_out.append(LeftOut(self._source, code))
            return
        self._file.seek(0)
        if not self._taken.as_files and self._is_list():
            self._digest_list()
            return
        self._taken.count(1)
        taken = self._taken
        collector = Collector(self._limits.document, None, as_files=taken.as_files, as_rdf=taken.as_rdf)
        collector.file(0, self._source, cast(Any, self._file))
        self._taken.parts.append(_Part((self._source,), collector.result(), by_line=False))

    def _is_list(self) -> bool:
        if self._source.lower().endswith(JSON_SUFFIXES):
            return False
        try:
            return is_digest_list(head_of(cast(Any, self._file)))
        except IntakeError:
            # The collector refuses it with the reason.
            return False

    def _digest_list(self) -> None:
        lines = Lines(self._source, self._limits, self._taken, of_digests=True)
        while data := self._file.read(SPOOLED_BYTES):
            self._taken.between()
            lines.feed(data)
        lines.finish()


class Zip(_Spooled):
    """A ZIP; each file in it is a credential."""

    def _digest(self) -> None:
        try:
            check_directory(self._file, MOST_DIRECTORY_BYTES)
            with zipfile.ZipFile(self._file) as archive:
                entries, left = readable_entries(archive)
                inside = f"{self._source}/" if self._source else ""
                self._taken.left_out += [LeftOut(f"{inside}{each.source}", each.code) for each in left]
                self._check(entries)
                for piece in zip_pieces(archive, entries, archive, as_files=self._taken.as_files):
                    self._taken.between()
                    digested = digest_piece((piece, self._limits.document, None), as_rdf=self._taken.as_rdf)
                    shown = tuple(f"{self._source}/{name}" if self._source else name for name in piece.sources)
                    self._taken.parts.append(_Part(shown, digested, by_line=False))
        except UNREADABLE_ZIP as error:
            raise _bad_zip(str(error)) from None

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        self._taken.count(len(entries))
        allowed = UNPACKED_FACTOR * self._limits.bytes
        if sum(entry.file_size for entry in entries) > allowed:
            raise _bad_zip(f"it unpacks to more than {allowed:,} bytes")
        if not all(map(is_packed_usually, entries)):
            raise _bad_zip("it is packed otherwise than by deflate")


class Multipart(FormReader):
    """A form with files: JSONL and ZIP files become their credentials, every other file is one.

    Args:
        taken: None when the files are only compared with earlier ones.
        hashed: gets the name and the hash of each file; the boundary between them may differ in a repeated request.
    """

    def __init__(self, boundary: bytes, limits: IntakeLimits, taken: Taken | None, hashed: Callable[[bytes], None]):
        super().__init__(boundary, self._file)
        self._limits = limits
        self._taken = taken
        self._hashed = hashed
        self._names: set[str] = set()

    def _file(self, part: Part) -> Sink:
        if part.filename is None:
            raise bad_form("a part of it is not a file")
        name = file_name(part.filename)
        return _Hashing(self._sink_for(self._unused(name)), name.encode("utf-8", "replace"), self._hashed)

    def _unused(self, name: str) -> str:
        """The name, or one with a number: receipts are named after the files."""
        chosen = name if name not in self._names else f"{len(self._names) + 1}-{name}"
        self._names.add(chosen)
        if len(self._names) > self._limits.credentials:
            raise too_many(self._limits.credentials)
        return chosen

    def _sink_for(self, name: str) -> Sink:
        if self._taken is None:
            return Nothing()
        lower = name.lower()
        if lower.endswith(LINE_SUFFIXES):
            return Lines(name, self._limits, self._taken, of_digests=False)
        if lower.endswith(DIGEST_SUFFIXES):
            return Lines(name, self._limits, self._taken, of_digests=True)
        return (Zip if lower.endswith(".zip") else _Spooled)(name, self._limits, self._taken)


class _Hashing:
    """Hashes a name and a file on its way.

    Args:
        hashed: gets the hash before the file is finished.
    """

    def __init__(self, sink: Sink, name: bytes, hashed: Callable[[bytes], None]):
        self._sink = sink
        self._hash = sha256(name)
        self._hashed = hashed

    def feed(self, data: bytes) -> None:
        self._hash.update(data)
        self._sink.feed(data)

    def finish(self) -> None:
        self._hashed(self._hash.digest())
        self._sink.finish()

    def close(self) -> None:
        self._sink.close()


def too_many(most: int) -> IntakeError:
    """The refusal of a job with more rows or files than may be."""
    return IntakeError(
        f"the job has more than {most:,} rows or files",
        remedy="Send it in several jobs, or ask whoever runs the daemon to raise intake_credentials.",
        code="too-many",
    )


def _bad_zip(why: str) -> IntakeError:
    return IntakeError(
        f"this is not a ZIP file that can be read: {storable(why)}",
        remedy="Create the ZIP again, with deflate and without encryption.",
        code="bad-zip",
    )
