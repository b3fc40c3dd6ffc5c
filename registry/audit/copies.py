"""What an operator keeps beside the chain, as an audit reads it: the issuer's books, the index, and the trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from registry.audit.compare import FolderBatch, IndexFacts, TreeFacts
from registry.database.engine import readable
from registry.errors import StoreError
from registry.index.reader import EventFilter, Head, Index
from registry.merkle.positionfile import LeafPositions, ListName
from registry.merkle.treefile import TreeId
from registry.recognition.ledger import MADE_BY
from registry.records import Batch, Bitmap, DigestKey, DigestStatus, Purpose
from registry.trees.store import POSITIONS_MISSING, UNAVAILABLE, TreeStore

_ATTEMPTS = 3
_DIGESTS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class BookFacts:
    """The batches that the issuer's books tell of, and the parties that anchor by these books alone."""

    batches: tuple[FolderBatch, ...]
    parties: tuple[int, ...]


class Books(Protocol):
    """The issuer's books: what it wrote down of its own batches on one contract."""

    def facts(self, issuer: int | None) -> BookFacts:
        """What they say of one issuer, or of all.

        Raises:
            StoreError: they cannot be read.
        """

    def positions(self, digests: Iterable[bytes]) -> Mapping[bytes, tuple[ListName, int]]:
        """Which positions in named status lists they gave to which of the digests.

        Raises:
            StoreError: they cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Copies:
    """Everything beside the chain that an audit compares with it.

    Attributes:
        folder: where it is kept, as the audit calls it.
        books: of the issuers that anchor from there.
        index: of the contract.
        trees: of its batches.
        trees_at: where other processes find them: an absolute path, or `s3://bucket/prefix`.
    """

    folder: Path
    books: Books
    index: Index
    trees: TreeStore
    trees_at: str


CopiesOf = Callable[[str, str], Copies]
"""What is kept of the contract at an address (checksummed) on a chain (CAIP-2 name, such as `eip155:1`)."""


def index_facts(index: Index) -> tuple[Head, IndexFacts] | None:
    """What the index says, as of one of its blocks; None when there is no index of the contract.

    Raises:
        StoreError: it cannot be read, or changed each time while it was read.
    """
    with readable("the index"):
        for _ in range(_ATTEMPTS):
            if (head := index.head()) is None:
                return None
            facts = _index_facts(index, head)
            if (after := index.head()) is not None and after.version == head.version:
                return head, facts
    raise StoreError(
        "the index changed each time while it was read",
        remedy="Try again, or stop the indexer meanwhile.",
        code="moving",
    )


def positions_wrong(trees: TreeStore, books: Books, which: TreeId) -> str | None:
    """What is wrong with the positions that stand beside a sound tree, in words.

    That they are missing is wrong only where the books gave some out: earlier versions wrote none.

    Raises:
        StoreError: the tree store does not answer (code `trees-unavailable`), or the books cannot be read.
    """
    with trees.open_whole(which) as tree:
        expected = LeafPositions.of(which, tree.leaves(), books.positions(tree.leaves()))
    try:
        there = trees.positions(which)
    except StoreError as error:
        if error.code == UNAVAILABLE:
            raise
        return None if error.code == POSITIONS_MISSING and expected.is_empty else error.what
    if expected.is_empty or there == expected:
        return None
    return "the positions beside the tree are others than the database gave out"


def tree_of_batch(trees: TreeStore, root: bytes, stated: int, sealed: int | None) -> TreeId | None:
    """The tree of an anchored batch that is looked at; None where there is none of that root.

    Args:
        stated: leaf count on chain, 0 for none: then it is looked at with the tree of the database, or any of its root.
        sealed: leaf count by the database, None for the batch of somebody else.

    Raises:
        StoreError: the tree store does not answer (code `trees-unavailable`).
    """
    count = stated or sealed or next(iter(trees.counts(root)), None)
    return None if count is None else TreeId(root, count)


def in_its_place(trees: TreeStore, root: bytes, facts: TreeFacts, sealed: int | None) -> TreeFacts:
    """What a tree came to; where it is missing, that there is one of its root with another count, if there is.

    Raises:
        StoreError: the tree store does not answer (code `trees-unavailable`).
    """
    others = trees.counts(root) if facts.missing and sealed is None else []
    return TreeFacts(others[0]) if others else facts


def _index_facts(index: Index, head: Head) -> IndexFacts:
    batches = list(index.all_batches())
    return IndexFacts(
        block_number=head.cursor.number,
        party_count=index.counts()["parties"],
        accreditation_count=sum(1 for _ in index.all_events(EventFilter(names=frozenset(MADE_BY)))),
        batches=batches,
        words=dict(_index_words(index, batches)),
        digests=_index_digests(index),
    )


def _index_words(index: Index, batches: list[Batch]) -> Iterator[tuple[Bitmap, dict[int, int]]]:
    for batch in batches:
        for purpose in Purpose:
            if words := index.status_words(batch.key, purpose):
                yield (batch.issuer, batch.root, purpose), words


def _index_digests(index: Index) -> dict[DigestKey, DigestStatus]:
    digests: dict[DigestKey, DigestStatus] = {}
    while page := index.digest_status_page(after=next(reversed(digests), None), limit=_DIGESTS_AT_ONCE):
        digests |= page
    return digests
