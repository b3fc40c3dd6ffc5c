"""Credentials that one issuer anchored in several batches or spoke of by digest, found in the trees of an audit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain

from registry.anchors import AnchorPlace, IssuerState
from registry.errors import StoreError
from registry.merkle.treefile import TreeId
from registry.trees.store import DAMAGED, MISSING, TreeStore


def repeated_in(trees: TreeStore, state: IssuerState) -> Iterator[tuple[bytes, list[AnchorPlace]]]:
    """The digests that something speaks against in a batch of an issuer and that are in others, too; and all those
    of which it spoke by themselves and that are in one at least; each with all its places.

    Batches whose trees are not here, or cannot be read, are passed over: the audit tells of them by themselves.

    Raises:
        StoreError: the tree store does not answer.
    """
    places = _places_of(trees, state, state.digests)
    every = _trees_of(state)
    for which in every if len(every) > 1 else ():
        marked = state.marked(which.root)
        if (first := next(marked, None)) is None:
            continue
        digests = _leaves(trees, which, chain((first,), marked))
        for other in every:
            if other != which:
                for digest, other_index in _held(trees, other, digests):
                    both = {AnchorPlace(which.root, digests[digest]), AnchorPlace(other.root, other_index)}
                    places.setdefault(digest, set()).update(both)
    for digest in sorted(places):
        yield digest, sorted(places[digest])


def _places_of(trees: TreeStore, state: IssuerState, digests: Collection[bytes]) -> dict[bytes, set[AnchorPlace]]:
    """Where the digests are in the issuer's batches; without those that are in none whose tree is here."""
    found: dict[bytes, set[AnchorPlace]] = {}
    for which in _trees_of(state):
        for digest, index in _held(trees, which, digests):
            found.setdefault(digest, set()).add(AnchorPlace(which.root, index))
    return found


def _trees_of(state: IssuerState) -> list[TreeId]:
    return [TreeId(root, count) for root, count in state.counts.items() if count]


def _leaves(trees: TreeStore, which: TreeId, indexes: Iterator[int]) -> dict[bytes, int]:
    """The digests of some leaves, with their indexes; which they are is asked once the tree is here, that bears out
    how many leaves its batch claims to have."""
    found: dict[bytes, int] = {}
    with _passed_over(), trees.open_whole(which) as tree:
        found.update((tree.leaf(index), index) for index in indexes)
    return found


def _held(trees: TreeStore, which: TreeId, digests: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
    """Those of the digests that a tree holds, with their index in it."""
    if not digests:
        return
    with _passed_over(), trees.open_whole(which) as tree:
        for digest in digests:
            if (found := tree.index_of(digest)) is not None:
                yield digest, found


@contextmanager
def _passed_over() -> Iterator[None]:
    """Use of a tree that ends where it is missing or damaged."""
    try:
        yield
    except StoreError as error:
        if error.code not in (MISSING, DAMAGED):
            raise
