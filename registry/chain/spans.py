"""How many blocks to ask for at once: as many as an endpoint answers for, and no more events than fit the memory."""

from __future__ import annotations

from typing import Final

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
