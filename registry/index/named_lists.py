"""Named status lists out of the index: their positions were drawn before anything was anchored, and stand beside trees.

Which leaf has which position, the tree store says; what became of the leaf, the same statuses say as in any other list.
A batch of which something is marked and whose positions are not known makes the whole list unknown: an unset bit could
be that credential's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from uuid import UUID

from registry.errors import RegistryError, StoreError
from registry.formats.statuslist import ListedBatch, Purpose, bitstring_of
from registry.index.lists import FinalList, FinalWords, read_final_words
from registry.index.reader import Index
from registry.merkle.positionfile import LeafPositions, ListName
from registry.merkle.treefile import TreeId
from registry.records import WORD_BITS
from registry.trees.store import POSITIONS_MISSING, TreeStore


def read_named_list(index: Index, trees: TreeStore, issuer: int, purpose: Purpose, name: UUID) -> FinalList:
    """A named list of an issuer.

    Raises:
        RegistryError: no final batch of the issuer has positions in such a list (code `unknown-list`), or not all of it
            is known (`list-incomplete`).
        StoreError: positions or a tree cannot be read.
        ChainUnavailable: no block is final yet, or the index changes faster than it is read.
    """
    wanted = ListName(name, issuer)

    def all_of_them(batches: Mapping[int, ListedBatch], roots: Mapping[int, bytes]) -> Iterable[ListedBatch]:
        # Before anything else is read: names are for anybody to make up.
        if not any(
            _names(trees, TreeId(roots[each], batches[each].leaf_count), wanted) for each in reversed(list(batches))
        ):
            raise RegistryError(
                f"no final batch of the issuer has credentials in the status list {name}",
                remedy="Take the address of the list from the credential's status entry. A new list is here once its "
                "batch is final.",
                code="unknown-list",
            )
        return batches.values()

    found = read_final_words(index, trees, issuer, purpose, all_of_them)
    marked = set(_marked_positions(found, trees, wanted, purpose))
    if marked:
        marked.difference_update(_anchored_again(found, trees, wanted, purpose))
    return FinalList(bitstring_of(marked), found.block_number, found.time)


def _names(trees: TreeStore, tree: TreeId, name: ListName) -> bool:
    """Whether leaves of a tree are in the list. Where positions are missing, that matters once something is marked."""
    try:
        return name in trees.positions(tree).lists
    except StoreError as error:
        if error.code != POSITIONS_MISSING:
            raise
        return False


def _marked_positions(found: FinalWords, trees: TreeStore, name: ListName, purpose: Purpose) -> Iterator[int]:
    for sequence, batch in found.batches.items():
        leaves = _marked_leaves(batch, found, purpose)
        for first in leaves:
            # Of a batch in which nothing is marked they do not matter.
            yield from _known_positions(found, trees, sequence).indices_in(name, chain((first,), leaves))


def _marked_leaves(batch: ListedBatch, found: FinalWords, purpose: Purpose) -> Iterator[int]:
    """The leaves of a batch that are revoked, or suspended, by the rule of all lists."""
    if batch.voided and purpose is Purpose.REVOCATION:
        # One that does not state its leaf count has credentials all the same.
        yield from range(max(1, batch.leaf_count))
        return
    for number, word in sorted(found.words.get(batch.sequence, {}).items()):
        for bit in range(WORD_BITS):
            if word >> bit & 1 and (not batch.leaf_count or WORD_BITS * number + bit < batch.leaf_count):
                yield WORD_BITS * number + bit


def _anchored_again(found: FinalWords, trees: TreeStore, name: ListName, purpose: Purpose) -> Iterator[int]:
    """The positions of credentials that the issuer anchored again in the place of another anchor of theirs, where
    nothing speaks against the new one: a credential is what its best anchor is."""
    sequences = {root: sequence for sequence, root in found.roots.items()}
    for before, after in found.superseded.items():
        former, sequence = sequences.get(before.root), sequences.get(after.root)
        if former is None or sequence is None or _is_marked(found, sequence, after.leaf_index, purpose):
            continue
        index = _index_in(found, trees, former, name, before.leaf_index)
        if index is not None and index == _index_in(found, trees, sequence, name, after.leaf_index):
            yield index


def _index_in(found: FinalWords, trees: TreeStore, sequence: int, name: ListName, leaf: int) -> int | None:
    try:
        return _positions(found, trees, sequence).index_in(name, leaf)
    except StoreError as error:
        # Whether it was anchored again is not known then; what is marked stays so.
        if error.code != POSITIONS_MISSING:
            raise
        return None


def _is_marked(found: FinalWords, sequence: int, leaf: int, purpose: Purpose) -> bool:
    if found.batches[sequence].voided and purpose is Purpose.REVOCATION:
        return True
    number, bit = divmod(leaf, WORD_BITS)
    return bool(found.words.get(sequence, {}).get(number, 0) >> bit & 1)


def _known_positions(found: FinalWords, trees: TreeStore, sequence: int) -> LeafPositions:
    """The positions of a batch of which something is marked.

    Raises:
        RegistryError: they are not known (code `list-incomplete`).
        StoreError: they cannot be read.
    """
    try:
        return _positions(found, trees, sequence)
    except StoreError as error:
        if error.code != POSITIONS_MISSING:
            raise
        raise RegistryError(
            f"something of batch {sequence} is revoked or suspended, and whether its credentials have positions in "
            "this list is not known",
            remedy="Ask for the credential itself; or, as its issuer, run `testamur trees repair` where the batch was "
            "anchored.",
            code="list-incomplete",
        ) from None


def _positions(found: FinalWords, trees: TreeStore, sequence: int) -> LeafPositions:
    return trees.positions(TreeId(found.roots[sequence], found.batches[sequence].leaf_count))
