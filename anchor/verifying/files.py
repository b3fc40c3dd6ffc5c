"""Verifying files: the receipt beside or inside each, the anchors in the data folder, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from anchor.batching.receipts import receipt_at
from anchor.books.batches import BatchStore, contracts_of
from anchor.books.tables import ANCHORED_STATES
from anchor.intake.digesting import LinePiece, lines_of
from anchor.settings import EMBEDDED
from anchor.verifying.apart import read_apart
from anchor.verifying.judge import Judge
from anchor.verifying.offline import evidence_reader
from anchor.verifying.one_file import (
    Found,
    One,
    broken,
    named_receipt,
    portfolio_at,
    read_one,
    read_receipt,
    read_whole,
    read_with,
    shown_name,
    unchecked,
)
from anchor.verifying.outside import Outside
from anchor.verifying.paths import is_digest
from anchor.verifying.policies import read_policy
from anchor.verifying.quorum import quorum_of
from anchor.verifying.reading import read_file
from anchor.verifying.registers import BesidePolicy
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import first
from registry.credential.digest import Digest, Limits, digest_chunks, digest_given
from registry.credential.filekinds import LINE_SUFFIXES
from registry.document.portfolio import Portfolio
from registry.document.reading import Reading, digest_only
from registry.document.submitted import (
    Broken,
    OpenZip,
    ReadItem,
    Submitted,
    item_read,
    items_read,
    paired,
    portfolio_pairs,
    read_item,
)
from registry.errors import EvidenceError, IntakeError, RegistryError
from registry.language.said import say
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.receipt.model import MAX_BYTES, Receipt
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.offline import EvidenceReader
from registry.verifier.verifier import KnownAnchor, KnownAnchors, Verifier, unavailable
from registry.verify.checks import Code, FactsUnavailable, Trust, Verdict
from registry.verify.policy import Policy

MOST_ZIP_FILES: Final = 2_000_000
"""In a ZIP that is verified: its list of them is in memory."""
MOST_ZIP_BYTES: Final = 64 << 30
READ_AHEAD: Final = 32
"""Credentials about which the chain is asked at once: a few, since what was read of them is in memory."""
_PIECE_BYTES: Final = 1 << 20


class FileVerifier:
    """Verifies the files of one run against one chain.

    Args:
        trust: parties the verifier believes, besides those of the settings and of this folder.
        now: the moment to judge dates by.
        offline: go by the evidence in receipts, and ask no endpoint.
        outside: where keys of signers and status lists are looked up.
        here: the verifier's country, two letters; "": the jurisdiction of the policy.
        levels: level maps, asked for where a credential states a level.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        trust: Iterable[int] = (),
        now: datetime,
        offline: bool = False,
        outside: Outside | None = None,
        here: str = "",
        levels: Callable[[], LevelMaps] = bundled_maps,
    ):
        outside = outside or Outside()
        settings = workspace.settings
        policy = None if settings.policy is None else read_policy(settings.policy)
        contract: CredentialRegistry | EvidenceReader | FactsUnavailable
        chain: str | None
        if offline:
            contract, chain = _unasked(workspace, policy)
            trusted = workspace.trusted_by_settings()
        else:
            contract, chain = asked_contract(workspace)
            trusted = settings.trusted_issuers if chain is None else workspace.trusted()
        self._limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        # What the data folder knows of other anchors has no evidence with it.
        self._known: KnownAnchors = NothingKnown() if offline else _known(workspace, chain)
        self._verifier = Verifier(
            contract,
            chain=chain,
            known=self._known,
            trust=Trust(trusted | frozenset(trust), chain),
            now=now,
            issuer=settings.issuer,
            limits=self._limits,
            policy=policy,
            finality_depth=settings.finality_depth,
            head_age_seconds=settings.head_age_seconds,
            quorum=quorum_of(workspace) if settings.prove else None,
            documents=outside.documents,
            lists=outside.lists,
            snapshots=None if settings.policy is None else BesidePolicy(settings.policy.parent),
            here=here,
            levels=levels,
        )
        self._judge = Judge(self._verifier, self._limits)
        self._portfolios: dict[Path, Portfolio] = {}
        # What others may be asked for, or is told beside the result, belongs into one process.
        asks = isinstance(contract, CredentialRegistry) or outside.documents is not None or levels is not bundled_maps
        self._asks_nobody = not asks and isinstance(self._known, NothingKnown)

    def verify_file(self, path: Path, receipt_path: Path | None = None) -> Verdict:
        """The verdict on one file; where it or its receipt cannot be read, that nothing could be checked.

        Args:
            receipt_path: its receipt; default: the one found beside the file, inside it, or in the data folder. Without
                one the file may be a receipt alone, or a document and its receipt in one.

        Raises:
            ReceiptError: the file that was named as its receipt cannot be opened.
        """
        if receipt_path is not None:
            return self._judge.verdict_on(read_with(path, read_receipt(receipt_path), self._limits))
        found = read_one(path, self._limits, as_document=True)
        return self._judge.verdict_on(self._judge.with_beside(path, found))

    def verify_each(self, paths: Iterable[Path], *, processes: int = 1) -> Iterator[tuple[Path, Verdict]]:
        """The verdict on each file and digest, and on each credential of a file that holds many, with that file.

        Some are read ahead, so that the chain can be asked about several at once.

        Args:
            processes: that read files, and where nobody has to be asked judge them, with this one; 1 to do all here.
        """
        with closing(self._read_each(paths, processes)) as read:
            every = ((path, found) for path, one in read for found in self._found_in(path, one))
            while some := list(islice(every, READ_AHEAD)):
                self._verifier.expect(found.item for _, found in some if isinstance(found, Found))
                for path, found in some:
                    yield path, self._judge.verdict_on(found)

    def _read_each(self, paths: Iterable[Path], processes: int) -> Generator[tuple[Path, One | None]]:
        """The paths, and what those files hold that are read as a whole; None for what is looked into here."""
        if processes > 1:
            work = self._judge.whole if self._asks_nobody else partial(read_whole, limits=self._limits)
            yield from read_apart(paths, work, processes - 1)
            return
        for path in paths:
            yield path, self._portfolios.get(path) or read_whole(path, self._limits)

    def verify_items(self, items: Iterable[ReadItem | Broken]) -> Iterator[tuple[ReadItem | Broken, Verdict]]:
        """The verdict on each credential that was read before, with that; some are asked about together."""
        every = iter(items)
        while some := list(islice(every, READ_AHEAD)):
            self._verifier.expect(item for item in some if isinstance(item, ReadItem))
            for item in some:
                yield item, self._judge.verdict_on(item if isinstance(item, Broken) else Found(item))

    def receipts_of(self, reading: Reading, folder: Path) -> list[Receipt]:
        """Receipts of a document that stand in a folder under any name; where none does, what the data folder has.

        Raises:
            RegistryError: the data folder cannot be asked.
        """
        if beside := self._judge.by_digest(folder, reading):
            return beside
        return [anchor.receipt() for digest in reading.own for anchor in self._known.of(digest, None)]

    def _found_in(self, path: Path, one: One | None) -> Iterator[Found | Verdict]:
        """What is to be verified of a path; the verdict at once where that cannot be read.

        Args:
            one: the file, where it was read as a whole.
        """
        if is_digest(path):
            digest = digest_given(str(path))
            yield Found(ReadItem(str(path), digest_only(digest, str(path)), None))
            return
        if isinstance(one, Found | Verdict):
            yield self._judge.with_beside(path, one)
            return
        empty = True
        try:
            if (portfolio := one or self.portfolio_at(path)) is not None:
                items = _of_portfolio(portfolio, path, self._limits)
            elif self._holds_files(path):
                items = _zipped(path, self._limits) if _is_zip(path) else _in_lines(path, self._limits)
            else:
                found = read_one(path, self._limits, as_document=True)
                yield self._judge.with_beside(path, found)
                return
            for item in items:
                empty = False
                yield broken(item) if isinstance(item, Broken) else Found(item)
        except RegistryError as error:
            empty = False
            yield unchecked(shown_name(path), error)
        if empty:
            yield Verdict.unknown(str(path), "empty", say("verdict.empty"))

    def portfolio_at(self, path: Path) -> Portfolio | None:
        """As `one_file.portfolio_at`; it is kept, and its file not read again."""
        if path not in self._portfolios:
            if (portfolio := portfolio_at(path)) is None:
                return None
            self._portfolios[path] = portfolio
        return self._portfolios[path]

    def holds_many(self, path: Path) -> bool:
        """Whether a file is a ZIP or JSONL of credentials, or a portfolio; one that was anchored is one credential."""
        try:
            return self.portfolio_at(path) is not None or self._holds_files(path)
        except RegistryError:
            return True

    def _holds_files(self, path: Path) -> bool:
        if not (_is_zip(path) or path.name.lower().endswith(LINE_SUFFIXES)) or named_receipt(path) is not None:
            return False
        try:
            with path.open("rb") as file:
                digest = digest_chunks(iter(lambda: file.read(_PIECE_BYTES), b""))
        except OSError:
            return False
        return not self._known.of(digest, None) and digest.value not in self._judge.receipts_beside(path.parent)

    def verify_digest(self, text: str, receipt_path: Path | None = None) -> Verdict:
        """The verdict on a digest that the issuer's own system made; there is no document to look at.

        Raises:
            CredentialError: it is not a digest.
            ReceiptError: the file of the receipt cannot be read.
        """
        return self._verifier.verify_digest(text, None if receipt_path is None else read_receipt(receipt_path))


