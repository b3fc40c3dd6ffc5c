"""Files of a learner to a portfolio, and a portfolio to items with their verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from uuid import uuid4

import orjson

from anchor.verifying.files import MOST_ZIP_BYTES, FileVerifier
from anchor.verifying.named import read_named
from anchor.verifying.one_file import named_receipt, portfolio_at
from anchor.verifying.paths import credential_files, is_digest, is_linked
from registry.credential.digest import DEFAULT_LIMITS, DigestMethod, Limits, digest_document
from registry.document.portfolio import (
    MOST_BYTES,
    MOST_ITEMS,
    Portfolio,
    PortfolioItem,
    UnreadItem,
    read_portfolio,
    unnamed,
)
from registry.document.reading import MOST_CARRIER_BYTES, Reading, digest_held, read_document
from registry.document.submitted import (
    Broken,
    OpenZip,
    ReadItem,
    Submitted,
    item_of,
    item_read,
    item_too_large,
    paired,
    portfolio_in,
    portfolio_pairs,
)
from registry.errors import IntakeError, ReceiptError, RegistryError
from registry.language.rendering import Language
from registry.learning.checking import checked, covered
from registry.learning.items import Item
from registry.learning.portfolio.associations import achievements_in, links_in
from registry.learning.portfolio.link import portfolio_in_link
from registry.learning.reading import item_of as item_with
from registry.receipt.model import EMBEDDED_TYPE, Receipt
from registry.untrusted.archives import Names
from registry.verify.verdict import Verdict


@dataclass(slots=True)
class Gathered:
    """What files came to.

    Attributes:
        items: credentials, each once.
        left_out: what is no credential or could not be read, and why.
    """

    items: list[PortfolioItem] = field(default_factory=list)
    left_out: list[Broken] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """An item of a portfolio with all of its verdict.

    Attributes:
        reading: None where it could not be read.
    """

    item: Item
    verdict: Verdict
    reading: Reading | None


def gather(paths: Sequence[Path], verifier: FileVerifier, limits: Limits = DEFAULT_LIMITS) -> Gathered:
    """The credentials in files, folders, ZIPs and portfolios, each with its receipt where one is found.

    A receipt is looked for beside the file, inside it, in its folder under any name, and in the data folder. One inside
    a credential in JSON is taken out of it, which changes no digest: together they are one proof then.

    Raises:
        IntakeError: a path is not there, nothing is in it, or there is too much.
        RegistryError: the data folder cannot be asked.
    """
    found, names, seen, size = Gathered(), Names(), set[tuple[bytes, Receipt | None]](), 0
    for each in (each for path in credential_files(paths) for each in _in(path, verifier, limits)):
        if isinstance(each, Broken):
            found.left_out.append(each)
            continue
        if digest_held(each.content) is not None:
            told = Broken(
                each.name, "portfolio-item", "It is a digest and no credential.", "Add the credential itself."
            )
            found.left_out.append(told)
            continue
        if (each.content, each.receipt) in seen:
            continue
        seen.add((each.content, each.receipt))
        size += len(each.content)
        if len(found.items) >= MOST_ITEMS or size > MOST_BYTES:
            raise IntakeError(
                f"that is more than {MOST_ITEMS:,} credentials or {MOST_BYTES:,} bytes, the most of one portfolio",
                remedy="Make several portfolios.",
                code="too-many",
            )
        found.items.append(replace(each, name=names.of(PurePosixPath(each.name).name or unnamed(len(found.items)))))
    if not found.items:
        raise IntakeError("there is no credential in it", where=str(paths[0]), remedy="Check the path.", code="empty")
    return found


def new_portfolio(items: Iterable[PortfolioItem], *, name: str, holder: str, made_at: datetime) -> Portfolio:
    """A portfolio of these credentials, under names that nobody guesses.

    Args:
        name: of the portfolio, for people.
        holder: name of the learner; "" where it is not to be said.
    """
    return with_links(Portfolio(uuid4().urn, name, holder, uuid4().urn, made_at.replace(microsecond=0), tuple(items)))


def with_links(portfolio: Portfolio) -> Portfolio:
    """The portfolio with the achievements of the credentials that are in it, and how they belong together."""
    items = [each for each in portfolio.items if isinstance(each, PortfolioItem)]
    readings = [read_document(each.content, each.name) for each in items]
    return replace(portfolio, links=links_in(readings), achievements=achievements_in(readings))


def portfolio_of(
    paths: Sequence[Path], verifier: FileVerifier, *, made_at: datetime, limits: Limits = DEFAULT_LIMITS
) -> Portfolio:
    """The portfolio that one file or link is, or what files come to as one.

    Raises:
        RegistryError: as `gather`; or the file is a portfolio that cannot be read.
    """
    if len(paths) == 1 and is_linked(paths[0]):
        return named_portfolio(paths[0])
    if len(paths) == 1 and paths[0].is_file() and (portfolio := portfolio_at(paths[0])) is not None:
        return portfolio
    gathered = gather(paths, verifier, limits)
    unread = [
        UnreadItem(each.name, IntakeError(each.what, remedy=each.remedy, code=each.code)) for each in gathered.left_out
    ]
    found = new_portfolio(gathered.items, name="", holder="", made_at=made_at)
    return replace(found, items=(*found.items, *unread))


def named_portfolio(path: Path) -> Portfolio:
    """The portfolio in a file that was named as one, or in a link.

    Raises:
        IntakeError: it cannot be read, or is none.
        CredentialError: it is no JSON with a single reading.
    """
    is_link = is_linked(path)
    try:
        return read_portfolio(portfolio_in_link(str(path)) if is_link else read_named(path, MOST_BYTES))
    except RegistryError as error:
        # A link has all of the content in it, and no message says that again.
        error.where = error.where or ("the link" if is_link else str(path))
        raise


def portfolio_items(
    portfolio: Portfolio,
    verifier: FileVerifier,
    *,
    now: datetime,
    language: Language | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Item, ...]:
    """The items of a portfolio, each with what came of checking it.

    Args:
        now: the moment that the verifier judges dates by.
        language: of the line for people in `Checked.words`.

    Raises:
        RegistryError: as `checked_items`.
    """
    return tuple(each.item for each in checked_items(portfolio, verifier, now=now, language=language, limits=limits))


def checked_items(
    portfolio: Portfolio,
    verifier: FileVerifier,
    *,
    now: datetime,
    language: Language | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[CheckedItem]:
    """As `portfolio_items`, one after the other and each with its whole verdict; last what is of no item."""
    reads = (item_read(pair, limits) for pair in portfolio_pairs(portfolio))
    for position, (read, verdict) in enumerate(verifier.verify_items(reads)):
        came_of_it = checked(verdict, now, language)
        reading = read.reading if isinstance(read, ReadItem) else None
        if reading is None:
            yield CheckedItem(Item(position, read.name, came_of_it), verdict, None)
            continue
        digest = "" if verdict.digest is None else verdict.digest.hex
        item = item_with(covered(reading, verdict), came_of_it, position, name=read.name, digest=digest)
        yield CheckedItem(item, verdict, reading)


def _in(path: Path, verifier: FileVerifier, limits: Limits) -> Iterator[PortfolioItem | Broken]:
    """What is in one file."""
    if is_digest(path):
        raise IntakeError("a digest is no credential", where=str(path), remedy="Name the file itself.", code="empty")
    try:
        portfolio = portfolio_at(path)
        if portfolio is not None:
            yield from _items(portfolio)
        elif verifier.holds_many(path):
            yield from _zipped(path, limits) if path.name.lower().endswith(".zip") else _lines(path, limits)
        else:
            yield _file(path, verifier, limits)
    except RegistryError as error:
        yield Broken.of(path.name, error)


def _whole(path: Path) -> bytes:
    data = read_named(path, MOST_CARRIER_BYTES)
    if len(data) > MOST_CARRIER_BYTES:
        raise item_too_large(MOST_CARRIER_BYTES)
    return data


def _file(path: Path, verifier: FileVerifier, limits: Limits) -> PortfolioItem | Broken:
    data = _whole(path)
    beside = named_receipt(path)
    if isinstance(beside, ReceiptError):
        raise beside
    reading = read_document(data, path.name, limits)
    item = with_own_receipt(PortfolioItem(path.name, data, beside), reading)
    if item.receipt is None and reading.receipts:
        return item  # they stay inside
    found = [] if item.receipt is None else [item.receipt]
    item = replace(item, receipt=max([*found, *verifier.receipts_of(reading, path.parent)], key=_says, default=None))
    return _known(item, reading)


def _known(item: PortfolioItem, reading: Reading) -> PortfolioItem | Broken:
    """The same, unless nothing in it reads as a credential and no receipt says that it was anchored."""
    if item.receipt is None and not (reading.receipts or reading.parts or reading.unread or reading.foreign):
        what = "It is no credential that is known here, and has no receipt."
        return Broken(item.name, "empty", what, "If it was anchored, put its receipt beside it.")
    return item


def _says(receipt: Receipt) -> tuple[bool, bool]:
    """How much a receipt says: of two, one with evidence can be checked without an endpoint, too."""
    return not receipt.pending, receipt.evidence is not None


def _zipped(path: Path, limits: Limits) -> Iterator[PortfolioItem | Broken]:
    opened = OpenZip(BytesIO(_whole(path)), most_files=2 * MOST_ITEMS, most_bytes=MOST_ZIP_BYTES)
    with closing(opened):
        for pair in paired(opened.files):
            yield from _submitted(item_of(pair, MOST_CARRIER_BYTES), limits)
        yield from opened.strays


def _lines(path: Path, limits: Limits) -> Iterator[PortfolioItem | Broken]:
    """The credentials of a JSONL file, one a line."""
    for number, line in enumerate(_whole(path).splitlines(), start=1):
        if line.strip():
            yield from _submitted(Submitted(f"{path.stem}-{number}.json", line, None), limits)


def _submitted(item: Submitted | Broken, limits: Limits) -> Iterator[PortfolioItem | Broken]:
    portfolio = portfolio_in(item) if isinstance(item, Submitted) else item
    if isinstance(portfolio, Portfolio):
        yield from _items(portfolio)
    elif isinstance(portfolio, Broken):
        yield portfolio
    elif isinstance(item, Submitted) and item.document is not None:
        reading = read_document(item.document, item.name, limits)
        named = PortfolioItem(item.name, item.document, item.receipt)
        yield _known(with_own_receipt(named, reading), reading)
    else:
        yield Broken(item.name, "no-document", "It is a receipt without its credential.", "Add the credential.")


def _items(portfolio: Portfolio) -> Iterator[PortfolioItem | Broken]:
    for each in (*portfolio.items, *portfolio.strays):
        yield Broken.of(each.name, each.error) if isinstance(each, UnreadItem) else each


def with_own_receipt(item: PortfolioItem, reading: Reading) -> PortfolioItem:
    """The credential without the receipt that is in its `proof`, and that beside it.

    Only where that is the one receipt there is, of the whole credential, and the digest that it is for is the same
    without it: the rest of the credential is as it came, written anew as JSON.
    """
    members = reading.members
    if item.receipt is not None or members is None or len(reading.receipts) != 1 or reading.unread:
        return item
    (found,) = reading.receipts
    receipt = found.read
    if not isinstance(receipt, Receipt) or receipt.digest.method is not DigestMethod.VC_JCS or ", " in found.where:
        return item
    proofs = members.get("proof")
    kept = [each for each in proofs if not _is_receipt(each)] if isinstance(proofs, list) else []
    plain = {name: member for name, member in members.items() if name != "proof"} | ({"proof": kept} if kept else {})
    if digest_document(plain).value != receipt.digest_value:
        return item
    return PortfolioItem(item.name, orjson.dumps(plain), receipt)


def _is_receipt(proof: object) -> bool:
    return isinstance(proof, dict) and proof.get("type") == EMBEDDED_TYPE
