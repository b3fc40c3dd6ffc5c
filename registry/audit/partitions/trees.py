"""Trees derived again by an engine, piece by piece, and what each comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from registry.audit.compare import TreeFacts
from registry.audit.partitions.engine import Engine
from registry.audit.partitions.units import UNIT_LEAVES, Failed, Outcome, Part, check_unit, units_of
from registry.merkle.pieces import PIECE_HEIGHT, Piece, PieceFound, fault_in, pieces_of
from registry.merkle.treefile import TreeId
from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE, TreeStore

GIVEN_UP_AFTER: Final = 4
"""Trees in a row that could not be read: each may have taken as long as a storage is waited for."""


@dataclass(frozen=True, slots=True)
class TreeOutcome:
    """What a tree came to.

    Attributes:
        facts: None where nothing is known.
        unread: why not all of it was read; what the rest shows against the tree is in the facts.
    """

    facts: TreeFacts | None
    unread: str | None = None


def check_trees(
    engine: Engine,
    trees: TreeStore,
    place: str,
    wanted: Sequence[TreeId],
    *,
    progress: Callable[[int], None],
    height: int = PIECE_HEIGHT,
    unit_leaves: int = UNIT_LEAVES,
) -> Iterator[tuple[TreeId, TreeOutcome]]:
    """What each tree comes to, in their order; fewer where several in a row could not be read.

    Args:
        place: where an engine elsewhere finds the trees.
        wanted: different ones.
        progress: is told how many leaves were asked for.
    """
    units = list(units_of(wanted, height=height, leaves=unit_leaves))
    outcomes = engine.outcomes(trees, place, units)
    found = zip(chain.from_iterable(units), chain.from_iterable(outcomes), strict=True)
    failures = done = 0
    for tree in wanted:
        parts: list[tuple[Part, Outcome]] = []
        seen = 0
        while seen < tree.leaf_count:
            part, outcome = next(found)
            parts.append((part, outcome))
            seen += part.piece.count
        done += tree.leaf_count
        progress(done)
        joined = join(tree, [(part.piece, outcome) for part, outcome in parts])
        if engine.is_elsewhere and joined.facts not in (None, TreeFacts(tree.leaf_count)):
            joined = _seen_here(trees, tree, joined, height)
        yield tree, joined
        failures = failures + 1 if joined.unread is not None else 0
        if failures == GIVEN_UP_AFTER:
            return


def _seen_here(trees: TreeStore, tree: TreeId, there: TreeOutcome, height: int) -> TreeOutcome:
    """What others found wrong with a tree, if it is wrong here, too: a finding rests on no worker's storage alone."""
    unit = tuple(Part(tree, piece) for piece in pieces_of(tree.leaf_count, height))
    pieces = [part.piece for part in unit]
    here = join(tree, list(zip(pieces, check_unit(trees, unit), strict=True)))
    if here.facts == there.facts:
        return there
    return TreeOutcome(None, here.unread or there.unread or "a worker reads another storage than the audit does")


def join(tree: TreeId, outcomes: Sequence[tuple[Piece, Outcome]]) -> TreeOutcome:
    """What the pieces of a tree come to together.

    A piece that nobody derived leaves open whether the tree is in order, whatever the others came to.
    """
    failed = [outcome for _, outcome in outcomes if isinstance(outcome, Failed)]
    derived = [(piece, outcome) for piece, outcome in outcomes if isinstance(outcome, PieceFound)]
    unread = next((each.what for each in failed if each.code == UNAVAILABLE), None)
    if damage := next((each.what for each in failed if each.code == DAMAGED), None):
        return TreeOutcome(TreeFacts(damaged=damage), unread)
    if (fault := fault_in(tree, derived)) is not None:
        if fault.code == "leaf-order":
            return TreeOutcome(TreeFacts(tree.leaf_count, unsorted=fault.what), unread)
        return TreeOutcome(TreeFacts(tree.leaf_count, damaged=fault.what), unread)
    if len(failed) == len(outcomes) and unread is None:
        return TreeOutcome(TreeFacts(missing=True))
    if any(each.code == MISSING for each in failed):
        return TreeOutcome(None, unread or "it was there for a part of the work, and missing for the rest")
    return TreeOutcome(None if failed else TreeFacts(tree.leaf_count), unread)
