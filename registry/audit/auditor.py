"""The audit itself: the chain at one block, beside the index, the database and the trees of a data folder, if any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from anchor.books.folder import DataFolder
from registry.anchors import spread, spread_words
from registry.audit.chain import Progress, Transaction, existing_block, transactions
from registry.audit.compare import (
    Difference,
    FolderBatch,
    IndexFacts,
    Kind,
    StorageFacts,
    compare_events,
    compare_folder,
    compare_index,
    compare_repeated,
    compare_storage,
    compare_tree,
)
from registry.audit.copies import FolderFacts, batch_tree_facts, folder_facts, index_facts
from registry.audit.repeats import repeated_in
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import deployment_block
from registry.chain.heads import Clock, age_of_head, utc_now
from registry.chain.rpc.client import Block, MinedTransaction, RpcRefused
from registry.chain.storage import WORDS_A_REQUEST, Storage, WordRange
from registry.errors import StoreError
from registry.history import RegistryState, Replay, named
from registry.index.reader import Head
from registry.records import Batch, Bitmap, BlockRef, Key, Purpose
from registry.trees.folder import FolderTrees
from registry.trees.store import TreeStore
from registry.verify.freshness import DEFAULT_LATE_SECONDS, Freshness

# 16 million credentials. Anybody can anchor a batch that claims four thousand million, and each auditor would have to
# read a gigabyte of zeros: of a larger batch only the words that events touched are read, and the rest is told.
MOST_WORDS = 1 << 16
# Few enough for the limits of public endpoints.
READERS = 8
RECEIPTS_AT_ONCE = 256

Phase = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that could not be checked: what, and why."""

    subject: str
    why: str


@dataclass(slots=True)
class Spent:
    """What the transactions of a party took: their number, gas and wei."""

    transactions: int = 0
    gas: int = 0
    wei: int = 0


