"""The tree store: the trees of all batches, in a folder or on S3-compatible storage, and proofs from them.

Every proof is recomputed up to the root before it leaves, so a damaged file or a store that lies can make an answer
impossible, and never wrong. Three things can be in the way of an answer, and none of them is ever taken for "not in
the batch":

- `tree-missing`: the store does not have the tree;
- `tree-damaged`: what the store has under the name of the tree does not lead to its root;
- `trees-unavailable`: the store could not be asked.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

from registry.errors import ProofError, SettingsError, StoreError, TreeError
from registry.extras import how_to_install
from registry.merkle import AbsenceProof, InclusionProof, Tree, check_absence, check_inclusion
from registry.settings import Settings
from registry.store.tree_blocks import Block, BlockTree, ReadableTree
from registry.treebytes import CODE_SHORT, CODE_UNREADABLE
from registry.treefile import HEADER, HELD_BYTES, NODE_SIZE, TreeId, file_of, id_in, levels_of, read_header, tree_named

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")

MISSING = "tree-missing"
DAMAGED = "tree-damaged"
UNAVAILABLE = "trees-unavailable"


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


MOST_OPEN_TREES = 4096
# Of the upper levels of a tree, when the memory for them is used up.
LEAST_HELD_BYTES = 1 << 14
MOST_HEADERS = 1 << 16
NAMES_A_PAGE = 50
# What a block in the cache takes besides its nodes.
BLOCK_OVERHEAD = 800
CHUNK_BYTES = 8 << 20
MOST_PARTS = 10_000  # of one upload in parts
UPLOADS_AT_ONCE = 4

CONNECT_SECONDS = 3
REQUEST_SECONDS = 10
RETRIES = 2
RETRY_SECONDS = 10


class TreeStore(Protocol):
    """The trees of all batches, by root and leaf count. Safe for use by several threads.

    Every method raises `StoreError` with code `tree-missing`, `tree-damaged` or `trees-unavailable` when the tree
    cannot be used, and `TreeError` for a digest that is not 32 bytes long or an index beyond the tree.
    """

    def has(self, tree: TreeId) -> bool:
        """Whether the store has the tree, by its header and its length."""

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

    def put(self, tree: TreeId, path: Path, *, replace: bool = False) -> None:
        """Copy a sealed tree file into the store, unless it is there already.

        Args:
            replace: copy it in any case; a look at header and length does not see all damage.
        """


def open_trees(settings: Settings) -> TreeStore:
    """The tree store of the settings: `trees`, or the folder `trees` of the data folder.

    Credentials and endpoint of S3-compatible storage come from the environment, as `AWS_*`.

    Raises:
        SettingsError: the setting is not `s3://bucket/prefix`, or the library for it is not installed.
    """
    if settings.trees is None:
        return FolderTrees(settings.data_folder / "trees", held_bytes=settings.tree_cache_bytes)
    return S3Trees(_s3(settings.trees), cache_bytes=settings.tree_cache_bytes)


def _s3(url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsError(
            f"the setting trees is {url!r}, not s3://bucket or s3://bucket/prefix",
            remedy="Endpoint and credentials go into AWS_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            code="trees",
        )
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ImportError:
        raise SettingsError(
            "trees on S3-compatible storage need the library obstore",
            remedy=how_to_install("s3"),
            code="s3-missing",
        ) from None
    from datetime import timedelta

    try:
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            client_options={
                # Given options replace those of the environment, so this one has to be read here.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )
    except (BaseError, ValueError) as error:
        raise SettingsError(
            f"the tree store {url} cannot be set up: {_short(error)}",
            remedy="Check AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            code="trees",
        ) from None


class _VerifiedTrees(ABC):
    """Proofs of trees that nobody vouches for."""

    @abstractmethod
    def _tree(self, tree: TreeId) -> ReadableTree:
        """That tree, its header checked."""

    @abstractmethod
    def _look(self, tree: TreeId) -> None:
        """Check header and length of the tree as they are in the store at this moment."""

    @abstractmethod
    def _forget(self, tree: TreeId) -> None:
        """Read everything of the tree anew the next time."""

    @abstractmethod
    def _name(self, tree: TreeId) -> str:
        """Where the tree is, for a person."""

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

        def proved(readable: ReadableTree) -> tuple[bytes, InclusionProof]:
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

        def proved(readable: ReadableTree) -> InclusionProof | AbsenceProof:
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

    def _asked(self, tree: TreeId, question: Callable[[ReadableTree], T]) -> T:
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
        if error.code == CODE_SHORT:
            return self._damaged(tree, error)
        if error.code == CODE_UNREADABLE:
            self._forget(tree)
            return self._unavailable(tree, error.what)
        return error

    def _damaged(self, tree: TreeId, error: ProofError | TreeError) -> StoreError:
        self._forget(tree)
        return StoreError(
            f"the tree {tree} is damaged: {error.what}",
            where=self._name(tree),
            remedy=error.remedy if error.code == "version" else repair_of(tree),
            code=DAMAGED,
        )

    def _missing(self, tree: TreeId) -> StoreError:
        return StoreError(
            f"the tree {tree} is not in the tree store",
            where=self._name(tree),
            remedy=repair_of(tree),
            code=MISSING,
        )

    def _unavailable(self, tree: TreeId, why: str) -> StoreError:
        return StoreError(
            f"the tree store could not be asked for the tree {tree}: {why}",
            where=self._name(tree),
            remedy="Try again; if it stays so, check the setting trees, the credentials and the storage itself.",
            code=UNAVAILABLE,
        )


class FolderTrees(_VerifiedTrees):
    """Trees in a folder, `<root>-<leaf count>.tree`, kept open as long as there is room.

    Files with the former name, `<root>.tree`, are used where they are.

    Args:
        most_open: trees that are kept open; default: a quarter of the files that the process may open, 4096 at most.
        held_bytes: memory for what every proof needs of the open trees; with less of it, each takes more reads.
    """

    def __init__(self, folder: Path, *, most_open: int | None = None, held_bytes: int = 64 << 20):
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
        with _sealed(path, tree) as sealed:
            try:
                sealed.write(self._folder / tree.name)
            except TreeError as error:
                raise self._unavailable(tree, error.what) from None
        self._forget(tree)

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

    def _name(self, tree: TreeId) -> str:
        return str(self.path(tree))


class S3Trees(_VerifiedTrees):
    """Trees on S3-compatible storage, or any other that obstore knows, read by blocks of 8 KiB.

    Args:
        store: where objects are named `<root>-<leaf count>.tree`, or formerly `<root>.tree`.
        cache_bytes: memory for the blocks that were asked for last.
    """

    def __init__(self, store: ObjectStore, *, cache_bytes: int = 64 << 20):
        self._store = store
        self._blocks = _BlockCache(cache_bytes)
        self._trees: OrderedDict[TreeId, BlockTree] = OrderedDict()
        self._lock = threading.Lock()

    def counts(self, root: bytes) -> list[int]:
        """As in `TreeStore`."""
        import obstore
        from obstore.exceptions import BaseError

        counts: set[int] = set()
        try:
            # Names come in ascending order, those of this root first.
            for page in obstore.list(self._store, offset=root.hex(), chunk_size=NAMES_A_PAGE):
                for found in page:
                    name = found["path"].rpartition("/")[2]
                    named = tree_named(name)
                    if named is None or named[0] != root:
                        return sorted(counts)
                    counts |= {named[1]} if named[1] else self._former_count(root)
        except (BaseError, OSError) as error:
            raise self._unavailable(TreeId(root, 0), _short(error)) from None
        return sorted(counts)

    def _former_count(self, root: bytes) -> set[int]:
        """The count of the tree with a former name, if it has that root and can be read."""
        asked = TreeId(root, 0)
        try:
            found, _ = self._header(asked, asked.former_name)
        except StoreError as error:
            if error.code == UNAVAILABLE:
                raise
            return set()
        return {found.leaf_count} if found.root == root else set()

    @contextmanager
    def open_whole(self, tree: TreeId) -> Iterator[Tree]:
        """As in `TreeStore`; downloaded to a temporary file first."""
        name = self._found(tree)
        size = levels_of(tree.leaf_count)[-1].end
        with tempfile.NamedTemporaryFile(prefix="testamur-", suffix=".tree") as file:
            for start in range(0, size, CHUNK_BYTES):
                file.write(self._range(tree, name, start, min(CHUNK_BYTES, size - start)))
            file.flush()
            try:
                whole = Tree.open(file.name, expected=tree)
            except TreeError as error:
                raise self._damaged(tree, error) from None
            with whole:
                yield whole

    def put(self, tree: TreeId, path: Path, *, replace: bool = False) -> None:
        """As in `TreeStore`; what is there and damaged is replaced."""
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        with _sealed(path, tree):
            size = path.stat().st_size
        try:
            if replace:
                self._upload(tree, path, size, create=False)
                self._forget(tree)
            elif self.has(tree):
                return
            else:
                # Whoever else writes this name writes the same bytes; nobody's are replaced without need.
                self._upload(tree, path, size, create=size <= CHUNK_BYTES)
        except AlreadyExistsError:
            pass
        except NotSupportedError:
            self._upload(tree, path, size, create=False)
        except StoreError as error:
            if error.code != DAMAGED:
                raise
            self._upload(tree, path, size, create=False)
        if not self.has(tree):
            raise self._unavailable(tree, "it took the tree and does not have it")

    def _upload(self, tree: TreeId, path: Path, size: int, *, create: bool) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError

        try:
            obstore.put(
                self._store,
                tree.name,
                path,
                mode="create" if create else "overwrite",
                use_multipart=size > CHUNK_BYTES,
                chunk_size=max(CHUNK_BYTES, -(-size // MOST_PARTS)),
                max_concurrency=UPLOADS_AT_ONCE,
            )
        except (AlreadyExistsError, NotSupportedError):
            raise
        except (BaseError, OSError) as error:
            raise self._unavailable(tree, _short(error)) from None

    def _tree(self, tree: TreeId) -> BlockTree:
        with self._lock:
            if known := self._trees.get(tree):
                self._trees.move_to_end(tree)
                return known
        name = self._found(tree)
        known = BlockTree(tree.leaf_count, tree.root, lambda start, size: self._block(tree, name, start, size))
        with self._lock:
            self._trees[tree] = known
            while len(self._trees) > MOST_HEADERS:
                self._trees.popitem(last=False)
        return known

    def _look(self, tree: TreeId) -> None:
        self._found(tree)

    def _found(self, tree: TreeId) -> str:
        """The name of the object, once its header and its length are what they should be."""
        name = tree.name
        try:
            found, size = self._header(tree, name)
        except StoreError as error:
            if error.code != MISSING:
                raise
            name = tree.former_name
            found, size = self._header(tree, name)
            if found != tree:
                # The former name is that of another tree as well.
                raise self._missing(tree) from None
        if found != tree:
            raise self._damaged(tree, TreeError(f"the object holds the tree {found}"))
        expected = levels_of(tree.leaf_count)[-1].end
        if size != expected:
            what = f"{tree.leaf_count} leaves take {expected} bytes, the object has {size}"
            raise self._damaged(tree, TreeError(what))
        return name

    def _header(self, tree: TreeId, name: str) -> tuple[TreeId, int]:
        """Which tree an object says it holds, and its length."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            answer = obstore.get(self._store, name, options={"range": (0, HEADER.size)})
            size, header = answer.meta["size"], bytes(answer.bytes())
        except (BaseError, OSError) as error:
            raise self._failed(tree, name, error, HEADER.size) from None
        try:
            leaf_count, root = read_header(header, name)
        except TreeError as error:
            raise self._damaged(tree, error) from None
        return TreeId(root, leaf_count), size

    def _block(self, tree: TreeId, name: str, start: int, size: int) -> Block:
        key = (tree, start)
        block = self._blocks.get(key)
        if block is None:
            block = Block(self._range(tree, name, start, size))
            self._blocks.put(key, block)
        return block

    def _range(self, tree: TreeId, name: str, start: int, size: int) -> bytes:
        import obstore
        from obstore.exceptions import BaseError

        try:
            found = bytes(obstore.get_range(self._store, name, start=start, length=size))
        except (BaseError, OSError) as error:
            raise self._failed(tree, name, error, start + size) from None
        if len(found) != size:
            raise self._damaged(tree, TreeError(f"bytes {start} to {start + size} came as {len(found)} bytes"))
        return found

    def _failed(self, tree: TreeId, name: str, error: Exception, end: int) -> StoreError:
        """Why bytes up to an end did not come. A bucket that is not there answers like an object that is not there."""
        from obstore.exceptions import BaseError

        self._forget(tree)
        if isinstance(error, FileNotFoundError):
            missing_bucket = "NoSuchBucket" in str(error)
            return self._unavailable(tree, "there is no such bucket") if missing_bucket else self._missing(tree)
        if "range" not in str(error).lower():
            return self._unavailable(tree, _short(error))
        # What the storage refuses may be a range beyond the end of the object.
        try:
            size = self._store.head(name)["size"]
        except FileNotFoundError:
            return self._missing(tree)
        except (BaseError, OSError):
            return self._unavailable(tree, _short(error))
        if size < end:
            return self._damaged(tree, TreeError(f"the object has only {size} bytes"))
        return self._unavailable(tree, _short(error))

    def _forget(self, tree: TreeId) -> None:
        with self._lock:
            self._trees.pop(tree, None)
        self._blocks.forget(tree)

    def _name(self, tree: TreeId) -> str:
        return tree.name


