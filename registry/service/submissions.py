"""What is sent to be verified, cut into its credentials: a document, a file, a form with files, a ZIP or a portfolio.

An upload lies in one temporary file without a name, and its items are read from there one at a time. What is wrong
with one item is said of that item; what is wrong with the upload as a whole is refused before any answer begins.
"""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final, cast

from registry.credential.digest import DEFAULT_LIMITS, Limits
from registry.document.portfolio import may_be_portfolio
from registry.document.submitted import (
    Broken,
    Item,
    NamedFile,
    OpenZip,
    Pair,
    item_of,
    item_too_large,
    label_of,
    paired,
    unpacks_beyond,
)
from registry.errors import IntakeError
from registry.untrusted.archives import label
from registry.untrusted.forms import FormReader, Nothing, Part, Sink, bad_form
from registry.verify.policy import Policy, parse_policy

# What stays in memory of an upload before it goes to the disk.
SPOOLED_BYTES: Final = 1 << 20
MOST_POLICY_BYTES: Final = 64 << 10


class Kind(StrEnum):
    """What the bytes of an upload are."""

    FILE = "file"
    ZIP = "zip"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class SubmissionLimits:
    """How much is taken at a time.

    Attributes:
        bytes: of the upload as it comes in.
        unpacked_bytes: of all files in its ZIPs together.
        items: credentials.
        item_bytes: of one file; one is in memory at a time.
        seconds, idle_seconds: in which it must have come in, and in which something more must come.
        answer_seconds: in which a table must have been taken, so that slow readers do not keep others out.
        document_work: seconds of processor time for reading one document.
        upload_work: for reading all documents of an upload; the rest of it is *could not be checked* then.
        client_work, client_rate: for all uploads from one address at once, and how much comes back each second.
        client_uploads, uploads: that are verified at once, from one address and from all.
        document: for JSON documents.
    """

    bytes: int = 64 << 20
    unpacked_bytes: int = 512 << 20
    items: int = 10_000
    item_bytes: int = 16 << 20
    seconds: float = 120.0
    idle_seconds: float = 20.0
    answer_seconds: float = 1800.0
    document_work: float = 3.0
    upload_work: float = 20.0
    client_work: float = 60.0
    client_rate: float = 0.5
    client_uploads: int = 4
    uploads: int = 32
    document: Limits = DEFAULT_LIMITS

    @property
    def files(self) -> int:
        """Each credential may have a receipt beside it."""
        return 2 * self.items


