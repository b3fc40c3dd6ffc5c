"""The indexer: follows a registry's contracts block by block into the database, and back where the chain went back.

Each step reads what one endpoint says of one range of blocks, makes sure that it continues what is indexed, and
commits it together with the cursor. A block that an endpoint does not have is no other block: the indexer waits. A
block at or below the final one never changes: if it does, by the evidence of `registry.chain.finality`, the indexer
stops until a person has looked.

What is final and a long way below the head is read ahead, by all endpoints at once (`registry.index.backfill`).

Near the head every range is held against the headers and receipts of its blocks before it is committed: nothing is
missing in it. A long way to go is first read as it is told, and confirmed afterwards: block by block, or by the
contract's own state, where that is less to ask. Until then the index knows that it does not know whether it has
everything.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from functools import cached_property
from threading import Event as Flag
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from registry.chain.contract import CredentialRegistry
from registry.chain.finality import Evidence, Finding, look_at
from registry.chain.rpc.ahead import RANGES_AT_ONCE, ReaderState
from registry.chain.rpc.client import Block, ChainClient, FilteredBlock, Log
from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.spans import Spans, is_outage
from registry.chain.storage import Storage
from registry.errors import ChainError, ChainUnavailable, WrongChain
from registry.index.backfill import Backfill, in_transactions
from registry.index.confirming import Place, State, StateCheck, Witness
from registry.index.facts import CHAIN_DISAGREES, EVENTS_MISSING, FINALITY_VIOLATED, missing, write_arguments
from registry.index.reader import Head
from registry.index.writer import Counts, CursorMoved, IndexWriter
from registry.records import BlockRef, Event
from registry.timestamps import from_unix

LONGEST_PAUSE_SECONDS: Final = 60.0
FIRST_LIMIT_SECONDS: Final = 0.5
LONGEST_LIMIT_SECONDS: Final = 8.0
"""Pauses for an endpoint that limits requests and does not say for how long."""
NEAR_BLOCKS: Final = 1_000
"""From the newest block down, blocks are read with their headers; what is further away is confirmed afterwards."""
BLOCKS_A_STEP: Final = 100
HEADERS_A_STEP: Final = 1_000
STATE_BLOCKS: Final = 64
"""By which the cursor may be below the newest block for the contract to be asked: most nodes keep the state of 128."""
REMEMBERED_SECONDS: Final = 3_600.0
"""For which a chain is as long as it was once told to be, whatever is told later: behind one address may be several
machines, and one that stands still may not unsay how far the chain is. By then its newest block is old."""
FORMER_SECONDS: Final = 600.0
"""For which an edition that was replaced is kept, for whoever is in the middle of reading it."""

_log = logging.getLogger(__name__)


class Step(StrEnum):
    """What one step came to."""

    NOTHING_NEW = "nothing-new"
    ADDED = "added"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"


class Indexer:
    """Fills the index of one registry.

    Args:
        contract: the registry, with all of its contracts.
        first_block: that its first contract was deployed in, where that is known; there are no events before it.
        finality_depth: for a chain without a `finalized` tag, how many blocks below the head count as final.
        listener: told of each step's outcome and the cursor it led to.
        near: blocks below the newest one from which on each is read with its header.
        state: the contract as of a block; default: asked through the contract's own functions.
        evidence: when a final block counts as another one.
        ranges: of blocks that are read at a time from each endpoint, far below the head.

    Attributes:
        added: events, since this was made.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        writer: IndexWriter,
        *,
        first_block: int,
        finality_depth: int | None = None,
        listener: Callable[[Step, Head], None] = lambda _step, _head: None,
        spans: Spans | None = None,
        near: int = NEAR_BLOCKS,
        state: Callable[[BlockRef], State] | None = None,
        evidence: Evidence | None = None,
        ranges: int = RANGES_AT_ONCE,
    ):
        self._contract = contract
        self._client: ChainClient = contract.client
        self._writer = writer
        self._first_block = max(1, first_block)
        self._finality_depth = finality_depth
        self._listener = listener
        self._spans = spans or Spans()
        self._identified = False
        # Issuers whose batches were not yet counted against the contract.
        self._uncounted: set[int] = set()
        self._near = near
        self._state: Callable[[BlockRef], State] = state or (lambda at: Storage(contract, at.number, at.hash))
        self._newest: int | None = None
        # The highest block that was told of, and when.
        self._highest: tuple[int, float] | None = None
        self._has_tried_filters = False
        # Up to this block each one is read with its header, however far it is: events were missing there.
        self._careful = -1
        # How what is not confirmed is being confirmed: a second reading up to a block and then the state, or headers.
        self._check: StateCheck | None = None
        self._again: tuple[int, int] | None = None
        # Where the cursor stands if nothing was added since the check began but what cannot lack anything.
        self._checked_to = -1
        self._by_headers = False
        # What was confirmed before this process began is held against the contract once more, in the pauses.
        self._patrol: StateCheck | None = StateCheck(writer.index, self._state)
        self._patrol_doubts = False
        self._former_looked_at = float("-inf")
        self._evidence = evidence or Evidence()
        self._ranges = ranges
        self._stop = Flag()
        self.added = 0

    @cached_property
    def _backfill(self) -> Backfill:
        return Backfill(self._contract, at_once=self._ranges, largest=self._spans.largest)

    def reading(self) -> list[ReaderState]:
        """How each endpoint is read from, since reading ahead has begun; empty before."""
        return self._backfill.states() if "_backfill" in self.__dict__ else []

    def close(self) -> None:
        """Read nothing ahead any more."""
        if "_backfill" in self.__dict__:
            self._backfill.close()

    def run(self, stop: Flag, seconds: float, *, once: bool = False) -> None:
        """Step until told to stop, with a pause where there was nothing new, and longer ones where there was trouble.

        Args:
            once: end when there is nothing new.

        Raises:
            WrongChain: the endpoint serves another chain or contract than the one indexed.
            ChainError: code `finality-violated`: a final block changed.
        """
        self._stop = stop
        try:
            self._run(stop, seconds, once=once)
        finally:
            self.close()

    def _run(self, stop: Flag, seconds: float, *, once: bool) -> None:
        pauses = _Pauses(seconds)
        while not stop.is_set():
            try:
                step = self.step()
            except (ChainError, SQLAlchemyError, OverflowError) as error:
                # An event can have a number that no database keeps; the contract makes none, an endpoint may.
                if isinstance(error, WrongChain) or getattr(error, "code", None) == FINALITY_VIOLATED:
                    raise
                _log.warning("the index waits: %s", error, extra={"code": getattr(error, "code", "database")})
                stop.wait(pauses.after(error))
                continue
            pauses = _Pauses(seconds)
            if step is Step.NOTHING_NEW:
                if once:
                    return
                self._forget_former()
                stop.wait(seconds)

    def catch_up(self) -> Head:
        """Step until there is nothing new; raises as `step` does."""
        try:
            while self.step() is not Step.NOTHING_NEW:
                pass
        finally:
            self.close()
        head = self._writer.head()
        if head is None:
            raise ValueError("an index without a head has nothing to catch up with")
        return head

    def step(self) -> Step:
        """Read one range of blocks, or take back those that are gone.

        Raises:
            ChainUnavailable: no answer, or one that is not one; nothing is changed.
            WrongChain: another chain or contract.
            CursorMoved: another process was quicker.
            ChainError: code `events-missing` while the endpoint leaves out events that no receipt has; code
                `finality-violated` when a final block changed, from then on.
        """
        try:
            return self._step()
        except CursorMoved:
            raise
        except ChainError as error:
            self._writer.trouble(error, seen=self._newest)
            raise

    def _step(self) -> Step:
        head = self._head()
        newest = self._existing(self._client.block("latest"), "latest")
        self._newest = newest.number
        seen = self._remembered(head, newest.number)
        self._check_final(head)
        if newest.number < head.cursor.number:
            # Either an endpoint that lags behind, or a chain that is shorter now: its own newest block tells.
            return self._lagging(head, newest)
        if not self._is_canonical(head.cursor, newest):
            return self._roll_back(head, newest)
        final = self._final(head, newest)
        is_confirming = not head.is_confirmed and newest.number - head.cursor.number <= STATE_BLOCKS
        doubt = self._tried(head) if is_confirming else None
        if is_confirming:
            head = self._head()
        if final is not None and self._is_far(head.cursor.number + 1, self._far(newest.number, final.number)):
            step = self._add_ahead(head, self._far(newest.number, final.number), final, seen)
        elif newest.number > head.cursor.number:
            step = self._add(head, newest.number, final, seen)
        else:
            self._settle(head, final, seen)
            step = Step.CONFIRMED if is_confirming else Step.NOTHING_NEW
            if step is Step.NOTHING_NEW:
                self._look_again(head)
            self._listener(step, head)
        if doubt is not None:
            raise doubt
        return step

    # Forward

    def _remembered(self, head: Head, newest: int) -> int:
        """The newest block that was told of lately, here or to another process."""
        now = time.monotonic()
        number, told_at = self._highest or (head.seen, now)
        if newest >= number or now - told_at > REMEMBERED_SECONDS:
            number, told_at = newest, now
        elif head.seen > number:
            number, told_at = head.seen, now
        self._highest = number, told_at
        return number

    def _add(self, head: Head, newest: int, final: BlockRef | None, seen: int) -> Step:
        first = head.cursor.number + 1
        is_near = newest - head.cursor.number <= self._near or first <= self._careful
        last = min(newest, head.cursor.number + min(self._spans.length, BLOCKS_A_STEP if is_near else newest))
        try:
            found = self._client.logs_with_headers(self._contract.addresses, first, last)
        except ChainUnavailable as error:
            if self._spans.shorter(error, last - first + 1) and not is_outage(error):
                return self._add(head, newest, final, seen)
            raise
        if found.first.parent_hash != head.cursor.hash:
            # The cursor's block was replaced since it was looked at; the next step takes it back.
            raise self._client.moved()
        logs, headers = found.logs, [found.first, found.last]
        if is_near:
            blocks = self._client.filtered_blocks(first, last)
            if (blocks[0].block.hash, blocks[-1].block.hash) != (found.first.hash, found.last.hash):
                raise self._client.moved()
            told = {(log.block_number, log.block_hash, log.log_index) for log in found.logs}
            logs = self._witnessed(blocks, told)
            headers = [each.block for each in blocks]
        events = self._events(logs, headers)
        issuers = {event.arguments["issuer"] for event in events if event.name == "Anchored"}
        uncounted = self._uncounted | issuers
        try:
            counts = self._counts(last, uncounted) if last == newest and (events or uncounted) else None
            if counts is not None and self._existing(self._client.block(last), last).hash != found.last.hash:
                raise self._client.moved()
            self._writer.add(head, events, found.last.reference, seen=seen, counts=counts, complete=is_near)
        except ChainError as error:
            if error.code != EVENTS_MISSING:
                raise
            return self._look_for(error, head, last, is_near=is_near)
        self._uncounted = uncounted if counts is None else set()
        if is_near and head.cursor.number == self._checked_to:
            self._checked_to = last
        self.added += len(events)
        self._spans.worked(len(events), last - first + 1)
        after = self._head()
        self._settle(after, final, seen)
        self._listener(Step.ADDED, after)
        return Step.ADDED

    def _far(self, newest: int, final: int) -> int:
        """Up to which block is read ahead: what is final, and further from the newest one than is read by headers."""
        return min(final, newest - self._near)

    def _is_far(self, first: int, last: int) -> bool:
        """Whether these are more blocks than one question is about, or are read ahead, and none with its header."""
        if not self._careful < first <= last:
            return False
        return last - first >= self._spans.length or ("_backfill" in self.__dict__ and self._backfill.is_at(first))

    def _add_ahead(self, head: Head, last: int, final: BlockRef, seen: int) -> Step:
        """What all endpoints have read meanwhile; it waits for the next range, or until it is told to stop."""
        found = self._backfill.next(head.cursor.hash, head.cursor.number + 1, last, self._stop)
        waiting = deque(in_transactions(found))
        while waiting:
            some = waiting.popleft()
            events = [event for told in some for event in told.events]
            try:
                self._writer.add(head, events, some[-1].last.reference, seen=seen, complete=False)
            except ChainError as error:
                if error.code != EVENTS_MISSING:
                    raise
                if len(some) == 1:
                    return self._look_for(error, head, some[0].last.number, is_near=False)
                # Which of the ranges lacks them is found out: no more than that one is read block by block.
                waiting.extendleft([told] for told in reversed(some))
                continue
            self.added += len(events)
            self._uncounted |= {event.arguments["issuer"] for event in events if event.name == "Anchored"}
            head = self._head()
            self._listener(Step.ADDED, head)
            if self._stop.is_set():
                break
        self._settle(head, final, seen)
        return Step.ADDED if found else Step.NOTHING_NEW

    @cached_property
    def _witness(self) -> Witness:
        return Witness(self._client, self._contract.addresses)

    def _witnessed(self, blocks: Sequence[FilteredBlock], told: Collection[Place]) -> tuple[Log, ...]:
        """All events of these blocks; before the first time, an event that is known says what filters are worth."""
        if not self._has_tried_filters:
            for batch in self._writer.index.batches(limit=1, newest_first=True):
                (there,) = self._client.filtered_blocks(batch.block_number, batch.block_number)
                if there.block.hash == batch.seen.block_hash:
                    self._witness.holds(there)
            self._has_tried_filters = True
        return self._witness.logs(blocks, told)

    def _events(self, logs: tuple[Log, ...], known: Iterable[Block]) -> list[Event]:
        """The logs as the index has them, with the times of their blocks, which must be the blocks they name."""
        return list(self._contract.decode_events(logs, self._contract.blocks_of(logs, known)))

    def _counts(self, at: int, issuers: Collection[int]) -> Counts:
        contract = self._contract
        sequences = {}
        for issuer in sorted(issuers):
            party = contract.party(issuer, at=at)
            if party is None:
                raise missing(f"the contract does not know issuer {issuer}, whose batches it told of")
            sequences[issuer] = party.sequence
        return Counts(contract.party_count(at=at), contract.accreditation_count(at=at), sequences)

    # Confirming

    def _look_for(self, error: ChainError, head: Head, last: int, *, is_near: bool) -> Step:
        """Events are missing: in a range that was read as it was told, or before it; raises what it cannot mend."""
        if not is_near:
            _log.warning("%s; the blocks up to %d are read one by one", error, last)
            self._careful = last
        elif not head.is_confirmed:
            self._by_headers = True
            self._confirm_blocks(head)
        else:
            # Each block was confirmed, and the contract says otherwise: some answer was not true.
            self._doubt_all(head, error)
            raise error
        return Step.CONFIRMED

    def _tried(self, head: Head) -> ChainError | None:
        """Confirm some more; the reason where it does not work now. New blocks are read all the same."""
        try:
            self._confirm(head)
        except CursorMoved:
            raise
        except ChainError as error:
            return error
        return None

    def _confirm(self, head: Head) -> None:
        if self._check is not None and head.cursor.number != self._checked_to:
            # What came in since, here or by another process, may lack something itself.
            self._start_over()
        if self._check is None and not self._by_headers:
            counts = self._writer.index.counts()
            questions = counts["parties"] + 3 * counts["batches"]
            self._by_headers = head.cursor.number - head.confirmed <= max(HEADERS_A_STEP, questions)
            if not self._by_headers:
                self._check = StateCheck(self._writer.index, self._state)
                self._again = head.confirmed + 1, head.cursor.number
                self._checked_to = head.cursor.number
        if self._by_headers:
            self._confirm_blocks(head)
        elif self._again is not None:
            self._again = self._read_again(head, *self._again)
        elif self._check is not None:
            self._confirm_state(head, self._check)

    def _confirm_blocks(self, head: Head) -> None:
        """By the headers and receipts of the next blocks."""
        first = max(head.confirmed + 1, head.first_block)
        last = min(head.cursor.number, first + HEADERS_A_STEP - 1)
        blocks = self._client.filtered_blocks(first, last)
        here = self._writer.events(head, first, last)
        logs = self._witnessed(blocks, {(event.block_number, event.block_hash, event.log_index) for event in here})
        head = self._mended(head, here, self._events(logs, [each.block for each in blocks]), is_complete=True)
        self._confirmed(head, last)

    def _confirm_state(self, head: Head, check: StateCheck) -> None:
        """By the next slice of the contract's state."""
        try:
            is_done = check.step(head.cursor)
        except ChainError as error:
            if error.code != EVENTS_MISSING or not self._is_there(head.cursor):
                raise
            _log.warning("%s; the blocks from %d on are read one by one", error, head.confirmed + 1)
            self._check, self._by_headers = None, True
            return
        if not self._is_there(head.cursor):
            self._start_over()
            raise self._client.moved()
        if is_done:
            self._confirmed(head, head.cursor.number)

    def _read_again(self, head: Head, first: int, last: int) -> tuple[int, int] | None:
        """Events that have no trace in the contract's state, and those that only came late; what is left to read."""
        final = -1 if head.final is None else min(last, head.final)
        if self._is_far(first, final):
            return self._read_again_ahead(head, first, final, last)
        end = min(last, first + self._spans.length - 1)
        try:
            found = self._client.logs_with_headers(self._contract.addresses, first, end)
        except ChainUnavailable as error:
            if self._spans.shorter(error, end - first + 1) and not is_outage(error):
                return first, last
            raise
        here = self._writer.events(head, first, end)
        told = {(log.block_number, log.log_index) for log in found.logs} - {event.place for event in here}
        logs = tuple(log for log in found.logs if (log.block_number, log.log_index) in told)
        self._mended(head, here, self._events(logs, [found.first, found.last]), is_complete=False)
        return (end + 1, last) if end < last else None

    def _read_again_ahead(self, head: Head, first: int, final: int, last: int) -> tuple[int, int] | None:
        """`_read_again` of final blocks, by all endpoints at once."""
        before = self._existing(self._client.block(first - 1), first - 1)
        for told in self._backfill.next(before.hash, first, final, self._stop):
            here = self._writer.events(head, told.first.number, told.last.number)
            indexed = {event.place for event in here}
            there = [event for event in told.events if event.place not in indexed]
            head = self._mended(head, here, there, is_complete=False)
            first = told.last.number + 1
        return (first, last) if first <= last else None

    def _mended(self, head: Head, here: Sequence[Event], there: Sequence[Event], *, is_complete: bool) -> Head:
        """The index with the events that are there, and where these are all without the others."""
        indexed, told = {_identity(event): event for event in here}, {_identity(event): event for event in there}
        lost = [event for key, event in told.items() if key not in indexed]
        surplus = [event for key, event in indexed.items() if key not in told] if is_complete else []
        if not lost and not surplus:
            return head
        _log.warning("%d events were missing in the index, %d were none; it is mended", len(lost), len(surplus))
        self._writer.mend(head, lost, surplus)
        return self._head()

    def _confirmed(self, head: Head, number: int) -> None:
        self._writer.confirm(head, number)
        if number == head.cursor.number:
            self._start_over()

    def _start_over(self) -> None:
        self._check, self._again, self._by_headers = None, None, False

    def _doubt_all(self, head: Head, error: ChainError) -> None:
        _log.error("the index is confirmed anew from its first block on: %s", error)
        self._start_over()
        self._writer.confirm(head, head.first_block - 1)

    def _look_again(self, head: Head) -> None:
        """One more slice of what was confirmed before this process began."""
        if self._patrol is None:
            return
        try:
            is_done = self._patrol.step(head.cursor)
        except ChainError as error:
            if error.code != EVENTS_MISSING or not self._is_there(head.cursor):
                return
            # A node may show a block's successor in its state a moment early, and another process may have moved the
            # index while it was compared: the same slice is looked at again, with its own reading of both.
            if self._patrol_doubts:
                self._patrol = None
                self._doubt_all(head, error)
            self._patrol_doubts = True
            return
        self._patrol_doubts = False
        if is_done:
            self._patrol = None

    def _forget_former(self) -> None:
        if time.monotonic() - self._former_looked_at > FORMER_SECONDS:
            self._former_looked_at = time.monotonic()
            self._writer.forget_former(seconds=FORMER_SECONDS)

    # Backward

    def _roll_back(self, head: Head, newest: Block) -> Step:
        """To the newest block that the index and the chain have in common."""
        marks = [*self._writer.marks(head), *self._final_below(head)]
        for mark in marks:
            if mark.number < head.cursor.number and mark.number <= newest.number and self._is_canonical(mark, newest):
                self._writer.roll_back(head, mark)
                self._start_over()
                # Who registered in the blocks that are gone may be nobody now.
                self._uncounted = {issuer for issuer in self._uncounted if self._writer.index.party(issuer)}
                # The chain that was that long is no more.
                self._highest = None if self._newest is None else (self._newest, time.monotonic())
                _log.warning(
                    "the chain reorganised: %d blocks taken back, to block %d",
                    head.cursor.number - mark.number,
                    mark.number,
                )
                self._listener(Step.ROLLED_BACK, self._head())
                return Step.ROLLED_BACK
        # Not even the lowest one, the final block or the one before the contract, is on this chain. Where the chain is
        # final further on than it was read, all that was read is.
        raise self._doubted(head, marks[-1] if marks else head.cursor)

    def _final_below(self, head: Head) -> list[BlockRef]:
        """The final block, where the index is past it: in the middle of a range that was read, it is no mark."""
        if head.final is None or head.final >= head.cursor.number:
            return []
        block = self._client.block(head.final)
        return [] if block is None or block.hash != head.final_hash else [block.reference]

    def _lagging(self, head: Head, newest: Block) -> Step:
        below = [mark for mark in self._writer.marks(head) if mark.number <= newest.number]
        if below and not self._is_canonical(below[0], newest):
            return self._roll_back(head, newest)
        raise self._behind(newest, head.cursor.number)

    def _behind(self, newest: Block, number: int) -> ChainUnavailable:
        return ChainUnavailable(
            f"the endpoint has no block {number}, which was read before, at its newest block {newest.number}",
            where=self._client.where,
            remedy="Wait until it has caught up, or use another endpoint.",
            code="chain-behind",
        )

    # The chain

    def _head(self) -> Head:
        head = self._writer.head()
        if head is not None and head.trouble_code == FINALITY_VIOLATED:
            raise _violated(head.trouble_why or "")
        if not self._identified:
            head = self._identify(head)
            self._identified = True
        if head is None:
            raise ValueError("the index was removed while it was filled")
        return head

    def _identify(self, head: Head | None) -> Head:
        """Make sure that it is the chain and the contract that were indexed, or begin an index."""
        genesis = self._client.genesis_hash()
        if head is not None and head.genesis_hash != genesis:
            raise WrongChain(
                "the endpoint serves another chain than the one that was indexed",
                where=self._client.where,
                remedy="Check the setting chain; an index is of one chain.",
                code="wrong-genesis",
            )
        self._contract.verify_code()
        if head is not None:
            return head
        before = self._existing(self._client.block(self._first_block - 1), self._first_block - 1)
        newest = self._existing(self._client.block("latest"), "latest")
        return self._writer.begin(before.reference, genesis_hash=genesis, seen=max(before.number, newest.number))

    def _check_final(self, head: Head) -> None:
        if head.final is None or head.final_hash is None:
            return
        block = self._client.block(head.final)
        # A chain that is not that long has lost a final block, or the endpoint is behind: only another block tells.
        if block is not None and block.hash != head.final_hash:
            raise self._doubted(head, _block_of_unknown_time(head.final, head.final_hash))
        if block is not None:
            self._evidence.clear()

    def _doubted(self, head: Head, mark: BlockRef) -> ChainError:
        """What to say of a block that was final, or below every other one, and that an endpoint has another one for."""
        look = look_at(self._client, mark.number, lambda: self._calls_final(mark.number))
        found = self._evidence.add(mark.hash, look)
        others = sorted({f"0x{each.hex()}" for each in look.shown.values() if each not in (None, mark.hash)})
        said = _known(head, mark)
        if found is Finding.VIOLATED:
            who = "the endpoint shows" if look.endpoints == 1 else f"{len(look.shown)} endpoints show"
            return _violated(f"{said}; each time it is looked at {who} {others[0]}", where=self._client.where)
        shows = f"shows {' and '.join(others)}" if others else "showed another one a moment ago"
        return ChainUnavailable(
            f"{said}, and an endpoint {shows}: it is looked at again",
            where=self._client.where,
            remedy="The endpoint may be on a branch that the chain has left; the index goes on when it is back.",
            code=CHAIN_DISAGREES,
        )

    def _calls_final(self, number: int) -> bool:
        """Whether the chain calls a height final now; one that has no word for that has that many blocks at least."""
        try:
            return self._client.finalized(self._finality_depth).number >= number
        except ChainUnavailable as error:
            if error.code != "no-finality":
                raise
            return True

    def accept(self) -> BlockRef | None:
        """Go on after a final block was said to be another one, where it is on the chain after all.

        Returns:
            The block that was looked at; None where nothing of the kind was said.

        Raises:
            ChainError: it is not, or not on the chain of every endpoint that answers (code `finality-violated`).
            ChainUnavailable: no endpoint has a block of that height, or none answers.
        """
        head = self._writer.head()
        if head is None or head.trouble_code != FINALITY_VIOLATED:
            return None
        self._identify(head)
        if head.final is not None and head.final_hash is not None:
            mark = _block_of_unknown_time(head.final, head.final_hash)
        else:
            mark = self._writer.marks(head)[-1]
        shown = {where: block for where, block in self._client.block_by_endpoint(mark.number).items() if block}
        if not shown:
            raise self._behind(self._existing(self._client.block("latest"), "latest"), mark.number)
        if others := [where for where, block in shown.items() if block.hash != mark.hash]:
            raise _violated(
                f"{_known(head, mark)} and is 0x{shown[others[0]].hash.hex()} now, "
                f"by {len(others)} of {len(shown)} endpoints",
                where=", ".join(others),
            )
        self._writer.accept()
        return mark

    def _final(self, head: Head, newest: Block) -> BlockRef | None:
        try:
            final = self._client.finalized(self._finality_depth)
        except ChainUnavailable as error:
            if error.code == "no-finality":
                return None
            raise
        if final.number > newest.number or (head.final is not None and final.number < head.final):
            return None
        return final.reference

    def _settle(self, head: Head, final: BlockRef | None, seen: int) -> None:
        # The final block has to be on the chain that was indexed; one read later may already be on another. Above the
        # cursor it is looked at a second time, too: what one answer made up would be remembered as final for good.
        if final is not None and not self._is_there(final):
            raise self._client.moved()
        self._writer.settle(head, final=final, seen=seen)

    def _is_canonical(self, mark: BlockRef, newest: Block) -> bool:
        """Whether a block that is not above the newest one is on the chain still.

        Raises:
            ChainUnavailable: code `chain-behind`: whoever answers now has no block of that height.
        """
        block = self._client.block(mark.number)
        if block is None:
            raise self._behind(newest, mark.number)
        return block.hash == mark.hash

    def _is_there(self, mark: BlockRef) -> bool:
        block = self._client.block(mark.number)
        return block is not None and block.hash == mark.hash

    def _existing(self, block: Block | None, number: object) -> Block:
        if block is None:
            raise ChainUnavailable(
                f"the chain has no block {number}",
                where=self._client.where,
                remedy="Check the endpoint, or use another one.",
                code="no-block",
            )
        return block


