"""The audit itself: four opinions of the same records, each beside what the events of the contract come to.

The events are replayed as the contract would take them. The contract's storage, the index and the issuer's books are
compared with that, each as of a block that both know; the trees are derived again from their leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice

from registry.anchors import AnchorPlace, spread, spread_words
from registry.audit.chain import Progress, Transaction, existing_block, transactions
from registry.audit.compare import (
    FolderBatch,
    IndexFacts,
    TreeFacts,
    compare_events,
    compare_folder,
    compare_index,
    compare_repeated,
    compare_storage,
    compare_tree,
)
from registry.audit.copies import BookFacts, Copies, CopiesOf, in_its_place, index_facts, positions_wrong, tree_of_batch
from registry.audit.findings import EVERYTHING, Asked, Audit, Counts, Spent, Unchecked, batches_asked_for
from registry.audit.kinds import Difference, DifferenceKind
from registry.audit.partitions.engine import Engine, InProcess
from registry.audit.partitions.trees import GIVEN_UP_AFTER, TreeOutcome, check_trees
from registry.audit.repeats import repeated_in
from registry.audit.storage import Phase, storage_facts, too_large
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import deployment_block
from registry.chain.heads import Clock, age_of_head, utc_now
from registry.chain.rpc.client import Block, MinedTransaction, RpcRefused
from registry.chain.storage import Storage
from registry.errors import StoreError
from registry.history import RegistryState, Replay, named
from registry.index.reader import Head
from registry.merkle.treefile import TreeId
from registry.records import DigestKey, Key, Purpose
from registry.trees.store import TreeStore
from registry.verify.freshness import DEFAULT_LATE_SECONDS, Freshness

# Few enough for the limits of public endpoints.
READERS = 8
RECEIPTS_AT_ONCE = 256


class Auditor:
    """One audit of one contract.

    Args:
        contract: at the address that is audited, of either edition; the code of all that it consists of is compared
            here.
        copies: what an operator keeps beside the chain; None: the chain alone is audited. Opened for the chain that
            the endpoint turns out to serve.
        asked: look at this alone; the events of all are read, since the state follows from all of them.
        until: the block to compare at; default: the newest.
        phase: opens a progress bar for a part of the work.
        head_age_seconds: the setting by which the newest block is late.
        clock: the real time.
        engine: derives the trees; default: this process.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        *,
        copies: CopiesOf | None = None,
        asked: Asked = EVERYTHING,
        until: int | None = None,
        phase: Phase | None = None,
        head_age_seconds: float = DEFAULT_LATE_SECONDS,
        clock: Clock = utc_now,
        engine: Engine | None = None,
    ):
        self._contract = contract
        self._client = contract.client
        self._copies_of = copies
        self._asked = asked
        self._until = until
        self._head_age_seconds = head_age_seconds
        self._clock = clock
        self._engine = engine or InProcess()
        self._phase = phase or (lambda _what: nullcontext(lambda _done, _total: None))
        self._counts = Counts()
        self._unchecked: list[Unchecked] = []
        self._notes: list[str] = []
        self._differences: list[Difference] = []
        self._spent: dict[int, Spent] = {}
        self._receipts_missing = 0
        self._elsewhere: dict[Key, int] = {}
        self._places: dict[DigestKey, tuple[AnchorPlace, ...]] = {}
        self._ordered: dict[Key, int] = {}

    def run(self) -> Audit:
        """Read everything and compare.

        Raises:
            ChainError: the chain could not be read, is another one, or reorganised in between: nothing is said then.
        """
        chain = f"eip155:{self._client.chain_id()}"
        # The copies first: what they know was on the chain before the block that is read next.
        copies = None if self._copies_of is None else self._copies_of(chain, self._contract.address)
        books = self._book_facts(copies)
        index = self._index_facts(copies)
        block = existing_block(self._client, "latest" if self._until is None else self._until)
        if self._until is None:
            self._note_age(chain, block)
        self._contract.verify_code()
        self._note_accreditations(block)
        first = deployment_block(self._client, self._contract.address, block.number)
        state = self._replayed(first, block, self._comparable(index, block))
        if (issuer := self._asked.issuer) is not None and issuer not in state.parties:
            self._unchecked.append(Unchecked(f"party {issuer}", "there is no such party at the audited block"))
        self._differences += compare_events(state)
        self._compare_storage(state, block)
        if existing_block(self._client, block.number).hash != block.hash:
            raise self._client.moved()
        if books is not None:
            self._compare_books(state, books, block)
        if copies is not None:
            self._check_trees(copies, state, books)
        return Audit(
            chain=chain,
            contract=self._contract.address,
            edition=self._contract.edition.number,
            accreditations_contract=self._contract.accreditations_address,
            deployed_in=first,
            block=block.reference,
            asked=self._asked,
            folder=None if copies is None else copies.folder,
            state=state,
            differences=tuple(each for each in self._differences if self._asked.about(each.issuer)),
            unchecked=tuple(self._unchecked),
            notes=tuple(self._notes),
            checked=self._counts,
            spent=self._spent,
            rows=() if books is None else books.batches,
            revoked_elsewhere=self._elsewhere,
            places=self._places,
            ordered=self._ordered,
        )

    def _note_age(self, chain: str, block: Block) -> None:
        """What a node knows that stopped following its chain is not the history up to now."""
        age = age_of_head(self._client, chain, block, self._head_age_seconds, self._clock)
        if age.freshness is Freshness.STALE:
            self._unchecked.append(Unchecked(f"what happened after block {block.number}", age.text))
        elif age.freshness is Freshness.LATE:
            self._notes.append(age.text)

    def _note_accreditations(self, block: Block) -> None:
        """That there are none, where nobody has deployed what would hold them."""
        address = self._contract.accreditations_address
        if address != self._contract.address and not self._client.code(address, block.number):
            self._notes.append(f"There is no contract for accreditations at {address} yet, and so there are none.")

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
        parties = (event.party for event in transaction.events if event.party is not None)
        return self._asked.about(*parties) and transaction.block.number >= self._asked.since

    def _take_receipt(self, transaction: Transaction, mined: MinedTransaction | None) -> None:
        """Compare a transaction's receipt with the list of logs, and count what it took.

        One of several parties is counted for the first.
        """
        parties = [event.party for event in transaction.events if event.party is not None]
        if mined is None:
            self._receipts_missing += 1
            return
        self._counts.transactions += 1
        if not transaction.agrees(mined, self._contract.addresses):
            told = sum(log.address in self._contract.addresses for log in mined.logs)
            what = f"its receipt has {told} events of the registry, the list of all events {len(transaction.logs)}"
            subject = f"transaction 0x{transaction.hash.hex()}"
            self._differences.append(
                Difference(DifferenceKind.RECEIPT_DIFFERS, subject, what, next(iter(parties), None))
            )
        if parties:
            of = self._spent.setdefault(parties[0], Spent())
            of.transactions += 1
            of.gas += mined.gas_used
            of.wei += mined.gas_used * mined.effective_gas_price

    # Storage

    def _compare_storage(self, state: RegistryState, block: Block) -> None:
        storage = storage_facts(Storage(self._contract, block.number), state, self._asked, self._counts, self._phase)
        for key, claimed in too_large(storage):
            why = f"it claims {claimed} credentials; only the status words that events name were read"
            self._unchecked.append(Unchecked(named(*key), why))
        self._differences += compare_storage(state, storage)

    # The index

    def _index_facts(self, copies: Copies | None) -> tuple[Head, IndexFacts] | None:
        if copies is None:
            return None
        try:
            found = index_facts(copies.index)
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
        self._counts.index_batches = sum(self._asked.counts(each.issuer, each.block_number) for each in index.batches)
        self._differences += compare_index(state, index, issuer=self._asked.issuer, first_block=self._asked.since)

    # The issuer's books

    def _book_facts(self, copies: Copies | None) -> BookFacts | None:
        if copies is None:
            self._notes.append("There is no data folder: trees, database and index were not compared.")
            return None
        try:
            return copies.books.facts(self._asked.issuer)
        except StoreError as error:
            self._unchecked.append(Unchecked("the batches of the data folder", error.what))
            return None

    def _compare_books(self, state: RegistryState, books: BookFacts, block: Block) -> None:
        self._counts.folder_batches = len(books.batches)
        self._differences += compare_folder(
            state,
            books.batches,
            last_block=block.number,
            as_of=block.timestamp,
            own=books.parties,
            first_block=self._asked.since,
        )

    # The trees

    def _check_trees(self, copies: Copies, state: RegistryState, books: BookFacts | None) -> None:
        try:
            self._differences += self._trees(copies, state, books)
            self._repeats(copies.trees, state)
            self._note_digests(state)
        except StoreError as error:
            self._unchecked.append(Unchecked("the trees", error.what))
        if self._counts.trees_elsewhere:
            self._notes.append(
                f"The trees of {self._counts.trees_elsewhere:,} batches are not here; "
                "the database does not claim to have anchored them."
            )

    def _trees(self, copies: Copies, state: RegistryState, books: BookFacts | None) -> Iterator[Difference]:
        rows: Iterable[FolderBatch] = () if books is None else books.batches
        claimed = {(row.issuer, row.root): row.leaf_count for row in rows if row.anchored}
        wanted = {
            key: (batch, tree_of_batch(copies.trees, key[1], batch.leaf_count, claimed.get(key)))
            for key, batch in batches_asked_for(state, self._asked).items()
        }
        with self._phase("checking the trees") as progress:
            found = self._derived(copies, [tree for _, tree in wanted.values() if tree is not None], progress)
            unasked = 0
            for (issuer, root), (batch, which) in wanted.items():
                outcome = TreeOutcome(TreeFacts(missing=True)) if which is None else found.get(which)
                if outcome is None:
                    unasked += 1
                    continue
                if outcome.unread is not None:
                    self._unchecked.append(Unchecked(named(issuer, root), f"its tree was not read: {outcome.unread}"))
                if outcome.facts is None:
                    continue
                sealed = claimed.get((issuer, root))
                tree = in_its_place(copies.trees, root, outcome.facts, sealed)
                if tree.missing and sealed is None:
                    self._counts.trees_elsewhere += 1
                    continue
                if not tree.missing and outcome.unread is None:
                    self._counts.trees += 1
                    self._counts.leaves += tree.leaf_count or 0
                if batch.leaf_count and tree == TreeFacts(batch.leaf_count):
                    self._ordered[issuer, root] = batch.leaf_count
                    if sealed is not None:
                        wrong = positions_wrong(copies.trees, copies.books, TreeId(root, batch.leaf_count))
                        tree = replace(tree, positions=wrong)
                yield from compare_tree(issuer, root, batch.leaf_count, tree)
        if unasked:
            why = f"{unasked:,} more were not looked at, since {GIVEN_UP_AFTER} in a row could not be read"
            self._unchecked.append(Unchecked("the trees", why))

    def _derived(self, copies: Copies, wanted: Iterable[TreeId], progress: Progress) -> dict[TreeId, TreeOutcome]:
        """What the engine found of each tree, which may be that of several batches; some are not there when the trees
        could not be read."""
        trees = list(dict.fromkeys(wanted))
        total = sum(tree.leaf_count for tree in trees)
        return dict(
            check_trees(self._engine, copies.trees, copies.trees_at, trees, progress=lambda done: progress(done, total))
        )

    def _repeats(self, trees: TreeStore, state: RegistryState) -> None:
        """Credentials in several batches of one issuer, of which the batches say different things; and where those are
        that issuers spoke of by their digests."""
        for mine in state.issuer_states():
            if not self._asked.about(mine.issuer):
                continue
            repeated = list(repeated_in(trees, mine))
            found = list(spread(mine, repeated))
            self._differences += compare_repeated(mine.issuer, found)
            for root, words in spread_words(found, Purpose.REVOCATION).items():
                self._elsewhere[mine.issuer, root] = sum(bits.bit_count() for bits in words.values())
            self._places |= {(mine.issuer, digest): tuple(at) for digest, at in repeated if digest in mine.digests}

    def _note_digests(self, state: RegistryState) -> None:
        """How many are revoked or suspended by their digests and in no batch that could be looked into."""
        standing = (key for key, status in state.digests.items() if status.is_revoked or status.is_suspended)
        nowhere = sum(self._asked.about(key[0]) and key not in self._places for key in standing)
        if nowhere:
            self._notes.append(
                f"Revoked or suspended by digests that are in no batch whose tree is here: {nowhere:,} credentials."
            )