def _of_portfolio(portfolio: Portfolio, path: Path, limits: Limits) -> Iterator[ReadItem | Broken]:
    """The credentials of a portfolio, each with its receipt."""
    return (item_read(pair, limits) for pair in portfolio_pairs(portfolio, f"{shown_name(path)}/"))


def _is_zip(path: Path) -> bool:
    return path.name.lower().endswith(".zip")


def _zipped(path: Path, limits: Limits) -> Iterator[ReadItem | Broken]:
    """The credentials of a ZIP, each with the receipt that is named after it, and the receipts without one."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None
    with file:
        opened = OpenZip(file, most_files=MOST_ZIP_FILES, most_bytes=MOST_ZIP_BYTES, prefix=f"{path}/")
        with closing(opened):
            for pair in paired(opened.files):
                yield from items_read(pair, limits)
            yield from opened.strays


def _in_lines(path: Path, limits: Limits) -> Iterator[ReadItem | Broken]:
    """The credentials and receipts of a JSONL file, one a line."""
    most = limits.max_bytes + MAX_BYTES
    try:
        piece = LinePiece((path.name,), path, 0, path.stat().st_size, of_digests=False)
        for number, (line, length) in enumerate(lines_of(piece, most), start=1):
            name = f"{path}, line {number}"
            if length > most:
                what = f"The line is {length:,} bytes long; at most {most:,} are read."
                yield Broken(name, "too-large", what, "Raise the setting max_document_bytes.")
            elif line and not line.isspace():
                # Each line is JSON, whatever its file is called.
                item = read_item(Submitted("line.json", line, None), limits)
                if isinstance(item, ReadItem) and item.reading is not None:
                    item = replace(item, reading=replace(item.reading, name=name))
                yield replace(item, name=name)
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None


def asked_contract(workspace: Workspace) -> tuple[CredentialRegistry | FactsUnavailable, str | None]:
    """The contract to ask, or why it cannot be asked, and its chain, as far as that is known.

    Without the chain the document and its path can be checked all the same, and the rest is unknown.
    """
    if workspace.settings.chain == EMBEDDED and not workspace.has_folder:
        what = "There is no data folder here, and no endpoint was named, so no chain was asked"
        return FactsUnavailable(
            Code.CHAIN_NOT_ASKED, what, "Name an endpoint of the receipt's chain with --chain."
        ), None
    try:
        chain = workspace.chain
    except RegistryError as error:
        return unavailable(error), None
    try:
        return workspace.contract, chain
    except RegistryError as error:
        if error.code == "no-contract":
            # To deploy one is not for who verifies.
            error.remedy = (
                "Check that the endpoint serves the receipt's chain. "
                f"For receipts of the first edition, set contract = {first().address}."
            )
        return unavailable(error), chain


def _unasked(workspace: Workspace, policy: Policy | None) -> tuple[EvidenceReader | FactsUnavailable, str | None]:
    """What reads the evidence in receipts, or why nobody who is named can be believed, and the chain that is meant."""
    try:
        reader = evidence_reader(workspace.settings, workspace.contract_address, policy)
    except EvidenceError as error:
        return unavailable(error), None
    return reader, reader.chain


def _known(workspace: Workspace, chain: str | None) -> KnownAnchors:
    """The anchors in the data folder: of the chain that is asked, or of all while it cannot say which it is.

    Of what is anchored on others alone, the receipts there say that the wrong chain was asked.
    """
    if not workspace.has_folder:
        return NothingKnown()
    everywhere = contracts_of(workspace.folder.engine)
    asked = None if chain is None else (chain, workspace.contract_address)
    if asked is None:
        return _InFolder(workspace, everywhere)
    return _InFolder(workspace, [asked], elsewhere=[each for each in everywhere if each != asked])


class _InFolder:
    """The anchors in the data folder.

    Args:
        contracts: CAIP-2 names of chains, and the contracts on them.
        elsewhere: others, looked at where nothing is found on those.
    """

    def __init__(
        self, workspace: Workspace, contracts: Sequence[tuple[str, str]], elsewhere: Sequence[tuple[str, str]] = ()
    ):
        self._folder = workspace.folder
        self._stores = [self._store(*each) for each in contracts]
        self._elsewhere = [self._store(*each) for each in elsewhere]

    def _store(self, chain: str, contract: str) -> tuple[str, str, BatchStore]:
        return chain, contract, BatchStore(self._folder.engine, chain, contract)

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        return self._found(self._stores, digest, issuer) or self._found(self._elsewhere, digest, issuer)

    def _found(
        self, stores: Sequence[tuple[str, str, BatchStore]], digest: Digest, issuer: int | None
    ) -> Sequence[KnownAnchor]:
        return [
            KnownAnchor(
                place.batch.issuer,
                place.batch.root,
                place.leaf.leaf_index,
                place.batch.leaf_count,
                partial(receipt_at, self._folder, place, chain=chain, contract=contract.lower()),
            )
            for chain, contract, store in stores
            for place in store.places(digest.value, issuer)
        ]

    def searched(self, issuer: int) -> Collection[bytes]:
        """Every batch that the folder knows to be on the chain: it lists the credentials of each."""
        return {row.root for _, _, store in self._stores for row in store.all(issuer) if row.state in ANCHORED_STATES}


def receipts_of(path: Path, limits: Limits) -> list[Receipt]:
    """The receipts beside a credential and inside it; one that cannot be read names no place and is passed over.

    Raises:
        IntakeError: the file cannot be read.
    """
    found = [named_receipt(path), *(each.read for each in read_file(path, limits).receipts)]
    return [each for each in found if isinstance(each, Receipt)]