class _Pauses:
    """How long to wait after troubles that follow each other."""

    def __init__(self, seconds: float):
        self._trouble = seconds
        self._limit = FIRST_LIMIT_SECONDS

    def after(self, error: Exception) -> float:
        """Seconds: longer each time, and as long as an endpoint asks to."""
        if getattr(error, "code", None) == RATE_LIMITED:
            pause, self._limit = self._limit, min(LONGEST_LIMIT_SECONDS, self._limit * 2)
        else:
            pause, self._trouble = self._trouble, min(LONGEST_PAUSE_SECONDS, self._trouble * 2)
        return max(pause, getattr(error, "retry_after", None) or 0.0)


def _known(head: Head, mark: BlockRef) -> str:
    """What was known of a block."""
    return f"block {mark.number} was {'final' if head.is_final(mark.number) else 'read'} as 0x{mark.hash.hex()}"


def _violated(what: str, *, where: str | None = None) -> ChainError:
    return ChainError(
        what,
        where=where,
        remedy=(
            "Look at another endpoint which block is on the chain. If it is the one that was final: "
            "testamur index --accept-chain goes on. If it is not: find out why, then testamur index --anew."
        ),
        code=FINALITY_VIOLATED,
    )


def _identity(event: Event) -> tuple[int, bytes, int, str, str]:
    """What an event is by its log, whatever the index knows of it besides."""
    return event.block_number, event.block_hash, event.log_index, event.name, write_arguments(event.arguments)


def _block_of_unknown_time(number: int, block_hash: bytes) -> BlockRef:
    return BlockRef(number, block_hash, from_unix(0))