@dataclass(slots=True)
class Counts:
    """How much was compared; `trees_elsewhere` are those of batches that the folder does not claim to hold."""

    transactions: int = 0
    events: int = 0
    parties: int = 0
    batches: int = 0
    credentials: int = 0
    status_words: int = 0
    accreditations: int = 0
    index_batches: int = 0
    folder_batches: int = 0
    trees: int = 0
    leaves: int = 0
    trees_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        deployed_in: the first block that was read.
        block: the one everything was compared at.
        issuer: the only issuer that was looked at, or None for all.
        since: the block from which on batches were compared and counted.
        folder: the data folder, or None when the chain alone was audited.
        unchecked: what should have been compared and could not be.
        notes: what there was nothing to compare with, and why.
        spent: by party; of transactions since `since` only.
        rows: the database's batches that were looked at.
        revoked_elsewhere: how many credentials of a batch are revoked by another batch alone.
    """

    chain: str
    contract: str
    deployed_in: int
    block: BlockRef
    issuer: int | None
    since: int
    folder: Path | None
    state: RegistryState
    differences: tuple[Difference, ...]
    unchecked: tuple[Unchecked, ...]
    notes: tuple[str, ...]
    checked: Counts
    spent: Mapping[int, Spent] = field(default_factory=dict)
    rows: tuple[FolderBatch, ...] = ()
    revoked_elsewhere: Mapping[Key, int] = field(default_factory=dict)

    def batches(self) -> dict[Key, Batch]:
        """The batches that were looked at, in the order of the chain."""
        return {
            key: batch
            for key, batch in self.state.batches.items()
            if self.issuer in (None, key[0]) and batch.block_number >= self.since
        }


class Auditor:
    """One audit of one contract.

    Args:
        contract: at the address that is audited; its code is compared here.
        folder: the data folder to compare with the chain.
        trees: where the trees of its batches are; default: in the folder.
        issuer: look at this issuer alone; the events of all are read, since the state follows from all of them.
        since: compare and count only batches anchored in this block or later.
        until: the block to compare at; default: the newest.
        phase: opens a progress bar for a part of the work.
        head_age_seconds: the setting by which the newest block is late.
        clock: the real time.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        *,
        folder: DataFolder | None = None,
        trees: TreeStore | None = None,
        issuer: int | None = None,
        since: int = 0,
        until: int | None = None,
        phase: Phase | None = None,
        head_age_seconds: float = DEFAULT_LATE_SECONDS,
        clock: Clock = utc_now,
    ):
        self._contract = contract
        self._client = contract.client
        self._folder = folder
        self._tree_store = trees or (None if folder is None else FolderTrees(folder.trees))
        self._issuer = issuer
        self._since = since
        self._until = until
        self._head_age_seconds = head_age_seconds
        self._clock = clock
        self._phase = phase or (lambda _what: nullcontext(lambda _done, _total: None))
        self._counts = Counts()
        self._unchecked: list[Unchecked] = []
        self._notes: list[str] = []
        self._differences: list[Difference] = []
        self._spent: dict[int, Spent] = {}
        self._receipts_missing = 0
        self._elsewhere: dict[Key, int] = {}

    def run(self) -> Audit:
        """Read everything and compare.

        Raises:
            ChainError: the chain could not be read, is another one, or reorganised in between: nothing is said then.
        """
        chain = f"eip155:{self._client.chain_id()}"
        # The folder first: what it knows was on the chain before the block that is read next.
        facts = self._folder_facts(chain)
        index = self._index_facts(chain)
        block = existing_block(self._client, "latest" if self._until is None else self._until)
        if self._until is None:
            self._note_age(chain, block)
        self._contract.verify_code()
        first = deployment_block(self._client, self._contract.address, block.number)
        state = self._replayed(first, block, self._comparable(index, block))
        if self._issuer is not None and self._issuer not in state.parties:
            self._unchecked.append(Unchecked(f"party {self._issuer}", "there is no such party at the audited block"))
        self._differences += compare_events(state)
        self._differences += compare_storage(state, self._storage(state, block.number))
        if existing_block(self._client, block.number).hash != block.hash:
            raise self._client.moved()
        if facts is not None:
            self._counts.folder_batches = len(facts.batches)
            self._differences += compare_folder(
                state,
                facts.batches,
                last_block=block.number,
                as_of=block.timestamp,
                own=facts.parties,
                first_block=self._since,
            )
        if self._folder is not None:
            self._check_trees(state, facts)
        return Audit(
            chain=chain,
            contract=self._contract.address,
            deployed_in=first,
            block=block.reference,
            issuer=self._issuer,
            since=self._since,
            folder=None if self._folder is None else self._folder.path,
            state=state,
            differences=tuple(each for each in self._differences if self._asked_for(each.issuer)),
            unchecked=tuple(self._unchecked),
            notes=tuple(self._notes),
            checked=self._counts,
            spent=self._spent,
            rows=() if facts is None else facts.batches,
            revoked_elsewhere=self._elsewhere,
        )

    def _note_age(self, chain: str, block: Block) -> None:
        """What a node knows that stopped following its chain is not the history up to now."""
        age = age_of_head(self._client, chain, block, self._head_age_seconds, self._clock)
        if age.freshness is Freshness.STALE:
            self._unchecked.append(Unchecked(f"what happened after block {block.number}", age.text))
        elif age.freshness is Freshness.LATE:
            self._notes.append(age.text)

    # Events

    def _replayed(self, first: int, block: Block, index: IndexFacts | None) -> RegistryState:
        """The state after all events; on the way, at the block of the index, the index is compared."""
        replay = Replay()
        with self._phase("reading the chain") as progress, ThreadPoolExecutor(READERS) as readers:
            found = transactions(self._contract, first, block.number, progress)
            for transaction, mined in self._with_receipts(found, readers):
                if index is not None and transaction.block.number > index.block_number:
                    self._compare_index(replay.state, index)
                    index = None
                for event in transaction.events:
                    self._counts.events += 1
                    replay.take(event)
                if self._receipt_wanted(transaction):
                    self._take_receipt(transaction, mined)
        if index is not None:
            self._compare_index(replay.state, index)
        if self._receipts_missing:
            why = f"the endpoint has no receipt of {self._receipts_missing} transactions: their gas is not counted"
            self._unchecked.append(Unchecked("the receipts of transactions", why))
        return replay.finished()

    def _with_receipts(
        self, found: Iterator[Transaction], readers: Executor
    ) -> Iterator[tuple[Transaction, MinedTransaction | None]]:
        """Transactions with their receipts: None for those that the endpoint does not have, or that nobody asked for.

        Several are read at a time: what one waits for, the others wait for as well.
        """
        while some := list(islice(found, RECEIPTS_AT_ONCE)):
            yield from zip(some, readers.map(self._receipt, some), strict=True)

    def _receipt(self, transaction: Transaction) -> MinedTransaction | None:
        if not self._receipt_wanted(transaction):
            return None
        try:
            return self._client.mined(transaction.hash)
        except RpcRefused as refusal:
            if refusal.is_limit:
                raise
            return None

    def _receipt_wanted(self, transaction: Transaction) -> bool:
        parties = {event.party for event in transaction.events} - {None}
        asked_for = self._issuer is None or self._issuer in parties
        return asked_for and transaction.block.number >= self._since

    def _take_receipt(self, transaction: Transaction, mined: MinedTransaction | None) -> None:
        """Compare a transaction's receipt with the list of logs, and count what it took.

        One of several parties is counted for the first.
        """
        parties = [event.party for event in transaction.events if event.party is not None]
        if mined is None:
            self._receipts_missing += 1
            return
        self._counts.transactions += 1
        if not transaction.agrees(mined, self._contract.address):
            told = sum(log.address == self._contract.address for log in mined.logs)
            what = f"its receipt has {told} events of the contract, the list of all events {len(transaction.logs)}"
            subject = f"transaction 0x{transaction.hash.hex()}"
            self._differences.append(Difference(Kind.RECEIPT_DIFFERS, subject, what, next(iter(parties), None)))
        if parties:
            of = self._spent.setdefault(parties[0], Spent())
            of.transactions += 1
            of.gas += mined.gas_used
            of.wei += mined.gas_used * mined.effective_gas_price

    # Storage

    def _storage(self, state: RegistryState, at: int) -> StorageFacts:
        storage, counts = Storage(self._contract, at), self._counts
        party_count, accreditation_count = storage.count("partyCount"), storage.count("accreditationCount")
        parties = [each for each in range(1, party_count + 1) if self._asked_for(each)]
        keys = [
            key for key, batch in state.batches.items() if self._asked_for(key[0]) and batch.block_number >= self._since
        ]
        batches = storage.batches(keys)
        accreditations = {
            number: found
            for number, found in storage.accreditations(range(1, accreditation_count + 1)).items()
            if found is None or self._asked_for(found.body) or self._asked_for(found.holder)
        }
        counts.parties, counts.batches, counts.accreditations = len(parties), len(batches), len(accreditations)
        return StorageFacts(
            party_count,
            accreditation_count,
            parties=storage.parties(parties),
            operators=storage.operators([key for key in state.operators if self._asked_for(key[0])]),
            default_issuers=storage.default_issuers(list(state.default_issuers)),
            batches=batches,
            words=self._words(storage, state, batches),
            accreditations=accreditations,
        )

    def _words(
        self, storage: Storage, state: RegistryState, batches: Mapping[Key, Batch | None]
    ) -> Mapping[Bitmap, Mapping[int, int]]:
        """The status words that matter: those that are not as the events tell, and those that are not zero.

        Millions of zeros that nobody doubts are not kept.
        """
        words: dict[Bitmap, dict[int, int]] = {}
        total = sum(batch.words for batch in batches.values() if batch is not None)
        with self._phase("reading the status words") as progress:
            for (issuer, root, purpose, first, count), found in storage.words(self._ranges(state, batches)):
                self._counts.status_words += count
                progress(self._counts.status_words, 2 * total)
                kept = words.setdefault((issuer, root, purpose), {})
                for number, bits in enumerate(found, first):
                    if bits or state.word(issuer, root, purpose, number):
                        kept[number] = bits
        return words

    def _ranges(self, state: RegistryState, batches: Mapping[Key, Batch | None]) -> Iterator[WordRange]:
        for (issuer, root), batch in batches.items():
            if batch is None or not batch.leaf_count:
                continue
            self._counts.credentials += batch.leaf_count
            total = batch.words
            for purpose in Purpose:
                if total > MOST_WORDS:
                    for word in state.words.get((issuer, root, purpose), {}):
                        if word < total:
                            yield issuer, root, purpose, word, 1
                    continue
                for start in range(0, total, WORDS_A_REQUEST):
                    yield issuer, root, purpose, start, min(WORDS_A_REQUEST, total - start)
            if total > MOST_WORDS:
                why = f"it claims {batch.leaf_count} credentials; only the status words that events name were read"
                self._unchecked.append(Unchecked(named(issuer, root), why))

    # The index

    def _index_facts(self, chain: str) -> tuple[Head, IndexFacts] | None:
        if self._folder is None:
            return None
        try:
            found = index_facts(self._folder, chain, self._contract.address)
        except StoreError as error:
            self._unchecked.append(Unchecked("the index", error.what))
            return None
        if found is None:
            self._notes.append("The database has no index of this contract: there was none to compare with.")
        return found

    def _comparable(self, index: tuple[Head, IndexFacts] | None, block: Block) -> IndexFacts | None:
        """The index, if it is about the chain that is audited and no further than the audit."""
        if index is None:
            return None
        head, facts = index
        cursor = head.cursor
        if head.trouble_code is not None:
            self._notes.append(f"The indexer does not go on: {head.trouble_why or head.trouble_code}.")
        if cursor.number > block.number:
            why = f"it is as of block {cursor.number}, after the audited block {block.number}"
            if self._until is None:
                self._unchecked.append(Unchecked("the index", why + ": the endpoint is behind"))
            else:
                self._notes.append(f"The index was not compared: {why}.")
            return None
        if existing_block(self._client, cursor.number).hash != cursor.hash:
            why = f"the chain does not have its block {cursor.number}: it has not followed a reorganisation"
            self._unchecked.append(Unchecked("the index", why))
            return None
        if cursor.number < block.number:
            self._notes.append(
                f"The index is as of block {cursor.number}, {block.number - cursor.number} before the audited one; "
                "it was compared as of its own."
            )
        return facts

    def _compare_index(self, state: RegistryState, index: IndexFacts) -> None:
        self._counts.index_batches = sum(
            self._asked_for(each.issuer) and each.block_number >= self._since for each in index.batches
        )
        self._differences += compare_index(state, index, issuer=self._issuer, first_block=self._since)

    # The data folder

    def _folder_facts(self, chain: str) -> FolderFacts | None:
        if self._folder is None:
            self._notes.append("There is no data folder: trees, database and index were not compared.")
            return None
        try:
            return folder_facts(self._folder, chain, self._contract.address, self._issuer)
        except StoreError as error:
            self._unchecked.append(Unchecked("the batches of the data folder", error.what))
            return None

    def _check_trees(self, state: RegistryState, facts: FolderFacts | None) -> None:
        if self._tree_store is None:
            return
        try:
            self._differences += self._trees(self._tree_store, state, facts)
            self._repeats(self._tree_store, state)
        except StoreError as error:
            self._unchecked.append(Unchecked("the trees", error.what))
        if self._counts.trees_elsewhere:
            self._notes.append(
                f"The trees of {self._counts.trees_elsewhere:,} batches are not here; "
                "the database does not claim to have anchored them."
            )

    def _trees(self, trees: TreeStore, state: RegistryState, facts: FolderFacts | None) -> Iterator[Difference]:
        rows: Iterable[FolderBatch] = () if facts is None else facts.batches
        claimed = {(row.issuer, row.root): row.leaf_count for row in rows if row.anchored}
        wanted = {
            key: batch
            for key, batch in state.batches.items()
            if self._asked_for(key[0]) and batch.block_number >= self._since
        }
        total = sum(batch.leaf_count for batch in wanted.values())
        done = 0
        with self._phase("checking the trees") as progress:
            for (issuer, root), batch in wanted.items():
                tree = batch_tree_facts(trees, root, batch.leaf_count, claimed.get((issuer, root)))
                done += batch.leaf_count
                progress(done, total)
                if tree.missing and (issuer, root) not in claimed:
                    self._counts.trees_elsewhere += 1
                    continue
                if not tree.missing:
                    self._counts.trees += 1
                    self._counts.leaves += tree.leaf_count or 0
                yield from compare_tree(issuer, root, batch.leaf_count, tree)

    def _repeats(self, trees: TreeStore, state: RegistryState) -> None:
        """Credentials in several batches of one issuer, of which the batches say different things."""
        for mine in state.issuer_states():
            if self._asked_for(mine.issuer):
                found = list(spread(mine, repeated_in(trees, mine)))
                self._differences += compare_repeated(mine.issuer, found)
                for root, words in spread_words(found, Purpose.REVOCATION).items():
                    self._elsewhere[mine.issuer, root] = sum(bits.bit_count() for bits in words.values())

    def _asked_for(self, party: int | None) -> bool:
        return self._issuer is None or party is None or self._issuer == party
