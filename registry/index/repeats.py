"""Where credentials are that one issuer anchored in several batches, or spoke of by their digests.

They are found in the index, and proved by the trees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from registry.anchors import AnchorPlace, IssuerState, spread, spread_words
from registry.history import replacement_of
from registry.index.reader import LOADED, EventFilter, Index
from registry.merkle.treefile import TreeId
from registry.records import WORD_BITS, Batch, DigestStatus, Purpose
from registry.trees.store import TreeStore

_LEAVES_AT_ONCE: Final = 5000


def repeated(index: Index, trees: TreeStore, state: IssuerState) -> Iterator[tuple[bytes, list[AnchorPlace]]]:
    """The digests that an issuer spoke of by themselves, and those that something speaks against in one of its batches
    and that are in others, too; each with all its places.

    Only batches whose trees are in the index are looked into. Each place is proved; a digest may come twice.

    Raises:
        StoreError: a tree cannot be read.
    """
    loaded = loaded_of(index, (TreeId(root, count) for root, count in state.counts.items()))
    spoken_of = iter([digest for digest, status in state.digests.items() if speaks(status)])
    while digests := list(islice(spoken_of, _LEAVES_AT_ONCE)):
        yield from _located(index, trees, digests, loaded, least=1)
    if len(loaded) < 2:
        return
    for which in sorted(loaded):
        marked = state.marked(which.root)
        while some := list(islice(marked, _LEAVES_AT_ONCE)):
            leaves = [leaf for index_of in some for leaf in trees.leaves(which, index_of, 1)]
            digests = [leaf for leaf in leaves if leaf not in state.digests or not speaks(state.digests[leaf])]
            yield from _located(index, trees, digests, loaded, least=2)


def speaks(status: DigestStatus, purpose: Purpose | None = None) -> bool:
    """Whether something speaks against a credential by its digest; of one purpose, where one is given."""
    said = {Purpose.REVOCATION: status.is_revoked, Purpose.SUSPENSION: status.is_suspended}
    return any(said.values()) if purpose is None else said[purpose]


def loaded_of(index: Index, wanted: Iterable[TreeId]) -> set[TreeId]:
    """Those of the trees that can be searched; one of 0 leaves stands for a batch that does not state its count."""
    counted = {which for which in wanted if which.leaf_count}
    return {which for which, tree in index.trees(counted).items() if tree.state == LOADED}


def _located(
    index: Index, trees: TreeStore, digests: list[bytes], loaded: Collection[TreeId], *, least: int
) -> Iterator[tuple[bytes, list[AnchorPlace]]]:
    """Those of the digests that are in so many of the trees at least, with their places."""
    for digest, places in index.places_of_many(digests).items():
        hints = {place.tree: place.leaf_index for place in places if place.tree in loaded}
        if len(hints) < least:
            continue
        proofs = {tree: trees.inclusion(tree, digest, hint=hint) for tree, hint in sorted(hints.items())}
        proved = [AnchorPlace(tree.root, proof.leaf_index) for tree, proof in proofs.items() if proof is not None]
        if len(proved) >= least:
            yield digest, proved


def digest_words(index: Index, trees: TreeStore, batch: Batch) -> Mapping[Purpose, Mapping[int, int]] | None:
    """The credentials of a batch that its issuer spoke of by their digests, as status words; None where not all of them
    can be known, since the tree is not in the index.

    Raises:
        StoreError: the tree cannot be read.
    """
    words: dict[Purpose, dict[int, int]] = {purpose: {} for purpose in Purpose}
    said = index.digest_statuses_of(batch.issuer)
    which = TreeId(batch.root, batch.leaf_count)
    loaded = loaded_of(index, [which]) if said else ()
    if said and not loaded:
        return None
    for digest, places in _located(index, trees, list(said), loaded, least=1):
        for place in places:
            word, bit = divmod(place.leaf_index, WORD_BITS)
            for purpose, its in words.items():
                if speaks(said[digest], purpose):
                    its[word] = its.get(word, 0) | 1 << bit
    return words


def replacements(index: Index, issuer: int, *, to_block: int | None = None) -> dict[AnchorPlace, AnchorPlace]:
    """What an issuer put in the place of what; of several replacements of one leaf the latest counts."""
    wanted = EventFilter(party=issuer, names=frozenset({"Superseded"}), to_block=to_block)
    return dict(map(replacement_of, index.all_events(wanted)))


def revoked_besides(index: Index, trees: TreeStore, issuer: int, batches: Iterable[Batch]) -> dict[bytes, int]:
    """How many credentials of each batch, by its root, are revoked by their digest or by another batch of the issuer,
    and not by their place: each counts once.

    Args:
        batches: all of the issuer's, as of the cursor.

    Raises:
        StoreError: a tree cannot be read.
    """
    mine = list(batches)
    digests = index.digest_statuses_of(issuer)
    if not digests and (len(mine) < 2 or not any(batch.revoked or batch.is_void for batch in mine)):
        return {}
    state = IssuerState(
        issuer,
        {batch.root: batch.leaf_count for batch in mine},
        {batch.root for batch in mine if batch.is_void},
        {(batch.root, purpose): index.status_words(batch.key, purpose) for batch in mine for purpose in Purpose},
        replacements(index, issuer),
        digests,
    )
    words = spread_words(spread(state, repeated(index, trees, state)), Purpose.REVOCATION)
    return {root: sum(bits.bit_count() for bits in marked.values()) for root, marked in words.items()}
