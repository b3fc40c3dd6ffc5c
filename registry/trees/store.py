"""The tree store: the trees of all batches, in a folder or on S3-compatible storage, and proofs from them.

Every proof is recomputed up to the root before it leaves, so a damaged file or a store that lies can make an answer
impossible, and never wrong. Three things can be in the way of an answer, and none of them is ever taken for "not in
the batch":

- `tree-missing`: the store does not have the tree;
- `tree-damaged`: what the store has under the name of the tree does not lead to its root;
- `trees-unavailable`: the store could not be asked.

Beside a tree stands which of its leaves have positions in named status lists. There, too, what is missing
(`positions-missing`) or damaged (`positions-damaged`) is never taken for "has none".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import Final, Protocol, TypeVar

from registry.errors import ProofError, StoreError, TreeError
from registry.merkle.positionfile import LeafPositions, most_bytes, positions_name
from registry.merkle.proof import AbsenceProof, InclusionProof, check_absence, check_inclusion
from registry.merkle.search import PRESENT, SearchableTree
from registry.merkle.tree import Tree
from registry.merkle.treebytes import CODE_SHORT, CODE_UNREADABLE, TreeBytes
from registry.merkle.treefile import TreeId

T = TypeVar("T")
MISSING = "tree-missing"
DAMAGED = "tree-damaged"
UNAVAILABLE = "trees-unavailable"
POSITIONS_MISSING = "positions-missing"
POSITIONS_DAMAGED = "positions-damaged"
POSITIONS_HELD_BYTES: Final = 32 << 20
"""Memory for the positions that were asked for last."""


def repair_of(tree: TreeId) -> str:
    """What to do about a tree that is missing or damaged: one command, which looks for its leaves and checks them."""
    return (
        f"Run `testamur trees repair 0x{tree.root.hex()}` where the batch was anchored; elsewhere, name with --from a "
        "folder or store that has the tree, or the receipts or the export of the batch."
    )


class UnusableTree(StoreError):
    """The tree of an issuer's own batch is missing or damaged; which one it is, whoever asks for its receipts may know.

    Args:
        damage: what is wrong with it; None when it is not there.
        where: its file, which is the operator's affair.
    """

    def __init__(self, tree: TreeId, damage: str | None, *, where: str):
        self.tree = tree
        what = f"the tree {tree} is not here" if damage is None else f"the tree {tree} is damaged: {damage}"
        code = MISSING if damage is None else DAMAGED
        super().__init__(what, where=where, remedy=repair_of(tree), code=code)


class NotHeld(Exception):
    """What is needed is not in memory, and whoever asks must not wait for it: it is to be asked for in a thread."""


class TreeStore(Protocol):
    """The trees of all batches, by root and leaf count. Safe for use by several threads.

    Every method raises `StoreError` with code `tree-missing`, `tree-damaged` or `trees-unavailable` when the tree
    cannot be used, and `TreeError` for a digest that is not 32 bytes long or an index beyond the tree.
    """

    def has(self, tree: TreeId) -> bool:
        """Whether the store has the tree, by its header and its length."""

    def name(self, tree: TreeId) -> str:
        """Where the tree is, for a person."""

    def counts(self, root: bytes) -> list[int]:
        """The leaf counts of the trees with that root, ascending, by their names: for a batch that states none."""

    def inclusion(self, tree: TreeId, digest: bytes, *, hint: int | None = None) -> InclusionProof | None:
        """The verified proof that a digest is in the tree; None when it is verified to be absent.

        Args:
            hint: the index at which somebody saw it; a wrong one only costs time.
        """

    def inclusion_at(self, tree: TreeId, index: int) -> tuple[bytes, InclusionProof]:
        """The leaf at an index with its verified proof."""

    def absence(self, tree: TreeId, digest: bytes) -> AbsenceProof | None:
        """The verified proof that a digest is not in the tree; None when it is verified to be in it."""

    def leaves(self, tree: TreeId, first: int, count: int) -> list[bytes]:
        """The leaves from an index on, fewer at the end of the tree. NOT verified: prove each that matters."""

    def open_whole(self, tree: TreeId) -> AbstractContextManager[Tree]:
        """The whole tree, for loading and audit, as it is stored: `Tree.check` verifies it."""

    def open_parts(self, tree: TreeId) -> AbstractContextManager[TreeBytes]:
        """The bytes of the tree as they are stored, header checked, read where they are asked for: to check pieces."""

    def put(self, tree: TreeId, path: Path, *, replace: bool = False) -> None:
        """Copy a sealed tree file into the store, unless it is there already.

        Args:
            replace: copy it in any case; a look at header and length does not see all damage.
        """

    def positions(self, tree: TreeId) -> LeafPositions:
        """The positions of the tree's leaves in named status lists, as they stand beside the tree.

        Raises:
            StoreError: they are not there, damaged, or of another tree, or the store does not answer (code
                `positions-missing`, `positions-damaged` or `trees-unavailable`).
        """

    def put_positions(self, positions: LeafPositions) -> None:
        """Put positions beside their tree, in place of what is there.

        Raises:
            StoreError: it cannot be done (code `trees-unavailable`).
        """


class VerifiedTrees(ABC):
    """Proofs of trees that nobody vouches for, and what stands beside them."""

    def __init__(self) -> None:
        self._held_positions: OrderedDict[TreeId, LeafPositions] = OrderedDict()
        self._positions_lock = Lock()

    @abstractmethod
    def _read_beside(self, tree: TreeId, name: str, most: int) -> bytes | None:
        """A file beside a tree, or so much of it that it is seen to be longer than this; None when it is not there.

        Raises:
            StoreError: the store does not answer (code `trees-unavailable`).
        """

    @abstractmethod
    def _write_beside(self, tree: TreeId, name: str, content: bytes) -> None:
        """Write a file beside a tree, all of it or nothing.

        Raises:
            StoreError: it cannot be written (code `trees-unavailable`).
        """

    def positions(self, tree: TreeId) -> LeafPositions:
        """As in `TreeStore`."""
        with self._positions_lock:
            if (held := self._held_positions.get(tree)) is not None:
                self._held_positions.move_to_end(tree)
                return held
        name = positions_name(tree)
        content = self._read_beside(tree, name, most_bytes(tree))
        if content is None:
            raise StoreError(
                f"which of the credentials of the tree {tree} have positions in status lists is not known",
                where=name,
                remedy=repair_of(tree),
                code=POSITIONS_MISSING,
            )
        try:
            found = LeafPositions.parse(content, tree)
        except TreeError as error:
            raise StoreError(error.what, where=name, remedy=error.remedy, code=POSITIONS_DAMAGED) from None
        with self._positions_lock:
            self._held_positions[tree] = found
            while len(self._held_positions) > 1 and self._positions_size() > POSITIONS_HELD_BYTES:
                self._held_positions.popitem(last=False)
        return found

    def put_positions(self, positions: LeafPositions) -> None:
        """As in `TreeStore`."""
        self._write_beside(positions.tree, positions_name(positions.tree), positions.write())
        with self._positions_lock:
            self._held_positions.pop(positions.tree, None)

    def _positions_size(self) -> int:
        return sum(held.size for held in self._held_positions.values())

    @abstractmethod
    def _tree(self, tree: TreeId) -> SearchableTree:
        """That tree, its header checked."""

    @abstractmethod
    def _look(self, tree: TreeId) -> None:
        """Check header and length of the tree as they are in the store at this moment."""

    @abstractmethod
    def _forget(self, tree: TreeId) -> None:
        """Read everything of the tree anew the next time."""

    @abstractmethod
    def name(self, tree: TreeId) -> str:
        """As in `TreeStore`."""

    def has(self, tree: TreeId) -> bool:
        """As in `TreeStore`."""
        try:
            self._look(tree)
        except StoreError as error:
            if error.code == MISSING:
                return False
            raise
        return True

    def inclusion(self, tree: TreeId, digest: bytes, *, hint: int | None = None) -> InclusionProof | None:
        """As in `TreeStore`."""
        proof = self._located(tree, digest, hint)
        return proof if isinstance(proof, InclusionProof) else None

    def absence(self, tree: TreeId, digest: bytes) -> AbsenceProof | None:
        """As in `TreeStore`."""
        proof = self._located(tree, digest, None)
        return proof if isinstance(proof, AbsenceProof) else None

    def inclusion_at(self, tree: TreeId, index: int) -> tuple[bytes, InclusionProof]:
        """As in `TreeStore`."""

        def proved(readable: SearchableTree) -> tuple[bytes, InclusionProof]:
            leaf, proof = readable.leaf(index), readable.inclusion(index)
            check_inclusion(leaf, tree.root, proof)
            return leaf, proof

        return self._asked(tree, proved)

    def leaves(self, tree: TreeId, first: int, count: int) -> list[bytes]:
        """As in `TreeStore`."""
        wanted = _within(tree.leaf_count, first, count)
        return self._asked(tree, lambda readable: [readable.leaf(index) for index in wanted])

    def _located(self, tree: TreeId, digest: bytes, hint: int | None) -> InclusionProof | AbsenceProof:
        """Where the digest is, or where it would be; either is proved before it is returned."""

        def proved(readable: SearchableTree) -> InclusionProof | AbsenceProof:
            hinted = hint is not None and 0 <= hint < tree.leaf_count and readable.leaf(hint) == digest
            index = hint if hinted else readable.index_of(digest)
            if index is not None:
                found = readable.inclusion(index)
                check_inclusion(digest, tree.root, found)
                return found
            absent = readable.absence(digest)
            check_absence(digest, tree.root, absent)
            return absent

        return self._asked(tree, proved)

    def _asked(self, tree: TreeId, question: Callable[[SearchableTree], T]) -> T:
        """The answer of that tree; a tree that fails is read anew once, since it may have been repaired meanwhile."""
        try:
            return question(self._tree(tree))
        except (ProofError, TreeError) as error:
            if not _is_of_the_tree(error):
                raise
            self._forget(tree)
        try:
            return question(self._tree(tree))
        except ProofError as error:
            raise self._damaged(tree, error) from None
        except TreeError as error:
            raise self._unread(tree, error) from None

    def _unread(self, tree: TreeId, error: TreeError) -> StoreError | TreeError:
        """Why what was asked of a tree could not be read; the error itself where the question made no sense."""
        if error.code in (CODE_SHORT, PRESENT):
            return self._damaged(tree, error)
        if error.code == CODE_UNREADABLE:
            self._forget(tree)
            return self._unavailable(tree, error.what)
        return error

    def _damaged(self, tree: TreeId, error: ProofError | TreeError) -> StoreError:
        self._forget(tree)
        return StoreError(
            f"the tree {tree} is damaged: {error.what}",
            where=self.name(tree),
            remedy=error.remedy if error.code == "version" else repair_of(tree),
            code=DAMAGED,
        )

    def _missing(self, tree: TreeId) -> StoreError:
        return StoreError(
            f"the tree {tree} is not in the tree store",
            where=self.name(tree),
            remedy=repair_of(tree),
            code=MISSING,
        )

    def _unavailable(self, tree: TreeId, why: str) -> StoreError:
        return StoreError(
            f"the tree store could not be asked for the tree {tree}: {why}",
            where=self.name(tree),
            remedy="Try again; if it stays so, check the setting trees, the credentials and the storage itself.",
            code=UNAVAILABLE,
        )


def sealed_tree(path: Path, tree: TreeId) -> Tree:
    """The tree file that is to be copied, opened; only its header and length are looked at."""
    try:
        return Tree.open(path, expected=tree)
    except TreeError as error:
        missing = error.code == "unreadable" and not path.exists()
        raise StoreError(
            f"the tree {tree} cannot be copied into the tree store: {error.what}",
            where=str(path),
            remedy=error.remedy,
            code=MISSING if missing else DAMAGED,
        ) from None


def _is_of_the_tree(error: ProofError | TreeError) -> bool:
    """Whether it is about what was read, and not about the question."""
    # Only where a leaf was looked for and not found is its absence asked for: it has changed in between.
    return isinstance(error, ProofError) or error.code in (CODE_SHORT, CODE_UNREADABLE, PRESENT)


def _within(leaf_count: int, first: int, count: int) -> range:
    if first < 0 or count < 0:
        raise TreeError(f"{count} leaves from {first} on cannot be asked for", code="index-range")
    return range(min(first, leaf_count), min(first + count, leaf_count))
