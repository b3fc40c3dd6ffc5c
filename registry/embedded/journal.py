"""An append-only file of records that survives a crash in the middle of a write.

    magic (8) ‖ version (4) ‖ subject (32)
    then for each record: length (4) ‖ CRC-32 of the length (4) ‖ the record ‖ CRC-32 of the record (4)

All numbers are big-endian. A record counts once `append` has returned, which is after fsync. Only the last record can
be torn: cut short, or with its end never written. It was never acknowledged, so it is moved to a file beside the
journal. Anything else that does not fit is damage, and is reported instead of repaired.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from registry.errors import StoreError
from registry.privatefiles import private_opener

MAGIC = b"TSTMJRNL"
VERSION = 1
HEADER_BYTES = len(MAGIC) + 4 + 32
FRAME = struct.Struct(">II")
CHECKSUM = struct.Struct(">I")
# A block holds at most its gas limit's worth of data; what claims to be larger is damage, not a record.
MAXIMUM_RECORD_BYTES = 64 * 1024 * 1024


class Journal:
    """A journal about one subject, open for appending. The caller makes sure that nobody else writes to it.

    Args:
        path: the file; created when it is not there.
        subject: 32 bytes that say what the records are about; another journal's records are not read as ours.

    Raises:
        StoreError: the file belongs to another subject or version, is damaged, or cannot be written.
    """

    def __init__(self, path: Path, subject: bytes):
        self._path = path
        self._header = MAGIC + VERSION.to_bytes(4, "big") + subject
        self._unusable: str | None = None
        try:
            self._file = self._opened()
        except OSError as error:
            raise StoreError(f"the journal cannot be opened: {error.strerror}", where=str(path)) from error

    def records(self) -> Iterator[bytes]:
        """All records, oldest first; afterwards the file ends with the last whole one.

        Raises:
            StoreError: a record other than a torn last one is damaged; names the offset.
        """
        self._file.seek(0)
        content = self._file.read()
        if content[:HEADER_BYTES] != self._header:
            raise self._damaged(0, "it is not the journal of this chain, or of another version of this program")
        offset = HEADER_BYTES
        while offset < len(content):
            record = self._record_at(content, offset)
            if record is None:
                self._set_aside(content, offset)
                return
            yield record
            offset += FRAME.size + len(record) + CHECKSUM.size

    def append(self, record: bytes) -> None:
        """Write one record; it is on the disk when this returns.

        Raises:
            StoreError: it could not be written; the file is as it was before, or not used any more.
        """
        if self._unusable:
            raise self._failed(self._unusable)
        length = CHECKSUM.pack(len(record))
        frame = length + CHECKSUM.pack(zlib.crc32(length)) + record + CHECKSUM.pack(zlib.crc32(record))
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._write_whole(frame)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back(end)
            raise self._failed(error.strerror or "unknown error") from error
        except BaseException:
            # Interrupted: the caller takes it as not written, so it must not be there for the next one to contradict.
            self._take_back(end)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _opened(self) -> BinaryIO:
        """The file with its header, which appears whole or not at all."""
        if not self._path.exists():
            temporary = self._path.with_suffix(".new")
            with open(temporary, "wb", opener=private_opener) as file:
                file.write(self._header)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
            _sync_folder(self._path.parent)
        return self._path.open("r+b", buffering=0)

    def _record_at(self, content: bytes, offset: int) -> bytes | None:
        """The record there, or None when it is torn."""
        start = offset + FRAME.size
        if len(content) < start:
            return None
        length, length_checksum = FRAME.unpack_from(content, offset)
        if not any(content[offset:]):
            return None  # the file grew, and the machine stopped before the bytes came
        if zlib.crc32(content[offset : offset + 4]) != length_checksum or length > MAXIMUM_RECORD_BYTES:
            raise self._damaged(offset, "the length of a record is damaged")
        end = start + length
        if len(content) < end + CHECKSUM.size:
            return None
        record = content[start:end]
        (checksum,) = CHECKSUM.unpack_from(content, end)
        if zlib.crc32(record) == checksum:
            return record
        if checksum == 0 and len(content) == end + CHECKSUM.size:
            return None
        raise self._damaged(offset, "a record is damaged")

    def _set_aside(self, content: bytes, offset: int) -> None:
        aside = self._path.with_suffix(f".{offset}.torn")
        try:
            with open(aside, "wb", opener=private_opener) as file:
                file.write(content[offset:])
                os.fsync(file.fileno())
            self._file.truncate(offset)
            os.fsync(self._file.fileno())
            _sync_folder(self._path.parent)
        except OSError as error:
            raise StoreError(
                f"a torn last record could not be set aside: {error.strerror}", where=str(self._path)
            ) from error

    def _write_whole(self, frame: bytes) -> None:
        rest = memoryview(frame)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _take_back(self, end: int) -> None:
        """Cut off what part of the record was written; if even that fails, write no more."""
        try:
            self._file.truncate(end)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._unusable = error.strerror or "unknown error"

    def _failed(self, reason: str) -> StoreError:
        return StoreError(
            f"the chain's journal cannot be written: {reason}",
            where=str(self._path),
            remedy="Make room on the disk or repair it, then start again.",
            code="journal-write",
        )

    def _damaged(self, offset: int, what: str) -> StoreError:
        return StoreError(
            what,
            where=f"{self._path} at byte {offset}",
            remedy="Restore the file from a backup. Nothing was changed.",
            code="journal-damaged",
        )


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder durable, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
