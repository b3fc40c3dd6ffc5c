"""Up to which block the index can speak, read at most so often."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from registry.errors import StoreError, public_sentence
from registry.service.facts_json import block_content, moment_text
from registry.service.reading import guarded
from registry.store.index import Head, Index

FRESH_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class AsOf:
    """The block up to which an answer is right.

    Attributes:
        json: the same as JSON.
        headers: the same for an answer's head, as they are sent.
    """

    head: Head
    json: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def member(self) -> dict[str, orjson.Fragment]:
        """`asOf`, for an answer that is put together elsewhere."""
        return {"asOf": orjson.Fragment(self.json)}

    @classmethod
    def of(cls, head: Head) -> AsOf:
        """From the head of the index."""
        cursor = head.cursor
        behind = max(0, head.seen - cursor.number)
        content: dict[str, Any] = {
            "block": block_content(cursor),
            "finalBlock": head.final,
            "blocksBehind": behind,
            "chainSeenAt": moment_text(int(head.seen_at)),
        }
        if head.trouble_code is not None:
            what = "The index does not follow the chain at this moment"
            why = public_sentence(head.trouble_code, "the chain could not be read")
            content["warning"] = f"{what} ({head.trouble_code}): {why}"
        headers = (b"index-block", b"%d" % cursor.number), (b"index-blocks-behind", b"%d" % behind)
        return cls(head, orjson.dumps(content), headers)


class Horizon:
    """The head of the index, for many requests.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, index: Index, *, clock: Callable[[], float] = time.monotonic):
        self._index = index
        self._clock = clock
        self._read_at = float("-inf")
        self._known: AsOf | None = None

    def now(self) -> AsOf:
        """Up to which block the index is.

        Raises:
            StoreError: code `no-index` when nothing is indexed yet, `database` when that cannot be read.
        """
        moment = self._clock()
        if self._known is None or moment - self._read_at > FRESH_SECONDS:
            self._known = self._read()
            self._read_at = moment
        return self._known

    def _read(self) -> AsOf:
        head = guarded(self._index.head)
        if head is None:
            raise StoreError(
                "nothing is indexed yet",
                remedy="Wait until the indexer has begun; `testamur index` runs it.",
                code="no-index",
            )
        if self._known is not None and self._known.head == head:
            return self._known
        return AsOf.of(head)
