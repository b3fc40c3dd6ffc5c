"""What is given to be verified, cut into its credentials: documents with their receipts, ZIPs and portfolios.

It is read one item at a time; what is wrong with one is said of that one. The command and the service read by it alike.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, Protocol

import orjson

from registry.credential.digest import JSON_SUFFIXES, DigestMethod, Limits
from registry.credential.strictjson import parse_json
from registry.document.portfolio import MOST_ITEMS, Portfolio, UnreadItem, may_be_portfolio, read_portfolio
from registry.document.reading import MOST_CARRIER_BYTES, Reading, read_document
from registry.errors import CredentialError, IntakeError, ReceiptError, RegistryError
from registry.receipt.kind import RECEIPT_TYPE
from registry.receipt.model import DEPTH, MAX_BYTES, Receipt, parse, to_json
from registry.untrusted.archives import (
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

# Of the list of files in a ZIP, for each file allowed: a name, and what comes with it.
DIRECTORY_BYTES_A_FILE: Final = 512
LONGEST_LABEL: Final = 400


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


@dataclass(frozen=True, slots=True)
class ReadItem:
    """A credential that was read: a document with or without its receipt, or a receipt alone."""

    name: str
    reading: Reading | None
    receipt: Receipt | None


def read_item(item: Submitted, limits: Limits) -> ReadItem | Broken:
    """Read one item: what it is, and everything that it says.

    Args:
        limits: for each JSON text in it.
    """
    try:
        item = interpreted(item, limits)
    except RegistryError as error:
        return Broken.of(item.name, error)
    reading = None if item.document is None else read_document(item.document, item.name, limits)
    return ReadItem(item.name, reading, item.receipt)


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
        # A document of the greatest size and depth still fits into the object around it, and any receipt.
        depth = max(limits.max_depth, DEPTH) + 1
        content = parse_json(data, Limits(max_bytes=limits.max_bytes + MAX_BYTES, max_depth=depth))
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


def _read_receipt(file: NamedFile) -> Receipt:
    try:
        return parse(file.bytes.read(MAX_BYTES))
    except ReceiptError as error:
        error.where = f"{file.name}, {error.where}" if error.where else file.name
        raise


# Files and their receipts


class Content(Protocol):
    def read(self, most: int) -> bytes:
        """All of it.

        Raises:
            IntakeError: it is longer, or cannot be read.
        """


@dataclass(frozen=True, slots=True)
class NamedFile:
    name: str
    field: str
    bytes: Content


@dataclass(slots=True)
class Pair:
    """A document and its receipt, or one of them, or what is wrong with them."""

    name: str
    document: NamedFile | None = None
    receipt: NamedFile | None = None
    trouble: Broken | None = None


def paired(files: list[NamedFile]) -> list[Pair]:
    """Documents with the receipts that are named after them, in the order in which they came."""
    if len(files) == 2 and [file.field == "receipt" for file in files].count(True) == 1:
        document, receipt = sorted(files, key=lambda file: file.field == "receipt")
        return [Pair(document.name, document, receipt)]
    first: dict[str, NamedFile] = {}
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
        pairs.append(Pair(file.name, file, beside))
    pairs += [
        Pair(file.name, None, file)
        for file in first.values()
        if file.name not in taken and (is_receipt_name(file.name) or file.field == "receipt")
    ]
    for file in repeated:
        why = "Another file has this name, and that one was verified."
        trouble = Broken(file.name, "repeated-name", why, "Send each under its own name.")
        pairs.append(Pair(file.name, trouble=trouble))
    return pairs


def item_of(pair: Pair, most: int) -> Item:
    """The item that a pair is; what is wrong with it is an item too.

    Args:
        most: bytes that a document may have; one is in memory at a time.
    """
    if pair.trouble is not None:
        return pair.trouble
    try:
        receipt = None if pair.receipt is None else _read_receipt(pair.receipt)
        document = None if pair.document is None else pair.document.bytes.read(most)
    except RegistryError as error:
        return Broken.of(pair.name, error)
    return Submitted(pair.name, document, receipt)


def item_read(pair: Pair, limits: Limits, most: int = MOST_CARRIER_BYTES) -> ReadItem | Broken:
    """A pair, read; as `item_of` and `read_item`."""
    item = item_of(pair, most)
    return item if isinstance(item, Broken) else read_item(item, limits)


def label_of(name: str) -> str:
    shown = storable(label(name))
    return shown if len(shown) <= LONGEST_LABEL else f"…{shown[-LONGEST_LABEL:]}"


# Portfolios


def portfolio_in(item: Submitted, most_items: int = MOST_ITEMS) -> Portfolio | Broken | None:
    """The portfolio that an item is; None where it is none, and for one with a receipt, which is one credential."""
    data = item.document
    if data is None or item.receipt is not None or not may_be_portfolio(data):
        return None
    try:
        return read_portfolio(data, most_items)
    except RegistryError as error:
        return None if error.code == "not-a-portfolio" else Broken.of(item.name, error)


def items_read(pair: Pair, limits: Limits, most: int = MOST_CARRIER_BYTES) -> Iterator[ReadItem | Broken]:
    """As `item_read`, and what is in a portfolio in its place; a portfolio in that is a document."""
    item = item_of(pair, most)
    portfolio = portfolio_in(item) if isinstance(item, Submitted) else None
    if isinstance(portfolio, Portfolio):
        yield from (item_read(each, limits, most) for each in portfolio_pairs(portfolio, f"{item.name}/"))
    else:
        item = portfolio or item
        yield item if isinstance(item, Broken) else read_item(item, limits)


def portfolio_pairs(portfolio: Portfolio, prefix: str = "") -> list[Pair]:
    """What is in a portfolio, in its order, each credential with its receipt; then receipts that are of none.

    Args:
        prefix: of the names that its credentials are called by.
    """
    pairs = []
    for each in (*portfolio.items, *portfolio.strays):
        name = label_of(prefix + each.name)
        if isinstance(each, UnreadItem):
            pairs.append(Pair(name, trouble=Broken.of(name, each.error)))
            continue
        receipt = None
        if each.receipt is not None:
            receipt = NamedFile(name + RECEIPT_SUFFIXES[0], "", _Written(each.receipt))
        pairs.append(Pair(name, NamedFile(name, "", _Held(each.content)), receipt))
    return pairs


@dataclass(frozen=True, slots=True)
class _Held:
    """A file that is in memory."""

    content: bytes

    def read(self, most: int) -> bytes:
        if len(self.content) > most:
            raise item_too_large(most)
        return self.content


@dataclass(frozen=True, slots=True)
class _Written:
    """A receipt as the file that it would be in: it is read by the rules for those."""

    receipt: Receipt

    def read(self, most: int) -> bytes:
        content = to_json(self.receipt)
        if len(content) > most:
            raise item_too_large(most)
        return content


# ZIPs


class OpenZip:
    """A ZIP: the files in it that can be verified, and those that are refused for their names. Close it after use.

    Args:
        file: that can be sought in; it stays open as long as this.
        most_files: that it may hold.
        most_bytes: to which all of them together may unpack.
        prefix: of the names that its files are called by.

    Raises:
        IntakeError: it cannot be read (`bad-zip`).
    """

    def __init__(self, file: IO[bytes], *, most_files: int, most_bytes: int, prefix: str = ""):
        try:
            check_directory(file, most_files * DIRECTORY_BYTES_A_FILE)
            self._archive = zipfile.ZipFile(file)
            entries = visible_entries(self._archive)
        except UNREADABLE_ZIP as error:
            raise bad_zip(str(error)) from None
        self.strays = [
            Broken(label_of(prefix + entry.filename), "zip-name", f"It was not read: {why}.", "Name it plainly.")
            for entry in entries
            if (why := leads_out(entry.filename)) is not None
        ]
        entries = [entry for entry in entries if not leads_out(entry.filename)]
        self.unpacked_bytes = sum(entry.file_size for entry in entries)
        if self.unpacked_bytes > most_bytes:
            raise unpacks_beyond(most_bytes)
        self.files = [
            NamedFile(label_of(prefix + entry.filename), "", _Packed(self._archive, entry)) for entry in entries
        ]

    def close(self) -> None:
        """Nothing is read from it any more."""
        self._archive.close()


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


def bad_zip(why: str) -> IntakeError:
    """The refusal of an archive."""
    return IntakeError(
        f"this is not a ZIP file that can be read: {storable(why)}",
        remedy="Create the ZIP again, with deflate and without encryption.",
        code="bad-zip",
    )


def unpacks_beyond(most: int) -> IntakeError:
    """The refusal of archives by what they unpack to."""
    return bad_zip(f"it unpacks to more than {most:,} bytes")


def item_too_large(most: int) -> IntakeError:
    """The refusal of one file by its length."""
    return _unreadable("too-large", f"it has more than {most:,} bytes", "Verify it by itself with `testamur verify`.")


def _unreadable(code: str, what: str, remedy: str) -> IntakeError:
    return IntakeError(what, remedy=remedy, code=code)
