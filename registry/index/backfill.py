"""What is far below the head, read by all endpoints at once: final blocks, each range on the chain of the one before.

A range is held against the one before it and against what the chain's client says of its last block. Where they differ,
all endpoints are asked for that block: what most of them have is followed, and whoever told otherwise rests. That all
events of a range are there is not known by that: the index says so until they are confirmed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event as Flag
from typing import Final

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.ahead import LIMIT_SECONDS, MOST_RANGES, RANGES_AT_ONCE, Piece, ReadAhead, Reader, ReaderState
from registry.chain.rpc.client import Block
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.rpc.spans import LARGEST_SPAN, MANY_EVENTS
from registry.errors import ChainUnavailable
from registry.records import Event

PIECES_A_STEP: Final = MOST_RANGES
"""Whose last blocks are asked for together; between two steps it is looked whether the chain is the same still."""
ENDPOINTS_DIFFER: Final = "endpoints-differ"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a range of blocks as one endpoint tells them, with the headers of its first and its last block."""

    first: Block
    last: Block
    events: Sequence[Event]

    def __len__(self) -> int:
        return len(self.events)


class Backfill:
    """Reads ranges of blocks of one registry from each of its endpoints.

    Args:
        at_once: ranges at a time, of each endpoint.
        largest: blocks of a range, at most.
    """

    def __init__(
        self, contract: CredentialRegistry, *, at_once: int = RANGES_AT_ONCE, largest: int = LARGEST_SPAN
    ) -> None:
        self._client = contract.client
        self._patience = max(LIMIT_SECONDS, self._client.patient_seconds)
        self._ahead = ReadAhead(
            [
                Reader(alone.client.where, _reading(alone), at_once=at_once, largest=largest)
                for alone in contract.through_each()
            ]
        )

    def next(self, before: bytes, first: int, last: int, stop: Flag) -> list[Told]:
        """The next ranges of a longer one, each on the chain of the block before it; none once it was told to stop.

        Args:
            before: hash of the block before the first.

        Raises:
            ChainUnavailable: no endpoint answers; code `endpoints-differ`: they name different blocks; `chain-moved`:
                the block before is another one now, or an endpoint contradicts itself.
        """
        if not self.is_at(first):
            self._ahead.begin(first, last)
        while pieces := self._ahead.pieces(PIECES_A_STEP, stop, patience=self._patience):
            named = self._client.blocks([piece.last for piece in pieces])
            if any(block is None for block in named):
                # Final blocks: whoever was asked is behind the one that told of them.
                raise _no_block(self._client.where, pieces[-1].last)
            good: list[Piece[Told]] = []
            for piece, block in zip(pieces, named, strict=True):
                if piece.found.first.parent_hash != before or block is None or piece.found.last.hash != block.hash:
                    break
                good.append(piece)
                before = block.hash
            if good:
                self._ahead.taken(good)
                return [piece.found for piece in good]
            self._settle(before, pieces[0])
        return []

    def is_at(self, first: int) -> bool:
        """Whether it has begun with the blocks from that one on."""
        return self._ahead.next == first and not self._ahead.is_done

    def states(self) -> list[ReaderState]:
        """How each endpoint is read from."""
        return self._ahead.states()

    def close(self) -> None:
        """Read nothing any more."""
        self._ahead.close()

    def _settle(self, before: bytes, piece: Piece[Told]) -> None:
        """Find out who is wrong about the blocks around a piece; it is read again where that is whoever told it.

        Raises:
            ChainUnavailable: nobody can tell, or it is not the piece.
        """
        if piece.found.first.parent_hash != before:
            number, told = piece.first - 1, piece.found.first.parent_hash
        else:
            number, told = piece.last, piece.found.last.hash
        shown = {where: block.hash for where, block in self._client.block_by_endpoint(number).items() if block}
        followed = _most(shown)
        if followed == told:
            # What is indexed, or the one that was asked for the block, is on another chain than most.
            self._ahead.close()
            raise self._client.moved()
        named = shown | {piece.reader.where: told}
        wrong = _differ(number, named) if len(named) > 1 else self._client.moved()
        if followed is None:
            self._ahead.close()
            raise wrong
        _log.warning("%s; %s is asked again later", wrong.what, piece.reader.where, extra={"code": "endpoint-strays"})
        self._ahead.refuse(piece, wrong)


def in_transactions(told: Iterable[Told]) -> Iterator[list[Told]]:
    """Ranges that follow each other, those together that are written at once: a small one costs as much as many."""
    some: list[Told] = []
    events = 0
    for each in told:
        if some and events + len(each) > MANY_EVENTS:
            yield some
            some, events = [], 0
        some.append(each)
        events += len(each)
    if some:
        yield some


def _reading(contract: CredentialRegistry) -> Callable[[int, int], Told]:
    """Reads a range of one endpoint; the times of events come from headers of the same one."""

    def read(first: int, last: int) -> Told:
        found = contract.client.logs_with_headers(contract.addresses, first, last)
        blocks = contract.blocks_of(found.logs, [found.first, found.last])
        return Told(found.first, found.last, contract.decode_events(found.logs, blocks))

    return read


def _most(shown: Mapping[str, bytes]) -> bytes | None:
    """What more than half of the endpoints have."""
    counted = Counter(shown.values()).most_common(1)
    return counted[0][0] if counted and 2 * counted[0][1] > len(shown) else None


def _no_block(where: str, number: int) -> ChainUnavailable:
    return ChainUnavailable(f"the chain has no block {number}", where=where, remedy=TRY_LATER, code="no-block")


def _differ(number: int, shown: Mapping[str, bytes]) -> ChainUnavailable:
    named = "; ".join(f"{where} names 0x{each.hex()}" for where, each in shown.items())
    return ChainUnavailable(
        f"the endpoints differ about block {number}: {named}",
        where=", ".join(shown),
        remedy="Ask again later, and if they still differ, find out which of them is wrong.",
        code=ENDPOINTS_DIFFER,
    )
