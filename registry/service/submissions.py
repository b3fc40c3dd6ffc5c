"""What is sent to be verified, cut into its credentials: a document, a file, a form with files, or a ZIP.

An upload lies in one temporary file without a name, and its items are read from there one at a time. What is wrong
with one item is said of that item; what is wrong with the upload as a whole is refused before any answer begins.
"""

from __future__ import annotations

import errno
import io
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final, Protocol, cast

import orjson

from registry.archives import (
    RECEIPT_SUFFIXES,
    UNREADABLE_ZIP,
    check_directory,
    is_encrypted,
    is_link,
    is_packed_usually,
    is_receipt_name,
    label,
    leads_out,
    storable,
    unpacks_to_too_much,
    visible_entries,
)
from registry.credential import DEFAULT_LIMITS, JSON_SUFFIXES, DigestMethod, Limits
from registry.errors import CredentialError, IntakeError, ReceiptError, RegistryError
from registry.forms import FormReader, Nothing, Part, Sink, bad_form
from registry.policy import Policy, parse_policy
from registry.receipt import MAX_BYTES, RECEIPT_TYPE, Receipt, parse
from registry.strictjson import parse_json

# What stays in memory of an upload before it goes to the disk.
SPOOLED_BYTES: Final = 1 << 20
MOST_POLICY_BYTES: Final = 64 << 10
# Of the list of files in a ZIP, for each file allowed: a name, and what comes with it.
DIRECTORY_BYTES_A_FILE: Final = 512
LONGEST_LABEL: Final = 400


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


@dataclass(frozen=True, slots=True)
class Submitted:
    """A credential to verify. Without a document there is a receipt; without a receipt one may be found elsewhere,
    or in the document (`interpreted`)."""

    name: str
    document: bytes | None
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that cannot be read, why, and what to do."""

    name: str
    code: str
    what: str
    remedy: str | None

    @classmethod
    def of(cls, name: str, error: RegistryError) -> Broken:
        """An error over one item: what whoever sent it may know."""
        told = error.public
        place = f" ({told.where})" if told.where and told.where != name else ""
        what = f"{told.what[:1].upper()}{told.what[1:].rstrip('.')}{place}."
        return cls(name, told.code, storable(what), told.remedy)

    @property
    def reason(self) -> str:
        """All of it."""
        return f"{self.what} {self.remedy}" if self.remedy else self.what


Item = Submitted | Broken


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
        self._archives: list[zipfile.ZipFile] = []
        self._pairs: list[_Pair] = []
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
        files: list[_File] = []
        for upload in self._uploads:
            files += self._files_of(upload)
            if len(files) > self._limits.files:
                raise too_many(self._limits.items)
        self._pairs = [*_paired(files), *(_Pair(stray.name, trouble=stray) for stray in self._strays)]
        if not self._pairs or not self._size:
            raise IntakeError("there is no credential in it", remedy="Check what is sent.", code="empty")
        if len(self._pairs) > self._limits.items:
            raise too_many(self._limits.items)
        self._is_single = self._is_single and len(self._pairs) == 1

    def policy(self) -> Policy | None:
        """The verifier's policy, when the form brings one.

        Raises:
            SettingsError: it makes no sense.
        """
        return parse_policy(bytes(self._policy), where="policy") if self._policy else None

    def items(self) -> Iterator[Item]:
        """The files in the order in which they came, unpacked when they are asked for; see `interpreted`."""
        for pair in self._pairs:
            try:
                yield self._item(pair)
            except RegistryError as error:
                yield Broken.of(pair.name, error)

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

    def _files_of(self, upload: _Upload) -> Iterator[_File]:
        name = _label_of(upload.part.filename or "")
        if not upload.is_zip:
            yield _File(name, upload.part.field, upload)
            return
        prefix = f"{name}/" if upload.part.field else ""
        try:
            check_directory(upload.open(), self._limits.files * DIRECTORY_BYTES_A_FILE)
            archive = zipfile.ZipFile(upload.open())
            self._archives.append(archive)
            entries = visible_entries(archive)
        except UNREADABLE_ZIP as error:
            raise bad_zip(str(error)) from None
        stray = [entry for entry in entries if leads_out(entry.filename)]
        entries = [entry for entry in entries if not leads_out(entry.filename)]
        for entry in stray:
            why = "Its name leads out of the ZIP, so it was not read."
            self._strays.append(
                Broken(_label_of(prefix + entry.filename), "zip-name", why, "Send it under a plain name.")
            )
        self._unpacked += sum(entry.file_size for entry in entries)
        if self._unpacked > self._limits.unpacked_bytes:
            raise bad_zip(f"it unpacks to more than {self._limits.unpacked_bytes:,} bytes")
        for entry in entries:
            yield _File(_label_of(prefix + entry.filename), "", _Packed(archive, entry))

    # Reading one

    def _item(self, pair: _Pair) -> Item:
        if pair.trouble is not None:
            return pair.trouble
        receipt = None if pair.receipt is None else _read_receipt(pair.receipt)
        if pair.document is None:
            return Submitted(pair.name, None, receipt)
        return Submitted(pair.name, pair.document.bytes.read(self._limits.item_bytes), receipt)


class _Bytes(Protocol):
    def read(self, most: int) -> bytes:
        """All of it.

        Raises:
            IntakeError: it is longer, or cannot be read.
        """


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    field: str
    bytes: _Bytes


@dataclass(slots=True)
class _Pair:
    """A document and its receipt, or one of them, or what is wrong with them."""

    name: str
    document: _File | None = None
    receipt: _File | None = None
    trouble: Broken | None = None


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
            raise _item_too_large(most)
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


@dataclass(frozen=True, slots=True)
class _Packed:
    """A file inside a ZIP; nothing is ever written under its name."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo

    def read(self, most: int) -> bytes:
        entry = self.entry
        if is_encrypted(entry):
            raise _unreadable("encrypted", "it is encrypted", "Send it without a password.")
        if is_link(entry):
            raise _unreadable("not-a-file", "it is a link or a device, not a file", "Send the file itself.")
        if not is_packed_usually(entry):
            raise _unreadable("zip-packing", "it is packed otherwise than by deflate", "Create the ZIP with deflate.")
        if reason := unpacks_to_too_much(entry, most):
            raise _unreadable("zip-ratio", reason, "Send it by itself.")
        try:
            with self.archive.open(entry) as file:
                return file.read(most)
        except (*UNREADABLE_ZIP, RuntimeError) as error:
            raise _unreadable("zip-damaged", f"it cannot be unpacked: {error}", "Create the ZIP again.") from None


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


