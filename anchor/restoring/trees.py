"""Makes trees again that are missing or damaged, wherever their leaves still are.

Root and leaf count say which tree it has to be, so no source is believed: what is built either is that tree or is not.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from anchor.books.folder import DataFolder
from anchor.books.recovering import leaves_of, trees_known, was_sealed_here
from anchor.books.status_positions import positions_of
from anchor.books.trees import trees_of
from anchor.intake.files import digest_of, take_in
from anchor.settings import Settings
from registry.credential.digest import Limits
from registry.errors import IntakeError, ProofError, ReceiptError, RegistryError, StoreError, TreeError
from registry.merkle.positionfile import LeafPositions
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.receipt.model import MAX_BYTES, parse
from registry.trees.folder import FolderTrees
from registry.trees.open import open_trees
from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE, TreeStore
from registry.untrusted.archives import UNREADABLE_ZIP

S3: Final = "s3://"
WEB: Final = ("http://", "https://")
SUFFIX: Final = ".tree"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one tree.

    Attributes:
        source: what it was made from; None when it was sound, or could not be made.
        tried: for each source without it, why.
        positions: where its positions in status lists were taken from; None when they were there, or nothing has them.
        knows_positions: whether they are there now.
    """

    tree: TreeId
    sound: bool = False
    source: str | None = None
    tried: tuple[str, ...] = ()
    positions: str | None = None
    knows_positions: bool = True

    @property
    def is_lost(self) -> bool:
        """Whether it is missing or damaged still."""
        return not self.sound and self.source is None


class Repairs:
    """Looks at trees and makes those again that are not sound, in the data folder and in the tree store.

    Args:
        sources: folders or stores of trees, tree files, receipts or exports, in the order in which they are tried.
        limits: for documents of exports.

    Raises:
        SettingsError: the setting `trees` or a source makes no sense.
    """

    def __init__(self, folder: DataFolder, settings: Settings, sources: Sequence[str], limits: Limits):
        self._folder = folder
        self._limits = limits
        self._store = None if settings.trees is None else trees_of(settings)
        self._others = {text: _other_store(text) for text in sources}
        self._receipts, self._export = cache(self._receipts_in), cache(self._export_in)
        self._troubles: dict[str, RegistryError] = {}

    def wanted(self, roots: Sequence[bytes]) -> list[TreeId]:
        """The trees with these roots that something here knows of; without roots, all of the database and the folder.

        Raises:
            StoreError: nothing knows one of them (code `unknown-batch`), or a store does not answer.
            RegistryError: nothing knows one of them, and a source could not be read.
        """
        local = FolderTrees(self._folder.trees)
        if not roots:
            return sorted({*trees_known(self._folder.engine), *(tree for tree in local.ids() if tree.leaf_count)})
        found: list[TreeId] = []
        for root in roots:
            counts = {tree.leaf_count for tree in trees_known(self._folder.engine, root)} | {*local.counts(root)}
            for store in filter(None, (self._store, *self._others.values())):
                counts |= {*store.counts(root)}
            for text in (text for text, store in self._others.items() if store is None):
                counts |= {tree.leaf_count for tree in self._receipts(text) if tree.root == root}
            if not counts - {0}:
                if self._troubles:
                    raise next(iter(self._troubles.values()))
                raise StoreError(
                    "nothing here knows a batch with this root",
                    where=f"0x{root.hex()}",
                    remedy="Check the root; or name with --from what has its tree or its receipts.",
                    code="unknown-batch",
                )
            found += sorted(TreeId(root, count) for count in counts - {0})
        return found

    def repair(self, tree: TreeId) -> Outcome:
        """See to it that a tree is sound in the data folder, and in the tree store if one is set, with its positions in
        status lists beside it.

        Raises:
            TreeError, StoreError: what was made cannot be written, or the store does not answer.
        """
        outcome = self._repaired(tree)
        if outcome.is_lost:
            return outcome
        source, knows = self._with_positions(tree)
        return replace(outcome, positions=source, knows_positions=knows)

    def _with_positions(self, tree: TreeId) -> tuple[str | None, bool]:
        """See to it that positions are beside the tree, here and in the store: what they were taken from, if they were
        not there, and whether they are there now."""
        local, mine = FolderTrees(self._folder.trees), self._positions_by_books(tree)
        places = [local] if self._store is None else [local, self._store]
        # That it gave out none is no reason to doubt what another database wrote.
        expected = None if mine is None or mine.is_empty else mine
        wrong = [place for place in places if (its := _positions_in(place, tree)) is None or its != (expected or its)]
        if not wrong:
            return None, True
        elsewhere = {"data folder": local, "tree store": self._store} | self._others
        known = [
            ("database", expected),
            *((name, _positions_in(each, tree)) for name, each in elsewhere.items() if each),
        ]
        for source, found in (*known, ("database", mine)):
            if found is not None:
                for place in wrong:
                    place.put_positions(found)
                return source, True
        return None, False

    def _positions_by_books(self, tree: TreeId) -> LeafPositions | None:
        """What the database says of the leaves; None where it did not seal the batch, and so does not know."""
        engine = self._folder.engine
        if not was_sealed_here(engine, tree):
            return None
        found = positions_of(engine, leaves_of(engine, tree))
        # Ascending, as in the tree.
        return LeafPositions.of(tree, sorted(leaves_of(engine, tree)) if found else (), found)

    def _repaired(self, tree: TreeId) -> Outcome:
        here, there = self._is_sound_here(tree), self._store is None or _why_not(self._store, tree) is None
        if here and there:
            return Outcome(tree, sound=True)
        source, tried = "data folder", list[str]()
        if not here:
            with closing(self._made(tree, tried)) as candidates:
                found = next(candidates, None)
                if found is None:
                    return Outcome(tree, tried=tuple(tried))
                source, made = found
                self._folder.keep_tree(made)
        if self._store is not None and not there:
            self._store.put(tree, self._folder.tree_path(tree), replace=True)
        return Outcome(tree, source=source)

    def _is_sound_here(self, tree: TreeId) -> bool:
        try:
            self._folder.checked_tree(tree).close()
        except StoreError:
            return False
        return True

    def _made(self, tree: TreeId, tried: list[str]) -> Generator[tuple[str, Tree]]:
        """The tree by each source that leads to it; why another does not is added to `tried`."""
        yield from _built("database", tree, leaves_of(self._folder.engine, tree), tried)
        if self._store is not None:
            yield from _taken("tree store", self._store, tree, tried)
        for text, store in self._others.items():
            if store is not None:
                yield from _taken(text, store, tree, tried)
                continue
            digests = self._receipts(text).get(tree) or self._export(text)
            if text in self._troubles and not digests:
                tried.append(f"{text}: {self._troubles[text].what}")
                continue
            yield from _built(text, tree, digests, tried)

    def _receipts_in(self, text: str) -> dict[TreeId, set[bytes]]:
        """The digests by the tree file or the receipts under a path; only those that their receipts prove."""
        path, found = Path(text), dict[TreeId, set[bytes]]()
        try:
            if path.suffix == SUFFIX:
                with Tree.open(path) as tree:
                    return {tree.id: set(tree.leaves())}
            for content in _contents(path):
                try:
                    receipt = parse(content)
                    check_inclusion(receipt.digest_value, receipt.root, receipt.inclusion_proof)
                except (ReceiptError, ProofError):
                    # A single one of a stranger's would make another tree.
                    continue
                found.setdefault(TreeId(receipt.root, receipt.inclusion.leaf_count), set()).add(receipt.digest_value)
        except TreeError as error:
            self._troubles[text] = error
        except UNREADABLE_ZIP as error:
            self._troubles[text] = IntakeError(f"it cannot be read: {error}", where=text, code="unreadable")
        return found

    def _export_in(self, text: str) -> set[bytes]:
        """The digests of an export under a path, if it is one."""
        if text in self._troubles or Path(text).suffix == SUFFIX:
            return set()
        try:
            return {digest_of(record) for record in take_in(Path(text), limits=self._limits).records}
        except RegistryError as error:
            self._troubles[text] = error
            return set()


