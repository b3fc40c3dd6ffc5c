"""Credentials that one issuer anchored in several batches, found in the index and proved by the trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from registry.anchors import AnchorPlace, IssuerState, spread, spread_words
from registry.history import replacement_of
from registry.index.reader import LOADED, EventFilter, Index
from registry.merkle.treefile import TreeId
from registry.records import Batch, Purpose
from registry.trees.store import TreeStore

_LEAVES_AT_ONCE: Final = 5000


def repeated(index: Index, trees: TreeStore, state: IssuerState) -> Iterator[tuple[bytes, list[AnchorPlace]]]:
    """The digests of an issuer that something speaks against in one of its batches and that are in others, too.

    Only batches whose trees are in the index are looked into. Each place is proved; a digest may come twice.

    Raises:
        StoreError: a tree cannot be read.
    """
    mine = {TreeId(root, count) for root, count in state.counts.items() if count}
    loaded = {which for which, tree in index.trees(mine).items() if tree.state == LOADED}
    if len(loaded) < 2:
        return
    for which in sorted(loaded):
        marked = state.marked(which.root)
        while some := list(islice(marked, _LEAVES_AT_ONCE)):
            digests = [leaf for index_of in some for leaf in trees.leaves(which, index_of, 1)]
            for digest, places in index.places_of_many(digests).items():
                hints = {place.tree: place.leaf_index for place in places if place.tree in loaded}
                if len(hints) < 2:
                    continue
                proofs = {tree: trees.inclusion(tree, digest, hint=hint) for tree, hint in sorted(hints.items())}
                proved = [
                    AnchorPlace(tree.root, proof.leaf_index) for tree, proof in proofs.items() if proof is not None
                ]
                if len(proved) > 1:
                    yield digest, proved


def replacements(index: Index, issuer: int, *, to_block: int | None = None) -> dict[AnchorPlace, AnchorPlace]:
    """What an issuer put in the place of what; of several replacements of one leaf the latest counts."""
    wanted = EventFilter(party=issuer, names=frozenset({"Superseded"}), to_block=to_block)
    return dict(map(replacement_of, index.all_events(wanted)))


def revoked_elsewhere(index: Index, trees: TreeStore, issuer: int, batches: Iterable[Batch]) -> dict[bytes, int]:
    """How many credentials of each batch, by its root, are revoked by another batch of the issuer alone.

    Args:
        batches: all of the issuer's, as of the cursor.

    Raises:
        StoreError: a tree cannot be read.
    """
    mine = list(batches)
    if len(mine) < 2 or not any(batch.revoked or batch.is_void for batch in mine):
        return {}
    state = IssuerState(
        issuer,
        {batch.root: batch.leaf_count for batch in mine},
        {batch.root for batch in mine if batch.is_void},
        {(batch.root, purpose): index.status_words(batch.key, purpose) for batch in mine for purpose in Purpose},
        replacements(index, issuer),
    )
    words = spread_words(spread(state, repeated(index, trees, state)), Purpose.REVOCATION)
    return {root: sum(bits.bit_count() for bits in marked.values()) for root, marked in words.items()}
