"""The trees of all batches in a folder of this machine."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.errors import StoreError, TreeError
from registry.merkle.proof import NODE_SIZE
from registry.merkle.tree import Tree
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import HELD_BYTES, TreeId, file_of, id_in, tree_named, write_file
from registry.trees.store import DAMAGED, VerifiedTrees, sealed_tree

MOST_OPEN_TREES = 4096
# Of the upper levels of a tree, when the memory for them is used up.
LEAST_HELD_BYTES = 1 << 14


class FolderTrees(VerifiedTrees):
    """Trees in a folder, `<root>-<leaf count>.tree`, kept open as long as there is room.

    Files with the former name, `<root>.tree`, are used where they are.

    Args:
        most_open: trees that are kept open; default: a quarter of the files that the process may open, 4096 at most.
        held_bytes: memory for what every proof needs of the open trees; with less of it, each takes more reads.
    """

    def __init__(self, folder: Path, *, most_open: int | None = None, held_bytes: int = 64 << 20):
        super().__init__()
        self._folder = folder
        self._most_open = most_open or _share_of_open_files()
        self._most_held = held_bytes
        self._held = 0
        self._open: OrderedDict[TreeId, Tree] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self) -> list[TreeId]:
        """All trees in the folder in ascending order; with count 0 where a file with a former name does not tell it."""
        found: set[TreeId] = set()
        for path in self._folder.iterdir():
            if named := tree_named(path.name):
                root, leaf_count = named
                found.add(TreeId(root, leaf_count) if leaf_count else id_in(path) or TreeId(root, 0))
        return sorted(found)

    def counts(self, root: bytes) -> list[int]:
        """As in `TreeStore`."""
        try:
            found = [tree_named(path.name) for path in self._folder.iterdir() if path.name.startswith(root.hex())]
        except OSError as error:
            raise self._unavailable(TreeId(root, 0), str(error.strerror)) from None
        counts = {named[1] for named in found if named is not None and named[1]}
        former = id_in(self._folder / TreeId(root, 0).former_name)
        return sorted(counts | ({former.leaf_count} if former is not None and former.root == root else set()))

    @contextmanager
    def open_whole(self, tree: TreeId) -> Iterator[Tree]:
        """As in `TreeStore`."""
        with self._opened(tree) as opened:
            try:
                yield opened
            except TreeError as error:
                raise self._unread(tree, error) from None

    @contextmanager
    def open_parts(self, tree: TreeId) -> Iterator[TreeBytes]:
        """As in `TreeStore`."""
        with self.open_whole(tree) as opened:
            yield opened.content

    def path(self, tree: TreeId) -> Path:
        """The file of that tree."""
        return file_of(self._folder, tree)

    def put(self, tree: TreeId, path: Path, *, replace: bool = False) -> None:
        """As in `TreeStore`."""
        try:
            if not replace and self.has(tree):
                return
        except StoreError as error:
            if error.code != DAMAGED:
                raise
        with sealed_tree(path, tree) as sealed:
            try:
                sealed.write(self._folder / tree.name)
            except TreeError as error:
                raise self._unavailable(tree, error.what) from None
        self._forget(tree)

    def _read_beside(self, tree: TreeId, name: str, most: int) -> bytes | None:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return file.read(most + 1)
        except OSError as error:
            # A folder that is not mounted has no files either.
            if self._folder.is_dir() and not path.exists():
                return None
            raise self._unavailable(tree, str(error.strerror)) from None

    def _write_beside(self, tree: TreeId, name: str, content: bytes) -> None:
        try:
            write_file(TreeBytes(content), len(content), self._folder / name)
        except TreeError as error:
            raise self._unavailable(tree, error.what) from None

    def _tree(self, tree: TreeId) -> Tree:
        with self._lock:
            if opened := self._open.get(tree):
                self._open.move_to_end(tree)
                return opened
            has_room = self._held + HELD_BYTES <= self._most_held
        opened = self._opened(tree, held_bytes=HELD_BYTES if has_room else LEAST_HELD_BYTES)
        with self._lock:
            self._drop(tree)
            self._open[tree] = opened
            self._held += opened.held_bytes
            # Nothing is closed here: another thread may be reading. The last one to let go of a tree closes its file.
            while len(self._open) > self._most_open:
                self._drop(next(iter(self._open)))
        return opened

    def _drop(self, tree: TreeId) -> None:
        dropped = self._open.pop(tree, None)
        if dropped is not None:
            self._held -= dropped.held_bytes

    def _look(self, tree: TreeId) -> None:
        self._opened(tree, held_bytes=NODE_SIZE).close()

    def _opened(self, tree: TreeId, *, held_bytes: int = HELD_BYTES) -> Tree:
        path = self.path(tree)
        try:
            return Tree.open(path, expected=tree, held_bytes=held_bytes)
        except TreeError as error:
            if error.code != "unreadable":
                raise self._damaged(tree, error) from None
            # A folder that is not mounted has no files either.
            if self._folder.is_dir() and not path.exists():
                raise self._missing(tree) from None
            raise self._unavailable(tree, error.what) from None

    def _forget(self, tree: TreeId) -> None:
        with self._lock:
            self._drop(tree)

    def name(self, tree: TreeId) -> str:
        """As in `TreeStore`."""
        return str(self.path(tree))


def _share_of_open_files() -> int:
    try:
        import resource
    except ImportError:  # Windows, which allows more
        return MOST_OPEN_TREES
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN_TREES if limit == resource.RLIM_INFINITY else min(MOST_OPEN_TREES, max(1, limit // 4))
