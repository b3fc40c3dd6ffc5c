"""Units of an audit: pieces of trees to derive again, as values that any process can be handed.

What a unit holds is roots, leaf counts and ranges; where the trees are goes beside it. Nothing secret is in either:
whoever does a unit reads the storage with what its own environment has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from registry.errors import RegistryError, StoreError, TreeError
from registry.merkle.pieces import PIECE_HEIGHT, Piece, PieceFound, derived, pieces_of
from registry.merkle.treebytes import CODE_UNREADABLE
from registry.merkle.treefile import TreeId
from registry.trees.open import open_trees
from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE, TreeStore

UNIT_LEAVES: Final = 1 << 18
"""A quarter of a second of hashing: long beside what it takes to hand a unit over, short beside what a death costs."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a tree."""

    tree: TreeId
    piece: Piece


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a part was not derived.

    Attributes:
        code: `tree-missing` or `tree-damaged`, which says something of the tree, or `trees-unavailable`: nothing is
            known of it then.
    """

    code: str
    what: str


Outcome: TypeAlias = PieceFound | Failed
Unit: TypeAlias = tuple[Part, ...]


def units_of(
    trees: Iterable[TreeId], *, height: int = PIECE_HEIGHT, leaves: int = UNIT_LEAVES
) -> Iterator[tuple[Part, ...]]:
    """The pieces of the trees in order, so many together that they come to about so many leaves."""
    unit: list[Part] = []
    size = 0
    for tree in trees:
        for piece in pieces_of(tree.leaf_count, height):
            if unit and size + piece.count > leaves:
                yield tuple(unit)
                unit, size = [], 0
            unit.append(Part(tree, piece))
            size += piece.count
    if unit:
        yield tuple(unit)


def check_unit(trees: TreeStore, unit: Unit) -> tuple[Outcome, ...]:
    """What each part of a unit comes to."""
    return tuple(_checked(trees, part) for part in unit)


def check_unit_at(place: str, unit: Unit) -> tuple[Outcome, ...]:
    """The same, of trees that are read at a place: an absolute path, or `s3://bucket/prefix`."""
    try:
        return check_unit(_opened(place), unit)
    except RegistryError as error:
        return lost(unit, error.what)


def lost(unit: Unit, why: str) -> tuple[Outcome, ...]:
    """That nothing is known of any part of a unit."""
    return (Failed(UNAVAILABLE, why),) * len(unit)


def _checked(trees: TreeStore, part: Part) -> Outcome:
    try:
        with trees.open_parts(part.tree) as content:
            return derived(content, part.tree.leaf_count, part.piece)
    except StoreError as error:
        return Failed(error.code if error.code in (MISSING, DAMAGED) else UNAVAILABLE, error.what)
    except TreeError as error:
        return Failed(UNAVAILABLE if error.code == CODE_UNREADABLE else DAMAGED, error.what)


@lru_cache(maxsize=8)
def _opened(place: str) -> TreeStore:
    """The store at a place, opened once for each process."""
    return open_trees(place if place.startswith("s3://") else Path(place))
