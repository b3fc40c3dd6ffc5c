"""Credentials that one issuer anchored in several batches, found in the trees of an audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from registry.anchors import AnchorPlace, IssuerState
from registry.errors import StoreError
from registry.merkle.treefile import TreeId
from registry.trees.store import DAMAGED, MISSING, TreeStore


def repeated_in(trees: TreeStore, state: IssuerState) -> Iterator[tuple[bytes, list[AnchorPlace]]]:
    """The digests of an issuer that something speaks against in one of its batches and that are in others, too.

    Batches whose trees are not here, or cannot be read, are passed over: the audit tells of them by themselves.

    Raises:
        StoreError: the tree store does not answer.
    """
    every = [TreeId(root, count) for root, count in state.counts.items() if count]
    places: dict[bytes, set[AnchorPlace]] = {}
    for which in every:
        marked = list(state.marked(which.root))
        if not marked or len(every) < 2:
            continue
        digests = _leaves(trees, which, marked)
        for other in every:
            if other != which:
                for digest, index, other_index in _shared(trees, other, digests):
                    both = {AnchorPlace(which.root, index), AnchorPlace(other.root, other_index)}
                    places.setdefault(digest, set()).update(both)
    for digest in sorted(places):
        yield digest, sorted(places[digest])


def _leaves(trees: TreeStore, which: TreeId, indexes: list[int]) -> dict[bytes, int]:
    """The digests of some leaves, with their indexes."""
    found: dict[bytes, int] = {}
    with _passed_over(), trees.open_whole(which) as tree:
        found.update((tree.leaf(index), index) for index in indexes)
    return found


def _shared(trees: TreeStore, other: TreeId, digests: dict[bytes, int]) -> Iterator[tuple[bytes, int, int]]:
    """Those of the digests that another tree holds, too: with their index in the one and in the other."""
    if not digests:
        return
    with _passed_over(), trees.open_whole(other) as tree:
        for digest, index in digests.items():
            if (found := tree.index_of(digest)) is not None:
                yield digest, index, found


@contextmanager
def _passed_over() -> Iterator[None]:
    """Use of a tree that ends where it is missing or damaged."""
    try:
        yield
    except StoreError as error:
        if error.code not in (MISSING, DAMAGED):
            raise