def _paired(files: list[_File]) -> list[_Pair]:
    """Documents with the receipts that are named after them, in the order in which they came."""
    if len(files) == 2 and [file.field == "receipt" for file in files].count(True) == 1:
        document, receipt = sorted(files, key=lambda file: file.field == "receipt")
        return [_Pair(document.name, document, receipt)]
    first: dict[str, _File] = {}
    repeated = []
    for file in files:
        if first.setdefault(file.name, file) is not file:
            repeated.append(file)
    taken: set[str] = set()
    pairs = []
    for file in first.values():
        if is_receipt_name(file.name) or file.field == "receipt":
            continue
        beside = next((first[name] for name in map(file.name.__add__, RECEIPT_SUFFIXES) if name in first), None)
        if beside is not None:
            taken.add(beside.name)
        pairs.append(_Pair(file.name, file, beside))
    pairs += [
        _Pair(file.name, None, file)
        for file in first.values()
        if file.name not in taken and (is_receipt_name(file.name) or file.field == "receipt")
    ]
    for file in repeated:
        why = "Another file has this name, and that one was verified."
        trouble = Broken(file.name, "repeated-name", why, "Send each under its own name.")
        pairs.append(_Pair(file.name, trouble=trouble))
    return pairs


def interpreted(item: Submitted, limits: Limits) -> Submitted:
    """What an item is: a file that no receipt is named after may be a receipt, or hold a document and its receipt.

    It reads all of the file, so it is for a process that may take its time.

    Raises:
        RegistryError: the receipt cannot be read.
    """
    name, data = item.name, item.document
    if data is None or item.receipt is not None:
        return item
    if name.lower().endswith(".cbor"):
        return Submitted(name, None, parse(data[: MAX_BYTES + 1]))
    # Only a text that has this word can be either, and most documents do not.
    if not name.lower().endswith(JSON_SUFFIXES) or RECEIPT_TYPE.encode() not in data:
        return Submitted(name, data, None)
    try:
        # A document of the greatest size and depth still fits into the object around it.
        content = parse_json(data, Limits(max_bytes=limits.max_bytes + MAX_BYTES, max_depth=limits.max_depth + 1))
    except CredentialError:
        return Submitted(name, data, None)  # the verdict says what is wrong with the document
    if _is_receipt(content):
        return Submitted(name, None, parse(data[: MAX_BYTES + 1]))
    if (
        not isinstance(content, dict)
        or content.keys() != {"document", "receipt"}
        or not _is_receipt(content["receipt"])
    ):
        return Submitted(name, data, None)
    receipt = parse(orjson.dumps(content["receipt"]))
    if receipt.digest.method == DigestMethod.FILE:
        raise ReceiptError(
            "the receipt is for the bytes of a file, which are not those of a document inside another one",
            remedy="Send the file and the receipt as two files of a form.",
            code="bytes-needed",
        )
    return Submitted(name, orjson.dumps(content["document"]), receipt)


def _is_receipt(content: object) -> bool:
    return isinstance(content, dict) and content.get("type") == RECEIPT_TYPE


def _read_receipt(file: _File) -> Receipt:
    try:
        return parse(file.bytes.read(MAX_BYTES))
    except ReceiptError as error:
        error.where = f"{file.name}, {error.where}" if error.where else file.name
        raise


def _label_of(name: str) -> str:
    shown = storable(label(name))
    return shown if len(shown) <= LONGEST_LABEL else f"…{shown[-LONGEST_LABEL:]}"


_IN_PARTS: Final = "Send it in several parts, or verify it on your own machine with `testamur verify`."


def too_large(most: int) -> IntakeError:
    """The refusal of an upload by its length."""
    return IntakeError(f"the upload has more than {most:,} bytes", remedy=_IN_PARTS, code="too-large")


def too_many(most: int) -> IntakeError:
    """The refusal of an upload by the number of its files."""
    return IntakeError(f"the upload has more than {most:,} credentials", remedy=_IN_PARTS, code="too-many")


def bad_zip(why: str) -> IntakeError:
    """The refusal of an archive."""
    return IntakeError(
        f"this is not a ZIP file that can be read: {storable(why)}",
        remedy="Create the ZIP again, with deflate and without encryption.",
        code="bad-zip",
    )


def _item_too_large(most: int) -> IntakeError:
    return _unreadable("too-large", f"it has more than {most:,} bytes", "Verify it with `testamur verify`.")


def _unreadable(code: str, what: str, remedy: str) -> IntakeError:
    return IntakeError(what, remedy=remedy, code=code)