class _BlockCache:
    """The blocks that were asked for last, within a limit in bytes. Safe for several threads."""

    def __init__(self, most_bytes: int):
        self._most = most_bytes
        self._bytes = 0
        self._blocks: OrderedDict[tuple[TreeId, int], Block] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[TreeId, int]) -> Block | None:
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            return block

    def put(self, key: tuple[TreeId, int], block: Block) -> None:
        with self._lock:
            self._drop(key)
            self._blocks[key] = block
            self._bytes += block.size + BLOCK_OVERHEAD
            while self._bytes > self._most:
                self._drop(next(iter(self._blocks)))

    def forget(self, tree: TreeId) -> None:
        with self._lock:
            for key in [key for key in self._blocks if key[0] == tree]:
                self._drop(key)

    def _drop(self, key: tuple[TreeId, int]) -> None:
        block = self._blocks.pop(key, None)
        if block is not None:
            self._bytes -= block.size + BLOCK_OVERHEAD


def _sealed(path: Path, tree: TreeId) -> Tree:
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


def _share_of_open_files() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN_TREES if limit == resource.RLIM_INFINITY else min(MOST_OPEN_TREES, max(1, limit // 4))


def _is_of_the_tree(error: ProofError | TreeError) -> bool:
    """Whether it is about what was read, and not about the question."""
    return isinstance(error, ProofError) or error.code in (CODE_SHORT, CODE_UNREADABLE)


def _within(leaf_count: int, first: int, count: int) -> range:
    if first < 0 or count < 0:
        raise TreeError(f"{count} leaves from {first} on cannot be asked for", code="index-range")
    return range(min(first, leaf_count), min(first + count, leaf_count))


def _short(error: Exception) -> str:
    """What a storage library says, without its traces and without addresses that are nobody's business."""
    line = str(error).partition("\n")[0]
    return line.rpartition(" - ")[2].partition(": <")[0][:200] or type(error).__name__
