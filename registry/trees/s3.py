"""The trees of all batches on S3-compatible storage, read by blocks."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from registry.errors import SettingsError, StoreError, TreeError
from registry.extras import how_to_install
from registry.merkle.proof import NODE_SIZE
from registry.merkle.tree import Tree
from registry.merkle.treebytes import TreeBytes
from registry.merkle.treefile import HEADER, TreeId, levels_of, read_header, topmost_differs, tree_named
from registry.trees.blocks import Block, BlockTree

if TYPE_CHECKING:
    from obstore.store import ObjectStore
from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE, NotHeld, VerifiedTrees, sealed_tree

MOST_HEADERS = 1 << 16
NAMES_A_PAGE = 50
UPPER_SHARE = 4
"""One part in so many of the memory is for blocks above the leaves: a 256th of all, of which each proof needs some."""
# What a block in the cache takes besides its nodes.
BLOCK_OVERHEAD = 800
CHUNK_BYTES = 8 << 20
MOST_PARTS = 10_000  # of one upload in parts
UPLOADS_AT_ONCE = 4
CONNECT_SECONDS = 3
REQUEST_SECONDS = 10
RETRIES = 2
RETRY_SECONDS = 10


def s3_store(url: str) -> ObjectStore:
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


class S3Trees(VerifiedTrees):
    """Trees on S3-compatible storage, or any other that obstore knows, read by blocks of 8 KiB.

    Args:
        store: where objects are named `<root>-<leaf count>.tree`, or formerly `<root>.tree`.
        cache_bytes: memory for the blocks that were asked for last.
    """

    def __init__(self, store: ObjectStore, *, cache_bytes: int = 64 << 20):
        super().__init__()
        self._store = store
        # Leaves of a large tree that are asked for all over must not push out what each of its proofs ends with.
        self._upper = _BlockCache(cache_bytes // UPPER_SHARE)
        self._leaves = _BlockCache(cache_bytes - cache_bytes // UPPER_SHARE)
        self._trees: OrderedDict[TreeId, _Opened] = OrderedDict()
        self._reads = True
        self._coming: dict[tuple[TreeId, int], asyncio.Task[None]] = {}
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
                    if not name.startswith(root.hex()):
                        return sorted(counts)
                    # What stands beside a tree has no count to tell.
                    if (named := tree_named(name)) is None:
                        continue
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

    @contextmanager
    def open_parts(self, tree: TreeId) -> Iterator[TreeBytes]:
        """As in `TreeStore`; a small tree is read in one range, a larger one as far as it is asked for."""
        name = self._found(tree)
        end = levels_of(tree.leaf_count)[-1].end
        held_from = 0 if end <= CHUNK_BYTES else end - NODE_SIZE
        content = TreeBytes(
            self._range(tree, name, held_from, end - held_from),
            held_from,
            pread=lambda size, start: self._range(tree, name, start, size),
            where=name,
        )
        if content.held[-NODE_SIZE:] != tree.root:
            raise self._damaged(tree, topmost_differs(name))
        yield content

    def put(self, tree: TreeId, path: Path, *, replace: bool = False) -> None:
        """As in `TreeStore`; what is there and damaged is replaced."""
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        with sealed_tree(path, tree):
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

    def _read_beside(self, tree: TreeId, name: str, most: int) -> bytes | None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            answer = obstore.get(self._store, name)
            # Of an object that is longer than any, nothing is read.
            return bytes(answer.bytes()) if answer.meta["size"] <= most else b""
        except (BaseError, OSError) as error:
            failed = self._failed(tree, name, error, 0)
            if failed.code == MISSING:
                return None
            raise failed from None

    def _write_beside(self, tree: TreeId, name: str, content: bytes) -> None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(self._store, name, content)
        except (BaseError, OSError) as error:
            raise self._unavailable(tree, _short(error)) from None

    def held(self) -> S3Trees:
        """The same store, whose proofs are made of what is in memory: `NotHeld` where something would be read."""
        held = copy(self)
        held._reads = False
        return held

    async def read_ahead(self, tree: TreeId, leaf_index: int) -> None:
        """Read what the inclusion proof of a leaf is made of, without holding up the event loop; proves nothing.

        What several ask for at a time is read once, and what is missing of one proof in one question.

        Raises:
            StoreError, TreeError: as the proof itself would.
        """
        opened = self._known(tree)
        if opened is None:
            opened = await asyncio.to_thread(self._opened, tree)
        missing = [span for span in opened.reading.spans(leaf_index) if self._held(tree, span[0]) is None]
        own = [span for span in missing if (tree, span[0]) not in self._coming]
        if own:
            task = asyncio.create_task(self._read_blocks(tree, opened.name, own))
            for start, _ in own:
                self._coming[tree, start] = task
            task.add_done_callback(lambda _: self._have_come(tree, own))
        coming = {self._coming[tree, start] for start, _ in missing}
        if coming:
            # Whoever goes takes nothing from those who wait for the same.
            await asyncio.wait(coming)
            for task in coming:
                task.result()

    def _have_come(self, tree: TreeId, spans: list[tuple[int, int]]) -> None:
        for start, _ in spans:
            task = self._coming.pop((tree, start))
            # Taken note of, also where everybody who waited has gone.
            _ = task.cancelled() or task.exception()

    async def _read_blocks(self, tree: TreeId, name: str, spans: list[tuple[int, int]]) -> None:
        import obstore
        from obstore.exceptions import BaseError

        starts, lengths = zip(*spans, strict=True)
        try:
            found = await obstore.get_ranges_async(self._store, name, starts=starts, lengths=lengths)
        except (BaseError, OSError) as error:
            end = max(start + size for start, size in spans)
            raise await asyncio.to_thread(self._failed, tree, name, error, end) from None
        for (start, size), nodes in zip(spans, found, strict=True):
            self._keep(tree, start, self._complete(tree, start, size, bytes(nodes)))

    def _tree(self, tree: TreeId) -> BlockTree:
        opened = self._known(tree)
        if self._reads:
            return (self._opened(tree) if opened is None else opened).reading
        if opened is None:
            raise NotHeld
        return opened.held

    def _known(self, tree: TreeId) -> _Opened | None:
        with self._lock:
            if known := self._trees.get(tree):
                self._trees.move_to_end(tree)
            return known

    def _opened(self, tree: TreeId) -> _Opened:
        name = self._found(tree)
        opened = _Opened(
            name,
            BlockTree(tree.leaf_count, tree.root, lambda start, size: self._block(tree, name, start, size)),
            BlockTree(tree.leaf_count, tree.root, lambda start, _: self._held_block(tree, start)),
        )
        with self._lock:
            self._trees[tree] = opened
            while len(self._trees) > MOST_HEADERS:
                self._trees.popitem(last=False)
        return opened

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
        return self._held(tree, start) or self._keep(tree, start, self._range(tree, name, start, size))

    def _held(self, tree: TreeId, start: int) -> Block | None:
        return self._cache_of(tree, start).get((tree, start))

    def _held_block(self, tree: TreeId, start: int) -> Block:
        if (block := self._held(tree, start)) is None:
            raise NotHeld
        return block

    def _keep(self, tree: TreeId, start: int, nodes: bytes) -> Block:
        block = Block(nodes)
        self._cache_of(tree, start).put((tree, start), block)
        return block

    def _cache_of(self, tree: TreeId, start: int) -> _BlockCache:
        is_of_leaves = start < HEADER.size + tree.leaf_count * NODE_SIZE
        return self._leaves if is_of_leaves else self._upper

    def _complete(self, tree: TreeId, start: int, size: int, found: bytes) -> bytes:
        if len(found) != size:
            raise self._damaged(tree, TreeError(f"bytes {start} to {start + size} came as {len(found)} bytes"))
        return found

    def _range(self, tree: TreeId, name: str, start: int, size: int) -> bytes:
        import obstore
        from obstore.exceptions import BaseError

        try:
            found = bytes(obstore.get_range(self._store, name, start=start, length=size))
        except (BaseError, OSError) as error:
            raise self._failed(tree, name, error, start + size) from None
        return self._complete(tree, start, size, found)

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
        self._leaves.forget(tree)
        self._upper.forget(tree)

    def name(self, tree: TreeId) -> str:
        """As in `TreeStore`."""
        return tree.name


class _Opened(NamedTuple):
    """A tree whose header was looked at: the name of its object, and its blocks, read or only as far as held."""

    name: str
    reading: BlockTree
    held: BlockTree


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


def _short(error: Exception) -> str:
    """What a storage library says, without its traces and without addresses that are nobody's business."""
    line = str(error).partition("\n")[0]
    return line.rpartition(" - ")[2].partition(": <")[0][:200] or type(error).__name__
