"""One file of a verifier, read once: what it is, the receipt that is named after it, and what is wrong with it.

Nothing is asked of any chain or database here, so it can be done in another process (`anchor.verifying.apart`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from anchor.verifying.kinds import RECEIPT, is_url, kind_of
from anchor.verifying.named import read_named
from anchor.verifying.paths import is_digest, is_linked
from anchor.verifying.reading import read_file
from registry.credential.digest import JSON_SUFFIXES, Limits
from registry.credential.filekinds import LINE_SUFFIXES
from registry.document.portfolio import Portfolio, may_be_portfolio, read_portfolio
from registry.document.reading import MOST_CARRIER_BYTES, read_document
from registry.document.submitted import Broken, NamedFile, Pair, ReadItem, Submitted, item_read, read_item
from registry.errors import IntakeError, ReceiptError, RegistryError
from registry.learning.portfolio.link import portfolio_in_link
from registry.receipt.model import MAX_BYTES, Receipt, parse
from registry.untrusted.archives import RECEIPT_SUFFIXES, is_receipt_name, short_name
from registry.verify.absence_file import is_absence
from registry.verify.checks import Verdict
from registry.verify.verdict import sentences


@dataclass(frozen=True, slots=True)
class Found:
    """A credential that was read.

    Attributes:
        unreadable: why its receipt cannot be read, where there is such a one.
        beside: receipts in the same folder that are for what it holds.
        is_named: whether a receipt is named after it, which can be read or not.
    """

    item: ReadItem
    unreadable: ReceiptError | None = None
    beside: tuple[Receipt, ...] = ()
    is_named: bool = False


One = Found | Verdict | Portfolio
"""What is in one file: a credential, why there is none to check, or many credentials."""


def read_whole(path: Path, limits: Limits) -> One | None:
    """As `read_one`; None of what is looked into piece by piece: a digest, a link, and a ZIP or lines of many."""
    if path.name.lower().endswith((".zip", *LINE_SUFFIXES)) or is_linked(path) or is_digest(path):
        return None
    return read_one(path, limits)


def read_one(path: Path, limits: Limits, *, as_document: bool = False) -> One:
    """A file with the receipt that is named after it; a portfolio; or the verdict where either cannot be read.

    Args:
        as_document: a portfolio is read as the one document that it is as well.
    """
    try:
        if (named := named_receipt(path)) is not None:
            return read_with(path, named, limits)
        if not path.name.lower().endswith((*JSON_SUFFIXES, ".cbor")):
            return Found(ReadItem(str(path), read_file(path, limits), None))
        data = read_named(path, MOST_CARRIER_BYTES)
        is_asked = not as_document and path.name.lower().endswith(JSON_SUFFIXES)
        if is_asked and (portfolio := _portfolio_in(data, path)) is not None:
            return portfolio
        item = _small_item(str(path), data, limits)
        if item is None and len(data) <= MOST_CARRIER_BYTES:
            item = ReadItem(str(path), read_document(data, str(path), limits), None)
        if item is None:
            item = ReadItem(str(path), read_file(path, limits), None)
    except RegistryError as error:
        return unchecked(str(path), error)
    return broken(item) if isinstance(item, Broken) else Found(item)


def read_with(path: Path, named: Receipt | ReceiptError, limits: Limits) -> Found | Verdict:
    """A file and its receipt, or why that cannot be read; the verdict where the file cannot be."""
    try:
        item = ReadItem(str(path), read_file(path, limits), named if isinstance(named, Receipt) else None)
    except RegistryError as error:
        return unchecked(str(path), error)
    return Found(item, named if isinstance(named, ReceiptError) else None, is_named=True)


def portfolio_at(path: Path) -> Portfolio | None:
    """The portfolio in a file or link; None of any other, and of one that has a receipt: that is one credential.

    Raises:
        RegistryError: it is a portfolio that cannot be read.
    """
    if is_linked(path):
        return read_portfolio(portfolio_in_link(str(path)))
    if not path.name.lower().endswith(JSON_SUFFIXES) or named_receipt(path) is not None:
        return None
    try:
        return _portfolio_in(read_named(path, MOST_CARRIER_BYTES), path)
    except RegistryError as error:
        if error.code == "unreadable":
            return None
        raise


def _portfolio_in(data: bytes, path: Path) -> Portfolio | None:
    try:
        return read_portfolio(data) if may_be_portfolio(data) else None
    except RegistryError as error:
        if error.code == "not-a-portfolio":
            return None
        error.where = error.where or str(path)
        raise


def shown_name(path: Path) -> str:
    """What a path is called; a link is not told with all that is in it."""
    return "link" if is_linked(path) else str(path)


def unchecked(name: str, error: RegistryError) -> Verdict:
    """That nothing could be checked, and why."""
    where = f" ({error.where})" if error.where and error.where != name else ""
    return Verdict.unknown(name, error.code, sentences(f"{error.what}{where}", error.remedy))


def broken(item: Broken) -> Verdict:
    """The same of an item that cannot be read."""
    return Verdict.unknown(item.name, item.code, item.reason)


def _small_item(name: str, data: bytes, limits: Limits) -> ReadItem | Broken | None:
    """A file that may be a receipt, or a document and its receipt; None of one that is too long for either.

    Raises:
        IntakeError: it is a proof of absence.
    """
    if len(data) > limits.max_bytes + MAX_BYTES:
        return None
    if is_absence(data):
        raise IntakeError(
            "it is a proof that a credential was never anchored, and no credential",
            where=name,
            remedy="Verify it by itself: name this file alone.",
            code="absence-alone",
        )
    if is_receipt_name(name):
        return item_read(Pair(name, None, NamedFile(name, "", _Held(data))), limits)
    return read_item(Submitted(name, data, None), limits)


@dataclass(frozen=True, slots=True)
class _Held:
    """Bytes that were read already."""

    data: bytes

    def read(self, most: int) -> bytes:  # noqa: ARG002 - they are in memory
        return self.data


def named_receipt(path: Path) -> Receipt | ReceiptError | None:
    """The receipt that is named after the file."""
    for suffix in RECEIPT_SUFFIXES:
        beside = path.with_name(short_name(path.name, suffix))
        if beside.is_file():
            return read_receipt(beside)
    return None


def read_receipt(path: Path) -> Receipt | ReceiptError:
    """The receipt in a file, or why what is there is none.

    Raises:
        ReceiptError: the file cannot be read.
    """
    if is_url(path):
        raise ReceiptError("a receipt is read from a file", where=str(path), remedy="Download it first.")
    data = b""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return parse(data)
    except OSError as error:
        raise ReceiptError(f"the receipt cannot be read: {error.strerror}", where=str(path)) from None
    except ReceiptError as error:
        error.where = f"{path}, {error.where}" if error.where else str(path)
        if (kind := kind_of(data)) is not None and kind != RECEIPT:
            error.what, error.remedy = f"it is {kind}, and no receipt", "Name the receipt."
        return error
