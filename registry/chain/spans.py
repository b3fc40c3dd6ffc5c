"""How many blocks to ask for at once: as many as an endpoint answers for, and no more events than fit the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Final, TypeVar

from registry.errors import ChainUnavailable

FIRST_SPAN: Final = 1_000
LARGEST_SPAN: Final = 100_000
FEW_EVENTS: Final = 2_000
MANY_EVENTS: Final = 10_000

ASK_FOR_LESS: Final = frozenset(
    {
        "chain-rpc-error",
        "chain-timeout",
        "chain-answer-too-large",
        "chain-connection-lost",
        "chain-http-status",
        "chain-garbage",
    }
)
"""What endpoints say in different words when a request is too much for them: a refusal, silence, or a broken answer."""


T = TypeVar("T", bound=Sized)


class Spans:
    """The length of the next range of blocks, from how the ones before went.

    Args:
        largest: never more than so many blocks.
    """

    def __init__(self, largest: int = LARGEST_SPAN):
        self._largest = largest
        self.length = min(FIRST_SPAN, largest)

    def worked(self, events: int) -> None:
        """A range of this length was answered, with so many events."""
        if events < FEW_EVENTS:
            self.length = min(self._largest, self.length * 2)
        elif events > MANY_EVENTS:
            self.length = max(1, self.length // 2)

    def shorter(self, error: ChainUnavailable, tried: int) -> bool:
        """Whether the same may work for fewer blocks than were tried; a length that was refused is not tried again."""
        if tried == 1 or error.code not in ASK_FOR_LESS:
            return False
        self.length = self._largest = max(1, tried // 2)
        return True


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
        spans.worked(len(found))
        yield end, found
        start = end + 1