def _positions_in(store: TreeStore, tree: TreeId) -> LeafPositions | None:
    """What a store has beside the tree; None where it is missing or damaged.

    Raises:
        StoreError: the store does not answer.
    """
    try:
        return store.positions(tree)
    except StoreError as error:
        if error.code == UNAVAILABLE:
            raise
        return None


def _built(name: str, tree: TreeId, digests: Iterable[bytes], tried: list[str]) -> Iterator[tuple[str, Tree]]:
    """The tree over digests, if they make that one."""
    try:
        made = Tree.build(digests)
    except TreeError:
        tried.append(f"{name}: no leaves of it")
        return
    if made.id == tree:
        yield name, made
    else:
        tried.append(f"{name}: its digests make the tree {made.id}")


def _why_not(store: TreeStore, tree: TreeId) -> str | None:
    """What is wrong with the tree that a store has, all of it read; None for a sound one.

    Raises:
        StoreError: the store does not answer.
    """
    try:
        with store.open_whole(tree) as whole:
            whole.check()
    except StoreError as error:
        if error.code == UNAVAILABLE:
            raise
        return {MISSING: "it does not have the tree", DAMAGED: "its tree is damaged"}.get(error.code, error.what)
    except TreeError as error:
        return error.what
    return None


def _taken(name: str, store: TreeStore, tree: TreeId, tried: list[str]) -> Iterator[tuple[str, Tree]]:
    """The tree as a store has it, once all of it was read."""
    try:
        why = _why_not(store, tree)
        if why is None:
            with store.open_whole(tree) as whole:
                yield name, whole
            return
    except RegistryError as error:
        why = error.what
    tried.append(f"{name}: {why}")


def _other_store(text: str) -> TreeStore | None:
    """The store of trees that a source is; None for one of receipts or credentials.

    Raises:
        SettingsError: it is not s3://bucket/prefix.
        IntakeError: there is no such file or folder.
    """
    if text.startswith(S3):
        return open_trees(text)
    if text.startswith(WEB):
        raise IntakeError(
            "a lookup service gives proofs, and no whole trees",
            where=text,
            remedy="Name the tree store that it reads, as s3://bucket/prefix, or a copy of its folder of trees.",
            code="no-whole-trees",
        )
    path = Path(text)
    if not path.exists():
        raise IntakeError("there is no such file or folder", where=text, remedy="Check the path.", code="unreadable")
    folders = (each for each in (path, path / "trees") if any(each.glob(f"*{SUFFIX}")))
    return next((FolderTrees(each) for each in folders), None)


def _contents(path: Path) -> Iterator[bytes]:
    """What may be receipts: files, lines of a file, files in a ZIP."""
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file() and each.stat().st_size <= MAX_BYTES:
                yield each.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.file_size <= MAX_BYTES:
                    # One that is damaged or locked is as one that is not there.
                    with suppress(*UNREADABLE_ZIP, RuntimeError):
                        yield archive.read(entry)
    else:
        with path.open("rb") as file:
            yield from iter(lambda: file.readline(MAX_BYTES), b"")
