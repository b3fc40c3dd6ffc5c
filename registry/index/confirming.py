"""What an endpoint's list of events is held against: the headers and receipts of blocks, and the contract's own state.

A list of events that leaves one out looks like a list of all. Endpoints do leave events out: behind a load balancer the
machine that searches them may be some blocks behind the one that told of the newest header.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from registry.chain.abi import all_events
from registry.chain.rpc.bloom import BlockEvents, may_hold
from registry.chain.rpc.client import FilteredBlock, Log
from registry.chain.rpc.hexadecimal import address_bytes
from registry.chain.storage import CALLS_A_REQUEST, WORDS_A_REQUEST, WordRange
from registry.errors import ChainError, ChainUnavailable
from registry.history import named
from registry.index.facts import missing
from registry.index.reader import EventFilter, EventPlace, Index
from registry.recognition.ledger import Accreditation, Ledger
from registry.records import NOTHING_SAID, Batch, BlockRef, DigestKey, DigestStatus, Key, Party, Purpose

Place = tuple[int, bytes, int]
"""Of an event: number and hash of its block, log index."""

MOST_WORDS: Final = 1 << 16
"""Status words of one batch that are asked for: its leaf count is what a stranger says. Of more, those with events."""
DIGESTS_A_SLICE: Final = WORDS_A_REQUEST
"""Each of them costs about as much as a status word."""


class Blocks(Protocol):
    """What is asked for single blocks: `registry.chain.rpc.client.ChainClient`."""

    def filtered_blocks(self, from_block: int, to_block: int) -> tuple[FilteredBlock, ...]: ...

    def all_logs(self, of: FilteredBlock) -> tuple[Log, ...]: ...


class State(Protocol):
    """What is asked of the contract at one block: `registry.chain.storage.Storage`."""

    def count(self, function: str) -> int: ...

    def parties(self, numbers: Sequence[int]) -> Mapping[int, Party | None]: ...

    def operators(self, keys: Sequence[tuple[int, str]]) -> Mapping[tuple[int, str], bool]: ...

    def batches(self, keys: Sequence[Key]) -> Mapping[Key, Batch | None]: ...

    def words(self, ranges: Sequence[WordRange]) -> Iterator[tuple[WordRange, tuple[int, ...]]]: ...

    def digests(self, keys: Sequence[DigestKey]) -> Mapping[DigestKey, DigestStatus]: ...

    def accreditations(self, numbers: Sequence[int]) -> Mapping[int, Accreditation | None]: ...


class Witness:
    """Says of blocks which events of some contracts they hold, whatever a list of events says.

    A header's filter rules most blocks out; of the others the receipts are read.
    """

    def __init__(self, client: Blocks, addresses: Sequence[str]):
        self._client = client
        self._addresses = frozenset(addresses)
        self._filtered = [address_bytes(each) for each in addresses]
        self._topics = tuple(all_events())
        # Some chains fill the filter with something else: seen once, it is not believed again.
        self._believes_filters = True

    def logs(self, blocks: Sequence[FilteredBlock], told: Collection[Place]) -> tuple[Log, ...]:
        """All events of the contracts in these blocks.

        Args:
            told: events that are said to be there.

        Raises:
            ChainUnavailable: receipts are not there, or without events that were told (code `no-receipts`), or of
                another chain (`chain-moved`).
        """
        did_believe = self._believes_filters
        found = self._logs(blocks, told)
        if did_believe and not self._believes_filters:
            # What was passed over before the filter was found to be none.
            found = self._logs(blocks, told)
        return tuple(found)

    def holds(self, each: FilteredBlock) -> None:
        """One of their events is known to be in this block: what its filter says of that says what it is worth."""
        self._believes_filters = self._believes_filters and self._by_filter(each)

    def _logs(self, blocks: Sequence[FilteredBlock], told: Collection[Place]) -> list[Log]:
        claimed: dict[tuple[int, bytes], set[int]] = {}
        for number, block_hash, index in told:
            claimed.setdefault((number, block_hash), set()).add(index)
        numbers = {number for number, _, _ in told}
        found: list[Log] = []
        for each in blocks:
            may_hold = self._may_hold(each)
            if each.block.number not in numbers and not may_hold:
                continue
            logs = [log for log in self._client.all_logs(each) if log.address in self._addresses]
            if any(log.topics and log.topics[0] in self._topics for log in logs):
                self.holds(each)
            there = {log.log_index for log in logs}
            if may_hold and not claimed.get((each.block.number, each.block.hash), set()) <= there:
                # Either is wrong, and nothing tells which.
                raise ChainUnavailable(
                    f"the receipts of block {each.block.number} are without events that the endpoint told of",
                    remedy="Try again later, use another endpoint, or make the index anew: testamur index --anew.",
                    code="no-receipts",
                )
            found += logs
        return found

    def _may_hold(self, each: FilteredBlock) -> bool:
        return bool(each.transactions) if not self._believes_filters else self._by_filter(each)

    def _by_filter(self, each: FilteredBlock) -> bool:
        events = BlockEvents(each.bloom, bool(each.transactions))
        return any(may_hold(events, address, self._topics) for address in self._filtered)


class StateCheck:
    """Holds all that is indexed against the contract's state, a slice at a time.

    Each slice is compared as of the cursor of its moment. Between two of them the index may move on, as long as
    nothing is missing in what is added.

    The contract has no list of the digests that issuers spoke of: those that the index knows of are compared, and that
    none is lacking, by how often each issuer changed what it says of them.
    """

    def __init__(self, index: Index, at: Callable[[BlockRef], State]):
        self._index = index
        self._at = at
        self._slices = self._all()
        self._slice: Callable[[State], None] | None = None
        self._ledger: tuple[int, Ledger] | None = None

    def step(self, block: BlockRef) -> bool:
        """Compare one slice more as of a block, the cursor's; whether that was the last one.

        Raises:
            ChainError: they differ (code `events-missing`); the same slice comes again next time.
            ChainUnavailable: no answer.
        """
        if self._slice is None:
            self._slice = next(self._slices, None)
        if self._slice is None:
            return True
        self._slice(self._at(block))
        self._slice = None
        return False

    def _all(self) -> Iterator[Callable[[State], None]]:
        yield self._counts
        party = 0
        while parties := self._index.parties(after=party, limit=CALLS_A_REQUEST):
            numbers, party = [each.id for each in parties], parties[-1].id
            yield lambda state, numbers=numbers: self._parties(state, numbers)  # type: ignore[misc]
        yield self._operators
        place: EventPlace | None = None
        while batches := self._index.batches(after=place, limit=CALLS_A_REQUEST):
            keys = [each.key for each in batches]
            place = EventPlace(*batches[-1].place)
            yield lambda state, keys=keys: self._batches(state, keys)  # type: ignore[misc]
        said: DigestKey | None = None
        while statuses := self._index.digest_status_page(after=said, limit=DIGESTS_A_SLICE):
            digests = list(statuses)
            said = digests[-1]
            yield lambda state, digests=digests: self._digests(state, digests)  # type: ignore[misc]
        first = 1
        while first <= len(self._now().accreditations):
            numbers = list(range(first, first + CALLS_A_REQUEST))
            first += CALLS_A_REQUEST
            yield lambda state, numbers=numbers: self._accreditations(state, numbers)  # type: ignore[misc]

    def _counts(self, state: State) -> None:
        counts = self._index.counts()
        _agree("parties", state.count("partyCount"), counts["parties"])
        _agree("accreditations", state.count("accreditationCount"), len(self._now().accreditations))

    def _parties(self, state: State, numbers: Sequence[int]) -> None:
        for number, there in state.parties(numbers).items():
            _agree(f"party {number}", there, self._index.party(number))

    def _operators(self, state: State) -> None:
        told: dict[tuple[int, str], bool] = {}
        for event in self._index.all_events(EventFilter(names=frozenset({"OperatorSet"}))):
            told[event.arguments["party"], event.arguments["operator"].lower()] = event.arguments["allowed"]
        for key, there in state.operators(list(told)).items():
            _agree(f"operator {key[1]} of party {key[0]}", there, told[key])

    def _batches(self, state: State, keys: Sequence[Key]) -> None:
        batches: dict[Key, Batch] = {}
        for issuer, root in keys:
            batch = self._index.batch(issuer, root)
            if batch is not None:
                batches[issuer, root] = batch
        for key, there in state.batches(keys).items():
            _agree(named(*key), there, batches.get(key))
        for (issuer, root, purpose, first, _), words in state.words(list(self._ranges(batches))):
            told = self._index.status_words(batches[issuer, root].key, purpose)
            for number, bits in enumerate(words, first):
                _agree(f"status word {number} of {named(issuer, root)}", bits, told.get(number, 0))

    def _digests(self, state: State, keys: Sequence[DigestKey]) -> None:
        told = self._index.digest_statuses([digest for _, digest in keys])
        for (issuer, digest), there in state.digests(keys).items():
            _agree(f"issuer {issuer}, digest {digest.hex()}", there, told.get((issuer, digest), NOTHING_SAID))

    def _ranges(self, batches: Mapping[Key, Batch]) -> Iterator[WordRange]:
        for (issuer, root), batch in batches.items():
            total = batch.words
            for purpose in Purpose:
                if purpose is Purpose.REVOCATION and batch.is_void:
                    # The contract says "all of them", whatever was revoked one by one.
                    continue
                if total > MOST_WORDS:
                    for word in self._index.status_words(batch.key, purpose):
                        yield issuer, root, purpose, word, 1
                    continue
                for start in range(0, total, WORDS_A_REQUEST):
                    yield issuer, root, purpose, start, min(WORDS_A_REQUEST, total - start)

    def _accreditations(self, state: State, numbers: Sequence[int]) -> None:
        known = self._now().accreditations
        for number, there in state.accreditations([each for each in numbers if each <= len(known)]).items():
            _agree(f"accreditation {number}", there, known[number - 1])

    def _now(self) -> Ledger:
        head = self._index.head()
        version = -1 if head is None else head.version
        if self._ledger is None or self._ledger[0] != version:
            try:
                self._ledger = version, self._index.ledger()
            except ChainError as error:
                raise missing(error.what) from None
        return self._ledger[1]


def _agree(what: str, there: Any, here: Any) -> None:
    if there != here:
        raise missing(f"the contract says otherwise of {what} than its events")