class Submission:
    """An upload: feed it, finish it, take its items, close it. One thread at a time.

    Args:
        name: of the file, when it is one.
        boundary: of a form.
    """

    def __init__(self, kind: Kind, limits: SubmissionLimits, *, name: str = "document", boundary: bytes = b""):
        self._limits = limits
        self._spool = cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOLED_BYTES))  # noqa: SIM115 - closed below
        self._size = 0
        self._unpacked = 0
        self._policy = bytearray()
        self._uploads: list[_Upload] = []
        self._archives: list[OpenZip] = []
        self._pairs: list[Pair] = []
        self._strays: list[Broken] = []
        self._is_single = kind is not Kind.ZIP
        if kind is Kind.FORM:
            self._sink: Sink = FormReader(boundary, self._open_part)
        else:
            self._sink = self._upload(Part("", name), is_zip=kind is Kind.ZIP)

    @property
    def is_single(self) -> bool:
        """Whether it is one credential and not a set that happens to have one member."""
        return self._is_single

    def feed(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            IntakeError: it is too large, or not the form that it says it is.
        """
        self._size += len(data)
        if self._size > self._limits.bytes:
            raise too_large(self._limits.bytes)
        self._sink.feed(data)

    def finish(self) -> None:
        """All bytes are there.

        Raises:
            IntakeError: there is nothing in it, too much, or a ZIP that cannot be read.
        """
        self._sink.finish()
        files: list[NamedFile] = []
        for upload in self._uploads:
            files += self._files_of(upload)
            if len(files) > self._limits.files:
                raise too_many(self._limits.items)
        self._pairs = [*paired(files), *(Pair(stray.name, trouble=stray) for stray in self._strays)]
        if not self._pairs or not self._size:
            raise IntakeError("there is no credential in it", remedy="Check what is sent.", code="empty")
        if len(self._pairs) > self._limits.items:
            raise too_many(self._limits.items)
        self._is_single = self._is_single and len(self._pairs) == 1 and not self._is_portfolio(self._pairs[0])

    def _is_portfolio(self, pair: Pair) -> bool:
        """Whether a document without a receipt may be one; whoever reads it will know."""
        if pair.document is None or pair.receipt is not None:
            return False
        try:
            return may_be_portfolio(pair.document.bytes.read(self._limits.item_bytes))
        except IntakeError:
            return False

    def policy(self) -> Policy | None:
        """The verifier's policy, when the form brings one.

        Raises:
            SettingsError: it makes no sense.
        """
        return parse_policy(bytes(self._policy), where="policy") if self._policy else None

    def items(self) -> Iterator[Item]:
        """The files in the order in which they came, unpacked when they are asked for; see `interpreted`."""
        for pair in self._pairs:
            yield item_of(pair, self._limits.item_bytes)

    def close(self) -> None:
        """Nothing of it is kept."""
        self._sink.close()
        for archive in self._archives:
            archive.close()
        self._spool.close()

    # Taking in

    def _open_part(self, part: Part) -> Sink:
        if part.field == "policy":
            return _Policy(self._policy)
        if part.filename is None:
            raise bad_form(f"the part {label(part.field)[:40]!r} is not a file")
        return self._upload(part, is_zip=part.filename.lower().endswith(".zip"))

    def _upload(self, part: Part, *, is_zip: bool) -> Sink:
        if len(self._uploads) >= self._limits.files:
            raise too_many(self._limits.items)
        if is_zip:
            self._is_single = False
        upload = _Upload(self._spool, part, is_zip=is_zip)
        self._uploads.append(upload)
        return upload

    def _files_of(self, upload: _Upload) -> Iterator[NamedFile]:
        name = label_of(upload.part.filename or "")
        if not upload.is_zip:
            yield NamedFile(name, upload.part.field, upload)
            return
        opened = OpenZip(
            upload.open(),
            most_files=self._limits.files,
            most_bytes=self._limits.unpacked_bytes,
            prefix=f"{name}/" if upload.part.field else "",
        )
        self._archives.append(opened)
        self._strays += opened.strays
        self._unpacked += opened.unpacked_bytes
        if self._unpacked > self._limits.unpacked_bytes:
            raise unpacks_beyond(self._limits.unpacked_bytes)
        yield from opened.files


class _Upload(Nothing):
    """One file of an upload: a range of the temporary file."""

    def __init__(self, spool: IO[bytes], part: Part, *, is_zip: bool):
        self.part = part
        self.is_zip = is_zip
        self._spool = spool
        self._start = spool.seek(0, io.SEEK_END)
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._spool.write(data)
        self._size += len(data)

    def read(self, most: int) -> bytes:
        if self._size > most:
            raise item_too_large(most)
        self._spool.seek(self._start)
        return self._spool.read(self._size)

    def open(self) -> IO[bytes]:
        return cast(IO[bytes], io.BufferedReader(_Range(self._spool, self._start, self._size)))


class _Range(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: IO[bytes], start: int, size: int):
        self._file = file
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a place before the beginning")  # as a file on the disk does
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(min(len(buffer), max(0, self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Policy(Nothing):
    """The part of a form that says whom the verifier believes."""

    def __init__(self, into: bytearray):
        self._into = into

    def feed(self, data: bytes) -> None:
        self._into += data
        if len(self._into) > MOST_POLICY_BYTES:
            raise IntakeError(
                f"the policy has more than {MOST_POLICY_BYTES:,} bytes", remedy="Send a shorter one.", code="too-large"
            )


_IN_PARTS: Final = "Send it in several parts, or verify it on your own machine with `testamur verify`."


def too_large(most: int) -> IntakeError:
    """The refusal of an upload by its length."""
    return IntakeError(f"the upload has more than {most:,} bytes", remedy=_IN_PARTS, code="too-large")


def too_many(most: int) -> IntakeError:
    """The refusal of an upload by the number of its files."""
    return IntakeError(f"the upload has more than {most:,} credentials", remedy=_IN_PARTS, code="too-many")
