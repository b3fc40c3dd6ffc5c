"""The indexer: follows a contract block by block into the database, and back where the chain went back.

Each step reads what one endpoint says of one range of blocks, makes sure that it continues what is indexed and that
nothing is missing in it, and commits it together with the cursor. A block at or below the final one never changes: if
it does, the indexer stops until a person has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from enum import StrEnum
from threading import Event as Flag
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from registry.chain.client import Block, ChainClient, Log
from registry.chain.contract import CredentialRegistry, Event
from registry.chain.spans import Spans
from registry.errors import ChainError, ChainUnavailable, WrongChain
from registry.store.index import Head
from registry.store.index_facts import IndexedEvent, Mark, missing, subject_of
from registry.store.index_writing import FINALITY_VIOLATED, Counts, CursorMoved, IndexWriter

LONGEST_PAUSE_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class Step(StrEnum):
    """What one step came to."""

    NOTHING_NEW = "nothing-new"
    ADDED = "added"
    ROLLED_BACK = "rolled-back"


class Indexer:
    """Fills the index of one contract.

    Args:
        first_block: that the contract was deployed in, where that is known; there are no events before it.
        finality_depth: for a chain without a `finalized` tag, how many blocks below the head count as final.
        listener: told of each step's outcome and the cursor it led to.
    """

    def __init__(
        self,
        registry: CredentialRegistry,
        writer: IndexWriter,
        *,
        first_block: int,
        finality_depth: int | None = None,
        listener: Callable[[Step, Head], None] = lambda _step, _head: None,
        spans: Spans | None = None,
    ):
        self._registry = registry
        self._client: ChainClient = registry.client
        self._writer = writer
        self._first_block = max(1, first_block)
        self._finality_depth = finality_depth
        self._listener = listener
        self._spans = spans or Spans()
        self._identified = False
        # Issuers whose batches were not yet counted against the contract.
        self._uncounted: set[int] = set()

    def run(self, stop: Flag, seconds: float) -> None:
        """Step until told to stop, with a pause where there was nothing new, and longer ones where there was trouble.

        Raises:
            WrongChain: the endpoint serves another chain or contract than the one indexed.
            ChainError: code `finality-violated`: a final block changed.
        """
        pause = seconds
        while not stop.is_set():
            try:
                step = self.step()
            except (ChainError, SQLAlchemyError) as error:
                if isinstance(error, WrongChain) or getattr(error, "code", None) == FINALITY_VIOLATED:
                    raise
                _log.warning("the index waits: %s", error, extra={"code": getattr(error, "code", "database")})
                stop.wait(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
                continue
            pause = seconds
            if step is Step.NOTHING_NEW:
                stop.wait(seconds)

    def catch_up(self) -> Head:
        """Step until there is nothing new; raises as `step` does."""
        while self.step() is not Step.NOTHING_NEW:
            pass
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
            ChainError: code `events-missing` while the endpoint leaves out events; code `finality-violated` when a
                final block changed, from then on.
        """
        try:
            return self._step()
        except CursorMoved:
            raise
        except ChainError as error:
            self._writer.trouble(error)
            raise

    def _step(self) -> Step:
        head = self._head()
        newest = self._existing(self._client.block("latest"), "latest")
        self._check_final(head)
        if newest.number < head.cursor.number:
            # Either an endpoint that lags behind, or a chain that is shorter now: its own newest block tells.
            return self._lagging(head, newest)
        if not self._is_canonical(head.cursor):
            return self._roll_back(head)
        final = self._final(head, newest)
        if newest.number == head.cursor.number:
            self._settle(head, final, newest.number)
            self._listener(Step.NOTHING_NEW, head)
            return Step.NOTHING_NEW
        return self._add(head, newest.number, final)

    # Forward

    def _add(self, head: Head, newest: int, final: Mark | None) -> Step:
        first = head.cursor.number + 1
        last = min(newest, head.cursor.number + self._spans.length)
        try:
            found = self._client.logs_with_headers(self._registry.address, first, last)
        except ChainUnavailable as error:
            if self._spans.shorter(error, last - first + 1):
                return self._add(head, newest, final)
            raise
        if found.first.parent_hash != head.cursor.hash:
            # The cursor's block was replaced since it was looked at; the next step takes it back.
            raise self._client.moved()
        events = self._events(found.logs, [found.first, found.last])
        issuers = {event.arguments["issuer"] for event in events if event.name == "Anchored"}
        self._uncounted |= issuers
        counts = self._counts(last) if last == newest and (events or self._uncounted) else None
        if counts is not None and self._existing(self._client.block(last), last).hash != found.last.hash:
            raise self._client.moved()
        self._writer.add(head, events, _mark(found.last), seen=newest, counts=counts)
        if counts is not None:
            self._uncounted.clear()
        self._spans.worked(len(events))
        after = self._head()
        self._settle(after, final, newest)
        self._listener(Step.ADDED, after)
        return Step.ADDED

    def _events(self, logs: tuple[Log, ...], known: Iterable[Block]) -> list[IndexedEvent]:
        """The logs as the index has them, with the times of their blocks, which must be the blocks they name."""
        headers = {block.number: block for block in known}
        numbers = sorted({log.block_number for log in logs} - headers.keys())
        for number, block in zip(numbers, self._client.blocks(numbers), strict=True):
            headers[number] = self._existing(block, number)
        if any(headers[log.block_number].hash != log.block_hash for log in logs):
            raise self._client.moved()
        return [_indexed(event, _mark(headers[event.log.block_number])) for event in self._registry.decode_events(logs)]

    def _counts(self, at: int) -> Counts:
        registry = self._registry
        sequences = {}
        for issuer in sorted(self._uncounted):
            party = registry.party(issuer, at=at)
            if party is None:
                raise missing(f"the contract does not know issuer {issuer}, whose batches it told of")
            sequences[issuer] = party.sequence
        return Counts(registry.party_count(at=at), registry.accreditation_count(at=at), sequences)

    # Backward

    def _roll_back(self, head: Head) -> Step:
        """To the newest block that the index and the chain have in common."""
        for mark in self._writer.marks(head):
            if mark.number < head.cursor.number and self._is_canonical(mark):
                self._writer.roll_back(head, mark)
                _log.warning(
                    "the chain reorganised: %d blocks taken back, to block %d",
                    head.cursor.number - mark.number,
                    mark.number,
                )
                self._listener(Step.ROLLED_BACK, self._head())
                return Step.ROLLED_BACK
        self._check_final(head)
        raise self._violated(f"no indexed block from {head.cursor.number} down is on the chain any more")

    def _lagging(self, head: Head, newest: Block) -> Step:
        below = [mark for mark in self._writer.marks(head) if mark.number <= newest.number]
        if below and not self._is_canonical(below[0]):
            return self._roll_back(head)
        raise ChainUnavailable(
            f"the endpoint is at block {newest.number}, the index at block {head.cursor.number} already",
            where=self._client.where,
            remedy="Wait until it has caught up, or use another endpoint.",
            code="chain-behind",
        )

    # The chain

    def _head(self) -> Head:
        head = self._writer.head()
        if head is not None and head.trouble_code == FINALITY_VIOLATED:
            raise self._violated(head.trouble_why or "")
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
        self._registry.verify_code()
        if head is not None:
            return head
        before = self._existing(self._client.block(self._first_block - 1), self._first_block - 1)
        return self._writer.begin(_mark(before), genesis_hash=genesis)

    def _check_final(self, head: Head) -> None:
        if head.final is None or head.final_hash is None:
            return
        block = self._client.block(head.final)
        # A chain that is not that long has lost a final block, or the endpoint is behind: only another block tells.
        if block is not None and block.hash != head.final_hash:
            raise self._violated(f"block {head.final} was final and is another one now")

    def _final(self, head: Head, newest: Block) -> Mark | None:
        try:
            final = self._client.finalized(self._finality_depth)
        except ChainUnavailable as error:
            if error.code == "no-finality":
                return None
            raise
        if final.number > newest.number or (head.final is not None and final.number < head.final):
            return None
        return _mark(final)

    def _settle(self, head: Head, final: Mark | None, newest: int) -> None:
        # The final block has to be on the chain that was indexed; one read later may already be on another.
        if final is not None and final.number <= head.cursor.number and not self._is_canonical(final):
            raise self._client.moved()
        self._writer.settle(head, final=final, seen=newest)

    def _is_canonical(self, mark: Mark) -> bool:
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

    def _violated(self, what: str) -> ChainError:
        return ChainError(
            what,
            where=self._client.where,
            remedy="Do not rely on this chain until you know why; testamur index --anew then begins anew.",
            code=FINALITY_VIOLATED,
        )


def _indexed(event: Event, block: Mark) -> IndexedEvent:
    arguments: dict[str, Any] = dict(event.arguments)
    return IndexedEvent(
        name=event.name,
        block=block,
        log_index=event.log.log_index,
        transaction_hash=event.log.transaction_hash,
        arguments=arguments,
        **subject_of(event.name, arguments),
    )


def _mark(block: Block) -> Mark:
    return Mark(block.number, block.hash, int(block.timestamp.timestamp()))
