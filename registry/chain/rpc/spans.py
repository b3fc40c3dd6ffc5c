"""How many blocks to ask for at once: as many as an endpoint answers for, and no more events than fit the memory.

A limit of requests and an outage say nothing about the length: they are waited for. What is said about a range, its
results or the time it takes shortens it, to what the endpoint says would work, or to half; and after many answers a
longer one is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Final, TypeVar

from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.hints import hinted_length
from registry.chain.rpc.refusals import Refusal
from registry.errors import ChainUnavailable

FIRST_SPAN: Final = 1_000
LARGEST_SPAN: Final = 100_000
FEW_EVENTS: Final = 2_000
MANY_EVENTS: Final = 10_000
ANSWERS_TO_GROW: Final = 20
"""In a row, after which twice the length that was refused is tried again; twice as many each time it is refused."""
MOST_ANSWERS_TO_GROW: Final = 1_280

_REFUSED: Final = frozenset({"chain-rpc-error", "chain-answer-too-large"})
# Silence and broken answers may be about the question, or be an accident: a length is not held against them for long.
_BROKEN: Final = frozenset({"chain-timeout", "chain-connection-lost", "chain-http-status", "chain-garbage"})
ASK_FOR_LESS: Final = _REFUSED | _BROKEN
"""What endpoints say in different words when a request is too much for them: a refusal, silence, or a broken answer."""
# The first block of the range is among those that are not kept, and a method is there for no range.
_FOR_NO_LENGTH: Final = frozenset({Refusal.STATE, Refusal.METHOD})
_OUTAGES: Final = frozenset({"chain-connection-lost", "chain-http-status"})


T = TypeVar("T", bound=Sized)


class Spans:
    """The length of the next range of blocks, from how the ones before went.

    Args:
        largest: never more than so many blocks.
    """

    def __init__(self, largest: int = LARGEST_SPAN):
        self._allowed = largest
        self._largest = largest
        self._answers = 0
        self._enough = ANSWERS_TO_GROW
        self.length = min(FIRST_SPAN, largest)

    @property
    def largest(self) -> int:
        """Never more than so many blocks, whatever works."""
        return self._allowed

    def worked(self, events: int, blocks: int) -> None:
        """So many blocks were answered for, with so many events.

        Of several ranges that are read at once, one that was begun before the length grew says nothing of the length.
        """
        self._answers += 1
        if self._largest < self._allowed and self._answers >= self._enough:
            self._largest = min(self._allowed, self._largest * 2)
            self._enough = min(MOST_ANSWERS_TO_GROW, self._enough * 2)
            self._answers = 0
        if events > MANY_EVENTS:
            self.length = max(1, min(self.length, blocks // 2))
        elif events < FEW_EVENTS and blocks >= self.length:
            self.length = min(self._largest, self.length * 2)

    def shorter(self, error: ChainUnavailable, tried: int) -> bool:
        """Whether the same may work for fewer blocks than were tried; the next length is for that then."""
        if tried == 1 or error.code not in ASK_FOR_LESS:
            return False
        hint = None
        if isinstance(error, RpcRefused):
            if error.meaning in _FOR_NO_LENGTH:
                return False
            hint = hinted_length(error.rpc_message, tried)
        self.length = min(self.length, hint or max(1, tried // 2))
        # What is behind has a part of the range, perhaps, and answers for as many blocks as before once it has them.
        if error.code in _REFUSED and not is_behind(error):
            self._largest = self.length
            self._answers = 0
        return True


def is_refused(error: ChainUnavailable) -> bool:
    """Whether the endpoint is there and says no: what it has no answer for may as well be an accident."""
    return error.code in _REFUSED


def is_behind(error: ChainUnavailable) -> bool:
    """Whether the endpoint does not have all blocks of the range yet."""
    return isinstance(error, RpcRefused) and error.meaning is Refusal.BEHIND


def is_outage(error: ChainUnavailable) -> bool:
    """Whether it may as well be that nobody answers there: to ask for less at once would only be a request more."""
    return error.code in _OUTAGES


def in_spans(read: Callable[[int, int], T], first: int, last: int) -> Iterator[tuple[int, T]]:
    """What is read of a range of blocks, piece by piece: the last block of each piece, and what was read of it.

    Args:
        read: reads from one block to another, both included.

    Raises:
        ChainUnavailable: the endpoint does not even answer for a single block.
    """
    start, spans = first, Spans()
    while start <= last:
        end = min(last, start + spans.length - 1)
        try:
            found = read(start, end)
        except ChainUnavailable as error:
            if spans.shorter(error, end - start + 1):
                continue
            raise
        spans.worked(len(found), end - start + 1)
        yield end, found
        start = end + 1
